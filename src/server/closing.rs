//! Exchanges whose client has the whole response while the application is in `close()`:
//! Flask's `call_on_close` and Django's `request_finished` run there, and may take long.
//!
//! Such an exchange has left its connection, which goes on to the next request over
//! another lane. It keeps its own until the call has ended, and ends with that: what
//! `close()` raises, and how long it took, is told on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;

use super::answer::linger;
use super::connection::{Connection, Expiry, InFlight, Phase, Stage};
use super::ending::GRACE;
use super::event_loop::{Server, Step};
use super::upload::Upload;
use crate::clock::monotonic;
use crate::exchange::{
    ExchangeEvent, ExchangeId, GenerationId, Hint, Outcome, Traceback,
};

impl InFlight {
    /// Whether nothing but the end of the call is missing. What is still to be handed on
    /// of the request comes over the connection; and an exchange that was told to end
    /// waits there for that.
    pub(super) fn waits_for_close(&self) -> bool {
        self.is_whole()
            && self.lane().is_some()
            && self.ending.is_none()
            && matches!(self.upload, Upload::Done)
    }

    fn is_overdue(&self, now: Instant, timeout: Option<Duration>) -> Option<Expiry> {
        let (passed, limit, expiry) = if self.is_ending() {
            (self.ending_lasts(now), GRACE, Expiry::Ending)
        } else {
            self.deadline((Duration::MAX, now), timeout, Duration::MAX)?
        };
        (passed >= limit).then_some(expiry)
    }
}

impl Server {
    /// Leaves the exchange to its lane; the connection is done with it.
    pub(super) fn leave_in_close(&mut self, connection: &mut Connection) -> Step {
        let phase = std::mem::replace(&mut connection.phase, Phase::Head);
        let Phase::Exchange(mut exchange) = phase else { return Step::Close };
        let Stage::Called(lane) = exchange.stage else { return Step::Close };
        let keep = exchange.keep;
        exchange.progress = monotonic();
        self.closing.insert(lane, exchange);
        if !keep {
            return linger(connection);
        }
        connection.await_request(self.terms.http, monotonic());
        Step::Again
    }

    /// The call is over.
    pub(super) fn end_closing(&self, exchange: &mut InFlight) {
        self.outlet.end(exchange, Outcome::Complete);
    }

    /// The call will not end: its client has all of it, but its author does not.
    fn cut_closing(&self, exchange: &mut InFlight, why: &str) {
        let hint = Hint {
            problem: format!("close() was cut off: {why}"),
            mend:
                "what is done there (Flask's call_on_close, Django's request_finished) \
                   may be half done: leave what takes long to a queue"
                    .to_owned(),
            quoted: None,
        };
        self.outlet.publish(exchange.id, ExchangeEvent::Hint(Arc::new(hint)));
        self.end_closing(exchange);
    }

    /// The lane of such a one broke; how its process ended is known in a moment.
    pub(super) fn orphan_closing(&mut self, lane: Token) {
        if let Some(exchange) = self.closing.get_mut(&lane) {
            exchange.stage = Stage::Orphaned(monotonic());
        }
    }

    /// Their process is gone: the clients have their responses all the same.
    pub(super) fn bury_closing(
        &mut self,
        generation: GenerationId,
        how: &str,
        stack: Option<&Arc<Traceback>>,
    ) {
        let of_it = |_: &Token, exchange: &mut Box<InFlight>| {
            exchange.generation == Some(generation)
        };
        let buried: Vec<_> = self.closing.extract_if(of_it).collect();
        for (_, mut exchange) in buried {
            if let Some(stack) = stack {
                let raised = ExchangeEvent::Raised(Arc::clone(stack));
                self.outlet.publish(exchange.id, raised);
            }
            self.cut_closing(&mut exchange, &format!("its process {how}"));
        }
    }

    /// Looks at their deadlines.
    pub(super) fn sweep_closing(&mut self, now: Instant) {
        let timeout = self.timeout;
        let overdue: Vec<(Token, Expiry)> = self
            .closing
            .iter()
            .filter_map(|(lane, exchange)| {
                Some((*lane, exchange.is_overdue(now, timeout)?))
            })
            .collect();
        for (lane, expiry) in overdue {
            let Some(mut exchange) = self.closing.remove(&lane) else { continue };
            if let (Expiry::Application, Some(why)) = (expiry, self.timeout_reason()) {
                self.interrupt(lane, &mut exchange, &why);
                self.closing.insert(lane, exchange);
            } else {
                let why = match expiry {
                    Expiry::Orphan => "its process closed its lane",
                    _ => "its thread could not be stopped, so its process is replaced",
                };
                self.cut_closing(&mut exchange, why);
                self.give_up_lane(lane);
            }
        }
    }

    /// Ends the call of such a one because somebody wants it.
    pub(super) fn interrupt_closing(&mut self, id: ExchangeId, why: &str) {
        let found = self.closing.iter().find(|(_, exchange)| exchange.id == id);
        let Some(lane) = found.map(|(lane, _)| *lane) else { return };
        if let Some(mut exchange) = self.closing.remove(&lane) {
            if exchange.ending.is_none() && exchange.lane().is_some() {
                self.interrupt(lane, &mut exchange, why);
            }
            self.closing.insert(lane, exchange);
        }
    }

    /// The server ends: nobody waits for the calls any more.
    pub(super) fn cut_all_closing(&mut self, why: &str) {
        for (_, mut exchange) in std::mem::take(&mut self.closing) {
            self.cut_closing(&mut exchange, why);
        }
    }
}
