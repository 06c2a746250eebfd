//! What has come and is not written yet: exchanges as they grow, generations, output, and
//! what the user says.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::bus::Losses;
use crate::exchange::{
    Event, Exchange, ExchangeEvent, ExchangeId, GenerationEvent, GenerationId,
    OutputLine, Remark,
};

use super::super::record::Place;
use super::super::writer::{Batch, Writer};
use super::growing::Growing;

/// Generations kept until they can be written.
const GENERATIONS: usize = 1000;
/// Exchanges that have ended for the client while the application goes on: more of them
/// are not waited for.
const LINGERING: usize = 1000;

#[derive(Default)]
pub(super) struct Pending {
    growing: BTreeMap<ExchangeId, Growing>,
    generations: VecDeque<(GenerationId, Timestamp, GenerationEvent)>,
    output: Vec<(Timestamp, OutputLine)>,
    /// It waits for as long as it cannot be written.
    remarks: BTreeMap<ExchangeId, Remark>,
    /// How many exchanges have been written.
    written: u64,
}

/// What came of a batch.
pub(super) struct Written {
    /// Of the exchanges that were written for the first time.
    places: Vec<(ExchangeId, Place)>,
    /// What the user said of these has no place: left out, lost, or deleted since.
    missing: Vec<ExchangeId>,
}

/// What the user has said of exchanges, now that it was to be written.
pub(super) struct Said {
    pub(super) remarks: BTreeMap<ExchangeId, Remark>,
    /// Of these it has no place.
    pub(super) missing: Vec<ExchangeId>,
}

impl Pending {
    /// Takes in an event, keeping at most so many bytes of each body. What has to go for
    /// that is counted.
    pub(super) fn take(&mut self, event: Event, body: u64, lost: &mut Losses) {
        match event {
            Event::Exchange { id, at, what } => self.take_step(id, at, &what, body),
            Event::Output { at, line } => self.output.push((at, line)),
            Event::Generation { id, at, what } => {
                self.generations.push_back((id, at, what));
                if self.generations.len() > GENERATIONS {
                    self.generations.pop_front();
                    lost.other += 1;
                }
            }
            Event::Notice { .. } => {}
        }
    }

    fn take_step(
        &mut self,
        id: ExchangeId,
        at: Timestamp,
        what: &ExchangeEvent,
        body: u64,
    ) {
        if let ExchangeEvent::Remarked(remark) = what {
            self.remarks.insert(id, remark.clone());
        } else if let ExchangeEvent::Began { source, client, request } = what {
            let (client, request) = (client.clone(), request.clone());
            let exchange = Exchange::begin(id, at, *source, client, request);
            self.growing.entry(id).or_insert_with(|| Growing::begin(exchange));
        } else if let Some(growing) = self.growing.get_mut(&id) {
            growing.apply(at, what, body);
        }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.output.is_empty()
            && self.generations.is_empty()
            && self.remarks.is_empty()
            && !self.growing.values().any(|growing| growing.is_dirty)
    }

    /// Writes all there is in one batch, and what was lost in all where that is news.
    pub(super) fn write(
        &self,
        writer: &mut Writer,
        lost: Option<Losses>,
    ) -> rusqlite::Result<Written> {
        let run = writer.run();
        let mut batch = writer.batch()?;
        let mut places = Vec::new();
        for (id, growing) in self.growing.iter().filter(|(_, growing)| growing.is_dirty) {
            match growing.place {
                Some(place) => growing.draft(run, |draft| batch.update(draft, place))?,
                None => {
                    places.push((*id, growing.draft(run, |draft| batch.insert(draft))?));
                }
            }
        }
        let missing = self.write_the_rest(&batch, &places)?;
        if let Some(lost) = lost {
            batch.losses(lost)?;
        }
        batch.commit()?;
        Ok(Written { places, missing })
    }

    /// Returns the exchanges of which something was said and which are not there.
    fn write_the_rest(
        &self,
        batch: &Batch<'_>,
        places: &[(ExchangeId, Place)],
    ) -> rusqlite::Result<Vec<ExchangeId>> {
        for (at, line) in &self.output {
            let Some(id) = line.exchange else {
                batch.output(*at, line, None)?;
                continue;
            };
            // Without its exchange nobody would find it, and if that is recalled it brings
            // its output along.
            if let Some(place) = self.place(id, places, batch)? {
                batch.output(*at, line, Some(place))?;
            }
        }
        for (id, at, what) in &self.generations {
            batch.generation(*id, *at, what)?;
        }
        let mut missing = Vec::new();
        for (id, remark) in &self.remarks {
            if !batch.remark(*id, remark)? {
                missing.push(*id);
            }
        }
        Ok(missing)
    }

    /// Where an exchange stands. What is printed for one may come after its end.
    fn place(
        &self,
        id: ExchangeId,
        fresh: &[(ExchangeId, Place)],
        batch: &Batch<'_>,
    ) -> rusqlite::Result<Option<Place>> {
        if let Ok(index) = fresh.binary_search_by_key(&id, |(id, _)| *id) {
            return Ok(Some(fresh[index].1));
        }
        match self.growing.get(&id).and_then(|growing| growing.place) {
            Some(place) => Ok(Some(place)),
            None => batch.place_of(id),
        }
    }

    /// A batch is in the database.
    pub(super) fn settle(&mut self, written: Written) -> Said {
        self.written += written.places.len() as u64;
        for (id, place) in written.places {
            if let Some(growing) = self.growing.get_mut(&id) {
                growing.place = Some(place);
            }
        }
        for growing in self.growing.values_mut() {
            growing.settle();
        }
        self.output.clear();
        self.generations.clear();
        Said { remarks: std::mem::take(&mut self.remarks), missing: written.missing }
    }

    /// What there is cannot be written: what has ended and is not there at all is given up,
    /// and of the rest the bodies. A row that is there must not say for ever that its
    /// exchange runs.
    pub(super) fn lose(&mut self, lost: &mut Losses) {
        for growing in self.growing.values_mut() {
            let pieces = growing.lose();
            if !growing.has_ended_unwritten() {
                lost.body_pieces += pieces;
            } else if growing.is_dirty {
                lost.exchanges += 1;
            }
        }
        lost.output_lines += self.output.len() as u64;
        self.output.clear();
    }

    /// Forgets exchanges that are over: they are written, or cannot be while writing fails.
    pub(super) fn forget_what_is_over(&mut self, fails: bool, lost: &mut Losses) {
        self.growing.retain(|_, growing| {
            let is_done = growing.exchange.is_over() && !growing.is_dirty;
            !(is_done || growing.has_ended_unwritten() && fails)
        });
        if self.growing.len() <= LINGERING {
            return;
        }
        let ended = self.growing.iter().filter(|(_, it)| it.exchange.ended.is_some());
        let ended: Vec<ExchangeId> = ended.map(|(id, _)| *id).collect();
        let too_many = ended.len().saturating_sub(LINGERING);
        for id in &ended[..too_many] {
            let removed = self.growing.remove(id);
            lost.exchanges += u64::from(removed.is_some_and(|it| it.is_dirty));
        }
    }

    /// The database has begun anew: what was written is elsewhere.
    pub(super) fn forget_places(&mut self) {
        self.growing.values_mut().for_each(Growing::forget_place);
    }

    /// How many exchanges have been written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Where the oldest exchange stands that is under way.
    pub(super) fn oldest_under_way(&self) -> Option<Place> {
        let flying = self.growing.values().filter(|it| it.exchange.ended.is_none());
        flying.filter_map(|growing| growing.place).min()
    }

    /// Of which exchanges something was said that is not written.
    pub(super) fn unwritten_remarks(&self) -> impl Iterator<Item = ExchangeId> {
        let said = self.remarks.iter().filter(|(_, remark)| !remark.is_none());
        said.map(|(id, _)| *id)
    }
}
