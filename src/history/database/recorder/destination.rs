//! The file that is recorded in: opened, begun anew where somebody took it away, put aside
//! where it cannot be gone on with.

use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

use crate::clock::monotonic;

use super::super::open::{
    OpenError, claims_to_be_a_history, identity, open_to_write, set_aside,
};
use super::super::writer::Writer;
use super::Setup;

/// From one attempt to write to the next, where that fails.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Destination {
    /// `None` while nothing can be written.
    writer: Option<Writer>,
    /// Which file it writes.
    opened: Option<(u64, u64)>,
    /// When writing is tried again, where it failed.
    retry: Option<Instant>,
}

impl Destination {
    /// The one who writes, where the file is open.
    pub(super) fn open_writer(&mut self) -> Option<&mut Writer> {
        self.writer.as_mut()
    }

    /// The one who writes; opens the file and begins a run where that has to be, and puts
    /// aside first what cannot be gone on with. The error is a text for the user.
    pub(super) fn writer(&mut self, setup: &Setup) -> Result<&mut Writer, String> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.open(setup).inspect_err(|_| self.rest())?,
        };
        Ok(self.writer.insert(writer))
    }

    fn open(&mut self, setup: &Setup) -> Result<Writer, String> {
        let mut opened = open_to_write(&setup.file);
        if let Err(error) = &opened
            && is_put_aside(setup, error)
        {
            opened = open_to_write(&setup.file);
        }
        let connection = opened.map_err(|error| error.to_string())?;
        let writer = Writer::begin(connection, &setup.beginning)
            .map_err(|error| error.to_string())?;
        self.opened = identity(&setup.file);
        Ok(writer)
    }

    /// When writing is tried again; `None` where it does not fail.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.retry
    }

    fn rest(&mut self) {
        self.retry = Some(monotonic() + RETRY);
    }

    /// It is to be tried again now, or did not fail.
    pub(super) fn stop_resting(&mut self) {
        self.retry = None;
    }

    /// Writing failed. `true` where the file is damaged, and another is to be begun.
    pub(super) fn fail(&mut self, setup: &Setup, error: &rusqlite::Error) -> bool {
        self.rest();
        let is_damaged = is_damage(error);
        if is_damaged {
            let why = format!("{} is damaged: {error}", setup.file.display());
            let is_out_of_the_way = put_aside(setup, "damaged", &why);
            self.begin_anew();
            if !is_out_of_the_way {
                self.rest();
            }
        }
        is_damaged
    }

    /// What is written from here on goes to another file, in a run of its own.
    pub(super) fn begin_anew(&mut self) {
        self.writer = None;
        self.retry = Some(monotonic());
    }

    /// Whether somebody has taken away, or replaced, the file that is written: what is
    /// written there nobody would see.
    pub(super) fn is_gone(&self, setup: &Setup) -> bool {
        self.writer.is_some() && identity(&setup.file) != self.opened
    }
}

/// Whether a file was put aside that is a history but cannot be gone on with.
fn is_put_aside(setup: &Setup, error: &OpenError) -> bool {
    let is_history = setup.is_own_place || claims_to_be_a_history(&setup.file);
    match error {
        OpenError::Newer(..) => put_aside(setup, "newer", &error.to_string()),
        OpenError::Damaged(..) if is_history => {
            put_aside(setup, "damaged", &error.to_string())
        }
        _ => false,
    }
}

fn put_aside(setup: &Setup, kind: &str, why: &str) -> bool {
    let result = set_aside(&setup.file, kind, setup.clock.now());
    setup.warn(match &result {
        Ok(to) => {
            format!("{why}; it is now {}, and a new history was begun", to.display())
        }
        Err(error) => format!("{why}; it cannot be put aside: {error}"),
    });
    result.is_ok()
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
