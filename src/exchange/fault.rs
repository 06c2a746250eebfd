//! What went wrong in the user's application: an exception with its traceback, or a
//! breach of WSGI that did not stop the answer.

use serde::{Deserialize, Serialize};

/// An exception, its causes, and the text Python itself would have printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traceback {
    /// The chain, in the order Python prints it: causes first, the raised one last.
    pub chain: Vec<Raised>,
    /// As the interpreter formats it, ends with a newline. Not escaped.
    pub text: String,
}

impl Traceback {
    /// What went wrong outside of Python, in a sentence without a full stop.
    pub fn of_no_call(what: String) -> Self {
        let (kind, frames, link) = (String::new(), Vec::new(), Link::First);
        let text = format!("{what}\n");
        let members = Vec::new();
        Self { chain: vec![Raised { kind, message: what, frames, link, members }], text }
    }

    /// One line that says what was raised: `ZeroDivisionError: division by zero`.
    pub fn summary(&self) -> String {
        self.chain.last().map_or_else(String::new, |raised| {
            let first = raised.message.lines().next().unwrap_or_default();
            match (raised.kind.as_str(), first) {
                (kind, "") => kind.to_owned(),
                // What stopped rdev itself from serving has no class.
                ("", first) => first.to_owned(),
                (kind, first) => format!("{kind}: {first}"),
            }
        })
    }
}

/// One exception of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The class, with its module unless that is `builtins`.
    pub kind: String,
    /// `str()` of the exception, possibly of several lines.
    pub message: String,
    /// Outermost call first.
    pub frames: Vec<Frame>,
    /// How the exception before it in the chain led to this one.
    pub link: Link,
    /// Of an `ExceptionGroup`, the exceptions in it, each a chain of its own; possibly not
    /// all of them. Histories and archives of before it was told have none.
    #[serde(default)]
    pub members: Vec<Vec<Raised>>,
}

impl Raised {
    /// This one, and all that are in it.
    pub fn with_members(&self) -> Vec<&Self> {
        let inner = self.members.iter().flatten().flat_map(Self::with_members);
        std::iter::once(self).chain(inner).collect()
    }
}

/// How an exception is tied to the one before it in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// The first of the chain.
    First,
    /// `raise … from …`.
    Cause,
    /// Raised while the one before was being handled.
    Context,
}

/// A call on the stack when an exception was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The file as Python names it.
    pub file: String,
    /// Counted from 1; 0 where Python knows none.
    pub line: u32,
    /// The function's name.
    pub function: String,
    /// The source line, without its indentation; empty where it cannot be had.
    pub source: String,
    /// Whether the file is the user's own, rather than a library's or Python's.
    pub own: bool,
}
