//! What the user says of an exchange.

use serde::{Deserialize, Serialize};

/// A mark, a pin and a comment. An exchange that has any is kept for as long as it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    pub marked: bool,
    /// Whether it stays in every list, and its request is sent again to each import of
    /// new code.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
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
