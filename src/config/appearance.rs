//! How the dashboard looks, what it listens to, and how much it shows.

use std::ffi::OsString;
use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::file::{KeySetting, ViewSetting};
use super::pictures::PictureProtocol;
use super::showing::Showing;

/// What the user chose of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// `None` where there are to be no colours.
    pub theme: Option<Theme>,
    /// Whether it takes clicks and the wheel from the terminal.
    pub mouse: bool,
    /// How many colours the terminal says that it has.
    pub depth: Depth,
    /// How the terminal takes pictures; `None` for half blocks.
    pub pictures: Option<PictureProtocol>,
    /// Keys that are others than usual.
    pub keys: Vec<KeySetting>,
    /// Filters that have a name.
    pub views: Vec<ViewSetting>,
    /// How much is unpacked and laid out, and what is late.
    pub showing: Showing,
}

/// How many colours a terminal says that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    #[default]
    Sixteen,
    Indexed,
    True,
}

/// Parts of `TERM` for 256 colours and more, where `COLORTERM` does not tell, as over SSH.
const INDEXED: [&str; 7] =
    ["256color", "direct", "kitty", "ghostty", "alacritty", "foot", "wezterm"];

impl Depth {
    /// As `COLORTERM` tells it and, among the variables that tell of the terminal, `TERM`.
    pub(super) fn told_by(
        colorterm: Option<&OsString>,
        terminal: &[(&'static str, OsString)],
    ) -> Self {
        if colorterm.is_some_and(|value| value == "truecolor" || value == "24bit") {
            return Self::True;
        }
        let term = terminal.iter().find(|(name, _)| *name == "TERM");
        let term = term.and_then(|(_, value)| value.to_str()).unwrap_or_default();
        let has_more = INDEXED.iter().any(|part| term.contains(part));
        if has_more { Self::Indexed } else { Self::Sixteen }
    }
}

/// Colours that go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The sixteen of the terminal, which its user has chosen.
    #[default]
    Terminal,
    /// For a dark background.
    Dark,
    /// For a light one.
    Light,
    /// That can be told apart without seeing red or green, on either background.
    ColourBlind,
}

impl Theme {
    /// What there is, for a sentence.
    pub(super) fn names() -> String {
        let names: Vec<&str> =
            Self::value_variants().iter().map(|theme| theme.name()).collect();
        names.join(", ")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColourBlind => "colour-blind",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

// By hand, as that of `ReloadMode`, and for the same reason.
impl ValueEnum for Theme {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Terminal, Self::Dark, Self::Light, Self::ColourBlind]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new(self.name());
        let american = *self == Self::ColourBlind;
        Some(if american { value.alias("color-blind") } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_sixteen_colours_are_there_where_the_terminal_says_so() {
        let cases = [
            ("truecolor", "linux", Depth::True),
            ("24bit", "xterm-256color", Depth::True),
            ("", "tmux-256color", Depth::Indexed),
            ("yes", "xterm-kitty", Depth::Indexed),
            ("", "linux", Depth::Sixteen),
            ("", "xterm", Depth::Sixteen),
        ];
        for (colorterm, term, expected) in cases {
            let terminal = [("TERM", OsString::from(term))];
            let colorterm = OsString::from(colorterm);
            assert_eq!(Depth::told_by(Some(&colorterm), &terminal), expected, "{term}");
        }
        assert_eq!(Depth::told_by(None, &[]), Depth::Sixteen);
    }
}
