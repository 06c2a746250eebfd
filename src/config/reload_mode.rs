//! `--reload-mode`: which way of making a new generation is wished for.

use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// How generations are to be made. Whatever is wished, they are made from nothing where
/// that is the only way that is known to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReloadMode {
    /// The fastest way that makes no difference.
    #[default]
    Auto,
    /// Always from nothing but the interpreter.
    Cold,
    /// Forked from a process that has the libraries in memory.
    Fork,
    /// A process of its own, started beforehand, that has imported the libraries itself.
    Spare,
    /// Begun beforehand, up to the file that was edited last.
    Checkpoint,
}

impl ReloadMode {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cold => "cold",
            Self::Fork => "fork",
            Self::Spare => "spare",
            Self::Checkpoint => "checkpoint",
        }
    }
}

impl fmt::Display for ReloadMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

// By hand, since a derived one would take the comments above for help, and `-h` and
// `--help` would differ by them.
impl ValueEnum for ReloadMode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Cold, Self::Spare, Self::Fork, Self::Checkpoint]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
