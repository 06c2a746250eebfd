//! The command line as typed: its grammar, its help, and nothing resolved yet.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, RangedU64ValueParser, StyledStr};
use clap::error::{ContextKind, ErrorKind};
use clap::{
    ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand,
};

use super::access::Access;
use super::appearance::Theme;
use super::history_arguments::{
    AFTER_HISTORY, AFTER_SHOW, HistoryArguments, KeepingArguments, ShowArguments,
};
use super::limits::Limits;
use super::pictures::Pictures;
use super::reload_mode::ReloadMode;
use super::showing::Showing;
use super::transfer::{
    AFTER_COPY, AFTER_EXPORT, AFTER_IMPORT, CopyArguments, ExportArguments,
    ImportArguments,
};

/// Help is laid out for this width everywhere, so that what is tested is what is read.
const COLUMNS: usize = 80;

const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (linked with Python ",
    env!("RDEV_BUILD_VERSION"),
    ")"
);

const HELP_OF_HELP: &str = "Print this help, or that of a command";

const ABOUT: &str = "\
Serves a WSGI application while you develop it and shows each request and \
response in the terminal: as a dashboard where there is one, as transcripts like \
those of curl -v otherwise. With --reload, every change to your code is brought in \
before the next request is answered.";

const AFTER_HELP: &str = "\
TARGET, what to serve:
  shop.wsgi:application  a name in a module, as you would import it
  shop:web.app           the name may be dotted
  shop:create_app(True)  what a factory returns; its arguments are literals
  shop.wsgi              a module alone: the first of app, application,
                         create_app() and make_app() that it has
  examples/hello.py      a file, alone or with :NAME behind it
  examples/              a folder: app.py, wsgi.py or main.py in it
  nothing                the same in the current folder (or --app-dir)
A module named like a command is served by ./run.py, run:app or `rdev run run`.

Examples:
  rdev                                 the app.py of the current folder
  rdev shop.wsgi --reload              a Django project while you work on it
  rdev 'shop:create_app(\"dev\")' --reload --port 5000
  rdev examples/hello.py --plain       transcripts instead of the dashboard";

/// What was typed behind `rdev`.
#[derive(Debug, Parser)]
#[command(
    name = "rdev",
    bin_name = "rdev",
    version = VERSION,
    about = ABOUT,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Commands",
    term_width = COLUMNS,
    disable_help_flag = true,
    disable_version_flag = true,
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    serve: ServeArguments,
    /// Print the version and the Python it is linked with
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Other options")]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, taken apart at once")]
enum Verb {
    /// Serve TARGET, as rdev does without a command
    #[command(after_help = AFTER_HELP, term_width = COLUMNS, disable_help_flag = true)]
    Run(ServeArguments),
    /// List the exchanges of the history, the newest last
    #[command(after_help = AFTER_HISTORY, term_width = COLUMNS, disable_help_flag = true)]
    History(HistoryArguments),
    /// Print one exchange of the history
    #[command(after_help = AFTER_SHOW, term_width = COLUMNS, disable_help_flag = true)]
    Show(ShowArguments),
    /// Write exchanges of the history to a HAR file
    #[command(after_help = AFTER_EXPORT, term_width = COLUMNS, disable_help_flag = true)]
    Export(ExportArguments),
    /// Bring the exchanges of a HAR file into the history
    #[command(after_help = AFTER_IMPORT, term_width = COLUMNS, disable_help_flag = true)]
    Import(ImportArguments),
    /// Print a request as a command, a program or a test
    #[command(after_help = AFTER_COPY, term_width = COLUMNS, disable_help_flag = true)]
    Copy(CopyArguments),
}

/// What to serve, and how.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The application; see below
    pub(super) target: Option<OsString>,

    /// Bring in every change to the code before the next request is answered
    #[arg(long, help_heading = "Serving")]
    pub(super) reload: bool,
    /// How the process of the new code is made: the fastest way that makes no
    /// difference, or one of the ways that README.md tells of
    #[arg(
        long,
        value_name = "MODE",
        value_enum,
        default_value_t,
        help_heading = "Serving"
    )]
    pub(super) reload_mode: ReloadMode,
    #[command(flatten)]
    pub(super) watching: Watching,
    /// Address or name to listen on
    #[arg(
        long,
        default_value = "127.0.0.1",
        help_heading = "Serving",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(super) host: String,
    /// Port to listen on; 0 picks a free one and prints it
    #[arg(long, default_value_t = 8888, help_heading = "Serving")]
    pub(super) port: u16,
    /// How many requests the application may answer at the same time; 1 makes
    /// wsgi.multithread False
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        help_heading = "Serving",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..)
    )]
    pub(super) threads: usize,
    /// End a request when nothing has come of it for so long; a number of seconds
    /// [default: never]
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = "Serving",
        value_parser = positive_seconds
    )]
    pub(super) timeout: Option<Duration>,
    /// Hand a chunked request body on as it comes, its length not known
    #[arg(long, help_heading = "Serving")]
    pub(super) stream_chunked: bool,
    /// How many seconds an import may take; then it counts as failed
    #[arg(
        long,
        value_name = "S",
        default_value = "60",
        help_heading = "Serving",
        value_parser = positive_seconds
    )]
    pub(super) import_timeout: Duration,
    /// How many seconds a request may wait for new code; then it is answered with
    /// status 503
    #[arg(
        long,
        value_name = "S",
        default_value = "30",
        help_heading = "Serving",
        value_parser = positive_seconds
    )]
    pub(super) hold_limit: Duration,
    /// How many seconds requests that run may go on in older code after a reload
    /// [default: until they end]
    #[arg(
        long,
        value_name = "S",
        help_heading = "Serving",
        value_parser = seconds
    )]
    pub(super) retire: Option<Duration>,
    /// How many seconds requests in flight may take to finish when rdev ends
    #[arg(
        long,
        value_name = "S",
        default_value = "5",
        help_heading = "Serving",
        value_parser = seconds
    )]
    pub(super) drain: Duration,

    /// Folder to import from, first on sys.path [default: the current folder, or the one
    /// of the file]
    #[arg(long, value_name = "DIR", help_heading = "Finding the application")]
    pub(super) app_dir: Option<PathBuf>,
    // As an attribute, since a doc comment would want the variables in backticks.
    #[arg(
        long,
        value_name = "PATH",
        help_heading = "Finding the application",
        help = "Interpreter, or virtual environment, to run the application with \
                [default: VIRTUAL_ENV, CONDA_PREFIX, .venv or venv from the \
                application's folder upwards, the Python that built rdev]"
    )]
    pub(super) python: Option<PathBuf>,

    /// Print transcripts instead of the dashboard, as is done without a terminal
    #[arg(long, help_heading = "Showing")]
    pub(super) plain: bool,
    // As an attribute, since a doc comment would want the variable in backticks.
    #[arg(
        long,
        value_name = "THEME",
        help_heading = "Showing",
        help = "Colours of the dashboard: the sixteen of your terminal, or some of \
                256; NO_COLOR in the environment is for none \
                [default: terminal]"
    )]
    pub(super) theme: Option<Theme>,
    // As an attribute, since a doc comment would want the names in backticks.
    #[arg(
        long,
        value_name = "HOW",
        help_heading = "Showing",
        help = "How the dashboard shows pictures: in blocks of half a cell, or by a \
                protocol of your terminal, if it is known to have one [default: auto]"
    )]
    pub(super) pictures: Option<Pictures>,
    /// Leave the mouse to the terminal; in the dashboard alt-m does
    #[arg(long, help_heading = "Showing")]
    pub(super) no_mouse: bool,
    /// Print of each import how its process was made and why so, which libraries were in
    /// memory, and which were not and why; the dashboard has it at :explain
    #[arg(long, help_heading = "Showing")]
    pub(super) explain_reload: bool,
    /// Add Rdev-Generation to each response: the number of the import that answered
    #[arg(long, help_heading = "Showing")]
    pub(super) generation_header: bool,

    #[command(flatten)]
    pub(super) access: Access,

    #[command(flatten)]
    pub(super) limits: Limits,
    #[command(flatten)]
    pub(super) showing: Showing,

    #[command(flatten)]
    pub(super) keeping: KeepingArguments,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help, help_heading = "Other options")]
    help: Option<bool>,
}

/// The longest time that is taken: a day.
const LONGEST: f64 = 86400.0;

fn seconds(text: &str) -> Result<Duration, String> {
    let number =
        text.parse::<f64>().ok().filter(|number| (0.0..=LONGEST).contains(number));
    let number =
        number.ok_or_else(|| format!("not a number of seconds up to {LONGEST}"))?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

fn positive_seconds(text: &str) -> Result<Duration, String> {
    let time = seconds(text)?;
    if time.is_zero() { Err("it must be more than 0".to_owned()) } else { Ok(time) }
}

/// A pattern, which is compiled once it is known where the application lies.
fn glob(text: &str) -> Result<String, String> {
    match globset::Glob::new(text) {
        Ok(_) if text.is_empty() => Err("it is empty".to_owned()),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// What else makes a reload, what does not, and how it is noticed.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    /// Files that make a reload too when they change: a name such as '*.md', or a path
    /// with a slash in it; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        requires = "reload",
        help_heading = "Serving",
        value_parser = glob
    )]
    pub watch: Vec<String>,
    /// Files and folders that never make one, unless they are imported; may be repeated
    #[arg(
        long,
        value_name = "GLOB",
        requires = "reload",
        help_heading = "Serving",
        value_parser = glob
    )]
    pub ignore: Vec<String>,
    /// Look at the files again and again instead of being told of changes by the
    /// system, as is done by itself where it does not tell
    #[arg(long, requires = "reload", help_heading = "Serving")]
    pub poll: bool,
}

/// What a command line comes to before anything is looked up.
pub(super) enum Typed {
    /// Serve.
    Serve(Box<ServeArguments>),
    /// List exchanges of the history.
    History(HistoryArguments),
    /// Print one of them.
    Show(ShowArguments),
    /// Write exchanges to a file.
    Export(ExportArguments),
    /// Bring in those of a file.
    Import(ImportArguments),
    /// Print a request in another form.
    Copy(CopyArguments),
    /// Print this on stdout and be done.
    Help(StyledStr),
}

/// Reads the arguments, the program's name first. An error is clap's text for stderr.
pub(super) fn parse(arguments: &[OsString]) -> Result<Typed, Box<StyledStr>> {
    let mut command = CommandLine::command();
    // Makes clap's own `help` a command that the lines below can name.
    command.build();
    command = command.mut_subcommand("help", |help| help.about(HELP_OF_HELP));
    let arguments = verb_first(&command, arguments);
    let parsed = command
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    match parsed {
        Ok(
            CommandLine { verb: None, serve, .. }
            | CommandLine { verb: Some(Verb::Run(serve)), .. },
        ) => Ok(Typed::Serve(Box::new(serve))),
        Ok(CommandLine { verb: Some(Verb::History(history)), .. }) => {
            Ok(Typed::History(history))
        }
        Ok(CommandLine { verb: Some(Verb::Show(show)), .. }) => Ok(Typed::Show(show)),
        Ok(CommandLine { verb: Some(Verb::Export(export)), .. }) => {
            Ok(Typed::Export(export))
        }
        Ok(CommandLine { verb: Some(Verb::Import(import)), .. }) => {
            Ok(Typed::Import(import))
        }
        Ok(CommandLine { verb: Some(Verb::Copy(copy)), .. }) => Ok(Typed::Copy(copy)),
        Err(told)
            if matches!(
                told.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Typed::Help(told.render()))
        }
        Err(error) => Err(Box::new(one_target(&mut command, error).render())),
    }
}

/// Has a second TARGET called that: clap takes it for a misplaced command.
fn one_target(command: &mut Command, error: clap::Error) -> clap::Error {
    match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::ArgumentConflict, Some(word)) => command.error(
            ErrorKind::UnknownArgument,
            format!("unexpected argument '{word}': there is a TARGET already"),
        ),
        _ => error,
    }
}

/// Moves a verb in front of the options before it: clap would take the `run` of
/// `rdev --reload run shop` for TARGET, but a verb wins over a module of its name.
fn verb_first(command: &Command, arguments: &[OsString]) -> Vec<OsString> {
    let mut ordered = arguments.to_vec();
    let mut at = 1;
    while let Some(word) = arguments.get(at).map(|word| word.to_string_lossy()) {
        if word == "--" {
            break;
        }
        if !word.starts_with('-') {
            if command.find_subcommand(word.as_ref()).is_some() {
                ordered[1..=at].rotate_right(1);
            }
            break;
        }
        at += if takes_the_next(command, &word) { 2 } else { 1 };
    }
    ordered
}

/// Whether an option's value is the argument behind it: `--port 80`, not `--port=80`.
fn takes_the_next(command: &Command, option: &str) -> bool {
    command.get_opts().any(|known| {
        known.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long))
    })
}
