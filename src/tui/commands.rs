//! The one table of commands: what can be typed behind `:`. Completion, help screen and
//! README read it.

use super::keymap::Action;

/// A command.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) action: Action,
    /// What number may follow, for the help screen.
    pub(super) number: Option<&'static str>,
    pub(super) help: &'static str,
}

const fn entry(
    name: &'static str,
    action: Action,
    number: Option<&'static str>,
    help: &'static str,
) -> Entry {
    Entry { name, action, number, help }
}

/// The order is that of the help screen.
pub(super) const COMMANDS: &[Entry] = &[
    entry("reload", Action::Reload, None, "import the code again"),
    entry("cold", Action::Cold, None, "the same, once with no library in memory"),
    entry(
        "explain",
        Action::Explain,
        Some("N"),
        "how generation N, or the last one, was made and why",
    ),
    entry("help", Action::Help, None, "the keys"),
    entry("quit", Action::Quit, None, "quit"),
];

impl Entry {
    /// As it is typed, with what may follow.
    pub(super) fn usage(&self) -> String {
        let number = self.number.map_or_else(String::new, |number| format!(" {number}"));
        format!(":{}{number}", self.name)
    }
}

/// The commands that begin with what was typed; that one alone where it is a whole name.
pub(super) fn matching(word: &str) -> Vec<&'static Entry> {
    match COMMANDS.iter().find(|entry| entry.name == word) {
        Some(entry) => vec![entry],
        None => COMMANDS.iter().filter(|entry| entry.name.starts_with(word)).collect(),
    }
}

/// What a line asks for, with its number. A name may be cut short where that is clear. An
/// error is a sentence for the user, not escaped; an empty line asks for nothing.
pub(super) fn parse(line: &str) -> Result<Option<(Action, Option<u64>)>, String> {
    let mut words = line.split_whitespace();
    let Some(word) = words.next() else { return Ok(None) };
    let entry = match matching(word)[..] {
        [entry] => entry,
        [] => return Err(format!("there is no command {word:?}; {}", all())),
        [first, second, ..] => {
            return Err(format!("{word:?} may be {} or {}", first.name, second.name));
        }
    };
    let number = match (words.next(), entry.number) {
        (None, _) => None,
        (Some(word), Some(_)) => Some(word.parse().map_err(|_| {
            format!("{} takes a number, which {word:?} is not", entry.name)
        })?),
        (Some(word), None) => {
            return Err(format!("{} takes nothing, not even {word:?}", entry.name));
        }
    };
    match words.next() {
        Some(word) => Err(format!("{} takes nothing more: {word:?}", entry.name)),
        None => Ok(Some((entry.action, number))),
    }
}

fn all() -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
    format!("there are {}", names.join(", "))
}

/// The line with as much added to it as all commands that begin with it have in common.
pub(super) fn complete(line: &str) -> String {
    let found = matching(line);
    let Some(first) = found.first() else { return line.to_owned() };
    let length = (line.len()..=first.name.len())
        .rev()
        .find(|length| found.iter().all(|it| it.name.starts_with(&first.name[..*length])))
        .unwrap_or_default();
    let end = if found.len() == 1 && first.number.is_some() { " " } else { "" };
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
        assert_eq!(parse("cold"), Ok(Some((Action::Cold, None))));
        assert_eq!(parse(" q "), Ok(Some((Action::Quit, None))));
        assert_eq!(parse("explain 12"), Ok(Some((Action::Explain, Some(12)))));
        assert_eq!(parse("  "), Ok(None));
        for (line, part) in [
            ("fold", "there is no command \"fold\"; there are reload, cold"),
            ("explain x", "\"x\""),
            ("explain 1 2", "nothing more"),
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
        assert_eq!(complete("cold"), "cold");
    }
}
