//! What is known of the server as a whole: the counts, how long things took, and what is
//! to be sent to it.

use std::collections::HashSet;

use crate::bus::Losses;
use crate::exchange::ExchangeId;
use crate::replay::Pins;

use super::resending::Resending;
use super::traffic::Traffic;

/// What the status line counts.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) exchanges: u64,
    /// Those that ended badly.
    pub(super) errors: u64,
    /// Of these, those that were cut short.
    pub(super) cut: u64,
    pub(super) in_flight: u64,
    /// Those that wait for a generation.
    pub(super) held: HashSet<ExchangeId>,
    pub(super) traffic: Traffic,
    pub(super) pins: Pins,
    pub(super) resending: Resending,
    /// What this reader of the bus lost.
    pub(super) losses: Losses,
}
