//! The one table of commands: what can be typed behind `:`. Completion, help screen and
//! README read it.

use super::column::Column;
use super::keymap::Action;
use super::panes::Pane;

/// What may follow the name of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Nothing,
    Number,
    Column,
    Filter,
}

/// A command.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) action: Action,
    pub(super) argument: Argument,
    pub(super) help: &'static str,
}

const fn entry(
    name: &'static str,
    action: Action,
    argument: Argument,
    help: &'static str,
) -> Entry {
    Entry { name, action, argument, help }
}

/// The order is that of the help screen.
pub(super) const COMMANDS: &[Entry] = &[
    entry("reload", Action::Reload, Argument::Nothing, "import the code again"),
    entry(
        "cold",
        Action::Cold,
        Argument::Nothing,
        "the same, once with no library in memory",
    ),
    entry(
        "explain",
        Action::Explain,
        Argument::Number,
        "how generation N, or the last one, was made and why",
    ),
    entry("resend", Action::Replay, Argument::Nothing, "send the request again"),
    entry(
        "pin",
        Action::Pin,
        Argument::Nothing,
        "pin the exchange, or take its pin away",
    ),
    entry("follow", Action::Follow, Argument::Nothing, "follow the newest exchange"),
    entry("layout", Action::Rearrange, Argument::Nothing, "arrange the panes otherwise"),
    entry("sort", Action::Sort, Argument::Column, "sort by a column"),
    entry("clear", Action::Clear, Argument::Nothing, "clear the list, but for pins"),
    entry(
        "undo",
        Action::Undo,
        Argument::Nothing,
        "bring back what was cleared, or marks",
    ),
    entry("filter", Action::Filter, Argument::Filter, "show only what it lets through"),
    entry(
        "history",
        Action::History,
        Argument::Nothing,
        "the exchanges of all runs, or of this one again",
    ),
    entry(
        "traffic",
        Action::Show(Pane::Traffic),
        Argument::Nothing,
        "charts of the last minutes, and each route",
    ),
    entry("help", Action::Help, Argument::Nothing, "the keys"),
    entry("quit", Action::Quit, Argument::Nothing, "quit"),
];

impl Entry {
    /// As it is typed, with what may follow.
    pub(super) fn usage(&self) -> String {
        let argument = match self.argument {
            Argument::Nothing => "",
            Argument::Number => " N",
            Argument::Column => " COLUMN",
            Argument::Filter => " TEXT",
        };
        format!(":{}{argument}", self.name)
    }
}

/// The commands that begin with what was typed; that one alone where it is a whole name.
pub(super) fn matching(word: &str) -> Vec<&'static Entry> {
    match COMMANDS.iter().find(|entry| entry.name == word) {
        Some(entry) => vec![entry],
        None => COMMANDS.iter().filter(|entry| entry.name.starts_with(word)).collect(),
    }
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
        [] => return Err(format!("there is no command {word:?}; {}", all())),
        [first, second, ..] => {
            return Err(format!("{word:?} may be {} or {}", first.name, second.name));
        }
    };
    let name = entry.name;
    match entry.argument {
        Argument::Filter => Ok(Asked::Filter(rest.to_owned())),
        Argument::Nothing if rest.is_empty() => Ok(Asked::Act(entry.action, None)),
        Argument::Nothing => Err(format!("{name} takes nothing, not even {rest:?}")),
        Argument::Number if rest.is_empty() => Ok(Asked::Act(entry.action, None)),
        Argument::Number => match rest.parse() {
            Ok(number) => Ok(Asked::Act(entry.action, Some(number))),
            Err(_) => Err(format!("{name} takes a number, which {rest:?} is not")),
        },
        Argument::Column if rest.is_empty() => Ok(Asked::Act(entry.action, None)),
        Argument::Column => match columns(rest)[..] {
            [column] => Ok(Asked::Act(Action::SortBy(column), None)),
            _ => {
                Err(format!("there is no column {rest:?}; there are {}", column_names()))
            }
        },
    }
}

/// The columns whose names begin with that; that one alone where it is a whole name.
fn columns(word: &str) -> Vec<Column> {
    if let Some(column) = Column::ALL.iter().find(|column| column.name() == word) {
        vec![*column]
    } else {
        let begins = |column: &Column| column.name().starts_with(word);
        Column::ALL.into_iter().filter(begins).collect()
    }
}

fn column_names() -> String {
    Column::ALL.map(Column::name).join(", ")
}

fn all() -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
    format!("there are {}", names.join(", "))
}

/// The line with as much added to it as all commands that begin with it have in common.
pub(super) fn complete(line: &str) -> String {
    if let Some((name, word)) = line.split_once(' ') {
        let takes_column =
            matches!(matching(name)[..], [entry] if entry.argument == Argument::Column);
        return match columns(word)[..] {
            [column] if takes_column => format!("{name} {}", column.name()),
            _ => line.to_owned(),
        };
    }
    let found = matching(line);
    let Some(first) = found.first() else { return line.to_owned() };
    let length = (line.len()..=first.name.len())
        .rev()
        .find(|length| found.iter().all(|it| it.name.starts_with(&first.name[..*length])))
        .unwrap_or_default();
    let takes_more = found.len() == 1 && first.argument != Argument::Nothing;
    let end = if takes_more { " " } else { "" };
    format!("{}{end}", &first.name[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_apart() {
        for (index, entry) in COMMANDS.iter().enumerate() {
            assert!(entry.name.bytes().all(|byte| byte.is_ascii_lowercase()));
            assert!(COMMANDS[..index].iter().all(|other| other.name != entry.name));
        }
    }

    #[test]
    fn a_line_is_a_name_or_its_clear_beginning_and_perhaps_a_number() {
        assert_eq!(parse("cold"), Ok(Asked::Act(Action::Cold, None)));
        assert_eq!(parse(" q "), Ok(Asked::Act(Action::Quit, None)));
        assert_eq!(parse("explain 12"), Ok(Asked::Act(Action::Explain, Some(12))));
        assert_eq!(parse("  "), Ok(Asked::Nothing));
        let by = |column| Ok(Asked::Act(Action::SortBy(column), None));
        assert_eq!(parse("sort duration"), by(Column::Duration));
        assert_eq!(parse("so si"), by(Column::ResponseSize));
        let filter = Asked::Filter("status:5xx  or dur:>1s".to_owned());
        assert_eq!(parse("filter status:5xx  or dur:>1s "), Ok(filter));
        for (line, part) in [
            ("fold", "there is no command \"fold\"; there are reload, cold"),
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
        assert_eq!(complete("co"), "cold");
        assert_eq!(complete("e"), "explain ");
        assert_eq!(complete(""), "");
        assert_eq!(complete("x"), "x");
        assert_eq!(complete("sort dur"), "sort duration");
        assert_eq!(complete("explain dur"), "explain dur");
        assert_eq!(complete("cold"), "cold");
    }
}
