//! What stands behind an operator, read into a condition. An error is what was expected.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use regex::bytes::{Regex, RegexBuilder};

use super::condition::{
    Condition, Expression, Flag, NumberField, Pattern, Range, TextField,
};
use super::operators::{Operator, Value};

/// A text as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Bare(String),
    Quoted(String),
    /// Between slashes.
    Regex(String),
}

impl Written {
    /// The text, for what is no regular expression.
    fn text(&self) -> Result<&str, String> {
        match self {
            Self::Bare(text) | Self::Quoted(text) => Ok(text),
            Self::Regex(_) => Err("no regular expression is possible here".to_owned()),
        }
    }
}

/// Reads the value of an operator. A regular expression is what a short form is given, as
/// mitmproxy reads it.
pub(super) fn read(
    operator: &Operator,
    written: &Written,
    now: Timestamp,
) -> Result<Expression, String> {
    let condition = match operator.value {
        Value::Nothing(flag) => Condition::Flag(flag),
        Value::Method => method(written)?,
        Value::Text(field) => Condition::Text(field, pattern(written)?),
        Value::MediaType(field) => Condition::Text(field, media_type(written)?),
        Value::Path(field) => Condition::Text(field, path_pattern(field, written)?),
        Value::Status => number(NumberField::Status, status(written.text()?)?),
        Value::Number(field) => {
            number(field, compared(written.text()?, integer, "12, >=12 or 3..5")?)
        }
        Value::Id => return id(written.text()?),
        Value::Time(field) => number(
            field,
            span(written.text()?, microseconds, ">200ms, <=1.5s or 1s..2m")?,
        ),
        Value::Age => number(NumberField::Began, age(written.text()?, now)?),
        Value::Size(field) => {
            number(field, span(written.text()?, bytes, ">1mb, <=512 or 1kib..2kib")?)
        }
        Value::Choice(choices) => Condition::Flag(choice(choices, written.text()?)?),
        Value::Source(choices) => match written.text()?.trim_start_matches('#').parse() {
            Ok(number) => Condition::ReplayOf(number),
            Err(_) => {
                Condition::Flag(choice(choices, written.text()?).map_err(|why| {
                    format!(
                        "{why}, or the number of what was sent again, as in source:42"
                    )
                })?)
            }
        },
        Value::Header(side) => {
            Condition::Header { side, name: None, value: Some(searched(written)?) }
        }
        Value::Body(side) => Condition::Body(side, searched(written)?),
        Value::Traceback => Condition::Traceback(searched(written)?),
        Value::Output => Condition::Output(searched(written)?),
    };
    Ok(Expression::Is(condition))
}

/// A word alone: somewhere in the method and the address.
pub(super) fn word(written: &Written) -> Result<Expression, String> {
    Ok(Expression::Is(Condition::Text(TextField::Line, address_pattern(written)?)))
}

/// An address may be pasted as it stands in a browser: what is searched has no scheme.
fn address_pattern(written: &Written) -> Result<Pattern, String> {
    pattern(&match written {
        Written::Bare(text) => Written::Bare(without_scheme(text).to_owned()),
        Written::Quoted(text) => Written::Quoted(without_scheme(text).to_owned()),
        Written::Regex(text) => Written::Regex(match text.strip_prefix('^') {
            Some(rest) => format!("^{}", without_scheme(rest)),
            None => without_scheme(text).to_owned(),
        }),
    })
}

fn without_scheme(text: &str) -> &str {
    let schemes = ["http://", "https://", "https?://"];
    let rest = schemes.into_iter().find_map(|scheme| {
        let (begins, rest) = text.split_at_checked(scheme.len())?;
        begins.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    rest.unwrap_or(text)
}

/// A regular expression in which case does not count, and `^` and `$` are ends of lines.
pub(in crate::history) fn regex(text: &str) -> Result<Regex, String> {
    built(text).map_err(|error| {
        let told = error.to_string();
        let last = told.lines().last().unwrap_or_default();
        format!("no valid regular expression ({})", last.trim_start_matches("error: "))
    })
}

fn built(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(true).multi_line(true).build()
}

/// What to look for in something that the database does not search.
pub(super) fn searched(written: &Written) -> Result<Regex, String> {
    match written {
        Written::Regex(text) => regex(text),
        Written::Bare(text) | Written::Quoted(text) => regex(&regex::escape(text)),
    }
}

fn pattern(written: &Written) -> Result<Pattern, String> {
    Ok(match written {
        Written::Regex(text) => Pattern::Regex(regex(text)?),
        Written::Bare(text) | Written::Quoted(text) => {
            Pattern::Contains(text.to_ascii_lowercase())
        }
    })
}

/// A whole media type, which is one with a slash, or a part of one.
fn media_type(written: &Written) -> Result<Pattern, String> {
    match written {
        Written::Bare(text) | Written::Quoted(text) if text.contains('/') => {
            Ok(Pattern::Equals(text.to_ascii_lowercase()))
        }
        _ => pattern(written),
    }
}

fn path_pattern(field: TextField, written: &Written) -> Result<Pattern, String> {
    match written {
        Written::Bare(text) | Written::Quoted(text)
            if field == TextField::Path && text.starts_with('/') =>
        {
            Ok(Pattern::StartsWith(text.clone()))
        }
        _ if field == TextField::Url => address_pattern(written),
        _ => pattern(written),
    }
}

/// Methods are told apart by their case (RFC 9110 section 9.1), and those there are have
/// capitals: these are meant unless it is in quotes.
fn method(written: &Written) -> Result<Condition, String> {
    let pattern = match written {
        Written::Regex(text) => Pattern::Regex(regex(text)?),
        Written::Bare(text) => Pattern::Equals(text.to_ascii_uppercase()),
        Written::Quoted(text) => Pattern::Equals(text.clone()),
    };
    Ok(Condition::Text(TextField::Method, pattern))
}

fn number(field: NumberField, range: Range) -> Condition {
    Condition::Number(field, range)
}

fn choice(choices: &[(&str, Flag)], text: &str) -> Result<Flag, String> {
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, flag)| *flag).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// `42`, `7.42`, and comparisons of the number alone.
fn id(text: &str) -> Result<Expression, String> {
    const EXAMPLES: &str = "42, 7.42, >=40 or 40..45";
    let bare = text.strip_prefix('#').unwrap_or(text);
    if let Some((run, of_run)) = bare.split_once('.')
        && let (Some(run), Some(of_run)) = (integer(run), integer(of_run))
    {
        let is = |field, number| {
            Expression::Is(Condition::Number(
                field,
                Range { first: number, last: number },
            ))
        };
        return Ok(Expression::All(vec![
            is(NumberField::Run, run),
            is(NumberField::Number, of_run),
        ]));
    }
    let range = compared(bare, integer, EXAMPLES)?;
    Ok(Expression::Is(number(NumberField::Number, range)))
}

fn status(text: &str) -> Result<Range, String> {
    if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"))
        && let Some(class @ 1..=5) = integer(class)
    {
        return Ok(Range { first: class * 100, last: class * 100 + 99 });
    }
    compared(text, integer, "a status such as 404, 5xx, >=400 or 400..404")
}

/// The time before now: the older, the smaller.
fn age(text: &str, now: Timestamp) -> Result<Range, String> {
    let range = span(text, microseconds, "<5m, >2h or 1d..2d")?;
    let now = now.as_microsecond();
    Ok(Range {
        first: now.saturating_sub(range.last),
        last: now.saturating_sub(range.first),
    })
}

/// A comparison or a range, of what hardly ever is a certain number.
fn span(
    text: &str,
    read: fn(&str) -> Option<i64>,
    examples: &str,
) -> Result<Range, String> {
    if read(text).is_some() {
        return Err(format!("expected a comparison: >{text}, <{text} or {text}..{text}"));
    }
    compared(text, read, examples)
}

/// A number, a comparison with one, or `first..last`.
fn compared(
    text: &str,
    read: fn(&str) -> Option<i64>,
    examples: &str,
) -> Result<Range, String> {
    let least = |first| first..=i64::MAX;
    let range: Option<RangeInclusive<i64>> = if let Some(text) = text.strip_prefix(">=") {
        read(text).map(least)
    } else if let Some(text) = text.strip_prefix("<=") {
        read(text).map(|last| i64::MIN..=last)
    } else if let Some(text) = text.strip_prefix('>') {
        read(text).map(|number| least(number.saturating_add(1)))
    } else if let Some(text) = text.strip_prefix('<') {
        read(text).map(|number| i64::MIN..=number.saturating_sub(1))
    } else if let Some((first, last)) = text.split_once("..") {
        read(first).zip(read(last)).map(|(first, last)| first..=last)
    } else {
        read(text.strip_prefix('=').unwrap_or(text)).map(|number| number..=number)
    };
    let range = range.ok_or_else(|| format!("expected {examples}"))?;
    if range.is_empty() && text.contains("..") {
        return Err("a range whose end comes before its beginning".to_owned());
    }
    Ok(Range { first: *range.start(), last: *range.end() })
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn microseconds(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 7] = [
        ("us", 1.0),
        ("µs", 1.0),
        ("ms", 1e3),
        ("s", 1e6),
        ("m", 60e6),
        ("h", 3600e6),
        ("d", 86400e6),
    ];
    measured(text, &UNITS)
}

fn bytes(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 11] = [
        ("", 1.0),
        ("b", 1.0),
        ("k", 1e3),
        ("kb", 1e3),
        ("m", 1e6),
        ("mb", 1e6),
        ("g", 1e9),
        ("gb", 1e9),
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
    ];
    measured(text, &UNITS)
}

/// A decimal number with one of these units, whatever their case.
fn measured(text: &str, units: &[(&str, f64)]) -> Option<i64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let known = |(name, _): &&(&str, f64)| unit.eq_ignore_ascii_case(name);
    let (_, factor) = units.iter().find(known)?;
    let number: f64 = number.parse().ok()?;
    // More than there are microseconds or bytes in the world is as good as that.
    Some((number * factor).round() as i64)
}
