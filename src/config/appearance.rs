//! How the dashboard looks, what it listens to, and how much it shows.

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
    /// Whether the terminal says that it has more than 256 colours.
    pub truecolor: bool,
    /// How the terminal takes pictures; `None` for half blocks.
    pub pictures: Option<PictureProtocol>,
    /// Keys that are others than usual.
    pub keys: Vec<KeySetting>,
    /// Filters that have a name.
    pub views: Vec<ViewSetting>,
    /// How much is unpacked and laid out, and what is late.
    pub showing: Showing,
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
