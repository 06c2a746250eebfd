//! What keys can do, and the places where they mean something of their own.

use super::super::column::Column;
use super::super::copying::Copied;
use super::super::editable::Motion;
use super::super::panes::Pane;

/// Something a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Action {
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
    Locate,
    Reload,
    Cold,
    Explain,
    Stream,
    Mouse,
    Mark,
    Pin,
    NextMarked,
    OnlyMarked,
    UnmarkAll,
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
    Views,
    Clear,
    Undo,
    CommandLine,
    Run,
    Complete,
    Older,
    Newer,
    /// On a line that is typed.
    Caret(Motion),
    Erase,
    /// What the cursor would pass.
    EraseTo(Motion),
    EraseWord,
    Leave,
    Help,
    Redraw,
    Suspend,
    Quit,
}

/// Where keys mean something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::tui) enum Context {
    List,
    Detail,
    /// The list of all runs, and the detail of what is selected there.
    Past,
    PastDetail,
    Output,
    Traffic,
    Help,
    Sort,
    Copy,
    Views,
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
    pub(in crate::tui) fn is_line(self) -> bool {
        matches!(
            self,
            Self::CommandLine | Self::FilterLine | Self::SearchLine | Self::AnswerLine
        )
    }

    /// Whether it lies over the panes and is left with a key.
    pub(in crate::tui) fn is_on_top(self) -> bool {
        matches!(self, Self::Help | Self::Sort | Self::Copy | Self::Views)
    }

    /// As a heading of the help screen.
    pub(in crate::tui) fn name(self) -> &'static str {
        match self {
            Self::List => "exchanges",
            Self::Detail => "detail",
            Self::Past => "history",
            Self::PastDetail => "detail of the history",
            Self::Output => "output",
            Self::Traffic => "traffic",
            Self::Help => "help",
            Self::Sort => "sorting",
            Self::Copy => "copying",
            Self::Views => "views",
            Self::Stream => "stream",
            Self::CommandLine => "command line",
            Self::FilterLine => "filter",
            Self::SearchLine => "search",
            Self::AnswerLine => "answer",
        }
    }
}
