//! An exchange as the history keeps it: one request with its response.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Arrivals, Body, ExchangeEvent, GenerationId, Hint, OutputLine, Remark, Request,
    Response, Timing, Traceback,
};

/// The number of an exchange, counted from 1 within a run. Where exchanges of several runs
/// stand side by side it carries the number of the run, too, and is shown as `7.42`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ExchangeId(pub u64);

/// So many of the lower bits are the number, the others the run: there is no run 0.
const NUMBER_BITS: u32 = 40;

impl ExchangeId {
    /// The exchange as it is told from those of other runs. Beyond 16 million runs, or a
    /// million million exchanges in one, others would be taken for it.
    #[must_use]
    pub fn of_run(self, run: u32) -> Self {
        Self(u64::from(run) << NUMBER_BITS | self.number())
    }

    /// The run, where that is told.
    pub fn run(self) -> Option<u32> {
        u32::try_from(self.0 >> NUMBER_BITS).ok().filter(|run| *run > 0)
    }

    /// The number within the run.
    pub fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.run() {
            None => self.number().fmt(out),
            Some(run) => out.pad(&format!("{run}.{}", self.number())),
        }
    }
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody connected and asked.
    Client,
    /// Sent again from the inspector.
    Replay(ExchangeId),
    /// Sent again to new code, since that exchange is pinned.
    Pin(ExchangeId),
}

impl Source {
    /// The exchange that was sent again.
    pub fn original(self) -> Option<ExchangeId> {
        match self {
            Self::Client => None,
            Self::Replay(of) | Self::Pin(of) => Some(of),
        }
    }
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole response was handed to the client.
    Complete,
    /// The client went away first.
    ClientGone,
    /// The request was refused by the server; the application never saw it.
    Refused,
    /// The response had to be cut short; the text says why.
    Cut(String),
}

/// One request with its response, complete or still growing.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub id: ExchangeId,
    pub source: Source,
    /// The client's address as text.
    pub client: String,
    pub request: Arc<Request>,
    pub request_body: Body,
    /// The trailer fields behind it, line by line as they were sent. They reach nobody
    /// else: no environ has a place for them.
    pub request_trailers: Vec<u8>,
    /// The generation that answered, once one has taken the request.
    pub generation: Option<GenerationId>,
    pub response: Option<Arc<Response>>,
    pub response_body: Body,
    /// When its parts came, where it is a stream of events. The database does not keep it.
    pub arrivals: Arrivals,
    /// When the head of the request was read.
    pub began: Timestamp,
    /// When it began to wait for a generation, where it had to.
    pub held: Option<Timestamp>,
    /// When a lane took it.
    pub called: Option<Timestamp>,
    /// When the head of the response was handed to the client.
    pub responded: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When other steps were taken; complete only once it has ended.
    pub timing: Timing,
    pub traceback: Option<Arc<Traceback>>,
    pub hints: Vec<Arc<Hint>>,
    /// What the application wrote to `wsgi.errors` for it.
    pub output: Vec<OutputLine>,
    /// How it ended; `None` while it is in flight.
    pub outcome: Option<Outcome>,
    pub remark: Remark,
}

impl Exchange {
    /// An exchange whose request head has just been read.
    pub fn begin(
        id: ExchangeId,
        at: Timestamp,
        source: Source,
        client: String,
        request: Arc<Request>,
    ) -> Self {
        Self {
            id,
            source,
            client,
            request,
            request_body: Body::default(),
            request_trailers: Vec::new(),
            generation: None,
            response: None,
            response_body: Body::default(),
            arrivals: Arrivals::default(),
            began: at,
            held: None,
            called: None,
            responded: None,
            ended: None,
            timing: Timing::default(),
            traceback: None,
            hints: Vec::new(),
            output: Vec::new(),
            outcome: None,
            remark: Remark::default(),
        }
    }

    /// Takes in what an event says, but for the bodies and hints: how much of those is
    /// kept is for whoever keeps them.
    pub fn step(&mut self, at: Timestamp, what: &ExchangeEvent) {
        match what {
            ExchangeEvent::Began { .. }
            | ExchangeEvent::RequestBody(_)
            | ExchangeEvent::RequestPassed(..)
            | ExchangeEvent::RequestIncomplete(..)
            | ExchangeEvent::ResponseBody(_)
            | ExchangeEvent::ResponsePassed(..)
            | ExchangeEvent::ResponseIncomplete(..)
            | ExchangeEvent::Hint(_)
            | ExchangeEvent::Missing
            | ExchangeEvent::Recalled(_) => {}
            ExchangeEvent::RequestTrailers(lines) => {
                self.request_trailers = lines.to_vec();
            }
            ExchangeEvent::Held => self.held = Some(at),
            ExchangeEvent::Called(generation) => {
                self.generation = Some(*generation);
                self.called = Some(at);
            }
            ExchangeEvent::Responded(response) => {
                self.response = Some(Arc::clone(response));
                self.responded = Some(at);
            }
            ExchangeEvent::Raised(traceback) => {
                self.traceback = Some(Arc::clone(traceback));
            }
            ExchangeEvent::Timed(timing) => self.timing = **timing,
            ExchangeEvent::Remarked(remark) => self.remark = remark.clone(),
            ExchangeEvent::Ended(outcome) => {
                // The rare second end changes nothing: the first is what the client saw.
                self.outcome.get_or_insert_with(|| outcome.clone());
                self.ended.get_or_insert(at);
            }
        }
    }

    /// Whether nothing more can come: it has ended, and the application is done with it
    /// or never had it.
    pub fn is_over(&self) -> bool {
        self.ended.is_some() && (self.called.is_none() || self.timing.closed.is_some())
    }

    /// Whether the response is labelled as a stream of events.
    pub fn is_event_stream(&self) -> bool {
        let headers = self.response.as_ref().map(|response| &response.head.headers);
        let label = headers.and_then(|headers| headers.get("content-type"));
        let label = label.unwrap_or_default().split(|&byte| byte == b';').next();
        let label = label.unwrap_or_default().trim_ascii();
        label.eq_ignore_ascii_case(b"text/event-stream")
    }

    /// Until when as much of the request's body came as is waited for before the call;
    /// `None` where it has none, or where a reload was waited for in the meantime.
    pub fn request_came(&self) -> Option<Timestamp> {
        let ready = self.timing.queued.or(self.called);
        ready.filter(|_| self.held.is_none() && self.request_body.total > 0)
    }

    /// From the head of the request to the end, once there is one.
    pub fn duration(&self) -> Option<jiff::SignedDuration> {
        self.ended.map(|ended| ended.duration_since(self.began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_of_one_of_several_runs_is_named_with_it_and_stands_behind_those_before()
     {
        let id = ExchangeId(42);
        assert_eq!((id.to_string(), id.run(), id.number()), ("42".to_owned(), None, 42));
        assert_eq!(format!("{id:>4}|{id:<4}"), "  42|42  ");
        let of = |run, number| ExchangeId(number).of_run(run);
        assert_eq!(of(7, 42).to_string(), "7.42");
        assert_eq!(format!("{:>6}|", of(7, 42)), "  7.42|");
        assert_eq!((of(7, 42).run(), of(7, 42).number()), (Some(7), 42));
        assert_eq!(of(7, 42).of_run(8), of(8, 42));
        assert!(
            of(1, 999_999_999_999) < of(2, 1)
                && ExchangeId(u64::from(u32::MAX)) < of(1, 1)
        );
    }
}
