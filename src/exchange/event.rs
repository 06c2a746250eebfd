//! The one stream of events from server, reload and worker to their readers.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    Cut, Exchange, ExchangeId, GenerationId, Hint, Libraries, Making, Outcome,
    OutputLine, Preload, ReloadReason, Remark, Request, Response, Rung, Source, Timing,
    Traceback,
};

/// Something that happened, told to the terminal and the history.
#[derive(Clone, Debug)]
pub enum Event {
    Exchange { id: ExchangeId, at: Timestamp, what: ExchangeEvent },
    Generation { id: GenerationId, at: Timestamp, what: GenerationEvent },
    Output { at: Timestamp, line: OutputLine },
    Notice { at: Timestamp, notice: Notice },
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Exchange { at, .. }
            | Self::Generation { at, .. }
            | Self::Output { at, .. }
            | Self::Notice { at, .. } => *at,
        }
    }

    /// The user says something of an exchange.
    pub fn remarked(id: ExchangeId, at: Timestamp, remark: Remark) -> Self {
        Self::Exchange { id, at, what: ExchangeEvent::Remarked(remark) }
    }

    /// All of an exchange that the history does not have.
    pub fn recalled(at: Timestamp, exchange: Arc<Exchange>) -> Self {
        Self::Exchange { id: exchange.id, at, what: ExchangeEvent::Recalled(exchange) }
    }
}

/// A step in the life of an exchange, in this order. `Began` comes first and `Ended`
/// last; the others come where they apply, and those of the request may interleave with
/// those of the response, since an application may answer before it has read everything.
#[derive(Clone, Debug)]
pub enum ExchangeEvent {
    /// The head of a request was read (or could not be understood).
    Began { source: Source, client: String, request: Arc<Request> },
    /// A piece of the request's body, decoded from its framing.
    RequestBody(Arc<[u8]>),
    /// So many bytes of it came that are not told, for that reason. It stands in their
    /// place: what follows of the body is behind them.
    RequestPassed(u64, Cut),
    /// The request has ended without so many bytes of its body, for that reason; 0 where
    /// its head does not tell how many are missing. Nothing of it comes after this.
    RequestIncomplete(u64, Cut),
    /// The trailer fields behind a chunked request body, line by line as they were sent.
    RequestTrailers(Arc<[u8]>),
    /// The request waits for a generation.
    Held,
    /// A lane of this generation has taken the request.
    Called(GenerationId),
    /// The head of the final response was handed to the client.
    Responded(Arc<Response>),
    /// A piece of the response's body, before its framing.
    ResponseBody(Arc<[u8]>),
    /// So many bytes of it went to the client that are not told, for that reason, as
    /// those of the request.
    ResponsePassed(u64, Cut),
    /// The response has ended before the end of its body, for that reason. Its head may
    /// tell how much is missing.
    ResponseIncomplete(Cut),
    /// The application raised.
    Raised(Arc<Traceback>),
    /// The application broke a rule of WSGI.
    Hint(Arc<Hint>),
    /// When its steps were taken. Comes before the end, and once more where the
    /// application went on after it.
    Timed(Arc<Timing>),
    /// Nothing more comes for the client. Where it had all of its response, the call is
    /// over, too.
    Ended(Outcome),
    /// The user says this of it, at any time, in place of what was said before.
    Remarked(Remark),
    /// The history does not have it, and was to keep what is said of it.
    Missing,
    /// All of it, at its end or when the application is done with it: the answer to that.
    Recalled(Arc<Exchange>),
}

/// A step in the life of a generation.
#[derive(Clone, Debug)]
pub enum GenerationEvent {
    /// Its process is being made.
    Started(ReloadReason),
    /// So it is made.
    Chosen(Arc<Making>),
    /// These are the libraries that it has loaded.
    Imported(Arc<Libraries>),
    /// It may not be what a fresh process would have become, for that reason: another is
    /// made in its place.
    Doubted(String),
    /// Libraries that it loaded were imported beforehand, for those after it.
    Preloaded(Arc<Preload>),
    /// The application is there; the time is that of the import.
    Ready { took: Duration, rung: Rung },
    /// The import failed: every request is answered with this until the next change.
    Failed(Arc<Traceback>),
    /// Overtaken by another change before it was ready.
    Discarded,
    /// Its process ended because a newer generation took over.
    Retired,
    /// Its process died by itself; the text says how.
    Died(String),
    /// So many have died or failed in a row that the next is begun only after this time.
    HeldBack(Duration),
}

/// rdev's own words to the developer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub severity: Severity,
    /// One line, without a full stop. Not escaped.
    pub text: String,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Info,
    Warning,
    Error,
}
