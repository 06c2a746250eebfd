//! The commands by which exchanges leave the history and come into it: their arguments as
//! typed, and what they come to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use super::file::{self, FileError, ViewSetting};
use super::history::HistoryPlace;
use super::surroundings::Surroundings;
use super::target::{Finder, Target};

pub(super) const AFTER_EXPORT: &str = "\
The file is a HAR 1.2, as browsers' developer tools read it. `rdev import` reads it \
back as it was. FILTER is that of `rdev history`, whose help tells the language.

Exit status: 0 when it was written, 1 when no exchange passes the filter, 2 when \
something is in the way.

Examples:
  rdev export --har all.har
  rdev export status:5xx 'age:<1h' --har broken.har
  rdev export id:42 --har - --include-sensitive";

pub(super) const AFTER_IMPORT: &str = "\
The exchanges become a run of their own: 8.1, 8.2 and so on. Archives of browsers, \
mitmproxy and Insomnia are read as well as rdev's own.

Exit status: 0 when something was imported, 1 when there was nothing, 2 when the file \
cannot be read or the history cannot be written.";

pub(super) const AFTER_COPY: &str = "\
What is printed can be pasted into a shell, a program, a test. A request of which only \
a part is kept is not copied.

Exit status: 0 when it was printed, 1 when there is no such exchange, 2 when it cannot \
be copied that way or the history cannot be read.

Examples:
  rdev copy 42 --as curl
  rdev copy 42 --as pytest > test_order.py
  eval \"$(rdev copy 42 --as curl --include-sensitive)\"";

/// Which exchanges to write, and where.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// Which exchanges; all of them where there is none
    filter: Vec<OsString>,
    /// File to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    har: PathBuf,
    /// Leave credentials, tokens and passwords as they are
    #[arg(long)]
    include_sensitive: bool,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// What to read.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The HAR file; `-` is stdin
    har: PathBuf,
    /// File to keep it in [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Which request to print, and as what.
#[derive(Debug, Args)]
pub(super) struct CopyArguments {
    /// Its number as listed: 7.42, or 42 for one of the latest run
    id: String,
    /// What to make of the request
    #[arg(long = "as", value_name = "FORM", value_enum)]
    form: CopyForm,
    /// Leave credentials, tokens and passwords as they are
    #[arg(long)]
    include_sensitive: bool,
    /// The application a test imports [default: the one that was served]
    #[arg(long, value_name = "TARGET")]
    target: Option<OsString>,
    /// File to read [default: that of the project of the current folder]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// What to make of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CopyForm {
    Curl,
    Httpie,
    PythonRequests,
    Pytest,
    Raw,
    Url,
}

/// What leaves the history: with its secrets or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Masked,
    Included,
}

impl Secrets {
    pub(super) fn typed(include_sensitive: bool) -> Self {
        if include_sensitive { Self::Included } else { Self::Masked }
    }
}

/// Exchanges to write to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub place: HistoryPlace,
    pub filter: String,
    /// What may stand in it by a name.
    pub views: Vec<ViewSetting>,
    /// `None`: stdout.
    pub har: Option<PathBuf>,
    pub secrets: Secrets,
}

/// A file to bring in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub place: HistoryPlace,
    /// `None`: stdin.
    pub har: Option<PathBuf>,
}

/// A request to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub place: HistoryPlace,
    /// As typed.
    pub id: String,
    pub form: CopyForm,
    pub secrets: Secrets,
    /// The application, where it was named.
    pub target: Option<OsString>,
    /// Where its target is looked for.
    pub current_dir: PathBuf,
}

impl Copy {
    /// The application that a target means in the current folder; the error says why
    /// there is none.
    pub fn application(&self, served: &str) -> Result<Target, String> {
        let typed = self.target.clone().unwrap_or_else(|| served.into());
        let finder = Finder::new(&self.current_dir, None, false);
        let found = finder.and_then(|finder| finder.find(Some(&typed)));
        found.map_err(|error| error.to_string())
    }
}

pub(super) fn export(
    typed: &ExportArguments,
    surroundings: &Surroundings,
) -> Result<Export, FileError> {
    let filter = filter(&typed.filter);
    Ok(Export {
        place: HistoryPlace::find(typed.history.as_deref(), surroundings),
        views: file::views(&filter, surroundings)?,
        filter,
        har: named(&typed.har, surroundings),
        secrets: Secrets::typed(typed.include_sensitive),
    })
}

pub(super) fn import(typed: &ImportArguments, surroundings: &Surroundings) -> Import {
    let place = HistoryPlace::find(typed.history.as_deref(), surroundings);
    Import { place, har: named(&typed.har, surroundings) }
}

pub(super) fn copy(typed: CopyArguments, surroundings: &Surroundings) -> Copy {
    Copy {
        place: HistoryPlace::find(typed.history.as_deref(), surroundings),
        id: typed.id,
        form: typed.form,
        secrets: Secrets::typed(typed.include_sensitive),
        target: typed.target,
        current_dir: surroundings.current_dir.clone(),
    }
}

/// The words of a filter as one text.
pub(super) fn filter(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// A file, or `None` where it is `-`.
fn named(typed: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    (typed != Path::new("-")).then(|| surroundings.current_dir.join(typed))
}
