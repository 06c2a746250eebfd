//! Who works on a request: the newest generation, over a lane; or nobody yet.

use mio::Token;

use super::connection::{Connection, InFlight, Phase, Stage};
use super::dropped::dropped;
use super::event_loop::Server;
use super::pages::Page;
use super::upload::Upload;
use crate::clock::monotonic;
use crate::exchange::{Cut, ExchangeEvent, GenerationId, Traceback};
use crate::lane::{Call, Down};
use crate::reload::Announcement;
use std::sync::Arc;

/// What requests meet.
#[derive(Debug)]
pub(super) enum Serving {
    /// They wait: the first generation, or the next one, is being made.
    Holding(Awaited),
    Ready(GenerationId),
    Failed(GenerationId, Arc<Traceback>),
}

/// What is waited for.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) what: String,
    /// Where the import is, if it is slow.
    pub(super) stack: Option<Arc<Traceback>>,
}

impl Default for Awaited {
    fn default() -> Self {
        Self { what: "the code is about to be imported".to_owned(), stack: None }
    }
}

impl Server {
    /// Hears what the reload driver announces.
    pub(super) fn hear(&mut self, announcement: Announcement) {
        match announcement {
            Announcement::Unchanged(number) => {
                if let Some(freshness) = &mut self.freshness {
                    freshness.clear(number);
                }
                self.serve_waiting();
            }
            Announcement::Hold(older) => {
                if let Some(freshness) = &mut self.freshness {
                    freshness.dismiss();
                }
                self.begin_hold();
                if let Some(generation) = older {
                    self.lanes.close_idle(generation);
                    (self.outlived)(generation, self.lanes.busy(generation) > 0);
                }
            }
            Announcement::Awaited(what, stack) => {
                if let Serving::Holding(awaited) = &mut self.serving {
                    *awaited = Awaited { what, stack };
                }
            }
            Announcement::Coming(generation, control, lane) => {
                self.lanes.expect(generation, control);
                if let Some(socket) = lane {
                    let (registry, token) = (self.poll.registry(), self.ids.token());
                    // Another will be opened when it is needed.
                    let _unused = self.lanes.adopt(generation, socket, registry, token);
                }
            }
            Announcement::Ready(generation, control) => {
                self.lanes.add(generation, control);
                self.serving = Serving::Ready(generation);
                self.serve_waiting();
            }
            Announcement::Failed(generation, traceback) => {
                self.lanes.expect_none();
                self.serving = Serving::Failed(generation, traceback);
                self.serve_waiting();
            }
            Announcement::Gone(generation, how, stack) => {
                self.bury(generation, &how, stack.as_ref());
            }
        }
    }

    /// From now on requests wait.
    pub(super) fn begin_hold(&mut self) {
        self.serving = Serving::Holding(Awaited::default());
    }

    /// A generation's process is gone: whoever waited for it is told how.
    fn bury(
        &mut self,
        generation: GenerationId,
        how: &str,
        stack: Option<&Arc<Traceback>>,
    ) {
        self.lanes.forget(generation);
        let how = if self.connections.values().any(|it| it.is_ending(generation)) {
            // It was C code that did not let go: the worker has killed itself.
            "was killed, since a request in it could not be ended"
        } else {
            how
        };
        let orphans: Vec<Token> = self
            .connections
            .iter()
            .filter(|(_, connection)| match &connection.phase {
                Phase::Exchange(exchange) => {
                    exchange.generation == Some(generation)
                        && matches!(exchange.stage, Stage::Called(_) | Stage::Orphaned(_))
                }
                _ => false,
            })
            .map(|(token, _)| *token)
            .collect();
        for token in orphans {
            self.answer_orphan(token, how, stack);
        }
        self.bury_closing(generation, how, stack);
    }

    /// Puts a request that is ready to be called on its way, or into the queue. `false`
    /// when it has to wait.
    pub(super) fn assign(&mut self, token: Token, connection: &mut Connection) -> bool {
        let Phase::Exchange(exchange) = &mut connection.phase else { return true };
        if !matches!(self.serving, Serving::Holding(_))
            && let Some(freshness) = &mut self.freshness
            && !freshness.vouch_for(exchange.id, self.ids.newest())
        {
            return false;
        }
        match &self.serving {
            Serving::Holding(_) => false,
            Serving::Failed(generation, traceback) => {
                exchange.generation = Some(*generation);
                exchange.traceback = Some(Arc::clone(traceback));
                let raised = ExchangeEvent::Raised(Arc::clone(traceback));
                self.outlet.publish(exchange.id, raised);
                if exchange.upload.is_coming() {
                    exchange.given_up.get_or_insert(Cut::Unawaited);
                }
                let page = Page::import_failed(*generation, Arc::clone(traceback));
                self.answer_page(connection, &page);
                true
            }
            Serving::Ready(generation) => {
                let (generation, work) = (*generation, (token, exchange.id));
                let fresh = self.ids.token();
                let registry = self.poll.registry();
                let taken = self.lanes.take(generation, work, registry, fresh);
                if let Ok(Some(lane)) = taken {
                    self.call(connection, lane, generation);
                    return true;
                }
                // All busy; or the process has just died, which will be announced.
                exchange.timing.queued.get_or_insert_with(|| self.outlet.clock.now());
                false
            }
        }
    }

    /// Says, once, that a request waits for a generation.
    pub(super) fn report_held(&self, connection: &mut Connection) {
        if let Phase::Exchange(exchange) = &mut connection.phase
            && matches!(self.serving, Serving::Holding(_))
            && exchange.stage == Stage::Waiting(None)
        {
            exchange.stage = Stage::Waiting(Some(monotonic()));
            self.outlet.publish(exchange.id, ExchangeEvent::Held);
        }
    }

    fn call(
        &mut self,
        connection: &mut Connection,
        lane: Token,
        generation: GenerationId,
    ) {
        let Phase::Exchange(exchange) = &mut connection.phase else { return };
        exchange.stage = Stage::Called(lane);
        exchange.progress = monotonic();
        exchange.generation = Some(generation);
        self.outlet.publish(exchange.id, ExchangeEvent::Called(generation));
        for hint in dropped(&exchange.head.headers) {
            self.outlet.publish(exchange.id, ExchangeEvent::Hint(Arc::new(hint)));
        }
        let call = Call {
            head: exchange.head.clone(),
            body: body_length(exchange),
            wants_word: exchange.upload.is_coming(),
            client: connection.client.clone(),
            server: connection.server.clone(),
        };
        if let Some(lane) = self.lanes.get_mut(lane) {
            Down::Call(Box::new(call)).append(exchange.id, lane.channel.outbox());
            // A broken lane shows when it is read.
            let _broken = lane.flush(self.poll.registry());
        }
    }

    /// Gives lanes to those that wait, in their order.
    pub(super) fn serve_waiting(&mut self) {
        while let Some(token) = self.waiting.pop_front() {
            let Some(mut connection) = self.connections.remove(&token) else { continue };
            let waits = matches!(&connection.phase,
                Phase::Exchange(exchange) if matches!(exchange.stage, Stage::Waiting(_)));
            let assigned = !waits || self.assign(token, &mut connection);
            self.report_held(&mut connection);
            self.connections.insert(token, connection);
            if !assigned {
                self.waiting.push_front(token);
                return;
            }
            self.drive(token);
        }
    }

    /// An exchange has left its lane.
    pub(super) fn release_lane(&mut self, lane: Token) {
        let Some(generation) = self.lanes.give_back(lane) else { return };
        if matches!(self.serving, Serving::Ready(current) if current == generation) {
            self.serve_waiting();
        } else {
            self.lanes.close_idle(generation);
            self.report_drained(generation);
        }
    }

    pub(super) fn report_drained(&self, generation: GenerationId) {
        if self.lanes.busy(generation) == 0 {
            (self.outlived)(generation, false);
        }
    }

    /// A lane broke. If it was at work its process has most likely died; how is known in
    /// a moment. If no thread ever had it (the process ran out of descriptors or threads)
    /// its request was not begun, and is the next to get another.
    pub(super) fn lose_lane(&mut self, token: Token) {
        let Some(lane) = self.lanes.remove(token) else { return };
        if let Some((connection, id)) = lane.work {
            if let Some(exchange) =
                self.connections.get_mut(&connection).and_then(|it| it.exchange(id))
            {
                if lane.served || !exchange.is_untouched() {
                    exchange.stage = Stage::Orphaned(monotonic());
                } else {
                    exchange.stage = Stage::Waiting(None);
                    self.waiting.push_front(connection);
                }
            }
            self.orphan_closing(token);
            self.report_drained(lane.generation);
        }
        // At once where there is reason to hope; the sweep comes back to the others.
        let current =
            matches!(self.serving, Serving::Ready(current) if current == lane.generation);
        if current && lane.served {
            self.serve_waiting();
        }
    }
}

fn body_length(exchange: &InFlight) -> Option<u64> {
    match &exchange.upload {
        Upload::Done | Upload::Chunked(..) => Some(0),
        Upload::Length(length) => Some(*length),
        Upload::Spooled(spool) => Some(spool.length()),
        Upload::Streamed(_) => None,
    }
}
