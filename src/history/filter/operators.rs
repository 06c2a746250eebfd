//! The table of operators. Parser, errors, help and tests read it; a further operator is
//! one more row.

use std::fmt::Write;

use super::condition::{Flag, NumberField, Side, TextField};

/// An operator of the language.
#[derive(Debug)]
pub(super) struct Operator {
    /// Written before a colon. Empty where there is only the short form.
    pub(super) name: &'static str,
    /// mitmproxy's form of it, behind a `~`. Empty where it has none.
    pub(super) short: &'static str,
    pub(super) value: Value,
    pub(super) help: &'static str,
    /// An example, which the tests read too.
    pub(super) example: &'static str,
}

/// What stands behind an operator.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// Nothing: the operator says it all.
    Nothing(Flag),
    Method,
    /// A text, or a regular expression.
    Text(TextField),
    /// The same, but a whole media type where it has a slash.
    MediaType(TextField),
    /// A text or a regular expression, in which a slash is part of the text.
    Path(TextField),
    Status,
    Number(NumberField),
    /// An exchange's number, with or without its run.
    Id,
    Time(NumberField),
    Age,
    Size(NumberField),
    Choice(&'static [(&'static str, Flag)]),
    /// A choice, or the number of the exchange that was replayed.
    Source(&'static [(&'static str, Flag)]),
    Header(Side),
    Body(Side),
    Traceback,
    Output,
}

const HAS: &[(&str, Flag)] = &[
    ("error", Flag::Raised),
    ("hint", Flag::Hinted),
    ("output", Flag::Printed),
    ("response", Flag::Answered),
    ("query", Flag::HasQuery),
    ("body", Flag::HasResponseBody),
    ("request-body", Flag::HasRequestBody),
    ("cut-body", Flag::CutBody),
    ("comment", Flag::Commented),
];

const SOURCES: &[(&str, Flag)] =
    &[("client", Flag::FromClient), ("replay", Flag::Replayed), ("pin", Flag::FromPin)];

const IS: &[(&str, Flag)] = &[
    ("running", Flag::InFlight),
    ("complete", Flag::Complete),
    ("gone", Flag::ClientGone),
    ("refused", Flag::Refused),
    ("cut", Flag::Cut),
    ("marked", Flag::Marked),
    ("pinned", Flag::Pinned),
];

const fn row(
    name: &'static str,
    short: &'static str,
    value: Value,
    example: &'static str,
    help: &'static str,
) -> Operator {
    Operator { name, short, value, help, example }
}

pub(super) const OPERATORS: [Operator; 31] = [
    row("method", "m", Value::Method, "method:POST", "the method"),
    row("status", "c", Value::Status, "status:5xx", "404, 5xx, >=400 or 400..404"),
    row(
        "path",
        "",
        Value::Path(TextField::Path),
        "path:/api",
        "begins with it; without a / it contains it",
    ),
    row(
        "query",
        "",
        Value::Path(TextField::Query),
        "query:page=2",
        "what stands behind the ?",
    ),
    row(
        "host",
        "d",
        Value::Text(TextField::Host),
        "host:localhost",
        "the host asked for",
    ),
    row("url", "u", Value::Path(TextField::Url), "url:/v\\d+/", "host, path and query"),
    row(
        "type",
        "t",
        Value::MediaType(TextField::ResponseType),
        "type:json",
        "the response's media type",
    ),
    row(
        "request-type",
        "tq",
        Value::MediaType(TextField::RequestType),
        "request-type:form",
        "the request's media type",
    ),
    row(
        "dur",
        "",
        Value::Time(NumberField::Duration),
        "dur:>200ms",
        "how long it took: us, ms, s, m, h",
    ),
    row(
        "size",
        "",
        Value::Size(NumberField::ResponseSize),
        "size:>1mb",
        "the response's body: b, kb, mb, gb, kib, mib, gib",
    ),
    row(
        "request-size",
        "",
        Value::Size(NumberField::RequestSize),
        "request-size:>=4kib",
        "the request's body",
    ),
    row("age", "", Value::Age, "age:<5m", "since the request came: s, m, h, d"),
    row(
        "gen",
        "",
        Value::Number(NumberField::Generation),
        "gen:12",
        "the generation that answered; >=12 or 3..5 too",
    ),
    row("id", "", Value::Id, "id:42", "the number: 42, 7.42, >=40"),
    row("run", "", Value::Number(NumberField::Run), "run:7", "the run of rdev"),
    row(
        "source",
        "",
        Value::Source(SOURCES),
        "source:replay",
        "client, replay, pin, or the number sent again",
    ),
    row(
        "client",
        "",
        Value::Text(TextField::Client),
        "client:127.0.0.1",
        "the client's address",
    ),
    row(
        "has",
        "",
        Value::Choice(HAS),
        "has:error",
        "error, hint, output, response, query, body,\nrequest-body, cut-body, comment",
    ),
    row(
        "is",
        "",
        Value::Choice(IS),
        "is:running",
        "running, complete, gone, refused, cut, marked,\npinned",
    ),
    row(
        "header",
        "h",
        Value::Header(Side::Either),
        "header:x-user=42",
        "a header, with what its value contains",
    ),
    row(
        "request-header",
        "hq",
        Value::Header(Side::Request),
        "request-header:cookie",
        "a header of the request",
    ),
    row(
        "response-header",
        "hs",
        Value::Header(Side::Response),
        "response-header:etag",
        "a header of the response",
    ),
    row(
        "body",
        "b",
        Value::Body(Side::Either),
        "body:\"order id\"",
        "in either body, unpacked and decoded",
    ),
    row(
        "request-body",
        "bq",
        Value::Body(Side::Request),
        "request-body:/id=\\d+/",
        "in the request's body",
    ),
    row(
        "response-body",
        "bs",
        Value::Body(Side::Response),
        "response-body:total",
        "in the response's body",
    ),
    row("error", "", Value::Traceback, "error:KeyError", "in the traceback"),
    row("output", "", Value::Output, "output:warning", "in what was printed for it"),
    row(
        "comment",
        "",
        Value::Text(TextField::Comment),
        "comment:slow",
        "in what you have written to it",
    ),
    row("", "marked", Value::Nothing(Flag::Marked), "~marked", "it is marked"),
    row("", "q", Value::Nothing(Flag::Unanswered), "~q", "there is no response"),
    row("", "s", Value::Nothing(Flag::Answered), "~s", "there is a response"),
];

impl Operator {
    /// As it is written in front of a value, for errors.
    pub(super) fn written(&self) -> String {
        if self.name.is_empty() {
            format!("~{}", self.short)
        } else {
            format!("{}:", self.name)
        }
    }
}

/// The operator of that name.
pub(super) fn named(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| !name.is_empty() && operator.name == name)
}

/// The operator of that short form.
pub(super) fn short(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| !name.is_empty() && operator.short == name)
}

/// The name that was probably meant: one that is a letter away, or begins with it.
pub(super) fn like(name: &str) -> Option<&'static str> {
    let names = || OPERATORS.iter().map(|operator| operator.name);
    let near = |other: &&str| !other.is_empty() && is_a_letter_away(name, other);
    names().find(near).or_else(|| names().find(|other| other.starts_with(name)))
}

/// Whether one letter is wrong, missing or too many, or two are swapped.
fn is_a_letter_away(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let swapped = a.len() >= 2 && b.len() >= 2 && a[0] == b[1] && a[1] == b[0];
    a.get(1..) == b.get(1..)
        || a.get(1..) == Some(b)
        || Some(a) == b.get(1..)
        || swapped && a[2..] == b[2..]
}

/// The operators as a table of three columns, for help.
pub fn help() -> String {
    let mut out = String::new();
    for operator in &OPERATORS {
        let short = match operator.short {
            "" => String::new(),
            short => format!("~{short}"),
        };
        let short = if operator.name.is_empty() { "" } else { &short };
        let help = operator.help.replace('\n', &format!("\n{:31}", ""));
        let _infallible = writeln!(out, "  {:<23} {:<4} {help}", operator.example, short);
    }
    out
}
