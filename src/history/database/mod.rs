//! The history on disk: one `SQLite` file per project.
//!
//! `schema.sql` has the tables, `schema-N.sql` what version N changed in them. Invariant: a
//! body that is kept is a beginning of what went over the wire, and its size says how much
//! that was.

mod abandoned;
mod evict;
mod functions;
mod open;
mod read;
mod reader;
mod record;
pub mod recorder;
mod schema;
#[cfg(test)]
mod tests;
mod write;
mod writer;

pub use evict::Bounds;
pub use open::{OpenError, open_to_read, open_to_write, set_aside};
pub use read::{SUMMARY, latest_run, place_of, record, summary};
pub use reader::Reader;
pub use record::{Name, Place, Record, RecordId, RunId, Summary};
pub use schema::VERSION;
pub use writer::{Batch, Beginning, RunKind, Writer};
