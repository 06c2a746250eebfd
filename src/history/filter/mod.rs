//! The filter language: which exchanges one wants to see.
//!
//! ```text
//! any     = all, { ( "or" | "|" ), all }
//! all     = each, { [ "and" | "&" ], each }
//! each    = ( "not" | "!" ), each | "(", any, ")" | condition
//! condition = operator, ":", value | short form, value | "@", name of a view | text
//! text    = word | "quoted" | /regular expression/
//! ```
//!
//! `operators.rs` is the table of operators, `parser.rs` reads the grammar, `value.rs` what
//! stands behind an operator, `views.rs` keeps filters with a name, `plain.rs` evaluates a
//! filter over an exchange, and `sql.rs` makes of it what the database can do.
//!
//! Invariant: what the database says of an exchange is what the plain evaluation says; it
//! is not asked about bodies that came in pieces.

mod complete;
mod condition;
mod error;
mod operators;
mod parser;
mod plain;
mod sql;
#[cfg(test)]
mod tests;
mod value;
mod views;

use jiff::Timestamp;

pub use complete::{Completion, complete};
pub use error::FilterError;
pub use operators::help;
pub(super) use plain::{is_found, is_there};
pub use sql::{Clause, Sql};
pub(super) use value::regex as searched_expression;
pub use views::Views;

use crate::exchange::Exchange;

use super::database::Record;
use condition::Expression;

/// A filter that was understood.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `None` lets everything through.
    expression: Option<Expression>,
}

impl Filter {
    /// Reads a filter in which none stands by its name; ages count back from `now`.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, FilterError> {
        Views::default().parse(text, now)
    }

    /// As conditions on rows of `exchange`.
    pub fn sql(&self) -> Sql {
        sql::compile(self.expression.as_ref())
    }

    /// Whether it lets an exchange through.
    pub fn matches(&self, record: &Record) -> bool {
        self.is_met_by(&plain::Facts::new(&record.exchange, Some(record.run)))
    }

    /// Whether it lets an exchange of a run through whose number is not known.
    pub fn lets_through(&self, exchange: &Exchange) -> bool {
        self.is_met_by(&plain::Facts::new(exchange, None))
    }

    fn is_met_by(&self, facts: &plain::Facts<'_>) -> bool {
        self.expression.as_ref().is_none_or(|expression| facts.meet(expression))
    }
}
