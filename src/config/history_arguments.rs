//! The options about the history, as typed: of the server, and of the commands that read.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use jiff::SignedDuration;

use super::history::{parse_age, parse_size};

pub(super) const AFTER_HISTORY: &str = "\
It works while a server runs and while none does. Each line has, in this order: \
id, day, time, generation, method, status, type, size of the response's body, \
duration, target, and what went wrong. `-` stands for what is not known.

Exit status: 0 when something was listed, 1 when there was nothing, 2 when the \
history cannot be read or the command line is wrong.";

pub(super) const AFTER_SHOW: &str = "\
Without --raw or --body it is printed as a transcript in the manner of curl -v.

Exit status: 0 when it was printed, 1 when there is no such exchange, 2 when the \
history cannot be read or the command line is wrong.";

/// What a server keeps, and where.
#[derive(Debug, Args)]
pub(super) struct KeepingArguments {
    /// File to keep the history in [default: one per project in the user's state folder]
    #[arg(long, value_name = "FILE", help_heading = "History")]
    pub(super) history: Option<PathBuf>,
    /// Keep the history in memory alone
    #[arg(long, conflicts_with = "history", help_heading = "History")]
    pub(super) no_history: bool,
    /// How much of it to keep on disk; the oldest goes first; 0: no limit
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "500MiB",
        help_heading = "History",
        value_parser = parse_size
    )]
    pub(super) history_size: u64,
    /// How long to keep it; 0: no limit
    #[arg(
        long,
        value_name = "AGE",
        default_value = "30d",
        help_heading = "History",
        value_parser = parse_age
    )]
    pub(super) history_age: SignedDuration,
    /// How much to keep of one body in the history; 0: no limit
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "10MiB",
        help_heading = "History",
        value_parser = parse_size
    )]
    pub(super) max_body: u64,
}

/// Which exchanges to list, and how.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// How many at most, the newest ones; 0: all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    pub(super) last: u64,
    /// Go on with those that end from now on, until interrupted
    #[arg(short, long)]
    pub(super) follow: bool,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Which exchange to print, and how.
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// Its number as listed: 7.42, or 42 for one of the latest run
    pub(super) id: String,
    /// Print request and response byte for byte, less the framing of chunks
    #[arg(long)]
    pub(super) raw: bool,
    /// Print the response's body alone, unpacked
    #[arg(long, conflicts_with = "raw")]
    pub(super) body: bool,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}
