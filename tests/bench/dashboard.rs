//! How fast the dashboard draws and answers keys while 5,000 exchanges a second come in:
//! `cargo bench --bench dashboard`, with the number of those before behind `--` where it is
//! not to be a million.
//!
//! What is timed is all of a frame but the writing to the terminal: time, layout, drawing
//! into the cells of 200 by 60. A key is timed with everything that may stand before it in
//! the dashboard's channel.
#![expect(clippy::print_stdout, reason = "what it measures is for the terminal")]

mod memory;
mod mixture;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use _rdev::bus::Losses;
use _rdev::clock::{monotonic, wall};
use _rdev::config::Theme;
use _rdev::exchange::{Event, Exchange, ExchangeEvent, Outcome};
use _rdev::tui::{Facts, Message, State, Styles, draw, layout, update};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use mixture::exchange;

const AREA: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };
/// Exchanges from one frame to the next: 5,000 a second, 30 frames.
const FRAME: u64 = 167;
/// Frames, and keys: 20 s of it.
const FRAMES: u64 = 600;
/// Events in one message of the dashboard's channel, and messages in that.
const BATCH: usize = 256;
const CHANNEL: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().find_map(|argument| argument.parse().ok());
    let before: u64 = count.unwrap_or(1_000_000);
    let mut bench = Bench::new(before + 10 * FRAMES * FRAME);
    let start = monotonic();
    bench.feed(before);
    let took = start.elapsed().as_secs_f64();
    println!("taken in: {before} in {took:.1} s, {:.0} a second", before as f64 / took);
    bench.frames("following the newest");
    bench.key(KeyCode::Char('g'));
    bench.frames("at the oldest");
    for letter in "f/item/7".chars() {
        bench.key(KeyCode::Char(letter));
    }
    bench.key(KeyCode::Enter);
    bench.frames("with a filter");
    bench.key(KeyCode::Enter);
    bench.frames("reading one");
    bench.keys();
    println!("memory: {} kB at most", memory::peak()?);
    Ok(())
}

/// A dashboard without a terminal, and what it is fed.
struct Bench {
    state: State,
    styles: Styles,
    buffer: Buffer,
    began: Timestamp,
    /// Of all that will come, for the mixture.
    count: u64,
    newest: u64,
}

impl Bench {
    fn new(count: u64) -> Self {
        let began = wall();
        let address = "http://127.0.0.1:8888".to_owned();
        let facts = Facts::new("app:app".to_owned(), address, TimeZone::UTC);
        Self {
            state: State::new(facts, began),
            styles: Styles::new(Some(Theme::Dark)),
            buffer: Buffer::empty(AREA),
            began,
            count,
            newest: 0,
        }
    }

    /// So many exchanges come and end.
    fn feed(&mut self, count: u64) {
        let mut events = Vec::new();
        for _ in 0..count {
            self.newest += 1;
            events.extend(steps(exchange(self.newest, self.count, self.began)));
            if events.len() >= BATCH {
                self.take_in(std::mem::take(&mut events));
            }
        }
        self.take_in(events);
    }

    fn take_in(&mut self, events: Vec<Event>) {
        let losses = Losses::default();
        update(&mut self.state, Message::Events { events, losses });
    }

    fn key(&mut self, code: KeyCode) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        update(&mut self.state, Message::Key(key));
        while self.state.is_busy() {
            update(&mut self.state, Message::Work);
        }
        self.frame();
    }

    fn frame(&mut self) {
        update(&mut self.state, Message::Tick(wall()));
        let regions = layout(&self.state, AREA);
        self.state.settle(&regions);
        self.buffer.reset();
        draw(&self.state, &regions, &self.styles, &mut self.buffer);
    }

    /// Draws while exchanges come in, and tells how long a frame takes.
    fn frames(&mut self, what: &str) {
        let mut frames = Vec::new();
        for _ in 0..FRAMES {
            self.feed(FRAME);
            let start = monotonic();
            self.frame();
            frames.push(start.elapsed());
        }
        report(&format!("a frame, {what}"), frames);
    }

    /// Presses a key behind a full channel, and tells how long it takes until it is seen.
    fn keys(&mut self) {
        let mut keys = Vec::new();
        for pressed in 0..FRAMES / 10 {
            let channel: Vec<Vec<Event>> = (0..CHANNEL).map(|_| self.batch()).collect();
            let start = monotonic();
            for events in channel {
                self.take_in(events);
            }
            self.key(KeyCode::Char(if pressed % 2 == 0 { 'j' } else { 'k' }));
            keys.push(start.elapsed());
        }
        report("a key behind a full channel", keys);
    }

    fn batch(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < BATCH {
            self.newest += 1;
            events.extend(steps(exchange(self.newest, self.count, self.began)));
        }
        events
    }
}

/// An exchange as the bus tells it.
fn steps(exchange: Exchange) -> impl Iterator<Item = Event> {
    let Exchange { id, began: at, source, client, request, response, timing, .. } =
        exchange;
    let body = Arc::from(exchange.response_body.kept);
    let steps = [
        Some(ExchangeEvent::Began { source, client, request }),
        exchange.generation.map(ExchangeEvent::Called),
        response.map(ExchangeEvent::Responded),
        Some(ExchangeEvent::ResponseBody(body)),
        exchange.traceback.map(ExchangeEvent::Raised),
        Some(ExchangeEvent::Timed(Arc::new(timing))),
        Some(ExchangeEvent::Ended(Outcome::Complete)),
    ];
    steps.into_iter().flatten().map(move |what| Event::Exchange { id, at, what })
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "{:6.2} ms median, {:6.2} p99, {:6.2} worst: {what}",
        at(50),
        at(99),
        at(100)
    );
}
