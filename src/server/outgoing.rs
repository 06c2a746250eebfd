//! From a lane: frames become a response.

use std::sync::Arc;

use jiff::SignedDuration;
use mio::Token;

use super::connection::{Connection, InFlight, Stage};
use super::event_loop::Server;
use super::pages::Page;
use crate::clock::monotonic;
use crate::exchange::{
    Event, ExchangeEvent, ExchangeId, OutputLine, OutputStream, Timing,
};
use crate::http::{Error, LAST_CHUNK, ResponseFraming, encode_chunk};
use crate::lane::{Ending, Times, Up};

impl Server {
    /// Takes every frame that is complete. The error is a lane that does not speak our
    /// protocol: it was written to by the application.
    pub(super) fn take_frames(&mut self, token: Token) -> Result<(), ()> {
        loop {
            let Some(lane) = self.lanes.get_mut(token) else { return Ok(()) };
            let Some((id, frame)) = lane.frames.next_up().map_err(|_| ())? else {
                return Ok(());
            };
            if frame == Up::Serving {
                lane.served = true;
                continue;
            }
            let Some((connection, current)) = lane.work else { continue };
            if id == current {
                self.take_frame(token, connection, id, frame);
            }
        }
    }

    fn take_frame(&mut self, lane: Token, token: Token, id: ExchangeId, frame: Up) {
        let ended = matches!(frame, Up::End(_));
        let moves_on = ended || matches!(frame, Up::File(_));
        // The client may be gone; what the application's author wants to know is
        // reported all the same.
        let mut connection = self.connections.remove(&token);
        let mut closing = self.closing.remove(&lane);
        let is_answering = connection.as_ref().is_some_and(|it| it.is_at(id));
        let exchange = connection.as_mut().and_then(|it| it.exchange(id));
        let exchange = exchange.or(closing.as_deref_mut());
        match frame {
            Up::Raised(traceback) => {
                let traceback = Arc::new(*traceback);
                if let Some(exchange) = exchange {
                    exchange.traceback = Some(Arc::clone(&traceback));
                }
                self.outlet.publish(id, ExchangeEvent::Raised(traceback));
            }
            Up::Hint(hint) => {
                let hint = Arc::new(*hint);
                if let Some(exchange) = exchange {
                    exchange.hints.push(Arc::clone(&hint));
                }
                self.outlet.publish(id, ExchangeEvent::Hint(hint));
            }
            Up::Errors(ticks, text) => self.publish_errors(lane, id, ticks, &text),
            Up::Times(times) => self.take_times(lane, exchange, id, times),
            Up::File(part) => self.take_file(lane, connection.as_mut(), id, part),
            Up::Spent => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.spent = true;
                }
            }
            Up::Serving
            | Up::WantBody
            | Up::Head(_)
            | Up::Data(_)
            | Up::DataEnd
            | Up::End(_) => {
                if let (true, Some(connection)) = (is_answering, &mut connection) {
                    self.apply(connection, id, frame);
                }
            }
        }
        if let Some(connection) = connection {
            self.connections.insert(token, connection);
        }
        match closing {
            Some(mut exchange) if ended => self.end_closing(&mut exchange),
            Some(exchange) => drop(self.closing.insert(lane, exchange)),
            None => {}
        }
        if ended {
            self.release_lane(lane);
        }
        if moves_on {
            self.drive(token);
        }
    }

    fn apply(&mut self, connection: &mut Connection, id: ExchangeId, frame: Up) {
        if let Some(exchange) = connection.exchange(id) {
            exchange.progress = monotonic();
            let is_cut = exchange.ending.as_ref().is_some_and(|ending| ending.is_cut);
            if is_cut && !matches!(frame, Up::End(_)) {
                return;
            }
        }
        match frame {
            Up::WantBody => Self::let_continue(connection),
            Up::Head(head) => self.write_head(connection, *head),
            Up::Data(block) => self.write_block(connection, id, block),
            Up::DataEnd => Self::end_data(connection, id),
            Up::End(ending) => self.end_response(connection, id, ending),
            Up::Serving
            | Up::File(_)
            | Up::Spent
            | Up::Times(_)
            | Up::Raised(_)
            | Up::Hint(_)
            | Up::Errors(..) => {}
        }
    }

    /// Notes when the application did what. Where the client is gone already, that is
    /// told at once.
    fn take_times(
        &mut self,
        lane: Token,
        exchange: Option<&mut InFlight>,
        id: ExchangeId,
        times: Times,
    ) {
        let at = |ticks| Some(self.outlet.clock.at(ticks));
        let add = |timing: &mut Timing| {
            timing.entered = at(times.entered);
            timing.started = times.started.and_then(at);
            let wait = i64::try_from(times.body_wait).unwrap_or(i64::MAX);
            timing.body_wait = Some(SignedDuration::from_nanos(wait));
            timing.closed = at(times.closed);
        };
        if let Some(exchange) = exchange {
            add(&mut exchange.timing);
        } else if let Some(mut timing) =
            self.lanes.get_mut(lane).and_then(|lane| lane.abandoned.take())
        {
            add(&mut timing);
            self.outlet.publish(id, ExchangeEvent::Timed(Arc::new(timing)));
        }
    }

    /// Frames one block for the client and shows it.
    pub(super) fn write_block(
        &mut self,
        connection: &mut Connection,
        id: ExchangeId,
        mut block: Vec<u8>,
    ) {
        let Some(exchange) = connection.exchange(id) else { return };
        let Some(framing) = exchange.framing else { return };
        if !block.is_empty() {
            exchange.timing.first_byte.get_or_insert_with(|| self.outlet.clock.now());
        }
        match (framing, exchange.owed) {
            // Behind the end of a body stands the next response.
            (ResponseFraming::None, _) | (ResponseFraming::Chunked, Some(_)) => return,
            (ResponseFraming::Chunked, None) => {
                encode_chunk(&block, connection.channel.outbox());
            }
            (_, Some(owed)) => {
                block.truncate(usize::try_from(owed).unwrap_or(usize::MAX));
                exchange.give(block.len() as u64);
                connection.channel.outbox().extend_from_slice(&block);
            }
            (_, None) => {
                connection.channel.outbox().extend_from_slice(&block);
            }
        }
        if let Some(exchange) = connection.exchange(id) {
            exchange.response_told.tell(&self.outlet, id, &block);
        }
    }

    /// Tells the client that this was all, but for what is still to come from a file.
    fn end_data(connection: &mut Connection, id: ExchangeId) {
        let Some(exchange) = connection.exchange(id) else { return };
        let (Some(framing), None) = (exchange.framing, exchange.owed) else { return };
        exchange.owed = Some(exchange.in_file());
        if framing == ResponseFraming::Chunked {
            connection.channel.outbox().extend_from_slice(LAST_CHUNK);
        }
    }

    fn end_response(
        &mut self,
        connection: &mut Connection,
        id: ExchangeId,
        ending: Ending,
    ) {
        let Some(exchange) = connection.exchange(id) else { return };
        exchange.stage = Stage::Answered;
        // One that has answered all the same has answered.
        let told = exchange.ending.as_ref().is_some_and(|told| {
            told.is_cut || exchange.framing.is_none() || ending != Ending::Complete
        });
        if told {
            self.end_with_why(connection, "");
            return;
        }
        match (ending, exchange.framing) {
            (Ending::BodyUnreadable, None) => {
                let error = exchange
                    .unreadable
                    .take()
                    .unwrap_or(Error::bad("the request body is incomplete"));
                self.refuse(connection, &error);
            }
            (_, None) => {
                let page = Page::failed(
                    exchange.generation,
                    exchange.traceback.clone(),
                    exchange.hints.clone(),
                );
                self.answer_page(connection, &page);
            }
            (Ending::Complete, Some(_)) => {
                if exchange.lacks() && exchange.cut.is_none() {
                    exchange.cut =
                        Some("the body ended before its Content-Length".into());
                }
                Self::end_data(connection, id);
            }
            // Everything that was promised had gone out by then.
            (_, Some(_)) if exchange.is_here() => {}
            // No last chunk, no more bytes: the client can tell that it is not all.
            (Ending::Failed | Ending::BodyUnreadable, Some(_)) => {
                exchange.cut =
                    Some("the application failed after the head was sent".into());
            }
        }
    }

    fn publish_errors(&mut self, lane: Token, id: ExchangeId, ticks: u64, text: &str) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        let generation = lane.generation;
        let at = self.outlet.clock.at(ticks).min(self.outlet.clock.now());
        for line in text.lines() {
            let line = OutputLine {
                stream: OutputStream::Stderr,
                generation,
                exchange: Some(id),
                text: line.as_bytes().to_vec(),
            };
            self.outlet.bus.publish(Event::Output { at, line });
        }
    }
}
