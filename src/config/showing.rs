//! How much of a body the dashboard unpacks and lays out, and when it says that an answer
//! is late: one option each.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::limits::{seconds, size};

/// The options under "Limits" that are about the dashboard. Sizes are in bytes.
///
/// Bodies are laid out by a thread, a third of a second for 10 MB of JSON, so that the
/// bound is on memory: what is laid out takes several times its size. Nesting needs none,
/// since nothing here calls itself for it.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(next_help_heading = "Limits")]
pub struct Showing {
    /// How much of a packed body the dashboard unpacks
    #[arg(long, value_name = "SIZE", default_value = "10M", value_parser = size)]
    pub max_unpacked: u64,
    /// How many times its packed size it unpacks, where that is more than 1M
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..)
    )]
    pub max_unpack_ratio: usize,
    /// How many codings may lie upon each other to be unpacked
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        value_parser = RangedU64ValueParser::<usize>::new().range(0..=16)
    )]
    pub max_codings: usize,
    /// Largest body that it lays out; others are shown as they were sent
    #[arg(long, value_name = "SIZE", default_value = "10M", value_parser = size)]
    pub max_laid_out: u64,
    /// How long a response may take to begin before the list says so
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub slow_after: Duration,
}

impl Default for Showing {
    /// As when none of the options is given.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Nothing {
            #[command(flatten)]
            showing: Showing,
        }
        <Nothing as clap::Parser>::parse_from(["rdev"]).showing
    }
}
