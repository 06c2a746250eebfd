//! A filter as a condition on rows of `exchange`, as far as the database can judge it.
//!
//! `not` is carried down to the conditions first, since only of those can be said what is
//! left when the database judges by less than the whole.

use regex::bytes::Regex;
use rusqlite::types::Value;

use super::condition::{
    Condition, Expression, Flag, NumberField, Pattern, Range, Side, TextField,
};

/// A condition in SQL.
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    /// A boolean over the columns of `exchange`; parameters are `?`, in this order.
    pub condition: String,
    pub parameters: Vec<Value>,
    /// Whether it keeps exactly what the filter does. Otherwise it may keep more, and
    /// what it keeps has to pass [`Filter::matches`](super::Filter::matches) too.
    pub exact: bool,
}

/// What everything meets.
const ALWAYS: &str = "1";
/// Microseconds from which on the index `exchange_slow` has an exchange.
const SLOW: i64 = 100_000;
const COMMENT: &str = "(SELECT comment FROM remark WHERE remark.exchange = exchange.at)";
const URL: &str = "(ifnull(host, '') || path || ifnull('?' || query, ''))";
const LINE: &str =
    "(method || ' ' || ifnull(host, '') || path || ifnull('?' || query, ''))";

pub(super) fn compile(expression: Option<&Expression>) -> Sql {
    let mut sql = Sql { condition: String::new(), parameters: Vec::new(), exact: true };
    match expression {
        None => sql.condition.push_str(ALWAYS),
        Some(expression) => write(&mut sql, expression, false),
    }
    sql
}

fn write(sql: &mut Sql, expression: &Expression, negated: bool) {
    match expression {
        Expression::Not(part) => write(sql, part, !negated),
        Expression::Is(condition) => write_condition(sql, condition, negated),
        Expression::All(parts) => {
            write_list(sql, parts, negated, if negated { " OR " } else { " AND " });
        }
        Expression::Any(parts) => {
            write_list(sql, parts, negated, if negated { " AND " } else { " OR " });
        }
    }
}

fn write_list(sql: &mut Sql, parts: &[Expression], negated: bool, joint: &str) {
    for (at, part) in parts.iter().enumerate() {
        sql.condition.push_str(if at == 0 { "(" } else { joint });
        write(sql, part, negated);
    }
    sql.condition.push(')');
}

fn write_condition(sql: &mut Sql, condition: &Condition, negated: bool) {
    let (text, parameters, exact) = judged(condition);
    sql.exact &= exact;
    // A row that is let through for the time being has to be so either way.
    let text = match (negated, exact) {
        (false, _) => text,
        // What a column does not know is not so.
        (true, true) => format!("({text}) IS NOT TRUE"),
        (true, false) => ALWAYS.to_owned(),
    };
    if text != ALWAYS {
        sql.parameters.extend(parameters);
    }
    sql.condition.push_str(&text);
}

/// A condition with its parameters, and whether it is exact or only necessary.
fn judged(condition: &Condition) -> (String, Vec<Value>, bool) {
    let necessary = |text: &str| (text.to_owned(), Vec::new(), false);
    match condition {
        Condition::Text(field, pattern) => text(*field, pattern),
        Condition::Number(field, range) => {
            let (text, parameters) = number(*field, *range);
            (text, parameters, true)
        }
        Condition::Flag(flag) => (self::flag(*flag).to_owned(), Vec::new(), true),
        Condition::ReplayOf(number) => {
            let number = i64::try_from(*number).unwrap_or(i64::MAX);
            ("(source = 1 AND replay_of = ?)".to_owned(), vec![number.into()], true)
        }
        Condition::Header { side, .. } => necessary(match side {
            Side::Response => "status IS NOT NULL",
            Side::Request | Side::Either => ALWAYS,
        }),
        Condition::Body(side, regex) => body(*side, regex),
        Condition::Traceback(_) => necessary("error IS NOT NULL"),
        Condition::Output(_) => necessary(self::flag(Flag::Printed)),
    }
}

/// The database looks into bodies itself, by a function of ours that is not certain of
/// those that came in several pieces.
fn body(side: Side, regex: &Regex) -> (String, Vec<Value>, bool) {
    const REQUEST: &str = "(request_kept > 0 AND \
        body_may_have(?, 0, request_head, request_body, request_kept))";
    const RESPONSE: &str = "(response_kept > 0 AND \
        body_may_have(?, 1, response_head, response_body, response_kept))";
    let (found, count) = match side {
        Side::Request => (REQUEST.to_owned(), 1),
        Side::Response => (RESPONSE.to_owned(), 1),
        Side::Either => (format!("({REQUEST} OR {RESPONSE})"), 2),
    };
    let text = format!(
        "EXISTS (SELECT 1 FROM content WHERE content.at = exchange.at AND {found})"
    );
    (text, vec![regex.as_str().to_owned().into(); count], false)
}

fn text(field: TextField, pattern: &Pattern) -> (String, Vec<Value>, bool) {
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
    match pattern {
        Pattern::Contains(part) => {
            (format!("instr(lower({column}), ?) > 0"), vec![part.clone().into()], true)
        }
        Pattern::Equals(whole) => {
            (format!("{column} = ?"), vec![whole.clone().into()], true)
        }
        Pattern::StartsWith(start) => {
            // No character is behind the last one of Unicode.
            let end = format!("{start}\u{10ffff}");
            let text = format!("({column} >= ? AND {column} < ?)");
            (text, vec![start.clone().into(), end.into()], true)
        }
        Pattern::Method(name) => {
            let capitals = name.to_ascii_uppercase();
            (
                format!("{column} IN (?, ?)"),
                vec![name.clone().into(), capitals.into()],
                true,
            )
        }
        Pattern::Regex(_) => (format!("{column} IS NOT NULL"), Vec::new(), false),
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
        Flag::CutBody => "(request_kept < request_size OR response_kept < response_size)",
        Flag::FromClient => "source = 0",
        Flag::Replayed => "source = 1",
        Flag::InFlight => "outcome IS NULL",
        Flag::Complete => "outcome = 0",
        Flag::ClientGone => "outcome = 1",
        Flag::Refused => "outcome = 2",
        Flag::Cut => "outcome = 3",
        Flag::Marked => "at IN (SELECT exchange FROM remark WHERE marked)",
        Flag::Commented => {
            "at IN (SELECT exchange FROM remark WHERE comment IS NOT NULL)"
        }
    }
}
