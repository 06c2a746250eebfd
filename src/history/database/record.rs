//! An exchange as the database gives it back, whole and as a row of a list.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::exchange::{
    Exchange, ExchangeId, GenerationId, Outcome, Remark, Size, Source,
};

/// The number of a run, counted from 1 within a database: one start of rdev, or one
/// imported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u32);

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The number of an exchange within a database: `7.42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    pub run: RunId,
    pub number: ExchangeId,
}

impl RecordId {
    /// From the columns `run` and `number` of `exchange`.
    pub fn from_columns(run: u32, number: i64) -> Self {
        let number = ExchangeId(u64::try_from(number).unwrap_or(0));
        Self { run: RunId(run), number }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.run, self.number)
    }
}

/// An exchange as it is named by the user: `42` is one of the latest run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    pub run: Option<RunId>,
    pub number: ExchangeId,
}

impl FromStr for Name {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let (run, number) = match text.split_once('.') {
            Some((run, number)) => (Some(RunId(run.parse()?)), number),
            None => (None, text),
        };
        Ok(Self { run, number: ExchangeId(number.parse()?) })
    }
}

/// An exchange with all that is kept of it. Its times are exact to the microsecond.
#[derive(Clone, Debug)]
pub struct Record {
    pub run: RunId,
    pub exchange: Exchange,
}

impl Record {
    pub fn id(&self) -> RecordId {
        RecordId { run: self.run, number: self.exchange.id }
    }
}

/// A row of a list: what is known of an exchange without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub id: RecordId,
    /// Its place in the order of time, unique in the database.
    pub place: Place,
    /// When the head of the request was read.
    pub began: Timestamp,
    pub source: Source,
    /// The client's address as text.
    pub client: String,
    /// `-` where the head was malformed.
    pub method: String,
    /// The host and port asked for.
    pub host: Option<String>,
    /// Still percent-encoded, without the query.
    pub path: String,
    pub query: Option<String>,
    pub status: Option<u16>,
    /// The response's media type in lower case, without parameters.
    pub media_type: Option<String>,
    pub request_body: Size,
    pub response_body: Size,
    pub generation: Option<GenerationId>,
    /// From the head of the request to the end, once there is one.
    pub duration: Option<SignedDuration>,
    /// How it ended; `None` while it is in flight, or when rdev was killed meanwhile.
    pub outcome: Option<Outcome>,
    /// What was raised, in one line.
    pub error: Option<String>,
    /// How many breaches of WSGI were found.
    pub hints: u32,
    pub remark: Remark,
}

/// Where an exchange stands in the order of time: the microseconds since the Unix epoch
/// at which its head was read, moved on by one where another has that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub i64);

impl Place {
    pub fn of(time: Timestamp) -> Self {
        Self(time.as_microsecond())
    }

    pub fn time(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_named_by_its_number_alone_or_with_its_run() {
        let name = |text: &str| text.parse::<Name>().ok();
        let number = ExchangeId(42);
        assert_eq!(name("42"), Some(Name { run: None, number }));
        assert_eq!(name("#7.42"), Some(Name { run: Some(RunId(7)), number }));
        for text in ["", "7.", ".42", "7.42.1", "-1", "x", "7.x"] {
            assert_eq!(name(text), None, "{text}");
        }
        assert_eq!(RecordId { run: RunId(7), number }.to_string(), "7.42");
    }
}
