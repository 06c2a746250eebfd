//! Whose turn it is to print into one stream, and what of whom is still on its way.
//!
//! Python buffers what is printed, and whoever has it flushed writes what others left there,
//! too. So one thread prints at a time, from a text to where that has been flushed.
//!
//! Invariant: a turn is taken by a thread that is attached to the interpreter, and waited
//! for by one that is not. So nobody gets in between the parts of one `print()`, which does
//! not let go of the interpreter but to wait. Those who wait get their turn in the order
//! in which they came, as soon as one who prints all the time has done so for a slice of
//! time, as with the interpreter's lock.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::clock::monotonic;
use crate::exchange::ExchangeId;

/// Threads that go on printing after their call has ended leave lines begun: of no more
/// than so many is that known.
const MOST_BEGUN: usize = 64;

/// How long one thread may print while others wait: what `sys.getswitchinterval()` is. A
/// change with each line would cost each line a wait for the interpreter.
const SLICE: Duration = Duration::from_millis(5);

/// The exchange that somebody prints for, if any.
pub(super) type Writer = Option<ExchangeId>;

#[derive(Default)]
pub(super) struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    holder: Option<ThreadId>,
    /// Who has printed last, and since when nobody else has.
    last: Option<(ThreadId, Instant)>,
    /// Who waits, the first in front.
    waiting: VecDeque<Thread>,
    /// Whether the next turn is that of the first who waits, and of nobody else.
    is_reserved: bool,
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
        let me = thread::current();
        loop {
            let mut state = self.lock();
            if state.holder == Some(me.id()) {
                return Turn { turns: self, is_outer: false };
            }
            if state.is_free_for(me.id()) {
                state.give_to(me.id());
                return Turn { turns: self, is_outer: true };
            }
            if !state.waiting.iter().any(|other| other.id() == me.id()) {
                state.waiting.push_back(me.clone());
            }
            drop(state);
            py.detach(|| self.wait(me.id()));
        }
    }

    fn wait(&self, me: ThreadId) {
        while !self.lock().is_free_for(me) {
            thread::park();
        }
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

impl State {
    /// Whether a thread may print now: the one that has printed last also before those who
    /// wait, for its slice of time.
    fn is_free_for(&self, thread: ThreadId) -> bool {
        if self.holder.is_some() {
            return false;
        }
        let is_last = self.last.is_some_and(|(last, _)| last == thread);
        let first = self.waiting.front().map(Thread::id);
        first.is_none_or(|first| first == thread) || is_last && !self.is_reserved
    }

    fn give_to(&mut self, thread: ThreadId) {
        self.holder = Some(thread);
        self.waiting.retain(|other| other.id() != thread);
        if self.last.is_none_or(|(last, _)| last != thread) {
            self.last = Some((thread, monotonic()));
            self.is_reserved = false;
        }
    }

    /// The holder is done. Gives who is to look whether it may print.
    fn give_back(&mut self) -> Option<Thread> {
        self.holder = None;
        let is_over = self.last.is_none_or(|(_, since)| since.elapsed() >= SLICE);
        // A text without its line's end is not left alone.
        self.is_reserved = is_over && self.buffered.is_none();
        self.waiting.front().cloned()
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
        let next = self.turns.lock().give_back();
        if let Some(next) = next {
            next.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that only stand for themselves.
    fn threads() -> [Thread; 3] {
        std::array::from_fn(|_| thread::spawn(|| ()).thread().clone())
    }

    #[test]
    fn who_has_printed_for_a_slice_lets_the_first_who_waits_print() {
        let [first, second, third] = threads();
        let mut state = State::default();
        assert!(state.is_free_for(first.id()));
        state.give_to(first.id());
        state.waiting.extend([second.clone(), third.clone()]);
        assert!(!state.is_free_for(second.id()));
        assert_eq!(state.give_back().map(|next| next.id()), Some(second.id()));
        assert!(state.is_free_for(first.id()) && !state.is_free_for(third.id()));

        state.give_to(first.id());
        state.last = Some((first.id(), monotonic().checked_sub(SLICE).unwrap()));
        state.buffered = Some(None);
        state.give_back();
        assert!(state.is_free_for(first.id()), "in the middle of a line");
        state.give_to(first.id());
        state.buffered = None;
        state.give_back();
        assert!(!state.is_free_for(first.id()) && state.is_free_for(second.id()));

        state.give_to(second.id());
        assert_eq!(state.give_back().map(|next| next.id()), Some(third.id()));
        assert!(state.is_free_for(third.id()) && !state.is_free_for(first.id()));
    }
}
