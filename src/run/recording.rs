//! The thread that writes the history.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::available_parallelism;
use std::time::Duration;

use super::part::{panic_text, spawn};
use super::warn;
use crate::bus::{Allowance, Bus};
use crate::clock::Clock;
use crate::config::{HistoryConfig, HistoryPlace};
use crate::history::database::recorder::{self, LastWords};
use crate::history::database::{Beginning, Bounds};

/// How long the last of the history may take to be written.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// The thread that writes the history. It may break off without taking the others along.
pub(super) struct Recording {
    /// What it says once it is over.
    over: Receiver<LastWords>,
}

impl Recording {
    pub(super) fn start(
        config: &HistoryConfig,
        beginning: Beginning,
        bus: &Bus,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let (running, over) = channel();
        let (file, is_own_place) = match &config.place {
            HistoryPlace::Own(file) => (file.clone(), true),
            HistoryPlace::Named(file) => (file.clone(), false),
            HistoryPlace::Memory => return Ok(Self { over }),
            HistoryPlace::Nowhere => {
                let text = "no history is kept on disk, since HOME is not set; \
                            --history FILE names a place for it";
                warn(bus, clock, text.to_owned());
                return Ok(Self { over });
            }
        };
        let bounds = Bounds { size: config.size, age: config.age, body: config.body };
        let setup = recorder::Setup {
            file,
            is_own_place,
            bounds,
            beginning,
            clock,
            bus: bus.clone(),
        };
        let processors = available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let subscription = bus.subscribe_within(Allowance::of(processors));
        let bus = bus.clone();
        spawn("history", move || {
            let recording = AssertUnwindSafe(|| recorder::run(setup, &subscription));
            let words = catch_unwind(recording).unwrap_or_else(|panic| {
                let why = panic_text(panic.as_ref());
                let text = format!(
                    "the history broke off, which is a fault of rdev's own: {why}"
                );
                warn(&bus, clock, text.clone());
                LastWords { words: vec![text], kept: None }
            });
            let _left = running.send(words);
        })?;
        Ok(Self { over })
    }

    /// Waits for what is left to be written, unless the disk takes too long. Returns what
    /// there is to say about it.
    pub(super) fn finish(self) -> LastWords {
        match self.over.recv_timeout(LAST_RECORDS) {
            Ok(words) => words,
            // Nobody records.
            Err(RecvTimeoutError::Disconnected) => LastWords::default(),
            Err(RecvTimeoutError::Timeout) => LastWords {
                words: vec!["the last of the history could not be waited for".to_owned()],
                kept: None,
            },
        }
    }
}
