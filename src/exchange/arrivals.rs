//! When the parts of a body came.

use jiff::Timestamp;

/// So many are kept of one body.
const MOST: usize = 4096;

/// How many bytes of a body were there at which time, for as long as that is noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals(Vec<(u64, Timestamp)>);

impl Arrivals {
    /// What one costs in bytes of memory.
    pub const COST: usize = size_of::<(u64, Timestamp)>();

    /// So many bytes were there at that time. Returns whether that is noted.
    pub fn note(&mut self, bytes: u64, at: Timestamp) -> bool {
        let has_room = self.0.len() < MOST;
        if has_room {
            self.0.push((bytes, at));
        }
        has_room
    }

    /// When there were at least so many bytes; `None` where that is not known.
    pub fn of(&self, bytes: u64) -> Option<Timestamp> {
        let place = self.0.partition_point(|(there, _)| *there < bytes);
        self.0.get(place).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_came_with_the_first_part_that_has_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.of(1), None);
        arrivals.note(10, at(1));
        arrivals.note(20, at(2));
        let found = [1, 10, 11, 20, 21].map(|bytes| arrivals.of(bytes));
        assert_eq!(found, [Some(at(1)), Some(at(1)), Some(at(2)), Some(at(2)), None]);
        for bytes in 21..10_000 {
            arrivals.note(bytes, at(3));
        }
        assert_eq!((arrivals.0.len(), arrivals.of(9000)), (MOST, None));
    }
}
