//! How pictures are shown: in half a cell for each pixel, or by a protocol of the terminal.
//!
//! Which protocol a terminal has is told by its environment. Asking the terminal would be
//! surer, but its answer comes on the keyboard's descriptor, between keys, and one that
//! knows nothing of the question never answers.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// What the user wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pictures {
    /// By the terminal's protocol where it is known to have one.
    #[default]
    Auto,
    Blocks,
    Kitty,
    Iterm2,
}

/// A way in which a terminal takes the pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureProtocol {
    /// Kitty's, with placeholders in the text.
    Kitty,
    /// iTerm2's files between the text.
    Iterm2,
}

/// The variables that tell which terminal this is.
pub(super) const TOLD_BY: [&str; 13] = [
    "TERM",
    "TERM_PROGRAM",
    "LC_TERMINAL",
    "KITTY_WINDOW_ID",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "VTE_VERSION",
    "XTERM_VERSION",
    "KONSOLE_VERSION",
    "ALACRITTY_WINDOW_ID",
    "INSIDE_EMACS",
];

/// Those of other terminals: where one is set, what kitty had set is of a window that this
/// terminal was started from.
const OTHERS: [&str; 5] = [
    "VTE_VERSION",
    "XTERM_VERSION",
    "KONSOLE_VERSION",
    "ALACRITTY_WINDOW_ID",
    "INSIDE_EMACS",
];

impl Pictures {
    /// What there is, for a sentence.
    pub(super) fn names() -> String {
        let names: Vec<&str> =
            Self::value_variants().iter().map(|it| it.name()).collect();
        names.join(", ")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Blocks => "blocks",
            Self::Kitty => "kitty",
            Self::Iterm2 => "iterm2",
        }
    }

    /// The protocol to be used, where these variables are set; `None` for half blocks.
    pub(super) fn protocol(
        self,
        set: &[(&'static str, OsString)],
    ) -> Option<PictureProtocol> {
        match self {
            Self::Auto => told(set),
            Self::Blocks => None,
            Self::Kitty => Some(PictureProtocol::Kitty),
            Self::Iterm2 => Some(PictureProtocol::Iterm2),
        }
    }
}

/// The protocol of the terminal that these variables tell of.
fn told(set: &[(&'static str, OsString)]) -> Option<PictureProtocol> {
    use PictureProtocol::{Iterm2, Kitty};
    let value = |name: &str| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| OsStr::to_str(value))
    };
    let has = |name: &&str| value(name).is_some();
    let term = value("TERM").unwrap_or_default();
    // A multiplexer keeps cells, not pixels.
    if has(&"TMUX")
        || has(&"STY")
        || ["tmux", "screen"].iter().any(|it| term.starts_with(it))
    {
        return None;
    }
    // These two go along to another machine.
    match (term, value("LC_TERMINAL")) {
        ("xterm-kitty" | "xterm-ghostty", _) => return Some(Kitty),
        (_, Some("iTerm2")) => return Some(Iterm2),
        _ if has(&"SSH_CONNECTION") || has(&"SSH_TTY") => return None,
        _ => {}
    }
    match value("TERM_PROGRAM") {
        Some("ghostty") => Some(Kitty),
        Some("iTerm.app" | "WezTerm" | "mintty") => Some(Iterm2),
        Some(_) => None,
        None if OTHERS.iter().any(has) => None,
        None => has(&"KITTY_WINDOW_ID").then_some(Kitty),
    }
}

impl fmt::Display for Pictures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

// By hand, as that of `Theme`, and for the same reason.
impl ValueEnum for Pictures {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Blocks, Self::Kitty, Self::Iterm2]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::PictureProtocol::{Iterm2, Kitty};
    use super::*;

    /// `TERM=a TMUX=b`, as a shell would have it.
    fn auto(set: &str) -> Option<PictureProtocol> {
        let set = set.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let name = TOLD_BY.into_iter().find(|known| *known == name).unwrap();
            (name, OsString::from(value))
        });
        Pictures::Auto.protocol(&set.collect::<Vec<_>>())
    }

    #[test]
    fn the_environment_tells_which_terminal_has_pictures() {
        let cases = [
            ("", None),
            ("TERM=xterm-256color", None),
            ("TERM=xterm-kitty KITTY_WINDOW_ID=1", Some(Kitty)),
            ("TERM=xterm-256color KITTY_WINDOW_ID=1", Some(Kitty)),
            ("TERM=xterm-ghostty TERM_PROGRAM=ghostty", Some(Kitty)),
            ("TERM=xterm-256color TERM_PROGRAM=ghostty", Some(Kitty)),
            (
                "TERM=xterm-256color TERM_PROGRAM=iTerm.app LC_TERMINAL=iTerm2",
                Some(Iterm2),
            ),
            ("TERM=xterm-256color TERM_PROGRAM=WezTerm", Some(Iterm2)),
            ("TERM=xterm-256color TERM_PROGRAM=Apple_Terminal", None),
            // Elsewhere: what goes along counts, what may be left over does not.
            ("TERM=xterm-kitty SSH_CONNECTION=a", Some(Kitty)),
            ("TERM=xterm-256color SSH_TTY=a LC_TERMINAL=iTerm2", Some(Iterm2)),
            ("TERM=xterm-256color SSH_CONNECTION=a TERM_PROGRAM=WezTerm", None),
            ("TERM=xterm-256color SSH_CONNECTION=a KITTY_WINDOW_ID=1", None),
            // In a multiplexer, whatever is around it.
            ("TERM=tmux-256color KITTY_WINDOW_ID=1", None),
            ("TERM=screen.xterm-kitty", None),
            ("TERM=xterm-kitty TMUX=/run/tmux", None),
            ("TERM=xterm-kitty STY=1.pts", None),
            ("TERM=tmux-256color TMUX=a TERM_PROGRAM=tmux LC_TERMINAL=iTerm2", None),
            // Another terminal that was started from within kitty.
            ("TERM=xterm-256color KITTY_WINDOW_ID=1 VTE_VERSION=7402", None),
            ("TERM=xterm-256color KITTY_WINDOW_ID=1 TERM_PROGRAM=vscode", None),
        ];
        for (set, expected) in cases {
            assert_eq!(auto(set), expected, "{set}");
        }
    }

    #[test]
    fn what_is_chosen_counts_before_the_environment() {
        let kitty = [("TERM", OsString::from("xterm-kitty"))];
        assert_eq!(Pictures::Blocks.protocol(&kitty), None);
        assert_eq!(Pictures::Iterm2.protocol(&kitty), Some(Iterm2));
        assert_eq!(Pictures::Kitty.protocol(&[]), Some(Kitty));
    }
}
