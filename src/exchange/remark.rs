//! What the user says of an exchange.

/// A mark and a comment. An exchange that has either is kept for as long as it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    pub marked: bool,
    /// Not empty. Not escaped.
    pub comment: Option<String>,
}

impl Remark {
    /// Whether nothing is said.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
