//! Ends a request that the application works on: from the dashboard, or since nothing has
//! come of it for as long as `--timeout` allows.
//!
//! The worker raises an exception in the thread. Where that does not end the call soon,
//! the client is answered, the lane given up, and another process asked for, which gets
//! the requests from then on; the old one ends with the last of the others it works on.

use std::time::{Duration, Instant};

use mio::Token;

use super::connection::{Connection, InFlight, Phase, Stage};
use super::dispatch::Serving;
use super::event_loop::Server;
use super::pages::Page;
use crate::clock::monotonic;
use crate::exchange::{Cut, ExchangeId};
use crate::http::Error;
use crate::lane::Down;

/// How long the application may take to end a call: more than the worker waits for C code
/// that holds on to the interpreter, after which the process ends.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// A call that was told to end.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) since: Instant,
    /// What the client is told, as a sentence about the request.
    pub(super) why: String,
    /// Whether the response had begun and was not whole: nothing is added to it any more.
    pub(super) is_cut: bool,
}

impl Server {
    /// Ends a request because somebody wants it.
    pub(super) fn end_request(&mut self, id: ExchangeId) {
        let is_it = |connection: &Connection| matches!(&connection.phase, Phase::Exchange(exchange) if exchange.id == id);
        let mut connections = self.connections.iter();
        let token = connections.find(|(_, it)| is_it(it)).map(|(token, _)| *token);
        let why = "was ended from the dashboard";
        match token {
            Some(token) => self.begin_ending(token, why),
            None => self.interrupt_closing(id, why),
        }
    }

    /// Has the worker tell where a call is, which may be in its `close()` already.
    pub(super) fn locate(&self, id: ExchangeId) {
        let answering = self.connections.values().filter_map(Connection::at_work);
        let mut calls = answering.chain(self.closing.values().map(AsRef::as_ref));
        let call = calls.find(|exchange| exchange.id == id);
        if let Some(lane) = call.and_then(InFlight::lane) {
            self.lanes.locate(lane, id);
        }
    }

    /// Ends a request of which nothing has come for too long.
    pub(super) fn time_out(&mut self, token: Token) {
        if let Some(why) = self.timeout_reason() {
            self.begin_ending(token, &why);
        }
    }

    /// Why a request is ended of which nothing has come for too long.
    pub(super) fn timeout_reason(&self) -> Option<String> {
        let seconds = self.timeout?.as_secs_f64();
        Some(format!("was ended: nothing came of it in {seconds} s (--timeout)"))
    }

    fn begin_ending(&mut self, token: Token, why: &str) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if let Phase::Exchange(exchange) = &mut connection.phase {
            match exchange.stage {
                Stage::Waiting(_) | Stage::Spooling => {
                    let text = "the request was ended before the application got it";
                    self.refuse(&mut connection, &Error::with(503, text));
                }
                Stage::Called(lane) if exchange.ending.is_none() => {
                    self.interrupt(lane, exchange, why);
                }
                // The application is done; it is the client that has not taken it all, and
                // may never do.
                Stage::Answered => {
                    exchange.cut = Some(format!("the request {why}"));
                    connection.channel.socket.reset_on_close();
                    self.connections.insert(token, connection);
                    return self.drop_connection(token);
                }
                _ => {}
            }
        }
        self.connections.insert(token, connection);
        self.drive(token);
    }

    pub(super) fn interrupt(&mut self, lane: Token, exchange: &mut InFlight, why: &str) {
        exchange.ending = Some(Ending {
            since: monotonic(),
            why: why.to_owned(),
            is_cut: exchange.framing.is_some() && !exchange.is_whole(),
        });
        exchange.file = None;
        self.lanes.interrupt(lane, exchange.id, &format!("the request {why}"));
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        // A thread that waits for the client waits no longer.
        if exchange.upload.is_coming() {
            Down::BodyCut(format!("the request {why}"))
                .append(exchange.id, lane.channel.outbox());
            exchange.give_up_body(Cut::Unread);
        }
        let _broken = lane.flush(self.poll.registry());
    }

    /// The call goes on all the same: does without it.
    pub(super) fn give_up_on(&mut self, token: Token) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if let Phase::Exchange(exchange) = &mut connection.phase
            && let Stage::Called(lane) = exchange.stage
        {
            exchange.stage = Stage::Answered;
            self.end_with_why(
                &mut connection,
                "; its thread cannot be stopped, so its process is replaced",
            );
            self.give_up_lane(lane);
        }
        self.connections.insert(token, connection);
        self.drive(token);
    }

    /// Answers a request that was ended, or cuts its answer.
    pub(super) fn end_with_why(&mut self, connection: &mut Connection, more: &str) {
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        let Some(ending) = &exchange.ending else { return };
        let why = format!("the request {}{more}", ending.why);
        if exchange.framing.is_some() {
            exchange.cut = Some(why);
        } else {
            let page = Page::ended(exchange.generation, why, exchange.traceback.clone());
            self.answer_page(connection, &page);
        }
    }

    pub(super) fn give_up_lane(&mut self, lane: Token) {
        let Some(lane) = self.lanes.remove(lane) else { return };
        let generation = lane.generation;
        drop(lane);
        if matches!(self.serving, Serving::Ready(current) if current == generation) {
            self.begin_hold();
            self.lanes.close_idle(generation);
            (self.replace)(generation);
        } else {
            self.report_drained(generation);
        }
    }
}
