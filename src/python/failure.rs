//! Why a call ends without a whole response.

use pyo3::prelude::*;

use super::describe::place;
use crate::exchange::Hint;

/// Why a response was not completed.
pub(super) enum Failure {
    Raised(PyErr),
    Broke(Hint),
    ClientGone,
}

impl Failure {
    /// Names the application that broke a rule: no traceback tells where that was.
    pub(super) fn of(self, application: &Bound<'_, PyAny>) -> Self {
        match self {
            Self::Broke(mut hint) => {
                hint.problem.insert_str(0, &format!("{}: ", place(application)));
                Self::Broke(hint)
            }
            failure => failure,
        }
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}
