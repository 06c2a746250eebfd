//! One client connection and the exchange it is in.
//!
//! ```text
//! Head ──head read──▶ Exchange ──response written, body drained──▶ Head
//!   │                    │
//!   └──refused───────────┴──close──▶ Lingering ──client's end, or enough──▶ gone
//! ```

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mio::Token;

use super::channel::{Channel, Fill};
use super::ending::{Ending, GRACE};
use super::event_loop::{READ_AHEAD, Step};
use super::files::Outflow;
use super::telling::Telling;
use super::transport::Transport;
use super::upload::Upload;
use crate::clock::monotonic;
use crate::config;
use crate::exchange::{Cut, ExchangeId, GenerationId, Hint, Source, Timing, Traceback};
use crate::http::{Error, Limits, RequestHead, RequestParser, ResponseFraming};
use crate::lane::Peer;

/// How much of what a client still sends after the last word to it is read (RFC 9112
/// section 9.6: closing at once could destroy the answer on its way).
const LINGER_LIMIT: usize = 64 << 10;
/// How long a request whose lane broke waits to be told how the process ended.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of its buffers a connection keeps between requests: there may be ten thousand.
const KEPT: usize = 4 << 10;

/// A connection.
pub(super) struct Connection {
    pub(super) channel: Channel<Transport>,
    /// Bytes read and not yet understood.
    pub(super) inbox: Vec<u8>,
    pub(super) parser: RequestParser,
    pub(super) phase: Phase,
    pub(super) source: Source,
    /// When it was accepted.
    pub(super) accepted: Timestamp,
    pub(super) client: Peer,
    pub(super) server: Peer,
    /// The client will send nothing more; it may still read.
    pub(super) eof: bool,
    /// When something last moved, either way.
    pub(super) moved: Instant,
    /// When the phase began, or in `Head` when the head's first byte came, or when an
    /// exchange began to drain.
    pub(super) since: Instant,
}

/// What a connection is at.
pub(super) enum Phase {
    Head,
    Exchange(Box<InFlight>),
    /// Reading away what still comes; so much of it did.
    Lingering {
        discarded: usize,
    },
}

/// What ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    Head,
    Idle,
    Body,
    Stall,
    Linger,
    Orphan,
    /// The application does nothing.
    Application,
    /// The application did not end the call it was told to end.
    Ending,
    /// The request has waited for a generation long enough.
    Hold,
}

/// An exchange between head and end.
pub(super) struct InFlight {
    pub(super) id: ExchangeId,
    pub(super) head: RequestHead,
    pub(super) upload: Upload,
    /// How much of the body is in the inbox and was shown already.
    pub(super) shown: usize,
    pub(super) request_told: Telling,
    pub(super) response_told: Telling,
    /// The client waits for `100 Continue`.
    pub(super) wants_continue: bool,
    /// Why the rest of the body is not read, where it was given up.
    pub(super) given_up: Option<Cut>,
    /// What is wrong with the body, where the application was called before it came.
    pub(super) unreadable: Option<Error>,
    /// Since when the application reads a body that was not all here when it was called.
    pub(super) reads_since: Option<Instant>,
    pub(super) stage: Stage,
    pub(super) generation: Option<GenerationId>,
    /// How the response is framed, once its head was written.
    pub(super) framing: Option<ResponseFraming>,
    /// What the response is, once its head was written.
    pub(super) content: Content,
    /// A file that is the next, and the last, of the response's body.
    pub(super) file: Option<Outflow>,
    /// Bytes of the response's body still owed, once that is known: from the head, or at
    /// the end where that alone tells it.
    pub(super) owed: Option<u64>,
    /// Whether the connection can be used again afterwards.
    pub(super) keep: bool,
    /// When the application last did something about it.
    pub(super) progress: Instant,
    /// Set once the call was told to end.
    pub(super) ending: Option<Ending>,
    /// Why the response was cut short, if it was.
    pub(super) cut: Option<String>,
    pub(super) traceback: Option<Arc<Traceback>>,
    pub(super) hints: Vec<Arc<Hint>>,
    pub(super) timing: Timing,
}

/// What a response is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Any,
    /// `text/event-stream`: it has no end, and a browser takes it up again by itself.
    Events,
}

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its body is being taken in, before the application is called: all of a chunked one,
    /// of another what has to be there first.
    Spooling,
    /// It waits for a generation or a lane; for a generation since then.
    Waiting(Option<Instant>),
    /// The application works on it, over this lane.
    Called(Token),
    /// The lane broke; how the process ended is not known yet.
    Orphaned(Instant),
    /// The response is complete or cut, but for writing it out and sending its file.
    Answered,
    /// It is written out and reported; what is left is reading the body away.
    Draining,
}

impl Connection {
    pub(super) fn new(
        socket: Transport,
        source: Source,
        (client, server): (Peer, Peer),
        limits: Limits,
        (accepted, now): (Timestamp, Instant),
    ) -> Self {
        Self {
            accepted,
            channel: Channel::new(socket),
            inbox: Vec::new(),
            parser: RequestParser::new(limits),
            phase: Phase::Head,
            source,
            client,
            server,
            eof: false,
            moved: now,
            since: now,
        }
    }

    /// The exchange in flight, if it is that one.
    pub(super) fn exchange(&mut self, id: ExchangeId) -> Option<&mut InFlight> {
        match &mut self.phase {
            Phase::Exchange(exchange) if exchange.id == id => Some(exchange),
            _ => None,
        }
    }

    /// The exchange in flight.
    pub(super) fn at_work(&self) -> Option<&InFlight> {
        match &self.phase {
            Phase::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// The lane that works on the exchange in flight.
    pub(super) fn lane(&self) -> Option<Token> {
        self.at_work()?.lane()
    }

    /// Whether this exchange is the one in flight.
    pub(super) fn is_at(&self, id: ExchangeId) -> bool {
        matches!(&self.phase, Phase::Exchange(exchange) if exchange.id == id)
    }

    /// Whether the exchange in flight is of that generation and was told to end.
    pub(super) fn is_ending(&self, generation: GenerationId) -> bool {
        match &self.phase {
            Phase::Exchange(exchange) => {
                exchange.ending.is_some()
                    && exchange.stage != Stage::Draining
                    && exchange.generation == Some(generation)
            }
            _ => false,
        }
    }

    /// Reads once if bytes are of use now; gives how many came. The error is a broken
    /// connection. `scratch` is what is read into first: the inbox would have to be made
    /// as large as that for the shortest request, and there may be ten thousand of them.
    pub(super) fn fill(&mut self, now: Instant, scratch: &mut [u8]) -> io::Result<usize> {
        if !self.wants_input() {
            return Ok(0);
        }
        let was_idle = self.is_idle();
        match self.channel.fill_start(scratch)? {
            Fill::Nothing => Ok(0),
            Fill::End => {
                self.eof = true;
                Ok(0)
            }
            Fill::Some(length) => {
                self.inbox.extend_from_slice(&scratch[..length]);
                self.moved = now;
                if was_idle && matches!(self.phase, Phase::Head) {
                    self.since = now;
                }
                Ok(length)
            }
        }
    }

    fn wants_input(&self) -> bool {
        let coming = match &self.phase {
            Phase::Head | Phase::Lingering { .. } => true,
            Phase::Exchange(exchange) => exchange.upload.is_coming(),
        };
        coming && !self.eof && self.inbox.len() < READ_AHEAD.max(self.parser.most())
    }

    /// Throws away what came after the last word, up to a limit.
    pub(super) fn linger(&mut self) -> Step {
        let Phase::Lingering { discarded } = &mut self.phase else { return Step::Wait };
        *discarded += self.inbox.len();
        self.inbox.clear();
        let enough = self.eof || *discarded > LINGER_LIMIT;
        if enough { Step::Close } else { Step::Wait }
    }

    /// Back to waiting for a request.
    pub(super) fn await_request(&mut self, limits: Limits, now: Instant) {
        self.parser = RequestParser::new(limits);
        self.phase = Phase::Head;
        self.since = now;
        self.inbox.shrink_to(KEPT);
        self.channel.shrink_to(KEPT);
    }

    /// Whether nothing is taken from the lane until the client has taken what there is.
    pub(super) fn is_full(&self, output_buffer: u64) -> bool {
        let is_ending = matches!(&self.phase, Phase::Exchange(it) if it.ending.is_some());
        self.channel.pending() as u64 > output_buffer && !is_ending
    }

    /// Whether no request has begun. RFC 9112 section 2.2: an empty line before one is
    /// nothing; old clients send it behind a body.
    fn is_idle(&self) -> bool {
        matches!(self.inbox.as_slice(), b"" | b"\r" | b"\r\n")
    }

    /// Whether the client has something to take.
    fn is_writing(&self) -> bool {
        let file =
            matches!(&self.phase, Phase::Exchange(exchange) if exchange.file.is_some());
        file || self.channel.pending() > 0
    }

    /// Whether a deadline has passed, and whose.
    /// `timeout` is how long the application may do nothing, `hold` how long a
    /// request may wait for a generation.
    pub(super) fn expired(
        &self,
        now: Instant,
        limits: &config::Limits,
        (timeout, hold): (Option<Duration>, Duration),
    ) -> Option<Expiry> {
        let quiet = now.saturating_duration_since(self.moved);
        let lasted = now.saturating_duration_since(self.since);
        let (passed, limit, expiry) = match &self.phase {
            Phase::Lingering { .. } => (lasted, limits.unread_timeout, Expiry::Linger),
            Phase::Exchange(exchange) if exchange.is_ending() => {
                (exchange.ending_lasts(now), GRACE, Expiry::Ending)
            }
            _ if self.is_writing() => (quiet, limits.write_timeout, Expiry::Stall),
            Phase::Head if self.is_idle() => (lasted, limits.idle_timeout, Expiry::Idle),
            Phase::Head => (lasted, limits.head_timeout, Expiry::Head),
            Phase::Exchange(exchange) if exchange.stage == Stage::Draining => {
                (lasted, limits.unread_timeout, Expiry::Body)
            }
            // With something in the inbox it is the application that is slow.
            Phase::Exchange(exchange)
                if exchange.waits_for_body(self.inbox.is_empty()) =>
            {
                let waited = exchange.reads_since.map_or(quiet, |since| {
                    quiet.min(now.saturating_duration_since(since))
                });
                (waited, limits.body_timeout, Expiry::Body)
            }
            Phase::Exchange(exchange) => {
                exchange.deadline((quiet, now), timeout, hold)?
            }
        };
        (passed >= limit).then_some(expiry)
    }
}

impl InFlight {
    pub(super) fn new(id: ExchangeId, head: RequestHead, upload: Upload) -> Self {
        let keep = head.wants_keep_alive();
        let wants_continue = head.expects_continue() && upload.is_coming();
        let stage = match upload {
            Upload::Chunked(..) => Stage::Spooling,
            // What is sent only once the application reads cannot be there before.
            Upload::Length(_) if !wants_continue => Stage::Spooling,
            _ => Stage::Waiting(None),
        };
        Self {
            id,
            head,
            upload,
            shown: 0,
            request_told: Telling::request(),
            response_told: Telling::response(),
            wants_continue,
            given_up: None,
            unreadable: None,
            reads_since: None,
            stage,
            generation: None,
            framing: None,
            content: Content::Any,
            file: None,
            owed: None,
            keep,
            progress: monotonic(),
            ending: None,
            cut: None,
            traceback: None,
            hints: Vec::new(),
            timing: Timing::default(),
        }
    }

    pub(super) fn lane(&self) -> Option<Token> {
        match self.stage {
            Stage::Called(lane) => Some(lane),
            _ => None,
        }
    }

    /// Whether all of the request is still here: nothing of its body was handed on.
    pub(super) fn is_untouched(&self) -> bool {
        let declared = self.head.headers.get("content-length");
        let declared =
            declared.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        match self.upload {
            Upload::Length(left) => declared == Some(left),
            Upload::Done => declared.is_none_or(|length: u64| length == 0),
            Upload::Chunked(..) | Upload::Streamed(_) | Upload::Spooled(_) => false,
        }
    }

    /// Whether the connection can go on after a response that begins now. A client that
    /// still waits for `100 Continue` may or may not send its body: nobody could tell
    /// the body from the next request (RFC 9110 section 10.1.1).
    pub(super) fn can_keep(&self, max_unread: u64) -> bool {
        let drainable = match &self.upload {
            Upload::Done | Upload::Spooled(_) => true,
            Upload::Length(left) => *left <= max_unread,
            Upload::Chunked(..) | Upload::Streamed(_) => false,
        };
        self.keep && drainable && !self.wants_continue
    }

    /// So many bytes of the response's body were given to the client.
    pub(super) fn give(&mut self, length: u64) {
        self.owed = self.owed.map(|owed| owed.saturating_sub(length));
    }

    /// Whether the client has been given all of the response, though the call may go on.
    pub(super) fn is_whole(&self) -> bool {
        self.owed == Some(0) && self.file.is_none() && self.cut.is_none()
    }

    /// Whether nothing more of the response is to come from the application.
    pub(super) fn is_here(&self) -> bool {
        self.owed.is_some_and(|owed| owed <= self.in_file())
    }

    /// Whether bytes were promised that have not come from the application.
    pub(super) fn lacks(&self) -> bool {
        self.owed.is_some_and(|owed| owed > self.in_file())
    }

    /// How many bytes are still to be sent from a file.
    pub(super) fn in_file(&self) -> u64 {
        self.file.as_ref().map_or(0, Outflow::left)
    }

    /// Whether the application was told to end the call, and has not.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_some() && matches!(self.stage, Stage::Called(_))
    }

    pub(super) fn ending_lasts(&self, now: Instant) -> Duration {
        let since = self.ending.as_ref().map_or(now, |ending| ending.since);
        now.saturating_duration_since(since)
    }

    /// Whether the client is to send more of the body.
    fn waits_for_body(&self, nothing_came: bool) -> bool {
        let waits_for_client = match self.stage {
            // What came stays in the inbox until there is enough.
            Stage::Spooling => true,
            Stage::Answered | Stage::Draining => nothing_came,
            // As long as nobody reads it is the application that is slow.
            Stage::Called(_) => nothing_came && self.reads_since.is_some(),
            Stage::Waiting(_) | Stage::Orphaned(_) => false,
        };
        waits_for_client && self.upload.is_coming()
    }

    pub(super) fn deadline(
        &self,
        (quiet, now): (Duration, Instant),
        timeout: Option<Duration>,
        hold: Duration,
    ) -> Option<(Duration, Duration, Expiry)> {
        match self.stage {
            Stage::Waiting(Some(since)) => {
                Some((now.saturating_duration_since(since), hold, Expiry::Hold))
            }
            Stage::Orphaned(since) => {
                let waited = now.saturating_duration_since(since);
                Some((waited, ORPHAN_TIMEOUT, Expiry::Orphan))
            }
            Stage::Called(_) => {
                let idle = now.saturating_duration_since(self.progress).min(quiet);
                Some((idle, timeout?, Expiry::Application))
            }
            _ => None,
        }
    }
}
