//! Clients that ask on and on while something is done to the program, until that is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// What the clients share with who saves.
pub(crate) struct Story {
    pub(crate) port: u16,
    /// The newest version whose save has returned.
    saved: AtomicU32,
    over: AtomicBool,
}

impl Story {
    /// The newest version whose save has returned.
    pub(crate) fn saved(&self) -> u32 {
        self.saved.load(Ordering::Acquire)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// The clients, each of which has met something in the end.
pub(crate) struct Crowd<Met> {
    story: Arc<Story>,
    clients: Vec<JoinHandle<Met>>,
}

impl<Met: Send + 'static> Crowd<Met> {
    /// So many ask at that port, half of which are to keep their connections.
    pub(crate) fn gather(port: u16, count: usize, ask: fn(&Story, bool) -> Met) -> Self {
        let (saved, over) = (AtomicU32::new(0), AtomicBool::new(false));
        let story = Arc::new(Story { port, saved, over });
        let client = |number: usize| {
            let story = Arc::clone(&story);
            thread::spawn(move || ask(&story, number.is_multiple_of(2)))
        };
        Self { clients: (0..count).map(client).collect(), story }
    }

    /// From now on an older version is too old.
    pub(crate) fn saved(&self, version: u32) {
        self.story.saved.store(version, Ordering::Release);
    }

    /// It is over: what they have met.
    pub(crate) fn end(self) -> Vec<Met> {
        self.story.over.store(true, Ordering::Release);
        self.clients.into_iter().map(|client| client.join().unwrap()).collect()
    }
}
