//! What can be typed behind `:`: each action of the table of keys by the name that it has
//! in a configuration file, and the few that take something else than a number, or have no
//! key. Completion, palette, help screen and README read it.

use super::column::Column;
use super::keymap::{Action, Context, Keymap, NAMES, TABLE};
use super::view::column_title;

/// What may follow the name of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Nothing,
    Number,
    /// One of some words.
    Word(Choice),
    Filter,
}

/// Of which words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Column,
    /// What the menu of what can be copied has.
    Copied,
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) action: Action,
    pub(super) argument: Argument,
    /// Empty for what the table of keys tells.
    help: &'static str,
}

const fn entry(
    name: &'static str,
    action: Action,
    argument: Argument,
    help: &'static str,
) -> Entry {
    Entry { name, action, argument, help }
}

/// Those that take something, or have no key. The order is that of the help screen.
pub(super) const COMMANDS: &[Entry] = &[
    entry(
        "cold",
        Action::Cold,
        Argument::Nothing,
        "import the code again, with no library in memory",
    ),
    entry(
        "explain",
        Action::Explain,
        Argument::Number,
        "how generation N, or the last one, was made and why",
    ),
    entry("sort", Action::Sort, Argument::Word(Choice::Column), "sort by a column"),
    entry(
        "copy",
        Action::CopyMenu,
        Argument::Word(Choice::Copied),
        "copy it as curl, its response body …",
    ),
    entry("filter", Action::Filter, Argument::Filter, "show only what it lets through"),
];

/// All there are.
fn entries() -> impl Iterator<Item = Entry> {
    let has_entry = |action: Action| COMMANDS.iter().any(|entry| entry.action == action);
    let actions = NAMES.iter().filter(move |(_, action)| !has_entry(*action));
    let actions = actions.map(|(name, action)| {
        let counts = takes_number(*action);
        let argument = if counts { Argument::Number } else { Argument::Nothing };
        entry(name, *action, argument, "")
    });
    COMMANDS.iter().copied().chain(actions)
}

/// Whether a number before its key means something.
fn takes_number(action: Action) -> bool {
    matches!(
        action,
        Action::Up
            | Action::Down
            | Action::HalfPageUp
            | Action::HalfPageDown
            | Action::PageUp
            | Action::PageDown
            | Action::Bottom
            | Action::Left
            | Action::Right
            | Action::NextExchange
            | Action::PreviousExchange
            | Action::NextReload
            | Action::PreviousReload
            | Action::NextTab
            | Action::PreviousTab
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::FoldAll
            | Action::Replay
    )
}

impl Entry {
    /// As it is typed, with what may follow.
    pub(super) fn usage(&self) -> String {
        let argument = match self.argument {
            Argument::Nothing => "",
            Argument::Number => " N",
            Argument::Word(Choice::Column) => " COLUMN",
            Argument::Word(Choice::Copied) => " WHAT",
            Argument::Filter => " TEXT",
        };
        format!(":{}{argument}", self.name)
    }

    /// What it does.
    pub(super) fn help<'a>(&self, keymap: &'a Keymap) -> &'a str {
        if self.help.is_empty() { keymap.help(self.action) } else { self.help }
    }
}

impl Choice {
    /// What there is, and what each does.
    fn all(self) -> Vec<(&'static str, Action)> {
        match self {
            Self::Column => {
                let columns = Column::ALL.map(|it| (it.name(), Action::SortBy(it)));
                columns.into_iter().chain([("reverse", Action::Turn)]).collect()
            }
            Self::Copied => {
                let copied = TABLE.iter().filter(|row| row.contexts == [Context::Copy]);
                let copied = copied.filter(|row| matches!(row.action, Action::Copy(_)));
                copied.map(|row| (row.help, row.action)).collect()
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Copied => "thing to be copied",
        }
    }

    /// Those that begin with that; that one alone where it is a whole name, or what stands
    /// above the column.
    fn matching(self, typed: &str) -> Vec<(&'static str, Action)> {
        let all = self.all();
        if let Some(whole) = all.iter().find(|(name, _)| *name == typed) {
            return vec![*whole];
        }
        let titled = Column::ALL.into_iter().find(|it| column_title(*it) == typed);
        if let (Self::Column, Some(column)) = (self, titled) {
            return vec![(column.name(), Action::SortBy(column))];
        }
        let begins = |name: &str| {
            let start = name.get(..typed.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(typed))
        };
        all.into_iter().filter(|(name, _)| begins(name)).collect()
    }

    fn names(self) -> String {
        let names: Vec<&str> = self.all().iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// The commands that begin with what was typed, or where none does, those that have it in
/// their names; that one alone where it is a whole name.
pub(super) fn matching(word: &str) -> Vec<Entry> {
    if let Some(entry) = entries().find(|entry| entry.name == word) {
        return vec![entry];
    }
    let begun: Vec<Entry> =
        entries().filter(|entry| entry.name.starts_with(word)).collect();
    if begun.is_empty() {
        return entries().filter(|entry| entry.name.contains(word)).collect();
    }
    begun
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// What a key does, too, with the number before it.
    Act(Action, Option<u64>),
    Filter(String),
}

/// What a line asks for. A name may be cut short where that is clear. An error is a
/// sentence for the user, not escaped.
pub(super) fn parse(line: &str) -> Result<Asked, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if word.is_empty() {
        return Ok(Asked::Nothing);
    }
    let entry = match matching(word)[..] {
        [entry] => entry,
        [] => return Err(format!("there is no command {word:?}; : lists what there is")),
        [first, second] => {
            return Err(format!("{word:?} may be {} or {}", first.name, second.name));
        }
        [first, second, ..] => {
            return Err(format!("{word:?} may be {}, {} …", first.name, second.name));
        }
    };
    let name = entry.name;
    match entry.argument {
        Argument::Filter if rest.is_empty() => Ok(Asked::Act(entry.action, None)),
        Argument::Filter => Ok(Asked::Filter(rest.to_owned())),
        _ if rest.is_empty() => Ok(Asked::Act(entry.action, None)),
        Argument::Nothing => Err(format!("{name} takes nothing, not even {rest:?}")),
        Argument::Number => match rest.parse() {
            Ok(number) => Ok(Asked::Act(entry.action, Some(number))),
            Err(_) => Err(format!("{name} takes a number, which {rest:?} is not")),
        },
        Argument::Word(choice) => {
            if let [(_, action)] = choice.matching(rest)[..] {
                return Ok(Asked::Act(action, None));
            }
            let (what, names) = (choice.name(), choice.names());
            Err(format!("there is no {what} {rest:?}; there are {names}"))
        }
    }
}

/// Where alone an action does something, where that is not here: the place's name.
pub(super) fn elsewhere(action: Action, here: Context) -> Option<&'static str> {
    let rows = TABLE.iter().filter(|row| row.action == action);
    let places = || rows.clone().flat_map(|row| row.contexts);
    // What is done to an exchange is done to the selected one from wherever.
    let does = [here, Context::List, Context::Detail];
    // What a menu has is to be had everywhere.
    let panes = [Context::Output, Context::Traffic];
    let only = places().find(|context| panes.contains(context));
    only.filter(|_| !places().any(|it| does.contains(it))).map(|place| place.name())
}

/// What may stand behind a command that is typed; empty where that is anything.
pub(super) fn choices(line: &str) -> Vec<&'static str> {
    let Some((name, rest)) = line.split_once(' ') else { return Vec::new() };
    match matching(name)[..] {
        [Entry { argument: Argument::Word(choice), .. }] => {
            choice.matching(rest.trim_start()).iter().map(|(name, _)| *name).collect()
        }
        _ => Vec::new(),
    }
}

/// The line with as much added to it as all commands that it may become have in common.
pub(super) fn complete(line: &str) -> String {
    if let Some((name, word)) = line.split_once(' ') {
        let choices = choices(line);
        return match choices.first() {
            Some(first) => {
                format!("{name} {}", in_common(first, &choices, word.trim_start()))
            }
            None => line.to_owned(),
        };
    }
    let found = matching(line);
    let Some(first) = found.first() else { return line.to_owned() };
    let names: Vec<&str> = found.iter().map(|entry| entry.name).collect();
    let takes_more = found.len() == 1 && first.argument != Argument::Nothing;
    let end = if takes_more { " " } else { "" };
    format!("{}{end}", in_common(first.name, &names, line))
}

/// What all have in common with the first, where that is more than was typed.
fn in_common<'a>(first: &'a str, all: &[&str], typed: &'a str) -> &'a str {
    let ends = (0..=first.len()).rev().filter(|end| first.is_char_boundary(*end));
    let common = ends.map(|end| &first[..end]);
    let common = common.filter(|start| all.iter().all(|name| name.starts_with(start)));
    let longest = common.max_by_key(|start| start.len()).unwrap_or_default();
    if longest.len() > typed.len() || all.len() == 1 { longest } else { typed }
}

#[cfg(test)]
mod tests {
    use super::super::copying::Copied;
    use super::super::panes::Pane;
    use super::*;
    use crate::history::copy_as::Form;

    #[test]
    fn names_are_words_and_apart() {
        let mut seen = Vec::new();
        for entry in entries() {
            let is_part = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(entry.name.bytes().all(is_part), "{}", entry.name);
            assert!(!seen.contains(&entry.name), "{}", entry.name);
            seen.push(entry.name);
        }
    }

    #[test]
    fn whatever_a_key_does_can_be_typed_as_well() {
        let keymap = Keymap::default();
        let all: Vec<Entry> = entries().collect();
        let lines = [Context::CommandLine, Context::FilterLine, Context::SearchLine];
        let of_lines = |context: &Context| lines.contains(context);
        let choices = [Choice::Column, Choice::Copied].map(Choice::all).concat();
        for row in TABLE.iter().filter(|row| !row.contexts.iter().any(of_lines)) {
            let entry = all.iter().find(|entry| entry.action == row.action);
            let is_choice = choices.iter().any(|(_, action)| *action == row.action);
            assert!(entry.is_some() || is_choice, "{:?}", row.action);
            if let Some(entry) = entry {
                assert!(!entry.help(&keymap).is_empty(), "{}", entry.name);
            }
        }
    }

    #[test]
    fn what_means_something_in_one_pane_alone_is_told_in_the_others() {
        assert_eq!(elsewhere(Action::Left, Context::List), Some("output"));
        assert_eq!(elsewhere(Action::Left, Context::Output), None);
        assert_eq!(elsewhere(Action::Mark, Context::Output), None);
        assert_eq!(elsewhere(Action::Cold, Context::Output), None);
    }

    #[test]
    fn a_line_is_a_name_or_its_clear_beginning_and_perhaps_a_number() {
        assert_eq!(parse("cold"), Ok(Asked::Act(Action::Cold, None)));
        assert_eq!(parse(" q "), Ok(Asked::Act(Action::Quit, None)));
        assert_eq!(parse("explain 12"), Ok(Asked::Act(Action::Explain, Some(12))));
        assert_eq!(parse("resend 3"), Ok(Asked::Act(Action::Replay, Some(3))));
        assert_eq!(parse("save"), Ok(Asked::Act(Action::SaveBody, None)));
        assert_eq!(parse("traffic"), Ok(Asked::Act(Action::Show(Pane::Traffic), None)));
        let curl = Action::Copy(Copied::As(Form::Curl));
        assert_eq!(parse("copy CURL"), Ok(Asked::Act(curl, None)));
        assert_eq!(parse("sort rev"), Ok(Asked::Act(Action::Turn, None)));
        assert_eq!(parse("filter"), Ok(Asked::Act(Action::Filter, None)));
        assert_eq!(parse("  "), Ok(Asked::Nothing));
        let by = |column| Ok(Asked::Act(Action::SortBy(column), None));
        assert_eq!(parse("sort duration"), by(Column::Duration));
        assert_eq!(parse("sor si"), by(Column::ResponseSize));
        assert_eq!(parse("sort took"), by(Column::Duration));
        assert_eq!(parse("sort #"), by(Column::Number));
        assert_eq!(parse("sort sent"), by(Column::RequestSize));
        let filter = Asked::Filter("status:5xx  or dur:>1s".to_owned());
        assert_eq!(parse("filter status:5xx  or dur:>1s "), Ok(filter));
        for (line, part) in [
            ("zz", "there is no command \"zz\""),
            ("fol", "\"fol\" may be fold, fold-all …"),
            ("mark 3", "takes nothing"),
            ("explain x", "\"x\""),
            ("explain 1 2", "which \"1 2\" is not"),
            ("sort weight", "there are number, generation"),
            ("sort s", "there is no column"),
            ("cold 1", "takes nothing"),
            ("\u{1b}", "\\u{1b}"),
        ] {
            let error = parse(line).err().unwrap_or_default();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn completion_adds_what_is_clear() {
        assert_eq!(complete("col"), "cold");
        assert_eq!(complete("co"), "co");
        assert_eq!(complete("expl"), "explain ");
        assert_eq!(complete("half"), "half-page-");
        assert_eq!(complete("traf"), "show-traffic");
        assert_eq!(complete(""), "");
        assert_eq!(complete("zz"), "zz");
        assert_eq!(complete("copy u"), "copy URL");
        assert_eq!(complete("copy response"), "copy response ");
        assert_eq!(complete("sort dur"), "sort duration");
        assert_eq!(complete("explain dur"), "explain dur");
        assert_eq!(complete("cold"), "cold");
    }
}
