//! The entries of an archive one by one, as they are read: an archive may be larger than
//! what it is worth in memory all at once.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::import::ImportError;

/// Some tools begin their files with a byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Hands each member of the list `log.entries` on, whatever it is.
pub(super) fn each(
    source: impl Read,
    take: impl FnMut(Value),
) -> Result<(), ImportError> {
    let mut source = BufReader::new(source);
    let marked = source.fill_buf().map_err(ImportError::Unreadable)?.starts_with(MARK);
    source.consume(if marked { MARK.len() } else { 0 });
    let mut reader = serde_json::Deserializer::from_reader(source);
    let path = Path { names: &["log", "entries"], take };
    let read = path.deserialize(&mut reader).and_then(|()| reader.end());
    read.map_err(|error| match error.classify() {
        // It is JSON of another shape.
        Category::Data => ImportError::NoArchive,
        Category::Io => ImportError::Unreadable(error.into()),
        Category::Syntax | Category::Eof => ImportError::NoJson(error),
    })
}

/// What is left of the way to the list.
struct Path<F> {
    names: &'static [&'static str],
    take: F,
}

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Path<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        if self.names.is_empty() {
            from.deserialize_seq(self)
        } else {
            from.deserialize_map(self)
        }
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Path<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("log.entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Some((wanted, names)) = self.names.split_first() else {
            return Err(A::Error::custom("a list is wanted"));
        };
        let mut path = Some(Path { names, take: self.take });
        while let Some(name) = members.next_key::<String>()? {
            match path.take_if(|_| name == *wanted) {
                Some(path) => members.next_value_seed(path)?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        if path.is_some() { Err(A::Error::missing_field(wanted)) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(entry) = members.next_element()? {
            (self.take)(entry);
        }
        Ok(())
    }
}
