//! Response heads, the server's own answers, and the end of an exchange.

use std::sync::Arc;

use mio::Token;

use super::connection::{Connection, Content, Phase, Stage};
use super::dispatch::Serving;
use super::event_loop::{Server, Step};
use super::pages::{Page, refusal};
use super::provenance::stamp;
use super::upload::Upload;
use crate::clock::monotonic;
use crate::exchange::{Cut, ExchangeEvent, Outcome, Response, Traceback};
use crate::http::{
    Error, ResponseFraming, ResponseHead, encode_response_head, response_framing,
};

impl Server {
    /// Writes the head of a response; what follows is framed by it.
    pub(super) fn write_head(
        &mut self,
        connection: &mut Connection,
        mut head: ResponseHead,
    ) {
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        if exchange.framing.is_some() {
            return;
        }
        if let Some(generation) = exchange.generation.filter(|_| self.generation_header)
            && let Some(hint) = stamp(&mut head, generation).map(Arc::new)
        {
            exchange.hints.push(Arc::clone(&hint));
            self.outlet.publish(exchange.id, ExchangeEvent::Hint(hint));
        }
        let framing = response_framing(&exchange.head, &head);
        exchange.framing = Some(framing);
        exchange.owed = match framing {
            ResponseFraming::Length(length) => Some(length),
            ResponseFraming::None => Some(0),
            ResponseFraming::Chunked | ResponseFraming::UntilClose => None,
        };
        exchange.content = content(&head);
        exchange.keep = exchange.can_keep(self.terms.limits.max_unread_body)
            && framing != ResponseFraming::UntilClose
            && !head.headers.lists("connection", "close")
            && self.stopping.is_none();
        // Said in HTTP/1.1 too, where it goes without saying, since HTTP/1.0 asks for it.
        let connection_field = if exchange.keep { "keep-alive" } else { "close" };
        let date = self.outlet.date.at(self.outlet.clock.now());
        let raw = encode_response_head(&head, framing, connection_field, date);
        let id = exchange.id;
        connection.channel.outbox().extend_from_slice(&raw);
        let response = Arc::new(Response { raw, head });
        self.outlet.publish(id, ExchangeEvent::Responded(response));
    }

    /// Answers in the application's stead.
    pub(super) fn answer_page(&mut self, connection: &mut Connection, page: &Page) {
        let Phase::Exchange(exchange) = &connection.phase else { return };
        let shown = self.terms.shows_errors_to(&connection.client, &connection.server);
        let (head, body) =
            if shown { page.render(&exchange.head) } else { page.withheld() };
        self.answer(connection, head, body);
    }

    /// Refuses a request; the connection is closed after it, since where the next
    /// request would begin cannot be trusted.
    pub(super) fn refuse(&mut self, connection: &mut Connection, error: &Error) {
        self.refuse_with(connection, error.status, error.text);
    }

    /// The same with a text of the caller's, which must be fit to be seen.
    pub(super) fn refuse_with(
        &mut self,
        connection: &mut Connection,
        status: u16,
        text: &str,
    ) {
        if let Phase::Exchange(exchange) = &mut connection.phase {
            exchange.give_up_body(Cut::Unawaited);
            exchange.keep = false;
        }
        let (head, body) = refusal(status, text);
        self.answer(connection, head, body);
    }

    fn answer(&mut self, connection: &mut Connection, head: ResponseHead, body: Vec<u8>) {
        self.write_head(connection, head);
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        exchange.stage = Stage::Answered;
        let id = exchange.id;
        self.write_block(connection, id, body);
    }

    /// Answers a request that has waited for a generation for as long as it may.
    pub(super) fn end_hold(&mut self, token: Token) {
        // With a generation there it waits for a lane, and gets one.
        let Serving::Holding(awaited) = &self.serving else { return };
        let awaited = awaited.clone();
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if let Phase::Exchange(exchange) = &connection.phase {
            if let Some(stack) = &awaited.stack {
                let raised = ExchangeEvent::Raised(Arc::clone(stack));
                self.outlet.publish(exchange.id, raised);
            }
            let page = Page::held_too_long(self.hold, &awaited.what, awaited.stack);
            self.answer_page(&mut connection, &page);
        }
        self.connections.insert(token, connection);
        self.drive(token);
    }

    /// Answers a request whose process died.
    pub(super) fn answer_orphan(
        &mut self,
        token: Token,
        how: &str,
        stack: Option<&Arc<Traceback>>,
    ) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if let Phase::Exchange(exchange) = &mut connection.phase {
            exchange.stage = Stage::Answered;
            let death = format!("the application's process {how}");
            let is_blamed = exchange.ending.is_none() && !exchange.is_here();
            let told = stack.cloned().or_else(|| {
                is_blamed.then(|| Arc::new(Traceback::of_no_call(death.clone())))
            });
            if let Some(told) = told {
                self.outlet.publish(exchange.id, ExchangeEvent::Raised(told));
                exchange.traceback = stack.cloned();
            }
            if exchange.ending.is_some() {
                self.end_with_why(&mut connection, &format!("; its process {how}"));
            } else if exchange.framing.is_some() {
                if is_blamed {
                    exchange.cut = Some(death);
                }
            } else {
                let page = Page::died(exchange.generation, how, stack.cloned());
                self.answer_page(&mut connection, &page);
            }
        }
        self.connections.insert(token, connection);
        self.drive(token);
    }

    /// Ends an exchange whose response is complete, once it is written out.
    pub(super) fn finish(&mut self, connection: &mut Connection) -> Step {
        if connection.channel.pending() > 0 {
            return Step::Wait;
        }
        if connection.at_work().is_some_and(|exchange| exchange.stage == Stage::Answered)
        {
            self.show_rest(connection);
        }
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let cut = exchange.cut.is_some();
        if exchange.stage == Stage::Answered {
            exchange.stage = Stage::Draining;
            connection.since = monotonic();
            let outcome = match exchange.cut.take() {
                Some(why) => {
                    exchange.keep = false;
                    Outcome::Cut(why)
                }
                None if exchange.generation.is_none() => Outcome::Refused,
                None => Outcome::Complete,
            };
            if exchange.framing.is_some() {
                let now = self.outlet.clock.now();
                exchange.timing.last_byte.get_or_insert(now);
            }
            self.outlet.end(exchange, outcome);
        }
        if !exchange.keep {
            // Where the end of the connection is the end of the body, only a reset can
            // tell the client that this is not all.
            if cut && exchange.framing == Some(ResponseFraming::UntilClose) {
                connection.channel.socket.reset_on_close();
                return Step::Close;
            }
            return linger(connection);
        }
        // What is left of the body is read away, so that the next request is found.
        if let Upload::Length(left) = &mut exchange.upload {
            let length =
                usize::try_from(*left).unwrap_or(usize::MAX).min(connection.inbox.len());
            connection.inbox.drain(..length);
            *left -= length as u64;
            if *left > 0 {
                return match length {
                    0 if connection.eof => Step::Close,
                    0 => Step::Wait,
                    // There was no room for what has come meanwhile, and nobody will
                    // tell of it again.
                    _ => Step::Again,
                };
            }
        }
        connection.await_request(self.terms.http, monotonic());
        Step::Again
    }
}

fn content(head: &ResponseHead) -> Content {
    let kind = head.headers.get("content-type").unwrap_or_default();
    let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default();
    if kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream") {
        Content::Events
    } else {
        Content::Any
    }
}

/// Says that nothing more comes and gives the client a moment to read it: closing while
/// bytes of it are unread would reset the connection (RFC 9112 section 9.6).
pub(super) fn linger(connection: &mut Connection) -> Step {
    connection.channel.socket.shut_down_writing();
    connection.inbox.clear();
    connection.phase = Phase::Lingering { discarded: 0 };
    connection.since = monotonic();
    Step::Again
}
