//! What a filter comes to: conditions on an exchange, and how they are combined.

use regex::bytes::Regex;

/// Conditions combined.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Is(Condition),
}

/// One condition.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Text(TextField, Pattern),
    Number(NumberField, Range),
    Flag(Flag),
    /// Sent again from the exchange of that number.
    ReplayOf(u64),
    /// A field of a head: of that name, where one is given, and with a value in which the
    /// expression is found. Without a name it is looked for in the whole line.
    Header {
        side: Side,
        name: Option<String>,
        value: Option<Regex>,
    },
    /// Found in a decoded body.
    Body(Side, Regex),
    /// Found in a traceback.
    Traceback(Regex),
    /// Found in a line the application wrote for it.
    Output(Regex),
}

/// Which message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
    Either,
}

impl Side {
    pub(super) fn has_request(self) -> bool {
        self != Self::Response
    }

    pub(super) fn has_response(self) -> bool {
        self != Self::Request
    }
}

/// Texts that a row of the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextField {
    Method,
    Host,
    Path,
    Query,
    /// Host, path and query as they stand in an address.
    Url,
    /// The method, a space and the address: what a word alone is looked for in.
    Line,
    Client,
    RequestType,
    ResponseType,
    /// What the user has written to it.
    Comment,
}

impl TextField {
    /// Whether letters beyond ASCII are encoded in it; it is looked for as it is read, too.
    pub(super) fn is_encoded(self) -> bool {
        matches!(self, Self::Path | Self::Url | Self::Line)
    }
}

/// Numbers that a row of the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberField {
    Status,
    /// Microseconds.
    Duration,
    /// Bytes.
    RequestSize,
    ResponseSize,
    Generation,
    Number,
    Run,
    /// Microseconds since the Unix epoch.
    Began,
}

/// What is or is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Raised,
    Hinted,
    Printed,
    Answered,
    Unanswered,
    HasQuery,
    HasRequestBody,
    HasResponseBody,
    CutBody,
    FromClient,
    Replayed,
    /// Sent again for a pin.
    FromPin,
    InFlight,
    Complete,
    ClientGone,
    Refused,
    Cut,
    Marked,
    Pinned,
    Commented,
}

/// What a text has to be like.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// In lower case; compared without the case of ASCII letters.
    Contains(String),
    /// All of it, compared with its case.
    Equals(String),
    /// Compared without the case of ASCII letters.
    StartsWith(String),
    Regex(Regex),
}

impl Pattern {
    /// Whether it may be met by letters beyond ASCII, which stand in an address encoded.
    pub(super) fn may_go_beyond_ascii(&self) -> bool {
        match self {
            Self::Contains(text) | Self::Equals(text) | Self::StartsWith(text) => {
                !text.is_ascii()
            }
            Self::Regex(_) => true,
        }
    }

    /// Whether a text is like that.
    pub(super) fn meets(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.to_ascii_lowercase().contains(part),
            Self::Equals(whole) => text == whole,
            Self::StartsWith(start) => {
                let begins = text.as_bytes().get(..start.len());
                begins.is_some_and(|begins| begins.eq_ignore_ascii_case(start.as_bytes()))
            }
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

/// Numbers from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Range {
    pub(super) fn contains(self, number: i64) -> bool {
        (self.first..=self.last).contains(&number)
    }
}
