//! The lanes of every generation that still lives: which are idle, which carry what.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;

use mio::{Registry, Token};

use super::channel::Channel;
use super::lane_stream::LaneStream;
use crate::exchange::{ExchangeId, GenerationId, Timing};
use crate::lane::FrameReader;
use crate::reload::WorkerControl;

/// One lane.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) channel: Channel<LaneStream>,
    pub(super) frames: FrameReader,
    pub(super) generation: GenerationId,
    /// A thread of the worker has it. Before that, nothing was called over it.
    pub(super) served: bool,
    /// The connection and exchange it works for. The connection may be gone already;
    /// the lane is busy until the application has finished all the same.
    pub(super) work: Option<(Token, ExchangeId)>,
    /// What is known of the times of an exchange whose client is gone.
    pub(super) abandoned: Option<Timing>,
    /// It cannot be used for another exchange: its sending side was shut, or a thread of
    /// the application still reads it.
    pub(super) spent: bool,
}

impl Lane {
    /// Writes what there is for the worker, as far as there is room.
    pub(super) fn flush(&mut self, registry: &Registry) -> io::Result<()> {
        self.channel.flush()?;
        let awaits_room = self.channel.pending() > 0;
        self.channel.socket.await_room(awaits_room, registry)
    }

    /// Tells the worker that nobody waits for this exchange any more.
    pub(super) fn abandon(&mut self, timing: Timing) {
        self.abandoned = Some(timing);
        self.spent = true;
        self.channel.discard_outbox();
        let _gone = self.channel.socket.socket.shutdown(Shutdown::Write);
    }
}

/// The lanes of one generation.
#[derive(Debug)]
struct Pool {
    control: Arc<WorkerControl>,
    /// Used last on top: its thread's caches are the warmest.
    idle: Vec<Token>,
    /// Idle and busy ones.
    open: usize,
}

/// Descriptors kept for lanes: connections could take all there are, and then none of
/// them would ever be answered.
#[derive(Debug, Default)]
struct Reserve(Vec<File>);

/// How many: a lane takes two while it is opened, and keeps one.
const RESERVE: usize = 8;

impl Reserve {
    fn fill(&mut self) {
        while self.0.len() < RESERVE {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file);
        }
    }

    /// Opens a lane, giving up a few descriptors for it if there are no others.
    fn open(&mut self, control: &WorkerControl) -> io::Result<StdUnixStream> {
        control.open_lane().or_else(|_| {
            self.0.truncate(self.0.len().saturating_sub(2));
            control.open_lane()
        })
    }
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    all: HashMap<Token, Lane>,
    pools: HashMap<GenerationId, Pool>,
    reserve: Reserve,
    /// The most lanes of one generation.
    most: usize,
    /// One that may become ready, or may not.
    expected: Option<GenerationId>,
}

impl Lanes {
    pub(super) fn new(most: usize) -> Self {
        let mut reserve = Reserve::default();
        reserve.fill();
        let (all, pools) = (HashMap::new(), HashMap::new());
        Self { all, pools, reserve, most, expected: None }
    }

    /// Takes descriptors back into reserve as they become free.
    pub(super) fn refill_reserve(&mut self) {
        self.reserve.fill();
    }

    /// A generation is being made, which may become ready or may not.
    pub(super) fn expect(
        &mut self,
        generation: GenerationId,
        control: Arc<WorkerControl>,
    ) {
        self.expect_none();
        self.add(generation, control);
        self.expected = Some(generation);
    }

    /// Takes over a lane that was opened while the generation is being made, so that the
    /// request that waits for it finds a thread (0.3 ms).
    pub(super) fn adopt(
        &mut self,
        generation: GenerationId,
        socket: StdUnixStream,
        registry: &Registry,
        token: Token,
    ) -> io::Result<()> {
        self.insert(generation, socket, None, registry, token)?;
        if let Some(pool) = self.pools.get_mut(&generation) {
            pool.idle.push(token);
        }
        Ok(())
    }

    /// What was expected does not come.
    pub(super) fn expect_none(&mut self) {
        if let Some(generation) = self.expected.take() {
            self.forget(generation);
        }
    }

    /// A generation that requests go to.
    pub(super) fn add(&mut self, generation: GenerationId, control: Arc<WorkerControl>) {
        self.expected.take_if(|expected| *expected == generation);
        let pool = Pool { control, idle: Vec::new(), open: 0 };
        self.pools.entry(generation).or_insert(pool);
    }

    /// Takes a lane for an exchange: the one used last of the idle ones, or a new one
    /// that gets `token`. `None` when all are busy.
    pub(super) fn take(
        &mut self,
        generation: GenerationId,
        work: (Token, ExchangeId),
        registry: &Registry,
        token: Token,
    ) -> io::Result<Option<Token>> {
        let Some(pool) = self.pools.get_mut(&generation) else {
            return Err(io::Error::other("the generation is gone"));
        };
        while let Some(idle) = pool.idle.pop() {
            if let Some(lane) = self.all.get_mut(&idle) {
                lane.work = Some(work);
                return Ok(Some(idle));
            }
        }
        if pool.open >= self.most {
            return Ok(None);
        }
        let socket = self.reserve.open(&pool.control)?;
        self.insert(generation, socket, Some(work), registry, token)?;
        Ok(Some(token))
    }

    fn insert(
        &mut self,
        generation: GenerationId,
        socket: StdUnixStream,
        work: Option<(Token, ExchangeId)>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<()> {
        let stream = LaneStream::register(socket, registry, token)?;
        if let Some(pool) = self.pools.get_mut(&generation) {
            pool.open += 1;
        }
        let lane = Lane {
            channel: Channel::new(stream),
            frames: FrameReader::default(),
            generation,
            served: false,
            work,
            abandoned: None,
            spent: false,
        };
        self.all.insert(token, lane);
        Ok(())
    }

    /// Has the worker end the call on a lane.
    pub(super) fn interrupt(&self, lane: Token, id: ExchangeId, why: &str) {
        let lane = self.all.get(&lane);
        if let Some(pool) = lane.and_then(|lane| self.pools.get(&lane.generation)) {
            // A process that cannot be told has ended, which will be announced.
            let _ended = pool.control.interrupt(id, why);
        }
    }

    /// Has the worker tell where the call on a lane is.
    pub(super) fn locate(&self, lane: Token, id: ExchangeId) {
        let lane = self.all.get(&lane);
        if let Some(pool) = lane.and_then(|lane| self.pools.get(&lane.generation)) {
            // A process that cannot be told has ended, which will be announced.
            let _ended = pool.control.locate(id);
        }
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut Lane> {
        self.all.get_mut(&token)
    }

    /// A lane whose exchange has ended goes back to the idle ones, or is closed if it
    /// cannot be used again. Returns the generation.
    pub(super) fn give_back(&mut self, token: Token) -> Option<GenerationId> {
        let lane = self.all.get_mut(&token)?;
        lane.work = None;
        let generation = lane.generation;
        if lane.spent {
            self.remove(token);
        } else if let Some(pool) = self.pools.get_mut(&generation) {
            pool.idle.push(token);
        }
        Some(generation)
    }

    /// Closes a lane. Returns it.
    pub(super) fn remove(&mut self, token: Token) -> Option<Lane> {
        let lane = self.all.remove(&token)?;
        if let Some(pool) = self.pools.get_mut(&lane.generation) {
            pool.idle.retain(|other| *other != token);
            pool.open = pool.open.saturating_sub(1);
        }
        Some(lane)
    }

    /// How many exchanges a generation is working on.
    pub(super) fn busy(&self, generation: GenerationId) -> usize {
        let of = |lane: &&Lane| lane.generation == generation && lane.work.is_some();
        self.all.values().filter(of).count()
    }

    /// Closes the idle lanes of a generation that gets no more work.
    pub(super) fn close_idle(&mut self, generation: GenerationId) {
        let Some(pool) = self.pools.get_mut(&generation) else { return };
        for token in std::mem::take(&mut pool.idle) {
            self.remove(token);
        }
    }

    /// Forgets a generation whose process has ended, with its lanes.
    pub(super) fn forget(&mut self, generation: GenerationId) {
        self.pools.remove(&generation);
        self.all.retain(|_, lane| lane.generation != generation);
    }
}
