//! From the client: heads, and bodies on their way to a lane.

use std::sync::Arc;

use mio::Token;

use super::connection::{Connection, InFlight, Phase, Stage};
use super::event_loop::{Outlet, Server, Step};
use super::hosts::not_allowed;
use super::incomplete::refused_for;
use super::terms::Terms;
use super::upload::{BEGINNING, Decoded, Spool, Upload, UploadError};
use crate::clock::monotonic;
use crate::exchange::{Cut, ExchangeEvent, ExchangeId, Request};
use crate::http::{
    ChunkDecoder, Error, RequestFraming, RequestHead, check_expectation, request_framing,
};
use crate::lane::Down;

/// How much of a body may wait for the worker to take it.
const LANE_HIGH_WATER: usize = 256 << 10;
/// How much of a malformed head is kept to be looked at.
const MALFORMED_KEPT: usize = 8 << 10;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Server {
    /// Reads the next head, if it is complete, and begins its exchange.
    pub(super) fn read_head(
        &mut self,
        token: Token,
        connection: &mut Connection,
    ) -> Step {
        match connection.parser.parse(&connection.inbox) {
            Ok(Some((head, end))) => {
                let start = connection.parser.head_start();
                let raw = connection.inbox[start..end].to_vec();
                connection.inbox.drain(..end);
                self.begin(token, connection, head, raw);
                Step::Again
            }
            Ok(None) if connection.eof || self.stopping.is_some() => Step::Close,
            Ok(None) => Step::Wait,
            Err(error) => {
                self.refuse_head(connection, &error);
                Step::Again
            }
        }
    }

    fn begin(
        &mut self,
        token: Token,
        connection: &mut Connection,
        head: RequestHead,
        raw: Vec<u8>,
    ) {
        let id = self.ids.exchange();
        let request = Request { raw, head: Some(head.clone()) };
        self.publish_began(id, connection, request);
        if let Some(host) = self.foreign_host(&head) {
            let mut exchange = InFlight::new(id, head, Upload::Done);
            exchange.given_up = Some(Cut::Unawaited);
            connection.phase = Phase::Exchange(Box::new(exchange));
            self.refuse_with(connection, 403, &not_allowed(&host));
            return;
        }
        let upload = match plan_upload(&head, &self.terms, self.stream_chunked) {
            Ok(upload) => upload,
            Err(error) => {
                let mut exchange = InFlight::new(id, head, Upload::Done);
                exchange.given_up = Some(refused_for(&error));
                exchange.timing.accepted = Some(connection.accepted);
                connection.phase = Phase::Exchange(Box::new(exchange));
                self.refuse(connection, &error);
                return;
            }
        };
        let mut exchange = InFlight::new(id, head, upload);
        if exchange.wants_continue && exchange.stage == Stage::Spooling {
            // The body is taken in before the application is asked.
            connection.channel.outbox().extend_from_slice(CONTINUE);
            exchange.wants_continue = false;
        }
        let ready = exchange.stage != Stage::Spooling;
        exchange.timing.accepted = Some(connection.accepted);
        connection.phase = Phase::Exchange(Box::new(exchange));
        if ready {
            self.assign_or_queue(token, connection);
        }
    }

    /// The host that a request asks for, if it may not.
    fn foreign_host(&self, head: &RequestHead) -> Option<String> {
        let host = head.host();
        let admitted = self.terms.hosts.admit(host.as_deref());
        if admitted { None } else { host }
    }

    fn assign_or_queue(&mut self, token: Token, connection: &mut Connection) {
        // Those that wait already come first.
        if !self.waiting.is_empty() || !self.assign(token, connection) {
            self.waiting.push_back(token);
            self.report_held(connection);
        }
    }

    /// Moves the body on, and ends the exchange once everything is done.
    pub(super) fn step_exchange(
        &mut self,
        token: Token,
        connection: &mut Connection,
    ) -> Step {
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        if exchange.file.is_some() {
            return self.send_file(connection);
        }
        if matches!(exchange.stage, Stage::Answered | Stage::Draining) {
            return self.finish(connection);
        }
        if exchange.is_whole() && connection.channel.pending() == 0 {
            exchange.timing.last_byte.get_or_insert_with(|| self.outlet.clock.now());
            if exchange.waits_for_close() {
                return self.leave_in_close(connection);
            }
        }
        match &mut exchange.upload {
            Upload::Done => Step::Wait,
            Upload::Chunked(..) => self.take_chunks(token, connection),
            Upload::Length(_) if exchange.stage == Stage::Spooling => {
                self.await_beginning(token, connection)
            }
            Upload::Length(_) => self.hand_on(connection),
            Upload::Streamed(_) => self.hand_on_chunks(connection),
            Upload::Spooled(_) => self.hand_on_spooled(connection),
        }
    }

    /// Waits for what has to be here of a body with Content-Length.
    fn await_beginning(&mut self, token: Token, connection: &mut Connection) -> Step {
        self.show_arrived(connection);
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let Upload::Length(length) = exchange.upload else { return Step::Wait };
        if connection.inbox.len() as u64 >= length.min(BEGINNING as u64) {
            exchange.stage = Stage::Waiting(None);
            self.assign_or_queue(token, connection);
        } else if connection.eof {
            self.refuse_incomplete(connection);
        } else {
            return Step::Wait;
        }
        Step::Again
    }

    /// Refuses a request whose client will send no more of it.
    fn refuse_incomplete(&mut self, connection: &mut Connection) {
        if let Phase::Exchange(exchange) = &mut connection.phase {
            exchange.give_up_body(Cut::Unsent);
        }
        self.refuse(connection, &Error::bad("the request body is incomplete"));
    }

    /// Shows what has come of a body with Content-Length, whether it can be handed on yet
    /// or not.
    fn show_arrived(&self, connection: &mut Connection) {
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        let Upload::Length(left) = exchange.upload else { return };
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let new = &connection.inbox[exchange.shown..connection.inbox.len().min(most)];
        if !new.is_empty() {
            exchange.shown += new.len();
            exchange.request_told.tell(&self.outlet, exchange.id, new);
        }
    }

    /// Shows what has come of a body that nobody takes any more.
    pub(super) fn show_rest(&self, connection: &mut Connection) {
        self.show_arrived(connection);
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        let Upload::Streamed(decoder) = &mut exchange.upload else { return };
        let mut data = Vec::new();
        let decoded = decoder.decode(&connection.inbox, &mut data);
        connection.inbox.clear();
        exchange.request_told.tell(&self.outlet, exchange.id, &data);
        if let Err(error) = decoded {
            exchange.given_up = Some(refused_for(&error));
        } else if decoder.is_done() {
            show_trailers(&self.outlet, exchange.id, decoder.trailers());
            exchange.upload = Upload::Done;
        }
    }

    fn take_chunks(&mut self, token: Token, connection: &mut Connection) -> Step {
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let mut decoded = Decoded::default();
        let outcome = exchange.upload.decode(&connection.inbox, &mut decoded);
        // What was good before something malformed came, too.
        exchange.request_told.tell(&self.outlet, exchange.id, &decoded.data);
        match outcome {
            Ok(()) => {
                connection.inbox.drain(..decoded.taken);
                show_trailers(&self.outlet, exchange.id, &decoded.trailers);
                if matches!(exchange.upload, Upload::Spooled(_)) {
                    exchange.stage = Stage::Waiting(None);
                    self.assign_or_queue(token, connection);
                } else if connection.eof {
                    self.refuse_incomplete(connection);
                } else {
                    return Step::Wait;
                }
            }
            Err(UploadError::Malformed(error)) => {
                exchange.give_up_body(refused_for(&error));
                self.refuse(connection, &error);
            }
            Err(UploadError::Spool(error)) => {
                self.warn(&format!("a request body cannot be kept: {error}"));
                let text = "the request body cannot be kept: the disk may be full";
                self.refuse(connection, &Error::with(503, text));
            }
        }
        Step::Again
    }

    /// Hands what came of a body with Content-Length to the lane.
    fn hand_on(&mut self, connection: &mut Connection) -> Step {
        self.show_arrived(connection);
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let Upload::Length(left) = &mut exchange.upload else { return Step::Wait };
        let Stage::Called(lane) = exchange.stage else { return Step::Wait };
        let Some(lane) = self.lanes.get_mut(lane) else { return Step::Wait };
        if lane.channel.pending() > LANE_HIGH_WATER {
            return Step::Wait;
        }
        let length =
            usize::try_from(*left).unwrap_or(usize::MAX).min(connection.inbox.len());
        if length == 0 && connection.eof && *left > 0 {
            let why = "the client closed before the body was complete".to_owned();
            Down::BodyCut(why).append(exchange.id, lane.channel.outbox());
            exchange.give_up_body(exchange.left_at_end());
        } else {
            *left -= length as u64;
            let piece: Vec<u8> = connection.inbox.drain(..length).collect();
            exchange.shown = 0;
            if !piece.is_empty() {
                // What arrived makes the client's waiting for `100 Continue` moot.
                exchange.wants_continue = false;
                connection.moved = monotonic();
                Down::Body(piece).append(exchange.id, lane.channel.outbox());
            }
            if *left > 0 && length == 0 {
                return Step::Wait;
            }
            if *left == 0 {
                Down::BodyEnd.append(exchange.id, lane.channel.outbox());
                exchange.upload = Upload::Done;
            }
        }
        let _broken = lane.flush(self.poll.registry());
        Step::Again
    }

    /// Hands what came of a chunked body to the lane.
    fn hand_on_chunks(&mut self, connection: &mut Connection) -> Step {
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let left_at_end = exchange.left_at_end();
        let Upload::Streamed(decoder) = &mut exchange.upload else { return Step::Wait };
        let Stage::Called(lane) = exchange.stage else { return Step::Wait };
        let Some(lane) = self.lanes.get_mut(lane) else { return Step::Wait };
        if lane.channel.pending() > LANE_HIGH_WATER {
            return Step::Wait;
        }
        let mut piece = Vec::new();
        let decoded = decoder.decode(&connection.inbox, &mut piece);
        let taken = *decoded.as_ref().unwrap_or(&0);
        connection.inbox.drain(..taken);
        let cut = match decoded {
            Err(error) => {
                let text = error.text.to_owned();
                exchange.given_up = Some(refused_for(&error));
                exchange.unreadable = Some(error);
                Some(text)
            }
            Ok(_) if decoder.is_done() => None,
            Ok(0) if connection.eof => {
                exchange.given_up = Some(left_at_end);
                Some("the client closed before the body was complete".to_owned())
            }
            Ok(0) => return Step::Wait,
            Ok(_) => None,
        };
        let is_over = cut.is_some() || decoder.is_done();
        if !piece.is_empty() {
            exchange.wants_continue = false;
            connection.moved = monotonic();
            exchange.request_told.tell(&self.outlet, exchange.id, &piece);
            Down::Body(piece).append(exchange.id, lane.channel.outbox());
        }
        if is_over {
            show_trailers(&self.outlet, exchange.id, decoder.trailers());
            exchange.keep &= cut.is_none();
            cut.map_or(Down::BodyEnd, Down::BodyCut)
                .append(exchange.id, lane.channel.outbox());
            exchange.upload = Upload::Done;
        }
        let _broken = lane.flush(self.poll.registry());
        Step::Again
    }

    /// Hands the next piece of a body that was taken in whole to the lane.
    fn hand_on_spooled(&mut self, connection: &mut Connection) -> Step {
        let Phase::Exchange(exchange) = &mut connection.phase else { return Step::Wait };
        let Upload::Spooled(spool) = &mut exchange.upload else { return Step::Wait };
        let Stage::Called(lane) = exchange.stage else { return Step::Wait };
        let Some(lane) = self.lanes.get_mut(lane) else { return Step::Wait };
        if lane.channel.pending() > LANE_HIGH_WATER {
            return Step::Wait;
        }
        let frame = match spool.next_piece() {
            Ok(piece) if piece.is_empty() => Down::BodyEnd,
            Ok(piece) => Down::Body(piece),
            Err(error) => Down::BodyCut(format!("the kept body cannot be read: {error}")),
        };
        frame.append(exchange.id, lane.channel.outbox());
        if !matches!(frame, Down::Body(_)) {
            exchange.upload = Upload::Done;
        }
        let _broken = lane.flush(self.poll.registry());
        Step::Again
    }

    /// The application has begun to read: lets the client send.
    pub(super) fn let_continue(connection: &mut Connection) {
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        exchange.reads_since = Some(monotonic());
        if std::mem::take(&mut exchange.wants_continue) && exchange.framing.is_none() {
            connection.channel.outbox().extend_from_slice(CONTINUE);
        }
    }

    /// Gives up on a body that does not come.
    pub(super) fn cut_body(&mut self, token: Token, why: &str) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if let Phase::Exchange(exchange) = &mut connection.phase {
            exchange.keep = false;
            match exchange.stage {
                Stage::Called(lane) => {
                    exchange.give_up_body(Cut::Unsent);
                    if let Some(lane) = self.lanes.get_mut(lane) {
                        let frame = Down::BodyCut(why.to_owned());
                        frame.append(exchange.id, lane.channel.outbox());
                        let _broken = lane.flush(self.poll.registry());
                    }
                }
                Stage::Spooling => {
                    exchange.give_up_body(Cut::Unsent);
                    let error = Error::with(408, "the request body did not come in time");
                    self.refuse(&mut connection, &error);
                }
                _ => exchange.give_up_body(Cut::Unread),
            }
        }
        self.connections.insert(token, connection);
        self.drive(token);
    }

    /// A head that is too slow.
    pub(super) fn refuse_late_head(&mut self, token: Token) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        let error = Error::with(408, "the request head did not come in time");
        self.refuse_head(&mut connection, &error);
        self.connections.insert(token, connection);
        self.drive(token);
    }

    /// Refuses bytes that are no request: an exchange of its own, for the inspector.
    fn refuse_head(&mut self, connection: &mut Connection, error: &Error) {
        let id = self.ids.exchange();
        let mut raw = std::mem::take(&mut connection.inbox);
        let head = unread_head(connection.parser.method(&raw));
        raw.truncate(MALFORMED_KEPT);
        self.publish_began(id, connection, Request { raw, head: None });
        let mut exchange = InFlight::new(id, head, Upload::Done);
        exchange.timing.accepted = Some(connection.accepted);
        connection.phase = Phase::Exchange(Box::new(exchange));
        self.refuse(connection, error);
    }

    fn publish_began(
        &self,
        id: crate::exchange::ExchangeId,
        connection: &Connection,
        request: Request,
    ) {
        let client = format!("{}:{}", connection.client.host, connection.client.port);
        let (source, request) = (connection.source, Arc::new(request));
        self.outlet.publish(id, ExchangeEvent::Began { source, client, request });
    }
}

/// What stands for the head of a request that could not be read, so that it can be
/// answered.
fn unread_head(method: Option<&str>) -> RequestHead {
    RequestHead {
        method: method.unwrap_or_default().to_owned(),
        target: String::new(),
        version: crate::http::Version::Http11,
        headers: crate::http::Headers::default(),
    }
}

fn show_trailers(outlet: &Outlet, id: ExchangeId, lines: &[u8]) {
    if !lines.is_empty() {
        outlet.publish(id, ExchangeEvent::RequestTrailers(lines.into()));
    }
}

fn plan_upload(
    head: &RequestHead,
    terms: &Terms,
    stream_chunked: bool,
) -> Result<Upload, Error> {
    check_expectation(head)?;
    Ok(match request_framing(head, terms.http.body)? {
        RequestFraming::Length(0) => Upload::Done,
        RequestFraming::Length(length) => Upload::Length(length),
        RequestFraming::Chunked => {
            let decoder = Box::new(ChunkDecoder::new(terms.http, &head.headers));
            if stream_chunked {
                Upload::Streamed(decoder)
            } else {
                Upload::Chunked(decoder, Spool::new(terms.limits.body_memory))
            }
        }
    })
}
