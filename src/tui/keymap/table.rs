//! The one table of keys: what they do where. Lookup, help screen and hint bar read it.

use crate::history::copy_as::Form;

use super::super::column::Column;
use super::super::copying::Copied;
use super::super::detail::Side;
use super::super::editable::Motion;
use super::super::panes::Pane;
use super::action::{Action, Context};

/// A row of the table.
pub(in crate::tui) struct Binding {
    pub(in crate::tui) action: Action,
    /// Separated by spaces; the first is the one hints show.
    pub(in crate::tui) keys: &'static str,
    pub(in crate::tui) contexts: &'static [Context],
    /// What it does, for the help screen. The name of an action in braces stands for its
    /// key.
    pub(in crate::tui) help: &'static str,
    /// What it does in a word, where the hint bar shows it.
    pub(in crate::tui) hint: &'static str,
}

/// But not where text is typed.
const EVERYWHERE: &[Context] = &[
    Context::List,
    Context::Detail,
    Context::Past,
    Context::PastDetail,
    Context::Output,
    Context::Traffic,
    Context::Help,
    Context::Views,
];
const PANES: &[Context] = &[
    Context::List,
    Context::Detail,
    Context::Past,
    Context::PastDetail,
    Context::Output,
    Context::Traffic,
];
const EXCHANGE: &[Context] =
    &[Context::List, Context::Detail, Context::Past, Context::PastDetail];
/// What is for exchanges of this run, and for its list.
const OF_THIS_RUN: &[Context] = &[Context::List, Context::Detail];
const LIST_OF_THIS_RUN: &[Context] = &[Context::List];
const LIST: &[Context] = &[Context::List, Context::Past];
const PAST: &[Context] = &[Context::Past];
const DETAIL: &[Context] = &[Context::Detail, Context::PastDetail];
const SEARCHED: &[Context] = &[Context::Detail, Context::PastDetail, Context::Output];
const TRAFFIC: &[Context] = &[Context::Traffic];
const HELP: &[Context] = &[Context::Help];
const VIEWS: &[Context] = &[Context::Views];
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
pub(in crate::tui) const TABLE: &[Binding] = &[
    row(Action::Open, "enter", LIST, "read the exchange or the reload", "read"),
    row(Action::Open, "enter", TRAFFIC, "list the exchanges of the route alone", "list"),
    row(
        Action::Replay,
        "r",
        OF_THIS_RUN,
        "send the request again; 10{resend}: ten times",
        "resend",
    ),
    row(Action::CopyMenu, "y", DETAIL, "copy as curl, its body …", "copy"),
    row(Action::CopyMenu, "y", LIST, "copy as curl, its body …", ""),
    row(Action::CopyAgain, "Y", EXCHANGE, "copy the same thing as the last time", ""),
    row(Action::SaveBody, "b", EXCHANGE, "save the body in a file", "save"),
    row(Action::View, "v", EXCHANGE, "read the body in $PAGER", ""),
    row(Action::Pipe, "|", EXCHANGE, "run a command that reads the body", ""),
    row(Action::Export, "x", EXCHANGE, "export the exchange to a HAR file", ""),
    row(Action::End, "K", OF_THIS_RUN, "end the request that is running", "end"),
    row(
        Action::Locate,
        "S",
        EXCHANGE,
        "the stack of the request that is running, in Output",
        "",
    ),
    row(
        Action::Follow,
        "F",
        LIST_OF_THIS_RUN,
        "follow the newest exchange, or stop following",
        "follow",
    ),
    row(Action::Filter, "f", LIST, "show only what a filter lets through", "filter"),
    row(Action::Filter, "f", DETAIL, "show only what a filter lets through", ""),
    row(
        Action::History,
        "H",
        EXCHANGE,
        "the exchanges of all runs, from the history; {history}: back",
        "history",
    ),
    row(Action::ToggleFilter, "&", EXCHANGE, "the filter off, or on again", "on/off"),
    row(
        Action::Views,
        "@",
        EXCHANGE,
        "the filters that have a name, to choose from",
        "views",
    ),
    row(Action::Open, "enter", VIEWS, "list what it lets through", "list"),
    row(Action::Back, "esc q @", VIEWS, "close this menu", "close"),
    row(Action::Sort, "o", LIST, "sort by a column, or the other way round", "sort"),
    row(
        Action::Clear,
        "z",
        LIST_OF_THIS_RUN,
        "clear what has no mark; {undo} brings it back",
        "",
    ),
    row(
        Action::Undo,
        "u",
        LIST_OF_THIS_RUN,
        "bring back what was cleared, or marks",
        "undo",
    ),
    row(
        Action::Mark,
        "m",
        LIST_OF_THIS_RUN,
        "mark the exchange, or take its mark away",
        "mark",
    ),
    row(
        Action::Pin,
        "*",
        OF_THIS_RUN,
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
    row(
        Action::UnmarkAll,
        "U",
        LIST_OF_THIS_RUN,
        "take all marks away; {undo} puts them back",
        "",
    ),
    row(Action::Comment, ";", OF_THIS_RUN, "comment on the exchange", ""),
    row(Action::NextExchange, "space", DETAIL, "next exchange", "next"),
    row(Action::PreviousExchange, "p", DETAIL, "previous exchange", ""),
    row(Action::NextReload, "}", EXCHANGE, "to the next reload", ""),
    row(Action::PreviousReload, "{", EXCHANGE, "to the reload before", ""),
    row(Action::NextTab, "] l", EXCHANGE, "next tab of the detail", "tabs"),
    row(Action::PreviousTab, "[ h", EXCHANGE, "previous tab of the detail", ""),
    row(
        Action::OpenSource,
        "e",
        DETAIL,
        "in a traceback: open the file in $EDITOR",
        "edit",
    ),
    row(
        Action::OpenSource,
        "e",
        LIST,
        "on a failed import: open the file in $EDITOR",
        "edit",
    ),
    row(
        Action::Fold,
        "enter",
        DETAIL,
        "in JSON: fold up an object or array, or unfold",
        "fold",
    ),
    row(
        Action::FoldAll,
        "z",
        DETAIL,
        "in JSON: fold up all but one level; 3{fold-all}: three",
        "",
    ),
    row(Action::UnfoldAll, "Z", DETAIL, "in JSON: unfold everything", ""),
    row(Action::BodyView, "m", DETAIL, "body laid out, as sent, or its bytes", "view"),
    row(
        Action::Reveal,
        ".",
        EXCHANGE,
        "show secrets in fields and forms, or mask them",
        "secrets",
    ),
    row(
        Action::NextSection,
        ")",
        EXCHANGE,
        "to the response, the next cause …",
        "next part",
    ),
    row(Action::PreviousSection, "(", EXCHANGE, "back to the section before", ""),
    row(Action::Search, "/", DETAIL, "search in the detail", "search"),
    row(Action::Search, "/", LIST, "search in the detail", ""),
    row(Action::Search, "/", OUTPUT, "search in the output", "search"),
    row(Action::NextMatch, "n", SEARCHED, "next match", "match"),
    row(Action::PreviousMatch, "N", SEARCHED, "previous match", ""),
    row(Action::Left, "H left", OUTPUT, "scroll to the left", ""),
    row(Action::Right, "L right", OUTPUT, "scroll to the right", "right"),
    row(Action::NextPane, "tab", PANES, "next pane", ""),
    row(Action::PreviousPane, "shift-tab", PANES, "previous pane", ""),
    row(Action::Show(Pane::List), "alt-1", PANES, "to the list", ""),
    row(Action::Show(Pane::Detail), "alt-2", PANES, "to the detail", ""),
    row(Action::Show(Pane::Output), "alt-3", PANES, "to the output", ""),
    row(
        Action::Show(Pane::Traffic),
        "T alt-4",
        PANES,
        "charts, and each route",
        "routes",
    ),
    row(Action::Down, "j down", EVERYWHERE, "down; 5{down}: five down", ""),
    row(Action::Up, "k up", EVERYWHERE, "up", ""),
    row(Action::HalfPageDown, "ctrl-d", EVERYWHERE, "half a page down", ""),
    row(Action::HalfPageUp, "ctrl-u", EVERYWHERE, "half a page up", ""),
    row(Action::PageDown, "ctrl-f pgdn", EVERYWHERE, "a page down", ""),
    row(Action::PageUp, "ctrl-b pgup", EVERYWHERE, "a page up", ""),
    row(Action::Top, "g home", EVERYWHERE, "to the first", ""),
    row(
        Action::Bottom,
        "G end",
        EVERYWHERE,
        "to the last; 42{bottom}: to number 42, or to line 42",
        "newest",
    ),
    row(
        Action::Reload,
        "f5",
        PANES,
        "import the code again although nothing changed",
        "",
    ),
    row(
        Action::Stream,
        "s",
        PANES,
        "to the plain stream of transcripts; {stream}: back",
        "",
    ),
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
    row(
        Action::EndSearch,
        "esc",
        SEARCHED,
        "end the search, or back to the list",
        "back",
    ),
    row(Action::Back, "q", SEARCHED, "back to the list", ""),
    row(Action::Back, "esc q", TRAFFIC, "back to the list", "back"),
    row(Action::Back, "esc q ?", HELP, "close this help", "close"),
    row(
        Action::Back,
        "esc",
        LIST_OF_THIS_RUN,
        "from the exchanges of a route to what was listed before",
        "back",
    ),
    row(Action::Quit, "q", LIST_OF_THIS_RUN, "quit", "quit"),
    row(Action::Back, "esc q", PAST, "back to the exchanges of this run", "this run"),
    row(
        Action::Rearrange,
        "-",
        PANES,
        "the other split, list alone, detail alone, by the width",
        "layout",
    ),
    row(Action::Zoom, "+", PANES, "give this pane the whole window", "zoom"),
    row(Action::Unzoom, "_", PANES, "give the others their room back", "all panes"),
    row(Action::Quit, "Q ctrl-c", EVERYWHERE, "quit at once", ""),
    row(Action::SortBy(Column::Number), "n", SORT, "number", ""),
    row(Action::SortBy(Column::Generation), "g", SORT, "generation", ""),
    row(Action::SortBy(Column::Time), "t", SORT, "time", ""),
    row(Action::SortBy(Column::Source), "c", SORT, "source: client, replay or pin", ""),
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
    row(Action::Caret(Motion::Back), "left ctrl-b", LINE, "back by a character", ""),
    row(Action::Caret(Motion::On), "right ctrl-f", LINE, "on by a character", ""),
    row(Action::Caret(Motion::WordBack), "alt-b", LINE, "back by a word", ""),
    row(Action::Caret(Motion::WordBack), "ctrl-left", LINE, "back by a word", ""),
    row(Action::Caret(Motion::WordOn), "alt-f", LINE, "on by a word", ""),
    row(Action::Caret(Motion::WordOn), "ctrl-right", LINE, "on by a word", ""),
    row(Action::Caret(Motion::Start), "home ctrl-a", LINE, "to the start", ""),
    row(Action::Caret(Motion::End), "end ctrl-e", LINE, "to the end", ""),
    row(Action::Erase, "backspace", LINE, "erase the character before", ""),
    row(
        Action::EraseTo(Motion::On),
        "delete ctrl-d",
        LINE,
        "erase the character behind",
        "",
    ),
    row(Action::EraseWord, "ctrl-w", LINE, "erase the word before, back to a space", ""),
    row(Action::EraseTo(Motion::End), "ctrl-k", LINE, "erase everything behind", ""),
    row(Action::EraseTo(Motion::Start), "ctrl-u", LINE, "erase everything before", ""),
    row(Action::Leave, "esc ctrl-c", LINE, "leave the line", ""),
];
