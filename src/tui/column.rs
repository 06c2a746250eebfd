//! The columns of the list: their names, and by what the list is sorted where one of them
//! is chosen.

use crate::exchange::Exchange;
use crate::history::masking::{masked_head, masked_path, masked_query};
use crate::text;

/// Bytes of a request's target that are looked at; no window is wider.
const LONGEST_TARGET: usize = 1024;

/// What a row of the list tells, from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Column {
    #[default]
    Number,
    Generation,
    Time,
    Source,
    Method,
    Path,
    Status,
    Kind,
    RequestSize,
    ResponseSize,
    Duration,
}

/// Which way the list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    /// The smallest on top.
    #[default]
    Up,
    /// The largest on top.
    Down,
}

impl Direction {
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// Beside the name of a column.
    pub(super) fn arrow(self) -> char {
        match self {
            Self::Up => '↑',
            Self::Down => '↓',
        }
    }
}

/// What stands for an exchange when a column is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(u64),
    Text(Box<str>),
}

impl Column {
    pub(super) const ALL: [Self; 11] = [
        Self::Number,
        Self::Generation,
        Self::Time,
        Self::Source,
        Self::Method,
        Self::Path,
        Self::Status,
        Self::Kind,
        Self::RequestSize,
        Self::ResponseSize,
        Self::Duration,
    ];

    /// As it is typed behind `:sort`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Generation => "generation",
            Self::Time => "time",
            Self::Source => "source",
            Self::Method => "method",
            Self::Path => "path",
            Self::Status => "status",
            Self::Kind => "type",
            Self::RequestSize => "request-size",
            Self::ResponseSize => "size",
            Self::Duration => "duration",
        }
    }

    /// The direction in which it is sorted first: of numbers that measure something the
    /// largest is looked for.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Generation
            | Self::Source
            | Self::Status
            | Self::RequestSize
            | Self::ResponseSize
            | Self::Duration => Direction::Down,
            Self::Number | Self::Time | Self::Method | Self::Path | Self::Kind => {
                Direction::Up
            }
        }
    }

    /// By what an exchange is sorted. One that is on its way has no status yet, and takes
    /// longer than any other.
    pub(super) fn key(self, exchange: &Exchange) -> Key {
        let response = exchange.response.as_ref();
        Key::Number(match self {
            Self::Number => exchange.id.0,
            Self::Generation => exchange.generation.map_or(0, |id| id.0.into()),
            Self::Time => u64::try_from(exchange.began.as_microsecond()).unwrap_or(0),
            Self::Source => exchange.source.original().map_or(0, |of| of.0),
            Self::Method => return text_key(exchange.request.method().to_owned()),
            Self::Path => return text_key(target(exchange)),
            Self::Kind => return text_key(kind(exchange)),
            Self::Status => response.map_or(0, |it| it.head.status.into()),
            Self::RequestSize => exchange.request_body.total,
            Self::ResponseSize => exchange.response_body.total,
            Self::Duration => exchange.duration().map_or(u64::MAX, |took| {
                u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
            }),
        })
    }
}

fn text_key(text: String) -> Key {
    Key::Text(text.into_boxed_str())
}

/// What was asked for: the target, less the secrets in its query and with its letters
/// readable, or the beginning of what could not be understood. Safe to be shown.
pub(super) fn target(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let asked = if let Some(head) = &request.head {
        text::readable_address(&masked_target(&head.target)).into_owned().into_bytes()
    } else {
        masked_head(request.raw.split(|&byte| byte == b'\r').next().unwrap_or_default())
    };
    let asked = text::printable(&asked[..asked.len().min(LONGEST_TARGET)]);
    text::expand_tabs(&asked)
}

/// A request's target, less the secrets in it.
pub(super) fn masked_target(target: &str) -> String {
    match target.split_once('?') {
        Some((path, query)) => {
            format!("{}?{}", masked_path(path), masked_query(query))
        }
        None => masked_path(target),
    }
}

/// The media type of the response without what goes without saying. Safe to be shown.
pub(super) fn kind(exchange: &Exchange) -> String {
    let response = exchange.response.as_ref();
    let value = response.and_then(|response| response.head.headers.get("content-type"));
    let value = value.unwrap_or_default();
    let value = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let value = value.split(|&byte| byte == b'/').next_back().unwrap_or_default();
    text::expand_tabs(&text::printable(value.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_apart() {
        for (index, column) in Column::ALL.iter().enumerate() {
            let before = &Column::ALL[..index];
            assert!(before.iter().all(|other| other.name() != column.name()));
        }
    }
}
