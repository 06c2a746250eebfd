//! How one exchange of the live store grows by an event, and what it then costs.
//!
//! Costs are bytes of memory: exact for bodies, estimated from above for the rest.

use std::sync::Arc;

use jiff::Timestamp;

use crate::exchange::{
    Arrivals, Body, Cut, Exchange, ExchangeEvent, Frame, Hint, OutputLine, Raised,
    Request, Response, Traceback,
};
use crate::http::Headers;

use super::Dropped;

/// What one exchange costs beside its heads and bodies: struct, maps, small strings.
pub(super) const OVERHEAD: usize = 1 << 10;
/// What a header field, a line of output or a hint costs beside its text.
pub(super) const PART: usize = 96;

/// An exchange and what it costs.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) exchange: Exchange,
    pub(super) bytes: usize,
    /// When each line of its output was printed.
    printed: Vec<Timestamp>,
}

/// What an event may add to an exchange beyond what is always kept.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Bytes in all.
    pub(super) bytes: usize,
    /// Bytes that one body may have.
    pub(super) body: usize,
}

impl Kept {
    /// An exchange of which only the head of the request is known.
    pub(super) fn begin(exchange: Exchange) -> Self {
        let bytes = OVERHEAD + exchange.client.len() + request_cost(&exchange.request);
        Self { exchange, bytes, printed: Vec::new() }
    }

    /// An exchange of which everything is known that ever will be.
    pub(super) fn whole(exchange: Exchange) -> Self {
        let printed = vec![Timestamp::MIN; exchange.output.len()];
        Self { bytes: cost(&exchange), exchange, printed }
    }
}

/// What a whole exchange costs.
pub fn cost(exchange: &Exchange) -> usize {
    let begun = OVERHEAD + exchange.client.len() + request_cost(&exchange.request);
    let bodies = [&exchange.request_body, &exchange.response_body];
    let bodies: usize = bodies.iter().map(|body| body.kept.capacity()).sum();
    let trailers = exchange.request_trailers.len();
    let answer = exchange.response.as_deref().map_or(0, response_cost);
    let raised = exchange.traceback.as_deref().map_or(0, traceback_cost);
    let lines = exchange.output.iter().map(line_cost);
    let said: usize = lines.chain(exchange.hints.iter().map(|it| hint_cost(it))).sum();
    begun + bodies + trailers + answer + raised + said
}

/// Brings one exchange forward by one event. Returns what there was no room for.
pub(super) fn apply(
    kept: &mut Kept,
    at: Timestamp,
    what: &ExchangeEvent,
    room: Room,
) -> Dropped {
    let exchange = &mut kept.exchange;
    match what {
        ExchangeEvent::RequestBody(piece) => {
            let body = &mut exchange.request_body;
            return grow(body, &mut kept.bytes, piece, room);
        }
        ExchangeEvent::ResponseBody(piece) => {
            let body = &mut exchange.response_body;
            let dropped = grow(body, &mut kept.bytes, piece, room);
            let total = body.total;
            if exchange.is_event_stream() && exchange.arrivals.note(total, at) {
                kept.bytes += Arrivals::COST;
            }
            return dropped;
        }
        ExchangeEvent::RequestPassed(bytes, why) => {
            exchange.request_body.pass(*bytes, *why);
            return Dropped { body_bytes: *bytes, ..Dropped::default() };
        }
        ExchangeEvent::ResponsePassed(bytes, why) => {
            exchange.response_body.pass(*bytes, *why);
            return Dropped { body_bytes: *bytes, ..Dropped::default() };
        }
        ExchangeEvent::RequestIncomplete(bytes, why) => {
            exchange.request_body.miss(*bytes, *why);
        }
        ExchangeEvent::ResponseIncomplete(why) => exchange.response_body.miss(0, *why),
        ExchangeEvent::Hint(hint) => return add_hint(kept, hint, room),
        ExchangeEvent::RequestTrailers(lines) => kept.bytes += lines.len(),
        ExchangeEvent::Responded(response) => {
            kept.bytes += response_cost(response);
            kept.bytes -= exchange.response.as_deref().map_or(0, response_cost);
        }
        ExchangeEvent::Raised(traceback) => {
            kept.bytes += traceback_cost(traceback);
            kept.bytes -= exchange.traceback.as_deref().map_or(0, traceback_cost);
        }
        ExchangeEvent::Ended(_) => {
            for body in [&mut exchange.request_body, &mut exchange.response_body] {
                let before = body.kept.capacity();
                body.kept.shrink_to_fit();
                kept.bytes -= before - body.kept.capacity();
            }
        }
        ExchangeEvent::Began { .. }
        | ExchangeEvent::Held
        | ExchangeEvent::Called(_)
        | ExchangeEvent::Timed(_)
        | ExchangeEvent::Missing
        | ExchangeEvent::Recalled(_)
        | ExchangeEvent::Remarked(_) => {}
    }
    exchange.step(at, what);
    Dropped::default()
}

/// Adds a line in the order of printing: those of several streams come on several ways.
pub(super) fn add_output(
    kept: &mut Kept,
    at: Timestamp,
    line: &OutputLine,
    room: Room,
) -> Dropped {
    let cost = line_cost(line);
    if cost > room.bytes {
        return Dropped { lines: 1, ..Dropped::default() };
    }
    let place = kept.printed.partition_point(|printed| *printed <= at);
    kept.printed.insert(place, at);
    kept.exchange.output.insert(place, line.clone());
    kept.bytes += cost;
    Dropped::default()
}

fn add_hint(kept: &mut Kept, hint: &Arc<Hint>, room: Room) -> Dropped {
    let cost = hint_cost(hint);
    if cost > room.bytes {
        return Dropped { lines: 1, ..Dropped::default() };
    }
    kept.exchange.hints.push(Arc::clone(hint));
    kept.bytes += cost;
    Dropped::default()
}

fn line_cost(line: &OutputLine) -> usize {
    line.text.len() + PART
}

fn hint_cost(hint: &Hint) -> usize {
    hint.problem.len() + hint.mend.len() + PART
}

/// Adds a piece to a body as far as there is room. What counts is the memory it takes,
/// not its length, so growth by doubling stops where the room does.
fn grow(body: &mut Body, bytes: &mut usize, piece: &[u8], room: Room) -> Dropped {
    let (length, capacity) = (body.kept.len(), body.kept.capacity());
    let most = room.body.min(capacity.saturating_add(room.bytes));
    let wanted = (length + piece.len()).min(most).max(length);
    if body.is_whole() && wanted > capacity {
        let capacity = capacity.saturating_mul(2).clamp(wanted, most);
        body.kept.reserve_exact(capacity - length);
    }
    let why = if wanted < room.body { Cut::Memory } else { Cut::Long };
    body.push(piece, wanted, why);
    *bytes += body.kept.capacity() - capacity;
    let cut = piece.len() - (body.kept.len() - length);
    Dropped { body_bytes: cut as u64, ..Dropped::default() }
}

/// What a head costs: the bytes as sent and once more what was parsed from them.
fn head_cost(raw: &[u8], headers: Option<&Headers>) -> usize {
    raw.len() * 2 + headers.map_or(0, |headers| headers.0.len() * PART)
}

pub(super) fn request_cost(request: &Request) -> usize {
    head_cost(&request.raw, request.head.as_ref().map(|head| &head.headers))
}

pub(super) fn response_cost(response: &Response) -> usize {
    head_cost(&response.raw, Some(&response.head.headers))
}

/// The text holds most of what the frames hold once more.
pub(super) fn traceback_cost(traceback: &Traceback) -> usize {
    let raised = traceback.chain.iter().flat_map(Raised::with_members);
    let frames: usize = raised.map(|raised| raised.frames.len()).sum();
    traceback.text.len() * 2 + frames * size_of::<Frame>()
}
