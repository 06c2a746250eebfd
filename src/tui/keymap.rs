//! The one table of keys: what they do where. Lookup, help screen and hint bar read it.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::KeySetting;
use crate::history::copy_as::Form;

use super::column::Column;
use super::copying::Copied;
use super::detail::Side;
use super::key_settings;
use super::panes::Pane;

/// Something a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Up,
    Down,
    HalfPageUp,
    HalfPageDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    NextPane,
    PreviousPane,
    /// To that pane.
    Show(Pane),
    Rearrange,
    Zoom,
    Unzoom,
    Open,
    Back,
    NextExchange,
    PreviousExchange,
    NextReload,
    PreviousReload,
    NextTab,
    PreviousTab,
    OpenSource,
    Fold,
    FoldAll,
    UnfoldAll,
    BodyView,
    Reveal,
    NextSection,
    PreviousSection,
    Search,
    NextMatch,
    PreviousMatch,
    EndSearch,
    Follow,
    History,
    Replay,
    End,
    Reload,
    Cold,
    Explain,
    Stream,
    Mouse,
    Mark,
    Pin,
    NextMarked,
    OnlyMarked,
    Comment,
    SaveBody,
    View,
    Pipe,
    Export,
    CopyMenu,
    CopyAgain,
    Copy(Copied),
    Sort,
    SortBy(Column),
    Turn,
    Filter,
    ToggleFilter,
    Clear,
    Undo,
    CommandLine,
    Run,
    Complete,
    Older,
    Newer,
    Erase,
    EraseWord,
    EraseAll,
    Leave,
    Help,
    Redraw,
    Suspend,
    Quit,
}

/// Where keys mean something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Context {
    List,
    Detail,
    Output,
    Traffic,
    Help,
    Sort,
    Copy,
    /// Where the dashboard is not seen.
    Stream,
    CommandLine,
    FilterLine,
    SearchLine,
    /// Of a question that a key asks.
    AnswerLine,
}

impl Context {
    /// Whether keys are typed there.
    pub(super) fn is_line(self) -> bool {
        matches!(
            self,
            Self::CommandLine | Self::FilterLine | Self::SearchLine | Self::AnswerLine
        )
    }

    /// As a heading of the help screen.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "exchanges",
            Self::Detail => "detail",
            Self::Output => "output",
            Self::Traffic => "traffic",
            Self::Help => "help",
            Self::Sort => "sorting",
            Self::Copy => "copying",
            Self::Stream => "stream",
            Self::CommandLine => "command line",
            Self::FilterLine => "filter",
            Self::SearchLine => "search",
            Self::AnswerLine => "answer",
        }
    }
}

/// A row of the table.
pub(super) struct Binding {
    pub(super) action: Action,
    /// Separated by spaces; the first is the one hints show.
    pub(super) keys: &'static str,
    pub(super) contexts: &'static [Context],
    /// What it does, for the help screen.
    pub(super) help: &'static str,
    /// What it does in a word, where the hint bar shows it.
    pub(super) hint: &'static str,
}

/// But not where text is typed.
const EVERYWHERE: &[Context] =
    &[Context::List, Context::Detail, Context::Output, Context::Traffic, Context::Help];
const PANES: &[Context] =
    &[Context::List, Context::Detail, Context::Output, Context::Traffic];
const EXCHANGE: &[Context] = &[Context::List, Context::Detail];
const LIST: &[Context] = &[Context::List];
const DETAIL: &[Context] = &[Context::Detail];
const BESIDE: &[Context] = &[Context::Output, Context::Traffic];
const HELP: &[Context] = &[Context::Help];
const OUTPUT: &[Context] = &[Context::Output];
const STREAM: &[Context] = &[Context::Stream];
const SORT: &[Context] = &[Context::Sort];
const COPY: &[Context] = &[Context::Copy];
const LINE: &[Context] = &[
    Context::CommandLine,
    Context::FilterLine,
    Context::SearchLine,
    Context::AnswerLine,
];
const COMPLETED: &[Context] = &[Context::CommandLine, Context::FilterLine];

const fn row(
    action: Action,
    keys: &'static str,
    contexts: &'static [Context],
    help: &'static str,
    hint: &'static str,
) -> Binding {
    Binding { action, keys, contexts, help, hint }
}

/// The order is that of the help screen and the hint bar.
pub(super) const TABLE: &[Binding] = &[
    row(Action::Open, "enter", LIST, "read the exchange or the reload", "read"),
    row(
        Action::Replay,
        "r",
        EXCHANGE,
        "send the request again, as a new exchange",
        "resend",
    ),
    row(Action::CopyMenu, "y", DETAIL, "copy as curl, its body …", "copy"),
    row(Action::CopyMenu, "y", LIST, "copy as curl, its body …", ""),
    row(Action::CopyAgain, "Y", EXCHANGE, "copy the same thing as the last time", ""),
    row(Action::SaveBody, "b", EXCHANGE, "save the body in a file", ""),
    row(Action::View, "v", EXCHANGE, "read the body in $PAGER", ""),
    row(Action::Pipe, "|", EXCHANGE, "run a command that reads the body", ""),
    row(Action::Export, "x", EXCHANGE, "export the exchange to a HAR file", ""),
    row(Action::End, "K", EXCHANGE, "end the request that is running", ""),
    row(
        Action::Follow,
        "F",
        LIST,
        "follow the newest exchange, or stop following",
        "follow",
    ),
    row(Action::Filter, "f", LIST, "show only what a filter lets through", "filter"),
    row(Action::Filter, "f", DETAIL, "show only what a filter lets through", ""),
    row(
        Action::History,
        "H",
        EXCHANGE,
        "the exchanges of all runs, from the history; H: back",
        "",
    ),
    row(Action::ToggleFilter, "&", EXCHANGE, "the filter off, or on again", ""),
    row(Action::Sort, "o", LIST, "sort by a column, or the other way round", ""),
    row(Action::Clear, "z", LIST, "clear the list, but for pins; u brings it back", ""),
    row(Action::Undo, "u", LIST, "bring back what was cleared", ""),
    row(Action::Mark, "m", LIST, "mark the exchange, or take its mark away", ""),
    row(
        Action::Pin,
        "*",
        EXCHANGE,
        "pin it: it stays, and is sent again to new code",
        "",
    ),
    row(Action::NextMarked, "'", LIST, "to the next that is marked", ""),
    row(
        Action::OnlyMarked,
        "M",
        LIST,
        "show only what is marked, or everything again",
        "",
    ),
    row(Action::Comment, ";", EXCHANGE, "comment on the exchange", ""),
    row(Action::NextExchange, "space", DETAIL, "next exchange", "next"),
    row(Action::PreviousExchange, "p", DETAIL, "previous exchange", ""),
    row(Action::NextReload, "}", EXCHANGE, "to the next reload", ""),
    row(Action::PreviousReload, "{", EXCHANGE, "to the reload before", ""),
    row(Action::NextTab, "] l", EXCHANGE, "next tab of the detail", "tabs"),
    row(Action::PreviousTab, "[ h", EXCHANGE, "previous tab of the detail", ""),
    row(Action::OpenSource, "e", DETAIL, "in a traceback: open the file in $EDITOR", ""),
    row(
        Action::Fold,
        "enter",
        DETAIL,
        "in JSON: fold up an object or array, or unfold",
        "",
    ),
    row(
        Action::FoldAll,
        "z",
        DETAIL,
        "in JSON: fold up all but one level; 3z: three",
        "",
    ),
    row(Action::UnfoldAll, "Z", DETAIL, "in JSON: unfold everything", ""),
    row(Action::BodyView, "m", DETAIL, "body laid out, as sent, or its bytes", "view"),
    row(
        Action::Reveal,
        ".",
        DETAIL,
        "show secrets in fields and forms, or mask them",
        "",
    ),
    row(Action::NextSection, ")", EXCHANGE, "to the response, the next cause …", ""),
    row(Action::PreviousSection, "(", EXCHANGE, "back to the section before", ""),
    row(Action::Search, "/", DETAIL, "search in the detail", "search"),
    row(Action::Search, "/", LIST, "search in the detail", ""),
    row(Action::NextMatch, "n", DETAIL, "next match", ""),
    row(Action::PreviousMatch, "N", DETAIL, "previous match", ""),
    row(Action::Left, "H left", OUTPUT, "scroll to the left", ""),
    row(Action::Right, "L right", OUTPUT, "scroll to the right", "right"),
    row(Action::NextPane, "tab", PANES, "next pane", ""),
    row(Action::PreviousPane, "shift-tab", PANES, "previous pane", ""),
    row(Action::Show(Pane::List), "alt-1", PANES, "to the list", ""),
    row(Action::Show(Pane::Detail), "alt-2", PANES, "to the detail", ""),
    row(Action::Show(Pane::Output), "alt-3", PANES, "to the output", ""),
    row(Action::Show(Pane::Traffic), "T alt-4", PANES, "charts, and each route", ""),
    row(Action::Down, "j down", EVERYWHERE, "down; 5j: five down", ""),
    row(Action::Up, "k up", EVERYWHERE, "up", ""),
    row(Action::HalfPageDown, "ctrl-d", EVERYWHERE, "half a page down", ""),
    row(Action::HalfPageUp, "ctrl-u", EVERYWHERE, "half a page up", ""),
    row(Action::PageDown, "ctrl-f pgdn", EVERYWHERE, "a page down", ""),
    row(Action::PageUp, "ctrl-b pgup", EVERYWHERE, "a page up", ""),
    row(Action::Top, "g home", EVERYWHERE, "to the first", ""),
    row(Action::Bottom, "G end", EVERYWHERE, "to the last; 42G: to number 42", ""),
    row(
        Action::Reload,
        "f5",
        PANES,
        "import the code again although nothing changed",
        "",
    ),
    row(Action::Stream, "s", PANES, "to the plain stream of transcripts; s: back", ""),
    row(Action::Stream, "s esc q enter", STREAM, "back to the dashboard", "back"),
    row(Action::Quit, "Q ctrl-c", STREAM, "quit", "quit"),
    row(
        Action::Mouse,
        "alt-m",
        PANES,
        "leave the mouse to the terminal, or take it again",
        "",
    ),
    row(Action::Redraw, "ctrl-l", EVERYWHERE, "draw the screen again", ""),
    row(
        Action::Suspend,
        "ctrl-z",
        EVERYWHERE,
        "to the shell; the server stops until fg or bg",
        "",
    ),
    row(Action::CommandLine, ": ctrl-p", PANES, "type a command", "cmd"),
    row(Action::Help, "?", PANES, "this help", "help"),
    row(Action::EndSearch, "esc", DETAIL, "end the search, or back to the list", "back"),
    row(Action::Back, "q", DETAIL, "back to the list", ""),
    row(Action::Back, "esc q", BESIDE, "back to the list", "back"),
    row(Action::Back, "esc q ?", HELP, "close this help", "close"),
    row(Action::Quit, "q", LIST, "quit", "quit"),
    row(
        Action::Rearrange,
        "-",
        PANES,
        "side by side, stacked, list alone, detail alone",
        "layout",
    ),
    row(Action::Zoom, "+", PANES, "give this pane the whole window", ""),
    row(Action::Unzoom, "_", PANES, "give the others their room back", ""),
    row(Action::Quit, "Q ctrl-c", EVERYWHERE, "quit at once", ""),
    row(Action::SortBy(Column::Number), "n", SORT, "number", ""),
    row(Action::SortBy(Column::Generation), "g", SORT, "generation", ""),
    row(Action::SortBy(Column::Time), "t", SORT, "time", ""),
    row(Action::SortBy(Column::Source), "c", SORT, "source: client or replay", ""),
    row(Action::SortBy(Column::Method), "m", SORT, "method", ""),
    row(Action::SortBy(Column::Path), "p", SORT, "path", ""),
    row(Action::SortBy(Column::Status), "s", SORT, "status", ""),
    row(Action::SortBy(Column::Kind), "y", SORT, "type", ""),
    row(Action::SortBy(Column::RequestSize), "r", SORT, "size of the request", ""),
    row(Action::SortBy(Column::ResponseSize), "z", SORT, "size of the response", ""),
    row(Action::SortBy(Column::Duration), "d", SORT, "duration", ""),
    row(Action::Turn, "o", SORT, "the other way round", "reverse"),
    row(Action::Back, "esc q", SORT, "leave it as it is", "close"),
    row(Action::Copy(Copied::As(Form::Curl)), "c", COPY, "curl command", ""),
    row(Action::Copy(Copied::As(Form::Httpie)), "h", COPY, "httpie command", ""),
    row(Action::Copy(Copied::As(Form::PythonRequests)), "p", COPY, "Python requests", ""),
    row(Action::Copy(Copied::As(Form::Pytest)), "t", COPY, "test for pytest", ""),
    row(Action::Copy(Copied::As(Form::Url)), "u", COPY, "URL", ""),
    row(Action::Copy(Copied::As(Form::Raw)), "r", COPY, "raw request", ""),
    row(Action::Copy(Copied::Head(Side::Request)), "f", COPY, "request fields", ""),
    row(Action::Copy(Copied::Body(Side::Request)), "b", COPY, "request body", ""),
    row(Action::Copy(Copied::Head(Side::Response)), "F", COPY, "response fields", ""),
    row(Action::Copy(Copied::Body(Side::Response)), "B", COPY, "response body", ""),
    row(Action::Copy(Copied::Value), "v", COPY, "JSON under the cursor", ""),
    row(Action::Copy(Copied::Path), ".", COPY, "its path, as for jq", ""),
    row(Action::Copy(Copied::Traceback), "x", COPY, "traceback", ""),
    row(Action::Back, "esc q", COPY, "copy nothing", "close"),
    row(Action::Run, "enter", LINE, "run the command, set the filter, stay there …", ""),
    row(Action::Complete, "tab", COMPLETED, "complete the word", ""),
    row(Action::Older, "up ctrl-p", LINE, "the one before", ""),
    row(Action::Newer, "down ctrl-n", LINE, "the one after", ""),
    row(Action::Erase, "backspace", LINE, "erase a character", ""),
    row(Action::EraseWord, "ctrl-w", LINE, "erase a word", ""),
    row(Action::EraseAll, "ctrl-u", LINE, "erase everything", ""),
    row(Action::Leave, "esc ctrl-c", LINE, "leave the line", ""),
];

/// A key as the table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Chord {
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
    pub(super) fn parse(text: &str) -> Option<Self> {
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
    pub(super) fn of(key: KeyEvent) -> Self {
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

    /// The character that it types, where it does.
    pub(super) fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if self.modifiers.is_empty() => Some(character),
            _ => None,
        }
    }

    /// The digit, where it is one without modifiers.
    pub(super) fn digit(self) -> Option<u64> {
        self.character()?.to_digit(10).map(u64::from)
    }
}

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
        let chosen = key_settings::chosen(settings)?;
        let keys_of = |row: &Binding| {
            let other = chosen.iter().find(|(action, _)| *action == row.action);
            other.map_or_else(|| row.keys.to_owned(), |(_, keys)| keys.clone())
        };
        let bindings: Vec<_> = TABLE.iter().map(|row| (keys_of(row), row)).collect();
        match key_settings::conflict(&bindings, settings) {
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
    pub(super) fn action(&self, context: Context, chord: Chord) -> Option<Action> {
        self.actions.get(&(context, chord)).copied()
    }

    /// What there is in a place, in the order of the table: the keys of each, separated by
    /// spaces, and the rest of its row.
    pub(super) fn bindings(
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

    use super::key_settings::NAMES;
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
        assert_eq!(Chord::parse("ctrl-"), None);
        assert_eq!(Chord::parse("nonsense"), None);
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

    #[test]
    fn pressed_keys_match_however_the_terminal_reports_shift() {
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Some(Chord::of(capital)), Chord::parse("G"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::NONE);
        assert_eq!(Some(Chord::of(back)), Chord::parse("shift-tab"));
    }
}
