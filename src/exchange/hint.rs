//! Hints: what an application did against a rule, in words, and what of these words is its
//! own.

use serde::{Deserialize, Serialize};

/// A breach of WSGI by the application: the rule, and the mend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// What the application did, against which rule.
    pub problem: String,
    /// What to change.
    pub mend: String,
    /// What of the problem is a value that the application gave, so that it is masked with
    /// the header that it was for.
    #[serde(default)]
    pub quoted: Option<Quoted>,
}

/// A place in the problem of a hint, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// The header whose value it is; `None` where that cannot be told.
    pub field: Option<String>,
    pub begin: usize,
    pub end: usize,
}

/// What the application did, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    text: String,
    /// The header, and where the value begins that is quoted up to the end of the text.
    quoted: Option<(Option<String>, usize)>,
}

impl Deed {
    /// `intro` and the value that the application gave for a header, if that is known.
    pub fn quoting(intro: &str, field: Option<&str>, value: &str) -> Self {
        let quoted = Some((field.map(str::to_owned), intro.len()));
        Self { text: format!("{intro}{value}"), quoted }
    }

    /// The same with its text made shorter, from its end.
    #[must_use]
    pub fn shortened(self, shorten: impl FnOnce(String) -> String) -> Self {
        Self { text: shorten(self.text), quoted: self.quoted }
    }

    /// The words, and what of them is quoted.
    pub(super) fn told(&self) -> (&str, Option<Quoted>) {
        let end = self.text.len();
        let quoted = self.quoted.as_ref().map(|(field, begin)| Quoted {
            field: field.clone(),
            begin: *begin.min(&end),
            end,
        });
        (&self.text, quoted)
    }
}

/// Words that quote nothing.
impl From<&str> for Deed {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), quoted: None }
    }
}

impl From<String> for Deed {
    fn from(text: String) -> Self {
        Self { text, quoted: None }
    }
}

impl From<&String> for Deed {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}
