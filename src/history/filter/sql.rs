//! A filter as conditions on rows of `exchange`, for the database to judge.
//!
//! `not` is carried down to the conditions first: a column that does not know is not so,
//! and then the opposite is.

use regex::bytes::Regex;
use rusqlite::types::Value;

use super::condition::{
    Condition, Expression, Flag, NumberField, Pattern, Range, Side, TextField,
};

/// A filter in SQL: what it lets through meets both clauses.
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    /// What columns and indexes are enough for.
    pub condition: Clause,
    /// What the bytes of an exchange have to be looked at for, in the columns of `content`
    /// too. Of one whose bodies came in pieces only
    /// [`Filter::matches`](super::Filter::matches) can tell. `None` where there is no
    /// such part.
    pub verdict: Option<Clause>,
}

/// A boolean over the columns of `exchange`.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    pub text: String,
    /// Of each `?`, in their order.
    pub parameters: Vec<Value>,
}

/// Microseconds from which on the index `exchange_slow` has an exchange.
const SLOW: i64 = 100_000;
/// Microseconds by which an exchange may be moved on where others have its place. As many
/// have one time in no archive.
const MOVED: i64 = 1_000_000;
const COMMENT: &str = "(SELECT comment FROM remark WHERE remark.exchange = exchange.at)";
const URL: &str = "(ifnull(host, '') || path || ifnull('?' || query, ''))";
const LINE: &str =
    "(method || ' ' || ifnull(host, '') || path || ifnull('?' || query, ''))";

impl Default for Clause {
    /// What everything meets.
    fn default() -> Self {
        Self { text: "1".to_owned(), parameters: Vec::new() }
    }
}

pub(super) fn compile(expression: Option<&Expression>) -> Sql {
    let parts = match expression {
        None => &[],
        Some(Expression::All(parts)) => parts.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let (looking, quick): (Vec<_>, Vec<_>) =
        parts.iter().partition(|part| reads_bytes(part));
    Sql { condition: all(&quick).unwrap_or_default(), verdict: all(&looking) }
}

/// Whether the bytes of every exchange have to be read for it. There are few tracebacks
/// and little output, each found by an index.
fn reads_bytes(expression: &Expression) -> bool {
    match expression {
        Expression::All(parts) | Expression::Any(parts) => parts.iter().any(reads_bytes),
        Expression::Not(part) => reads_bytes(part),
        Expression::Is(condition) => {
            matches!(condition, Condition::Body(..) | Condition::Header { .. })
        }
    }
}

/// All of them; `None` where there are none.
fn all(parts: &[&Expression]) -> Option<Clause> {
    let mut clause = Clause { text: String::new(), parameters: Vec::new() };
    for part in parts {
        if !clause.text.is_empty() {
            clause.text.push_str(" AND ");
        }
        write(&mut clause, part, false);
    }
    (!parts.is_empty()).then_some(clause)
}

fn write(clause: &mut Clause, expression: &Expression, negated: bool) {
    let (parts, joint) = match expression {
        Expression::Not(part) => return write(clause, part, !negated),
        Expression::Is(condition) => {
            return write_condition(clause, condition, negated);
        }
        Expression::All(parts) => (parts, if negated { " OR " } else { " AND " }),
        Expression::Any(parts) => (parts, if negated { " AND " } else { " OR " }),
    };
    for (at, part) in parts.iter().enumerate() {
        clause.text.push_str(if at == 0 { "(" } else { joint });
        write(clause, part, negated);
    }
    clause.text.push(')');
}

fn write_condition(clause: &mut Clause, it: &Condition, negated: bool) {
    let (text, parameters) = judged(it);
    // What a column does not know is not so.
    let text = if negated { format!("({text}) IS NOT TRUE") } else { text };
    clause.text.push_str(&text);
    clause.parameters.extend(parameters);
}

/// A condition with its parameters.
fn judged(condition: &Condition) -> (String, Vec<Value>) {
    match condition {
        Condition::Text(field, pattern) => text(*field, pattern),
        Condition::Number(field, range) => number(*field, *range),
        Condition::Flag(flag) => (self::flag(*flag).to_owned(), Vec::new()),
        Condition::ReplayOf(number) => {
            let number = i64::try_from(*number).unwrap_or(i64::MAX);
            ("(source > 0 AND replay_of = ?)".to_owned(), vec![number.into()])
        }
        Condition::Header { side, name, value } => {
            header(*side, name.as_deref(), value.as_ref())
        }
        Condition::Body(side, regex) => body(*side, regex),
        Condition::Traceback(regex) => (
            "(error IS NOT NULL AND (SELECT found_in_traceback(?, traceback) \
             FROM content WHERE content.at = exchange.at))"
                .to_owned(),
            vec![source(regex)],
        ),
        Condition::Output(regex) => (
            "EXISTS (SELECT 1 FROM output WHERE output.exchange = exchange.at \
             AND found(?, text))"
                .to_owned(),
            vec![source(regex)],
        ),
    }
}

/// An expression as it was written, for a function of ours (`database/functions.rs`) to
/// make again.
fn source(regex: &Regex) -> Value {
    regex.as_str().to_owned().into()
}

fn header(side: Side, name: Option<&str>, value: Option<&Regex>) -> (String, Vec<Value>) {
    let heads = match side {
        Side::Request => "request_head, NULL",
        Side::Response => "NULL, response_head",
        Side::Either => "request_head, response_head",
    };
    let name = name.map(str::to_owned);
    let text = format!("found_in_heads(?, ?, {heads})");
    (text, vec![name.into(), value.map_or(Value::Null, source)])
}

fn body(side: Side, regex: &Regex) -> (String, Vec<Value>) {
    let found = |number: u8, side: &str| {
        format!("found_in_body(?, {number}, {side}_head, {side}_body)")
    };
    let (text, count) = match side {
        Side::Request => (found(0, "request"), 1),
        Side::Response => (found(1, "response"), 1),
        Side::Either => {
            (format!("({} OR {})", found(0, "request"), found(1, "response")), 2)
        }
    };
    (text, vec![source(regex); count])
}

fn text(field: TextField, pattern: &Pattern) -> (String, Vec<Value>) {
    let column = match field {
        TextField::Method => "method",
        TextField::Host => "host",
        TextField::Path => "path",
        TextField::Query => "query",
        TextField::Url => URL,
        TextField::Line => LINE,
        TextField::Client => "client",
        TextField::RequestType => "request_type",
        TextField::ResponseType => "response_type",
        TextField::Comment => COMMENT,
    };
    let (text, mut parameters) = matched(column, pattern);
    if !field.is_encoded() || !pattern.may_go_beyond_ascii() {
        return (text, parameters);
    }
    let (read, more) = matched(&format!("readable({column})"), pattern);
    parameters.extend(more);
    (format!("({text} OR (instr({column}, '%') > 0 AND {read}))"), parameters)
}

fn matched(column: &str, pattern: &Pattern) -> (String, Vec<Value>) {
    match pattern {
        Pattern::Contains(part) => {
            (format!("instr(lower({column}), ?) > 0"), vec![part.clone().into()])
        }
        Pattern::Equals(whole) => (format!("{column} = ?"), vec![whole.clone().into()]),
        // Without the case of ASCII letters, as `lower` is.
        Pattern::StartsWith(start) => {
            let start =
                start.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
            (format!(r"{column} LIKE ? ESCAPE '\'"), vec![format!("{start}%").into()])
        }
        Pattern::Regex(regex) => (format!("found(?, {column})"), vec![source(regex)]),
    }
}

fn number(field: NumberField, range: Range) -> (String, Vec<Value>) {
    let column = match field {
        NumberField::Status => "status",
        NumberField::Duration => "duration",
        NumberField::RequestSize => "request_size",
        NumberField::ResponseSize => "response_size",
        NumberField::Generation => "generation",
        NumberField::Number => "number",
        NumberField::Run => "run",
        NumberField::Began => "at",
    };
    let Range { first, last } = range;
    if field == NumberField::Status
        && first % 100 == 0
        && last == first.saturating_add(99)
    {
        // There is an index on this expression.
        return (format!("status / 100 = {}", first / 100), Vec::new());
    }
    if field == NumberField::Began {
        // Its place is not before it, and hardly behind.
        let text = "(at BETWEEN ? AND ? AND ifnull(began, at) BETWEEN ? AND ?)";
        let parameters = [first, last.saturating_add(MOVED), first, last];
        return (text.to_owned(), parameters.map(Value::from).to_vec());
    }
    if field == NumberField::Number && first == last {
        // The index on numbers is by run.
        let text = "(run IN (SELECT id FROM run) AND number = ?)".to_owned();
        return (text, vec![first.into()]);
    }
    if first == last {
        return (format!("{column} = ?"), vec![first.into()]);
    }
    if field == NumberField::Duration && first >= SLOW {
        // There is an index on what is slow, which the database takes where it is said.
        let text = format!("(duration >= {SLOW} AND duration BETWEEN ? AND ?)");
        return (text, vec![first.into(), last.into()]);
    }
    match (first, last) {
        (i64::MIN, last) => (format!("{column} <= ?"), vec![last.into()]),
        (first, i64::MAX) => (format!("{column} >= ?"), vec![first.into()]),
        (first, last) => {
            (format!("{column} BETWEEN ? AND ?"), vec![first.into(), last.into()])
        }
    }
}

fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::Raised => "error IS NOT NULL",
        Flag::Hinted => "hint_count > 0",
        Flag::Printed => {
            "EXISTS (SELECT 1 FROM output WHERE output.exchange = exchange.at)"
        }
        Flag::Answered => "status IS NOT NULL",
        Flag::Unanswered => "status IS NULL",
        Flag::HasQuery => "query IS NOT NULL",
        Flag::HasRequestBody => "request_size > 0",
        Flag::HasResponseBody => "response_size > 0",
        Flag::CutBody => "(request_cut IS NOT NULL OR response_cut IS NOT NULL)",
        Flag::FromClient => "source = 0",
        // There is an index on what was sent again, which is taken where that is said.
        Flag::Replayed => "(source > 0 AND source = 1)",
        Flag::FromPin => "(source > 0 AND source = 2)",
        Flag::InFlight => "outcome IS NULL",
        Flag::Complete => "outcome = 0",
        Flag::ClientGone => "outcome = 1",
        Flag::Refused => "outcome = 2",
        Flag::Cut => "outcome = 3",
        Flag::Marked => "at IN (SELECT exchange FROM remark WHERE marked)",
        Flag::Pinned => "at IN (SELECT exchange FROM remark WHERE pinned)",
        Flag::Commented => {
            "at IN (SELECT exchange FROM remark WHERE comment IS NOT NULL)"
        }
    }
}
