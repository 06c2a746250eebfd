//! What the last minutes were like, second by second, and each route over the whole run:
//! how many, how many bad ones, how long they took.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;

use crate::exchange::Exchange;

use super::{column, route};

/// Seconds that are looked back.
pub(super) const SPAN: i64 = 300;
/// Routes told apart; what comes later is counted together.
const MOST_ROUTES: usize = 1000;
/// The name of those.
const OTHERS: &str = "(other routes)";

/// Exchanges counted and measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    /// Those that ended badly.
    pub(super) errors: u64,
    /// Microseconds, to two digits; none where nothing was measured.
    times: Option<Histogram<u32>>,
}

impl Tally {
    fn count(&mut self, took: Duration, failed: bool) {
        self.requests += 1;
        self.errors += u64::from(failed);
        // Two digits are possible, so that it is there.
        let times = self.times.take().or_else(|| Histogram::new(2).ok());
        self.times = times.map(|mut times| {
            // It grows as is needed, and nothing takes longer than that.
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let _grown = times.record(micros);
            times
        });
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        if let Some(added) = &other.times {
            // It grows as is needed.
            let sum = self.times.take().or_else(|| Histogram::new(2).ok());
            self.times = sum.and_then(|mut sum| sum.add(added).is_ok().then_some(sum));
        }
    }

    /// The time within which that part of them ended.
    pub(super) fn quantile(&self, part: f64) -> Option<Duration> {
        let times = self.times.as_ref()?;
        Some(Duration::from_micros(times.value_at_quantile(part)))
    }
}

/// What is known of a route.
#[derive(Debug, Default)]
struct Route {
    tally: Tally,
    /// What lets through its exchanges alone; none where it stands for several.
    filter: Option<String>,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Those in which something ended, oldest first.
    seconds: VecDeque<(i64, Tally)>,
    routes: HashMap<String, Route>,
    /// The slowest exchange so far: its number, what it was, how long it took.
    slowest: Option<(String, Duration)>,
    /// The route under the cursor; none until that is moved, which is the first one.
    selected: Option<String>,
    /// The first route shown, and how many there is room for.
    pub(super) top: usize,
    pub(super) height: usize,
}

impl Traffic {
    /// An exchange has ended.
    pub(super) fn count(&mut self, exchange: &Exchange, failed: bool) {
        let (Some(ended), Some(took)) = (exchange.ended, exchange.duration()) else {
            return;
        };
        let took = took.unsigned_abs();
        self.second(ended.as_second()).count(took, failed);
        self.route(route::name(exchange), || route::filter(exchange)).count(took, failed);
        if self.slowest.as_ref().is_none_or(|(_, slowest)| took > *slowest) {
            let method = crate::text::printable(exchange.request.method().as_bytes());
            let what = format!("#{} {method} {}", exchange.id, column::target(exchange));
            self.slowest = Some((what, took));
        }
    }

    fn second(&mut self, at: i64) -> &mut Tally {
        while self.seconds.front().is_some_and(|(first, _)| *first <= at - SPAN) {
            self.seconds.pop_front();
        }
        let place = self.seconds.partition_point(|(other, _)| *other < at);
        if self.seconds.get(place).is_none_or(|(other, _)| *other != at) {
            self.seconds.insert(place, (at, Tally::default()));
        }
        &mut self.seconds[place].1
    }

    fn route(&mut self, name: String, filter: impl Fn() -> String) -> &mut Tally {
        let is_new = !self.routes.contains_key(&name);
        if is_new && self.routes.len() >= MOST_ROUTES {
            return &mut self.routes.entry(OTHERS.to_owned()).or_default().tally;
        }
        let new = || Route { tally: Tally::default(), filter: Some(filter()) };
        &mut self.routes.entry(name).or_insert_with(new).tally
    }

    /// The last minutes in that many columns at most, oldest first, and the seconds that
    /// each stands for.
    pub(super) fn columns(&self, now: Timestamp, most: u16) -> (Vec<Tally>, i64) {
        let most = i64::from(most.max(1));
        let step = (SPAN + most - 1) / most;
        let count = SPAN / step;
        // They begin at multiples of their length, so that they move only as a whole.
        let last = now.as_second().div_euclid(step);
        let mut columns = vec![Tally::default(); usize::try_from(count).unwrap_or(1)];
        for (second, tally) in &self.seconds {
            let place = second.div_euclid(step) - last + count - 1;
            let column = usize::try_from(place).ok().and_then(|it| columns.get_mut(it));
            if let Some(column) = column {
                column.add(tally);
            }
        }
        (columns, step)
    }

    /// All routes, those with the most requests first.
    pub(super) fn routes(&self) -> Vec<(&str, &Tally)> {
        let routes = self.routes.iter();
        let routes = routes.map(|(name, route)| (name.as_str(), &route.tally));
        let mut routes: Vec<_> = routes.collect();
        routes.sort_by(|(name, one), (other, two)| {
            two.requests.cmp(&one.requests).then_with(|| name.cmp(other))
        });
        routes
    }

    /// The place of the cursor among them.
    pub(super) fn cursor(&self, routes: &[(&str, &Tally)]) -> usize {
        let selected = self.selected.as_deref();
        let place = routes.iter().position(|(name, _)| Some(*name) == selected);
        place.unwrap_or(0)
    }

    /// The route under the cursor, and what lets through its exchanges alone.
    pub(super) fn chosen(&self) -> Option<(&str, Option<&str>)> {
        let routes = self.routes();
        let (name, _) = routes.get(self.cursor(&routes))?;
        Some((name, self.routes.get(*name)?.filter.as_deref()))
    }

    pub(super) fn slowest(&self) -> Option<&(String, Duration)> {
        self.slowest.as_ref()
    }

    /// Whether the picture of the last minutes changes as time goes by.
    pub(super) fn moves(&self, now: Timestamp) -> bool {
        self.seconds.back().is_some_and(|(last, _)| *last > now.as_second() - SPAN)
    }

    /// Keeps the cursor within a window of that height.
    pub(super) fn settle(&mut self, height: usize) {
        self.height = height;
        if height > 0 {
            let routes = self.routes();
            let (cursor, fullest) = (self.cursor(&routes), routes.len());
            let lowest = (cursor + 1).saturating_sub(height);
            let fullest = fullest.saturating_sub(height);
            self.top = self.top.clamp(lowest, cursor).min(fullest.max(lowest));
        }
    }

    /// Moves the cursor so many routes further down.
    pub(super) fn move_by(&mut self, by: isize) {
        let place = self.cursor(&self.routes());
        self.move_to(place.saturating_add_signed(by));
    }

    /// Puts the cursor on the route in that place, or on the last.
    pub(super) fn move_to(&mut self, place: usize) {
        let routes = self.routes();
        let last = routes.len().saturating_sub(1);
        self.selected = routes.get(place.min(last)).map(|(name, _)| (*name).to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_last_minutes_fall_into_columns_that_stand_still() {
        let mut traffic = Traffic::default();
        for second in [0, 1001, 1002, 1004, 1299] {
            traffic.second(second).count(Duration::from_millis(5), second == 1299);
        }
        let (columns, step) = traffic.columns(at(1299), 100);
        assert_eq!((columns.len(), step), (100, 3));
        let counts: Vec<_> = columns.iter().map(|it| it.requests).collect();
        assert_eq!((counts[0], counts[99]), (2, 1));
        assert_eq!(counts.iter().sum::<u64>(), 3, "{counts:?}");
        assert_eq!(columns[99].errors, 1);
        let (later, _) = traffic.columns(at(1302), 100);
        assert_eq!(later[98].requests, 1);
        assert!(traffic.moves(at(1301)));
        assert!(!traffic.moves(at(2000)));
        assert_eq!(traffic.columns(at(1299), 0).0.len(), 1);
    }

    #[test]
    fn times_are_told_to_two_digits() {
        let mut tally = Tally::default();
        assert_eq!(tally.quantile(0.5), None);
        for millis in 1..=100 {
            tally.count(Duration::from_millis(millis), false);
        }
        let within = |part, from: u64, to: u64| {
            let found = tally.quantile(part).unwrap();
            assert!(found >= Duration::from_millis(from), "{found:?}");
            assert!(found <= Duration::from_millis(to), "{found:?}");
        };
        within(0.5, 50, 51);
        within(0.95, 95, 96);
    }

    #[test]
    fn the_cursor_stays_on_its_route_while_others_overtake_it() {
        let mut traffic = Traffic::default();
        let ask = |traffic: &mut Traffic, name: &str| {
            traffic.route(name.to_owned(), String::new).count(Duration::ZERO, false);
        };
        for name in ["a", "a", "a", "b", "b", "c", "d"] {
            ask(&mut traffic, name);
        }
        let chosen = |traffic: &Traffic| traffic.chosen().unwrap().0.to_owned();
        assert_eq!(chosen(&traffic), "a");
        traffic.move_by(1);
        for _ in 0..9 {
            ask(&mut traffic, "d");
        }
        traffic.settle(2);
        assert_eq!((chosen(&traffic), traffic.top), ("b".to_owned(), 1));
        traffic.move_by(99);
        traffic.settle(2);
        assert_eq!((chosen(&traffic), traffic.top), ("c".to_owned(), 2));
        traffic.move_by(-99);
        traffic.settle(2);
        assert_eq!((chosen(&traffic), traffic.top), ("d".to_owned(), 0));
    }

    #[test]
    fn routes_are_bounded() {
        let mut traffic = Traffic::default();
        for number in 0..MOST_ROUTES + 5 {
            let name = format!("GET /{number}x");
            traffic.route(name, String::new).count(Duration::ZERO, false);
        }
        assert_eq!(traffic.routes().len(), MOST_ROUTES + 1);
        assert_eq!(traffic.chosen(), Some((OTHERS, None)));
    }
}
