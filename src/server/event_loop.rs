//! The event loop: readiness in, one step of a connection or a lane at a time.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::event::Event as Readiness;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use super::accept::Acceptor;
use super::channel::{Fill, PIECE};
use super::connection::{Connection, Expiry, InFlight, Phase, Stage};
use super::date::Date;
use super::dispatch::{Awaited, Serving};
use super::freshness::Freshness;
use super::lanes::Lanes;
use super::replayed::Feeder;
use super::stopping::{Patience, Stopping};
use super::terms::Terms;
use crate::bus::Bus;
use crate::clock::{Clock, monotonic};
use crate::exchange::{Event, ExchangeEvent, ExchangeId, GenerationId, Outcome, Source};
use crate::http::ResponseFraming;
use crate::reload::Announcement;

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
/// How often deadlines are looked at, while there are connections.
const SWEEP: Duration = Duration::from_millis(250);
/// How much is read ahead of what can be handed on.
pub(super) const READ_AHEAD: usize = 128 << 10;
/// How many reads one connection or lane may do before it is another's turn.
const TURN: usize = 4;

/// What the server is made from.
pub struct Setup {
    /// Bound and listening.
    pub listener: TcpListener,
    /// The most calls at a time.
    pub threads: usize,
    /// What clients are held to.
    pub terms: Terms,
    pub bus: Bus,
    pub clock: Clock,
    /// How many bytes of each body somebody keeps: what is beyond is only counted.
    pub kept: u64,
    /// Whether a chunked body is handed on as it comes.
    pub stream_chunked: bool,
    /// How long the application may do nothing about a request.
    pub timeout: Option<Duration>,
    /// How long a request may wait for a generation.
    pub hold: Duration,
    /// How long requests in flight may take to finish when the server ends.
    pub drain: Duration,
    /// Called for a generation that gets no more requests, with whether it still answers
    /// some; once more when it has answered its last.
    pub outlived: Box<dyn Fn(GenerationId, bool) + Send>,
    /// Called when a generation cannot be used any more.
    pub replace: Box<dyn Fn(GenerationId) + Send>,
    /// How to know that no file has changed, where changes are brought in.
    pub freshness: Option<Freshness>,
    /// Whether each response says which generation it is from.
    pub generation_header: bool,
}

/// What reaches the server from other threads.
enum Message {
    Announcement(Announcement),
    Replay(Arc<[u8]>, Source),
    End(ExchangeId),
    Locate(ExchangeId),
    Stop(Patience, Box<dyn FnOnce(usize) + Send>),
}

/// The way into the running server; clones lead to the same one.
#[derive(Clone)]
pub struct Handle {
    messages: Sender<Message>,
    waker: Arc<Waker>,
}

impl Handle {
    /// Tells which generation requests go to.
    pub fn announce(&self, announcement: Announcement) {
        self.send(Message::Announcement(announcement));
    }

    /// Sends a request to the application once more.
    pub fn replay(&self, request: Arc<[u8]>, source: Source) {
        self.send(Message::Replay(request, source));
    }

    /// Ends a request that is being worked on.
    pub fn end(&self, id: ExchangeId) {
        self.send(Message::End(id));
    }

    /// Has the application's place in a request told, as output of that request.
    pub fn locate(&self, id: ExchangeId) {
        self.send(Message::Locate(id));
    }

    /// Takes no more requests, finishes those in flight and ends. `tell` hears how many
    /// of them are waited for, if any.
    pub fn stop(&self, patience: Patience, tell: impl FnOnce(usize) + Send + 'static) {
        self.send(Message::Stop(patience, Box::new(tell)));
    }

    fn send(&self, message: Message) {
        // A server that has ended needs no messages.
        let _ended = self.messages.send(message);
        let _ended = self.waker.wake();
    }
}

/// Starts the server's thread.
pub fn start(setup: Setup) -> io::Result<(Handle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, messages) = channel();
    let mut server = Server::new(poll, setup)?;
    let thread = std::thread::Builder::new()
        .name("server".to_owned())
        .spawn(move || server.run(&messages))?;
    Ok((Handle { messages: sender, waker }, thread))
}

/// The server's state; its methods are spread over the files of this folder by concern.
pub(super) struct Server {
    pub(super) poll: Poll,
    pub(super) acceptor: Acceptor,
    pub(super) connections: HashMap<Token, Connection>,
    /// By their lanes: the exchanges whose clients wait for nothing more.
    pub(super) closing: HashMap<Token, Box<InFlight>>,
    pub(super) lanes: Lanes,
    pub(super) feeders: HashMap<Token, Feeder>,
    pub(super) serving: Serving,
    /// Connections whose request waits for a generation or a lane, oldest first.
    pub(super) waiting: VecDeque<Token>,
    pub(super) ids: Ids,
    pub(super) terms: Terms,
    pub(super) outlet: Outlet,
    pub(super) replace: Box<dyn Fn(GenerationId) + Send>,
    /// Whether a chunked body is handed on as it comes.
    pub(super) stream_chunked: bool,
    /// How long the application may do nothing about a request.
    pub(super) timeout: Option<Duration>,
    pub(super) outlived: Box<dyn Fn(GenerationId, bool) + Send>,
    pub(super) hold: Duration,
    pub(super) drain: Duration,
    pub(super) freshness: Option<Freshness>,
    /// Whether each response says which generation it is from.
    pub(super) generation_header: bool,
    /// Connections whose client sends nothing more, and may be gone.
    pub(super) doubted: Vec<Token>,
    /// Connections and lanes whose turn was over before their work: mio will not speak of
    /// them again.
    unfinished: VecDeque<Token>,
    /// What connections and lanes read into, one after the other.
    scratch: Vec<u8>,
    /// Set once the server is ending.
    pub(super) stopping: Option<Stopping>,
}

/// Where events go, with the clocks they need.
pub(super) struct Outlet {
    pub(super) bus: Bus,
    pub(super) clock: Clock,
    pub(super) date: Date,
    /// How many bytes of each body somebody keeps.
    pub(super) kept: u64,
}

impl Outlet {
    pub(super) fn publish(&self, id: ExchangeId, what: ExchangeEvent) {
        self.bus.publish(Event::Exchange { id, at: self.clock.now(), what });
    }

    /// Tells the end of an exchange, with its times and all of its sizes.
    pub(super) fn end(&self, exchange: &mut InFlight, outcome: Outcome) {
        let id = exchange.id;
        exchange.request_told.flush(self, id);
        exchange.response_told.flush(self, id);
        if let Some((missing, why)) = exchange.request_lack(&outcome) {
            self.publish(id, ExchangeEvent::RequestIncomplete(missing, why));
        }
        if let Some(why) = exchange.response_lack(&outcome) {
            self.publish(id, ExchangeEvent::ResponseIncomplete(why));
        }
        self.publish(id, ExchangeEvent::Timed(Arc::new(exchange.timing)));
        self.publish(id, ExchangeEvent::Ended(outcome));
    }
}

/// Numbers given out.
#[derive(Debug)]
pub(super) struct Ids {
    token: usize,
    exchange: u64,
}

impl Ids {
    pub(super) fn token(&mut self) -> Token {
        self.token += 1;
        Token(self.token)
    }

    /// The last exchange that was given a number.
    pub(super) fn newest(&self) -> ExchangeId {
        ExchangeId(self.exchange)
    }

    pub(super) fn exchange(&mut self) -> ExchangeId {
        self.exchange += 1;
        ExchangeId(self.exchange)
    }
}

impl Server {
    fn new(poll: Poll, setup: Setup) -> io::Result<Self> {
        setup.listener.set_nonblocking(true)?;
        let mut listener = mio::net::TcpListener::from_std(setup.listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            acceptor: Acceptor::new(listener),
            connections: HashMap::new(),
            closing: HashMap::new(),
            lanes: Lanes::new(setup.threads),
            feeders: HashMap::new(),
            serving: Serving::Holding(Awaited::default()),
            waiting: VecDeque::new(),
            ids: Ids { token: WAKER.0, exchange: 0 },
            terms: setup.terms,
            outlet: Outlet {
                bus: setup.bus,
                clock: setup.clock,
                date: Date::default(),
                kept: setup.kept,
            },
            replace: setup.replace,
            stream_chunked: setup.stream_chunked,
            timeout: setup.timeout,
            outlived: setup.outlived,
            hold: setup.hold,
            drain: setup.drain,
            freshness: setup.freshness,
            generation_header: setup.generation_header,
            doubted: Vec::new(),
            unfinished: VecDeque::new(),
            scratch: vec![0; PIECE],
            stopping: None,
        })
    }

    fn run(&mut self, messages: &Receiver<Message>) {
        let mut events = Events::with_capacity(1024);
        let mut next_sweep = monotonic();
        while !self.has_stopped() {
            if let Err(error) = self.poll.poll(&mut events, self.timeout(next_sweep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.warn(&format!("the server cannot wait for sockets: {error}"));
                return;
            }
            for event in &events {
                self.react(event);
            }
            while let Ok(message) = messages.try_recv() {
                self.obey(message);
            }
            for token in std::mem::take(&mut self.unfinished) {
                self.take_turn(token);
            }
            self.accept_if_room();
            let now = monotonic();
            if now >= next_sweep {
                self.sweep(now);
                next_sweep = now + SWEEP;
            }
        }
        self.drop_all();
        self.cut_all_closing("rdev ended");
    }

    /// Without exchanges and connections there is no deadline to look at: the loop sleeps for good.
    fn timeout(&self, next_sweep: Instant) -> Option<Duration> {
        if !self.unfinished.is_empty() {
            return Some(Duration::ZERO);
        }
        let idle = self.connections.is_empty()
            && self.closing.is_empty()
            && self.stopping.is_none()
            && !self.acceptor.is_paused();
        (!idle).then(|| next_sweep.saturating_duration_since(monotonic()))
    }

    fn react(&mut self, event: &Readiness) {
        let token = event.token();
        match token {
            LISTENER => self.accept(),
            WAKER => {}
            _ => {
                if let Some(connection) = self.connections.get_mut(&token) {
                    connection.channel.ready(event);
                    // Both directions are dead: a reset, or a close after our own.
                    if event.is_error() || event.is_write_closed() {
                        self.drop_connection(token);
                        return;
                    }
                } else if let Some(lane) = self.lanes.get_mut(token) {
                    lane.channel.ready(event);
                } else if let Some(feeder) = self.feeders.get_mut(&token) {
                    feeder.ready(event);
                }
                self.take_turn(token);
                if event.is_read_closed() {
                    self.doubt(token);
                }
            }
        }
    }

    /// Moves on whatever has this token. A connection whose exchange is in a lane moves
    /// together with it: the room it has just made may be what the lane waits for.
    fn take_turn(&mut self, token: Token) {
        if let Some(connection) = self.connections.get(&token) {
            match connection.lane() {
                Some(lane) => self.drive_lane(lane),
                None => self.drive(token),
            }
        } else if self.lanes.get_mut(token).is_some() {
            self.drive_lane(token);
        } else {
            self.feed(token);
        }
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Announcement(announcement) => self.hear(announcement),
            Message::Replay(request, source) => self.adopt_replay(request, source),
            Message::End(id) => self.end_request(id),
            Message::Locate(id) => self.locate(id),
            Message::Stop(patience, tell) => self.begin_stop(patience, tell),
        }
    }

    /// Moves a connection on as far as it goes. It is taken out of the map meanwhile, so
    /// that lanes and queues can be used beside it.
    pub(super) fn drive(&mut self, token: Token) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        if self.advance(token, &mut connection) {
            self.connections.insert(token, connection);
        } else {
            self.discard(connection);
        }
    }

    /// False when the connection is over.
    fn advance(&mut self, token: Token, connection: &mut Connection) -> bool {
        for _ in 0..TURN {
            let Ok(written) = connection.channel.flush() else { return false };
            let Ok(read) = connection.fill(monotonic(), &mut self.scratch) else {
                return false;
            };
            if written > 0 {
                connection.moved = monotonic();
            }
            let stepped = match &mut connection.phase {
                Phase::Head => self.read_head(token, connection),
                Phase::Exchange(_) => self.step_exchange(token, connection),
                Phase::Lingering { .. } => connection.linger(),
            };
            match stepped {
                Step::Again => {}
                // There may be more to read behind what was not enough yet.
                Step::Wait if read > 0 => {}
                Step::Wait => return true,
                Step::Close => return false,
            }
        }
        self.unfinished.push_back(token);
        true
    }

    /// Moves a lane on: its outbox out, its frames to the exchange they belong to.
    pub(super) fn drive_lane(&mut self, token: Token) {
        for _ in 0..TURN {
            let Some(lane) = self.lanes.get_mut(token) else { return };
            // The worker reads no more. What it said before is there to be read, and
            // behind it, where it has gone, the end.
            if lane.flush(self.poll.registry()).is_err() {
                lane.channel.discard_outbox();
                lane.channel.expect_more();
            }
            if let Some((connection, id)) = lane.work {
                self.drive(connection);
                // It may be at another exchange by now.
                let waiting = self.connections.get(&connection).filter(|it| it.is_at(id));
                let most = self.terms.limits.output_buffer;
                if waiting.is_some_and(|it| it.is_full(most)) {
                    return;
                }
            }
            let Some(lane) = self.lanes.get_mut(token) else { return };
            let garbled = match lane.channel.fill_start(&mut self.scratch) {
                Ok(Fill::Some(length)) => {
                    lane.frames.feed(&self.scratch[..length]);
                    self.take_frames(token).is_err()
                }
                Ok(Fill::Nothing) => return,
                _ => true,
            };
            if garbled {
                self.lose_lane(token);
                return;
            }
        }
        self.unfinished.push_back(token);
    }

    /// Looks at every deadline.
    fn sweep(&mut self, now: Instant) {
        self.acceptor.resume_if_due(now);
        if self.acceptor.is_due() {
            self.accept();
        }
        // A lane that could not be opened may be by now.
        self.lanes.refill_reserve();
        self.drop_departed();
        self.serve_waiting();
        let limits = &self.terms.limits;
        let expired: Vec<(Token, Expiry)> = self
            .connections
            .iter()
            .filter_map(|(token, connection)| {
                Some((
                    *token,
                    connection.expired(now, limits, (self.timeout, self.hold))?,
                ))
            })
            .collect();
        for (token, expiry) in expired {
            self.expire(token, expiry);
        }
        self.sweep_closing(now);
    }

    fn expire(&mut self, token: Token, expiry: Expiry) {
        match expiry {
            Expiry::Idle | Expiry::Linger => self.drop_connection(token),
            Expiry::Stall => self.drop_stalled(token),
            Expiry::Head => self.refuse_late_head(token),
            Expiry::Body => self.cut_body(token, "the client stopped sending the body"),
            Expiry::Application => self.time_out(token),
            Expiry::Ending => self.give_up_on(token),
            Expiry::Hold => self.end_hold(token),
            Expiry::Orphan => self.answer_orphan(token, "closed its lane", None),
        }
    }

    /// Ends a connection from our side, now.
    pub(super) fn drop_connection(&mut self, token: Token) {
        if let Some(connection) = self.connections.remove(&token) {
            self.discard(connection);
        }
    }

    /// The same for a client that takes nothing of its response any more.
    fn drop_stalled(&mut self, token: Token) {
        let seconds = self.terms.limits.write_timeout.as_secs_f64();
        if let Some(connection) = self.connections.get_mut(&token)
            && let Phase::Exchange(exchange) = &mut connection.phase
        {
            exchange.cut.get_or_insert_with(|| {
                format!("the client took nothing of it in {seconds} s (--write-timeout)")
            });
        }
        self.drop_connection(token);
    }

    /// What is left to do for a connection that is over: its exchange has lost its
    /// client, and the application is told.
    fn discard(&mut self, mut connection: Connection) {
        let is_written = connection.channel.pending() == 0;
        if connection.at_work().is_some_and(|it| it.stage != Stage::Draining) {
            self.show_rest(&mut connection);
        }
        let Phase::Exchange(mut exchange) = connection.phase else { return };
        if exchange.stage != Stage::Draining {
            let is_complete = exchange.is_whole() && is_written;
            // A regular end would say that this was all.
            if !is_complete && exchange.framing == Some(ResponseFraming::UntilClose) {
                connection.channel.socket.reset_on_close();
            }
            let outcome = match exchange.cut.clone() {
                Some(why) => Outcome::Cut(why),
                None if is_complete => Outcome::Complete,
                None => Outcome::ClientGone,
            };
            self.outlet.end(&mut exchange, outcome);
        }
        if let Some(lane) = exchange.lane().and_then(|token| self.lanes.get_mut(token)) {
            lane.abandon(exchange.timing);
        }
    }

    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }
}

/// What became of one step of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something moved: try again.
    Again,
    /// Nothing to do until something comes.
    Wait,
    /// The connection is over.
    Close,
}
