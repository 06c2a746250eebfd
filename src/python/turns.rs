//! Whose turn it is to print into one stream, and what of whom is still on its way.
//!
//! Python buffers what is printed, and whoever has it flushed writes what others left there,
//! too. So one thread prints at a time, from a text to where that has been flushed.
//!
//! Invariant: a turn is taken by a thread that is attached to the interpreter, and waited
//! for by one that is not. So nobody gets in between the parts of one `print()`, which does
//! not let go of the interpreter but to wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::prelude::*;

use crate::exchange::ExchangeId;

/// Threads that go on printing after their call has ended leave lines begun: of no more
/// than so many is that known.
const MOST_BEGUN: usize = 64;

/// The exchange that somebody prints for, if any.
pub(super) type Writer = Option<ExchangeId>;

#[derive(Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    holder: Option<ThreadId>,
    waiting: usize,
    /// Who has written what is buffered; `None` where nothing is.
    buffered: Option<Writer>,
    /// Exchanges whose last piece did not end a line.
    begun: Vec<ExchangeId>,
}

/// The right to print, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    /// A thread that already has it gives it back later: a signal handler prints within
    /// what it has interrupted.
    is_outer: bool,
}

impl Turns {
    pub(super) fn take(&self, py: Python<'_>) -> Turn<'_> {
        let me = thread::current().id();
        loop {
            let mut state = self.lock();
            match state.holder {
                None => {
                    state.holder = Some(me);
                    return Turn { turns: self, is_outer: true };
                }
                Some(holder) if holder == me => {
                    return Turn { turns: self, is_outer: false };
                }
                Some(_) => {}
            }
            drop(state);
            py.detach(|| self.wait());
        }
    }

    fn wait(&self) {
        let mut state = self.lock();
        state.waiting += 1;
        while state.holder.is_some() {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
    }

    /// Whether anything of an exchange is still on its way.
    pub(super) fn has_left(&self, id: ExchangeId) -> bool {
        let state = self.lock();
        state.buffered == Some(Some(id)) || state.begun.contains(&id)
    }

    /// Notes that something was written for an exchange.
    pub(super) fn note(&self, id: ExchangeId, ends_line: bool) {
        let begun = &mut self.lock().begun;
        if ends_line {
            begun.retain(|other| *other != id);
        } else if !begun.contains(&id) {
            begun.push(id);
            if begun.len() > MOST_BEGUN {
                begun.remove(0);
            }
        }
    }

    /// Whether a line of that exchange had begun, which is over now.
    pub(super) fn end_line(&self, id: ExchangeId) -> bool {
        let begun = &mut self.lock().begun;
        let before = begun.len();
        begun.retain(|other| *other != id);
        begun.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Who has written what is buffered; `None` where nothing is.
    pub(super) fn buffered(&self) -> Option<Writer> {
        self.turns.lock().buffered
    }

    pub(super) fn set_buffered(&self, by: Option<Writer>) {
        self.turns.lock().buffered = by;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_outer {
            return;
        }
        let mut state = self.turns.lock();
        state.holder = None;
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.turns.freed.notify_all();
        }
    }
}
