//! How the server ends: nothing new is taken, what is in flight is finished, for so long.
//!
//! ```text
//! stop ──▶ Finishing ──all done, or no longer waited for: the rest is cut──▶ Parting ──▶ over
//! ```
//!
//! Meanwhile everything goes on as before: queued requests get threads as they come free,
//! held ones their generation, bodies are taken in, streams are sent on.

use std::time::{Duration, Instant};

use mio::Token;

use super::connection::{Connection, Content, Phase, Stage};
use super::event_loop::Server;
use crate::clock::monotonic;

/// For clients to take the last words in (RFC 9112 section 9.6), as after any other.
const PARTING: Duration = Duration::from_secs(1);
/// The same where nothing is waited for: those on this machine have them by then.
const PARTING_AT_ONCE: Duration = Duration::from_millis(200);

/// What is waited for when the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Everything in flight, for as long as `--drain` says.
    All,
    /// The same, unless all that is left are event streams: those have no end, and a
    /// browser takes up again by itself what was cut (HTML, "Server-sent events").
    ButEvents,
    /// Nothing: there is nobody who could answer, or nobody who would wait.
    None,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopping {
    /// Requests may still be answered.
    Finishing { until: Instant, patience: Patience },
    /// Everybody has had the last word, or is getting it.
    Parting { until: Instant },
}

impl Server {
    /// Stops accepting; once more, and with less patience, when that took too long. Idle
    /// connections are closed, the others after their exchange; `tell` hears how many
    /// exchanges are waited for, if any.
    pub(super) fn begin_stop(&mut self, patience: Patience, tell: impl FnOnce(usize)) {
        // What was sent before the end counts, also where nobody has looked at it yet.
        self.accept();
        let limit = match patience {
            Patience::All | Patience::ButEvents => self.drain,
            Patience::None => Duration::ZERO,
        };
        let until = monotonic() + limit;
        self.stopping = Some(Stopping::Finishing { until, patience });
        self.acceptor.close(self.poll.registry());
        for token in self.tokens(|connection| matches!(connection.phase, Phase::Head)) {
            if let Some(connection) = self.connections.get_mut(&token) {
                connection.channel.expect_more();
            }
            self.drive(token);
        }
        let awaited = self.awaited(patience);
        if awaited > 0 && !limit.is_zero() {
            tell(awaited);
        }
    }

    /// Whether the server has come to its end; what is not waited for any longer is cut.
    pub(super) fn has_stopped(&mut self) -> bool {
        let now = monotonic();
        match self.stopping {
            None => false,
            Some(Stopping::Finishing { until, patience }) => {
                let is_late = now >= until;
                if !is_late && self.awaited(patience) > 0 {
                    return false;
                }
                self.cut_all(&self.last_word(is_late && patience != Patience::None));
                let parting =
                    if patience == Patience::None { PARTING_AT_ONCE } else { PARTING };
                self.stopping = Some(Stopping::Parting { until: now + parting });
                self.connections.is_empty()
            }
            Some(Stopping::Parting { until }) => {
                self.connections.is_empty() || now >= until
            }
        }
    }

    /// How many exchanges the end waits for; those in `close()` are among them.
    fn awaited(&self, patience: Patience) -> usize {
        let answering = self.connections.values().filter(|it| it.is_awaited(patience));
        let closing = if patience == Patience::None { 0 } else { self.closing.len() };
        answering.count() + closing
    }

    fn last_word(&self, is_late: bool) -> String {
        let seconds = self.drain.as_secs_f64();
        if is_late {
            format!("rdev ended; this took longer than {seconds} s (--drain)")
        } else {
            "rdev ended".to_owned()
        }
    }

    fn cut_all(&mut self, why: &str) {
        for token in self.tokens(Connection::is_answering) {
            self.cut(token, why);
        }
        self.cut_all_closing(why);
    }

    /// Answers a request that will not be worked on any more, or cuts its answer.
    fn cut(&mut self, token: Token, why: &str) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        let is_written =
            connection.channel.flush().is_ok() && connection.channel.pending() == 0;
        if let Phase::Exchange(exchange) = &mut connection.phase {
            if !(exchange.is_whole() && is_written) {
                exchange.cut.get_or_insert_with(|| why.to_owned());
            }
            let (lane, timing) = (exchange.lane(), exchange.timing);
            exchange.file = None;
            if exchange.framing.is_some() {
                exchange.stage = Stage::Answered;
            } else {
                self.refuse_with(&mut connection, 503, why);
            }
            if let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
                lane.abandon(timing);
            }
        }
        self.connections.insert(token, connection);
        self.drive(token);
        // What a client does not take now it will not take in time.
        if self.connections.get(&token).is_some_and(Connection::is_answering) {
            self.drop_connection(token);
        }
    }

    /// Drops whatever is left.
    pub(super) fn drop_all(&mut self) {
        for token in self.tokens(|_| true) {
            self.drop_connection(token);
        }
    }

    fn tokens(&self, which: impl Fn(&Connection) -> bool) -> Vec<Token> {
        let found = self.connections.iter().filter(|(_, connection)| which(connection));
        found.map(|(token, _)| *token).collect()
    }
}

impl Connection {
    /// Whether its exchange has not been answered whole.
    fn is_answering(&self) -> bool {
        matches!(&self.phase, Phase::Exchange(it) if it.stage != Stage::Draining)
    }

    /// Whether the end of the server waits for it.
    fn is_awaited(&self, patience: Patience) -> bool {
        let Phase::Exchange(exchange) = &self.phase else { return false };
        let waits = match patience {
            Patience::All => true,
            Patience::ButEvents => exchange.content != Content::Events,
            Patience::None => false,
        };
        waits && self.is_answering()
    }
}
