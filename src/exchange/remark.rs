//! What the user says of an exchange.

use serde::{Deserialize, Serialize};

/// A mark and a comment. An exchange that has either is kept for as long as it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    pub marked: bool,
    /// Not empty. Not escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Remark {
    /// Whether nothing is said.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
