//! Why a filter is not understood.

use thiserror::Error;

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {problem}")]
pub struct FilterError {
    /// The character it is about, counted from 1; one behind the last where something is
    /// missing at the end.
    pub column: usize,
    /// What was expected there.
    pub problem: String,
}

impl FilterError {
    pub(super) fn at(position: usize, problem: impl Into<String>) -> Self {
        Self { column: position + 1, problem: problem.into() }
    }
}
