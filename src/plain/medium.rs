//! What takes in a stream of blocks, and what the application printed may be there.

use std::io::IsTerminal;

use ratatui::style::Style;

use crate::config::wants_colour;
use crate::terminal::printed;

/// What takes in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// A pipe or a file: bytes stay what they are, but for the looks among them.
    #[default]
    Bytes,
    /// A terminal, with or without colours; everything else that steers it is escaped.
    Terminal { has_colours: bool },
}

impl Medium {
    /// That of a stream of this process.
    pub fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() {
            Self::Terminal { has_colours: wants_colour() }
        } else {
            Self::Bytes
        }
    }

    /// A line that the application printed, in the look that was left open before it.
    pub(super) fn line(self, line: &[u8], begins: Style) -> Vec<u8> {
        match self {
            Self::Bytes => printed::bytes(line),
            Self::Terminal { has_colours } => {
                printed::line(line, begins, has_colours).into_bytes()
            }
        }
    }
}
