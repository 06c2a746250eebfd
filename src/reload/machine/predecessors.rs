//! The generations before the newest whose processes still live: those that answer their
//! last requests, and those that were told to end.

use super::MOST_OLDER;
use crate::exchange::GenerationId;

/// What is known of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It gets no more requests; whether it has any left is not known yet.
    Unsure,
    /// It still answers.
    Busy,
    /// It was told to end.
    Ending,
    /// It holds nothing any more: its process is gone in a moment.
    Left,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Predecessor {
    id: GenerationId,
    state: State,
    /// Requests went to it once.
    pub(super) served: bool,
    /// By which rule it was ended before its requests were, in words that follow "the
    /// process".
    pub(super) cut: Option<String>,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(super) struct Predecessors(Vec<Predecessor>);

impl Predecessors {
    /// One that requests went to gets no more.
    pub(super) fn add_served(&mut self, id: GenerationId) {
        self.0.push(Predecessor { id, state: State::Unsure, served: true, cut: None });
    }

    /// One that never served is told to end.
    pub(super) fn add_ending(&mut self, id: GenerationId) {
        self.0.push(Predecessor { id, state: State::Ending, served: false, cut: None });
    }

    /// It has answered its last. Says whether it is to be told to end.
    pub(super) fn drained(&mut self, id: GenerationId) -> bool {
        let found = self.standing().find(|it| it.id == id);
        found.is_some_and(|it| {
            it.state = State::Ending;
            true
        })
    }

    /// It still answers. Says whether that is news.
    pub(super) fn busy(&mut self, id: GenerationId) -> bool {
        let found = self.standing().find(|it| it.id == id && it.state == State::Unsure);
        found.is_some_and(|it| {
            it.state = State::Busy;
            true
        })
    }

    /// Where too many are busy, ends the oldest; gives it.
    pub(super) fn cut_surplus(&mut self, why: &str) -> Option<GenerationId> {
        let mut busy = self.0.iter_mut().filter(|it| it.state == State::Busy);
        let oldest = busy.next()?;
        (busy.count() >= MOST_OLDER).then(|| oldest.end(why.to_owned()))
    }

    /// Ends one that is busy by the rule that the words name.
    pub(super) fn cut(&mut self, id: GenerationId, why: String) -> bool {
        let found = self.standing().find(|it| it.id == id);
        found.map(|it| it.end(why)).is_some()
    }

    /// Ends all that do not end yet; gives them.
    pub(super) fn cut_all(&mut self, why: &str) -> Vec<GenerationId> {
        self.standing().map(|it| it.end(why.to_owned())).collect()
    }

    /// It holds nothing any more.
    pub(super) fn left(&mut self, id: GenerationId) {
        let mut ending = self.0.iter_mut().filter(|it| it.state == State::Ending);
        if let Some(found) = ending.find(|it| it.id == id) {
            found.state = State::Left;
        }
    }

    /// Its process is gone.
    pub(super) fn gone(&mut self, id: GenerationId) -> Option<Predecessor> {
        let place = self.0.iter().position(|it| it.id == id)?;
        Some(self.0.remove(place))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether those that remain are known to go on: whatever the others held (ports,
    /// lock files) is free.
    pub(super) fn are_settled(&self) -> bool {
        self.0.iter().all(|it| it.state == State::Busy)
    }

    /// The same, but for processes of which there is nothing left to be freed but memory.
    pub(super) fn hold_nothing(&self) -> bool {
        self.0.iter().all(|it| matches!(it.state, State::Busy | State::Left))
    }

    fn standing(&mut self) -> impl Iterator<Item = &mut Predecessor> {
        let stands =
            |it: &&mut Predecessor| !matches!(it.state, State::Ending | State::Left);
        self.0.iter_mut().filter(stands)
    }
}

impl Predecessor {
    fn end(&mut self, why: String) -> GenerationId {
        self.state = State::Ending;
        self.cut = Some(why);
        self.id
    }
}
