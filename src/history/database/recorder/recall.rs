//! Exchanges that are not in the history and of which the user says something: whoever has
//! them is asked for them, and they are written whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::exchange::{Cut, Exchange, ExchangeEvent, ExchangeId, Remark};

use super::Setup;
use super::destination::Destination;
use super::ledger::Ledger;
use super::pending::Said;

#[derive(Default)]
pub(super) struct Recall {
    /// What was said of exchanges that are not there; whoever has them was asked for them.
    missing: BTreeMap<ExchangeId, Remark>,
    /// Those that have come.
    recalled: Vec<Arc<Exchange>>,
    /// How many have been written.
    written: u64,
}

impl Recall {
    /// Asks for what something was said of and is not there.
    pub(super) fn ask(&mut self, said: Said, setup: &Setup) {
        for (id, remark) in said.remarks {
            self.missing.remove(&id);
            if said.missing.contains(&id) && !remark.is_none() {
                self.missing.insert(id, remark);
                setup.tell(id, ExchangeEvent::Missing);
            }
        }
    }

    /// One has come.
    pub(super) fn take(&mut self, exchange: Arc<Exchange>) {
        self.recalled.push(exchange);
    }

    /// Writes those that have come, one by one and after all else, so that one which does
    /// not fit on the disk is the only one that is not written.
    pub(super) fn write(
        &mut self,
        destination: &mut Destination,
        losses: &mut Ledger,
        setup: &Setup,
    ) {
        for exchange in std::mem::take(&mut self.recalled) {
            let mut exchange = Arc::unwrap_or_clone(exchange);
            shorten(&mut exchange, setup.bounds.body);
            let id = exchange.id;
            let (written, what) = match self.missing.remove(&id) {
                Some(remark) => {
                    exchange.remark = remark;
                    let written = write_whole(&exchange, destination, setup);
                    if written.is_ok() {
                        self.written += 1;
                        losses.take_back_one();
                    }
                    let what = "is not in the history, nor is what you said of it";
                    (written, format!("#{id} {what}"))
                }
                None => (
                    write_end(&exchange, destination),
                    format!("what #{id} did after its end is not in the history"),
                ),
            };
            if let Err(why) = written {
                setup.warn(format!("{what}: {why}"));
            }
        }
    }

    /// How many have been written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Those that were asked for and have not come.
    pub(super) fn missing(&self) -> impl Iterator<Item = ExchangeId> {
        self.missing.keys().copied()
    }
}

/// Writes an exchange that was missing, with what is said of it. The error is a text for
/// the user.
fn write_whole(
    exchange: &Exchange,
    destination: &mut Destination,
    setup: &Setup,
) -> Result<(), String> {
    let writer = destination.writer(setup)?;
    let written = writer.batch().and_then(|mut batch| {
        batch.add(exchange)?;
        batch.commit()
    });
    written.map_err(|error| error.to_string())
}

/// Writes what has become of such an exchange since, if it is there.
fn write_end(exchange: &Exchange, destination: &mut Destination) -> Result<(), String> {
    let Some(writer) = destination.open_writer() else { return Ok(()) };
    let written = writer.batch().and_then(|batch| {
        batch.renew(exchange)?;
        batch.commit()
    });
    written.map_err(|error| error.to_string())
}

/// As all others are kept.
fn shorten(exchange: &mut Exchange, body: u64) {
    let limit = usize::try_from(body).unwrap_or(usize::MAX);
    exchange.request_body.shorten(limit, Cut::Long);
    exchange.response_body.shorten(limit, Cut::Long);
}
