//! Keys as the table and the configuration file write them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as the table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::tui) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl Chord {
    /// `j`, `G`, `ctrl-d`, `alt-1`, `shift-tab`, `space`, `f5`.
    pub(in crate::tui) fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((prefix, after)) = rest.split_once('-') {
            modifiers |= match prefix {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => break,
            };
            rest = after;
        }
        let mut characters = rest.chars();
        let code = match (characters.next()?, characters.as_str()) {
            (character, "") => KeyCode::Char(character),
            ('f', number) if number.starts_with(|first: char| first.is_ascii_digit()) => {
                KeyCode::F(number.parse().ok()?)
            }
            _ => NAMES.iter().find(|(name, _)| *name == rest)?.1,
        };
        Some(Self { code, modifiers })
    }

    /// The key that was pressed. The shift of a capital letter is in the letter already.
    pub(in crate::tui) fn of(key: KeyEvent) -> Self {
        match key.code {
            KeyCode::Char(_) => {
                Self { code: key.code, modifiers: key.modifiers - KeyModifiers::SHIFT }
            }
            KeyCode::BackTab => Self {
                code: KeyCode::Tab,
                modifiers: key.modifiers | KeyModifiers::SHIFT,
            },
            code => Self { code, modifiers: key.modifiers },
        }
    }

    /// What it may be instead, with alt: the escape key and then another. Terminals send
    /// both in the same way, and what was typed before we read is read in one go.
    pub(in crate::tui) fn parted(self) -> Option<(Self, Self)> {
        let escape = Self { code: KeyCode::Esc, modifiers: KeyModifiers::NONE };
        let rest = Self { modifiers: self.modifiers - KeyModifiers::ALT, ..self };
        (self != rest).then_some((escape, rest))
    }

    /// The character that it types, where it does.
    pub(in crate::tui) fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if self.modifiers.is_empty() => Some(character),
            _ => None,
        }
    }

    /// The digit, where it is one without modifiers.
    pub(in crate::tui) fn digit(self) -> Option<u64> {
        self.character()?.to_digit(10).map(u64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressed_keys_match_however_the_terminal_reports_shift() {
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Some(Chord::of(capital)), Chord::parse("G"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::NONE);
        assert_eq!(Some(Chord::of(back)), Chord::parse("shift-tab"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert_eq!(Chord::parse("ctrl-"), None);
        assert_eq!(Chord::parse("nonsense"), None);
    }
}
