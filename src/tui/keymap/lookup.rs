//! Which key does what where: the table with the keys that the user has chosen.

use std::collections::HashMap;
use std::fmt;

use crate::config::KeySetting;

use super::action::{Action, Context};
use super::chord::Chord;
use super::settings;
use super::table::{Binding, TABLE};

/// Keys → actions, ready to be asked; and what to say of them.
pub struct Keymap {
    actions: HashMap<(Context, Chord), Action>,
    /// The rows of the table, each with the keys that it has.
    bindings: Vec<(String, &'static Binding)>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::of(TABLE.iter().map(|row| (row.keys.to_owned(), row)).collect())
    }
}

impl fmt::Debug for Keymap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Keymap({} keys)", self.actions.len())
    }
}

impl Keymap {
    /// With keys that the user has chosen. An error is one line that names the place of
    /// what cannot be had.
    pub fn new(settings: &[KeySetting]) -> Result<Self, String> {
        let chosen = settings::chosen(settings)?;
        let keys_of = |row: &Binding| {
            let other = chosen.iter().find(|(action, _)| *action == row.action);
            other.map_or_else(|| row.keys.to_owned(), |(_, keys)| keys.clone())
        };
        let bindings: Vec<_> = TABLE.iter().map(|row| (keys_of(row), row)).collect();
        match settings::conflict(&bindings, settings) {
            Some(problem) => Err(problem),
            None => Ok(Self::of(bindings)),
        }
    }

    fn of(bindings: Vec<(String, &'static Binding)>) -> Self {
        let mut actions = HashMap::new();
        for (keys, row) in &bindings {
            for chord in keys.split(' ').filter_map(Chord::parse) {
                for context in row.contexts {
                    actions.insert((*context, chord), row.action);
                }
            }
        }
        Self { actions, bindings }
    }

    /// What a key does there.
    pub(in crate::tui) fn action(
        &self,
        context: Context,
        chord: Chord,
    ) -> Option<Action> {
        self.actions.get(&(context, chord)).copied()
    }

    /// What there is in a place, in the order of the table: the keys of each, separated by
    /// spaces, and the rest of its row.
    pub(in crate::tui) fn bindings(
        &self,
        context: Context,
    ) -> impl Iterator<Item = (&str, &'static Binding)> {
        let here =
            move |(_, row): &&(String, &'static Binding)| row.contexts.contains(&context);
        let some = self.bindings.iter().filter(here);
        some.filter(|(keys, _)| !keys.is_empty()).map(|(keys, row)| (keys.as_str(), *row))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Place;

    use super::super::settings::NAMES;
    use super::*;

    type Chosen<'a> = (&'a str, &'a [&'a str]);

    fn keymap(settings: &[Chosen<'_>]) -> Result<Keymap, String> {
        let settings: Vec<KeySetting> = settings
            .iter()
            .enumerate()
            .map(|(number, (action, keys))| KeySetting {
                action: (*action).to_owned(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
                place: Place { file: "c.toml".into(), line: number + 1 },
            })
            .collect();
        Keymap::new(&settings)
    }

    #[test]
    fn every_action_of_a_pane_has_a_name_of_its_own() {
        let in_panes = TABLE.iter().filter(|row| {
            let panes =
                [Context::List, Context::Detail, Context::Output, Context::Traffic];
            panes.iter().any(|pane| row.contexts.contains(pane))
        });
        for row in in_panes {
            let named = NAMES.iter().filter(|(_, action)| *action == row.action).count();
            assert_eq!(named, 1, "{:?}", row.action);
        }
        for (place, (name, _)) in NAMES.iter().enumerate() {
            assert!(NAMES[..place].iter().all(|(before, _)| before != name), "{name}");
        }
    }

    #[test]
    fn chosen_keys_take_the_place_of_those_of_the_table() {
        let keymap = keymap(&[("down", &["e", "ctrl-n"]), ("open-source", &[])]).unwrap();
        let does = |key: &str| keymap.action(Context::Detail, Chord::parse(key).unwrap());
        assert_eq!(does("e"), Some(Action::Down));
        assert_eq!(does("ctrl-n"), Some(Action::Down));
        assert_eq!(does("j"), None);
        let mut shown = keymap.bindings(Context::Detail);
        assert!(
            shown.any(|(keys, row)| keys == "e ctrl-n" && row.action == Action::Down)
        );
        assert!(
            keymap
                .bindings(Context::Detail)
                .all(|(_, row)| row.action != Action::OpenSource)
        );
    }

    #[test]
    fn what_cannot_be_had_is_told_with_its_place() {
        let cases: [(&[Chosen<'_>], &str); 8] = [
            (
                &[("jump", &["j"])],
                "c.toml:1: there is no action \"jump\"; there are up, ",
            ),
            (&[("up", &["ctrl-i"])], "c.toml:1: up: a terminal sends ctrl-i as tab"),
            (&[("up", &["ctrl-["])], "c.toml:1: up: a terminal sends ctrl-[ as esc"),
            (
                &[("up", &["hyper-x"])],
                "c.toml:1: up: \"hyper-x\" is no key; keys are like",
            ),
            (&[("up", &["7"])], "c.toml:1: up: 7 is a digit, which counts"),
            (&[("up", &["shift-a"])], "c.toml:1: up: shift-a is written as the capital"),
            (
                &[("undo", &["a"]), ("sort", &["z"])],
                "c.toml:2: z is both sort and clear in the exchanges pane",
            ),
            (
                &[("undo", &["a"]), ("sort", &["a"])],
                "c.toml:1: a is both sort and undo in the exchanges pane",
            ),
        ];
        for (settings, expected) in cases {
            let told = keymap(settings).map(|_| ()).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        }
        assert!(keymap(&[("sort", &["z"]), ("clear", &["o"])]).is_ok(), "they may swap");
    }

    #[test]
    fn every_key_of_the_table_can_be_read() {
        for key in TABLE.iter().flat_map(|binding| binding.keys.split(' ')) {
            assert!(Chord::parse(key).is_some(), "{key}");
        }
    }

    #[test]
    fn no_two_actions_share_a_key_in_a_context() {
        let mut seen = HashMap::new();
        for binding in TABLE {
            for chord in binding.keys.split(' ').filter_map(Chord::parse) {
                assert_eq!(chord.digit(), None, "digits are counts");
                for context in binding.contexts {
                    let before = seen.insert((*context, chord), binding.action);
                    assert_eq!(before, None, "{chord:?} in {context:?}");
                }
            }
        }
    }
}
