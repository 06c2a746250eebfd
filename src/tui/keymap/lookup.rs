//! Which key does what where: the table with the keys that the user has chosen.

use std::collections::HashMap;
use std::fmt;

use crate::config::KeySetting;

use super::action::{Action, Context};
use super::chord::Chord;
use super::settings;
use super::table::{Binding, TABLE};

/// A row of the table as it counts.
pub(in crate::tui) struct Bound {
    /// Separated by spaces.
    pub(in crate::tui) keys: String,
    /// What it does.
    pub(in crate::tui) help: String,
    pub(in crate::tui) row: &'static Binding,
}

impl Bound {
    /// The key to be shown where there is room for one.
    pub(in crate::tui) fn key(&self) -> &str {
        self.keys.split(' ').next().unwrap_or_default()
    }
}

/// Keys → actions, ready to be asked; and what to say of them.
pub struct Keymap {
    actions: HashMap<(Context, Chord), Action>,
    /// The rows of the table that have keys.
    bound: Vec<Bound>,
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
            other.map_or_else(|| row.keys.to_owned(), |(_, keys)| kept(row, keys))
        };
        let bindings: Vec<_> = TABLE.iter().map(|row| (keys_of(row), row)).collect();
        let problem = settings::conflict(&bindings, settings)
            .or_else(|| settings::no_way_out(&bindings, settings));
        match problem {
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
        let bound = bindings.into_iter().filter(|(keys, _)| !keys.is_empty());
        let bound = bound.map(|(keys, row)| Bound { keys, help: String::new(), row });
        let mut keymap = Self { actions, bound: bound.collect() };
        let helps = keymap.bound.iter().map(|bound| keymap.told(bound.row.help));
        let helps: Vec<String> = helps.collect();
        for (bound, help) in keymap.bound.iter_mut().zip(helps) {
            bound.help = help;
        }
        keymap
    }

    /// What a key does there.
    pub(in crate::tui) fn action(
        &self,
        context: Context,
        chord: Chord,
    ) -> Option<Action> {
        self.actions.get(&(context, chord)).copied()
    }

    /// What there is in a place, in the order of the table.
    pub(in crate::tui) fn bindings(
        &self,
        context: Context,
    ) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.row.contexts.contains(&context))
    }

    /// The key for something, as one is told of it where it is not at hand.
    pub(in crate::tui) fn key(&self, action: Action) -> String {
        let mut found = self.bound.iter().filter(|bound| bound.row.action == action);
        match (found.next(), settings::name(action)) {
            (Some(bound), _) => bound.key().to_owned(),
            (None, name) => format!("\"{}\" (no key)", name.unwrap_or_default()),
        }
    }

    /// What an action does, as the first row of the table that has it tells.
    pub(in crate::tui) fn help(&self, action: Action) -> &str {
        let told = self.bound.iter().find(|bound| bound.row.action == action);
        let row = TABLE.iter().find(|row| row.action == action);
        told.map(|bound| bound.help.as_str())
            .or(row.map(|row| row.help))
            .unwrap_or_default()
    }

    /// The key for something, or nothing.
    pub(in crate::tui) fn shown_key(&self, action: Action) -> &str {
        let mut found = self.bound.iter().filter(|bound| bound.row.action == action);
        found.next().map_or("", Bound::key)
    }

    /// The key for something in a place.
    pub(in crate::tui) fn key_in(&self, context: Context, action: Action) -> &str {
        let mut here = self.bindings(context);
        here.find(|bound| bound.row.action == action).map_or("", Bound::key)
    }

    /// A text of ours in which the name of an action in braces stands for its key.
    fn told(&self, text: &str) -> String {
        let mut told = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            let action = settings::action(name);
            told.push_str(before);
            told.push_str(&action.map_or_else(String::new, |action| self.key(action)));
            rest = behind;
        }
        told + rest
    }
}

/// The keys that were chosen for the action of a row, as the row has them: one that the
/// table gives the action in other rows alone means something else here (`q` quits from the
/// list, and closes what lies on top).
fn kept(row: &Binding, chosen: &str) -> String {
    let has = |row: &Binding, key: &str| row.keys.split(' ').any(|it| it == key);
    let is_elsewhere =
        |key: &str| TABLE.iter().any(|it| it.action == row.action && has(it, key));
    let keys = chosen.split(' ').filter(|key| has(row, key) || !is_elsewhere(key));
    keys.collect::<Vec<_>>().join(" ")
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
            shown.any(|it| it.keys == "e ctrl-n" && it.help == "down; 5e: five down")
        );
        assert!(
            keymap
                .bindings(Context::Detail)
                .all(|it| it.row.action != Action::OpenSource)
        );
        assert_eq!(keymap.key(Action::OpenSource), "\"open-source\" (no key)");
    }

    #[test]
    fn an_action_can_have_one_more_key_beside_those_of_the_table() {
        for (setting, context, key, action) in [
            (("quit", ["q", "ctrl-x"]), Context::List, "q", Some(Action::Quit)),
            (("quit", ["q", "ctrl-x"]), Context::Detail, "q", Some(Action::Back)),
            (("quit", ["q", "ctrl-x"]), Context::Detail, "ctrl-x", Some(Action::Quit)),
            (("quit", ["q", "ctrl-x"]), Context::Stream, "ctrl-x", Some(Action::Quit)),
            (("quit", ["q", "ctrl-x"]), Context::Detail, "Q", None),
            (
                ("back", ["esc", "ctrl-g"]),
                Context::Detail,
                "esc",
                Some(Action::EndSearch),
            ),
            (("back", ["esc", "ctrl-g"]), Context::Detail, "ctrl-g", Some(Action::Back)),
            (("back", ["esc", "ctrl-g"]), Context::Traffic, "esc", Some(Action::Back)),
            (("stream", ["s", "B"]), Context::List, "B", Some(Action::Stream)),
        ] {
            let (name, keys) = setting;
            let keymap = keymap(&[(name, &keys)]).unwrap();
            let found = keymap.action(context, Chord::parse(key).unwrap());
            assert_eq!(found, action, "{name} = {keys:?}: {key} in {context:?}");
        }
        // Each key of the table may be written down.
        for (name, action) in NAMES {
            let rows = TABLE.iter().filter(|row| row.action == *action);
            let keys: Vec<&str> = rows.flat_map(|row| row.keys.split(' ')).collect();
            assert!(keymap(&[(name, &keys)]).is_ok(), "{name} = {keys:?}");
        }
    }

    #[test]
    fn texts_name_the_keys_that_count() {
        let told = |settings: &[Chosen<'_>], action: Action| {
            let keymap = keymap(settings).unwrap();
            let found = keymap.bound.iter().find(|it| it.row.action == action);
            found.map(|it| it.help.clone()).unwrap_or_default()
        };
        let clear = "clear what has no mark; ";
        assert_eq!(told(&[], Action::Clear), format!("{clear}u brings it back"));
        assert_eq!(
            told(&[("undo", &["ctrl-x", "X"])], Action::Clear),
            format!("{clear}ctrl-x brings it back")
        );
        assert_eq!(
            told(&[("undo", &[])], Action::Clear),
            format!("{clear}\"undo\" (no key) brings it back")
        );
        for row in TABLE {
            let names = row.help.split('{').skip(1).map(|rest| rest.split('}').next());
            for name in names.flatten() {
                assert!(NAMES.iter().any(|(known, _)| *known == name), "{name}");
            }
        }
    }

    #[test]
    fn what_cannot_be_had_is_told_with_its_place() {
        let cases: [(&[Chosen<'_>], &str); 9] = [
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
            (&[("undo", &["a"]), ("quit", &[])], "c.toml:2: quit needs a key; without"),
        ];
        for (settings, expected) in cases {
            let told = keymap(settings).map(|_| ()).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        }
        assert!(keymap(&[("sort", &["z"]), ("clear", &["o"])]).is_ok(), "they may swap");
        assert!(keymap(&[("quit", &["q"])]).is_ok(), "there is one in the list");
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
