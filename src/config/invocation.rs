//! From arguments and surroundings to what the program has to do.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::StyledStr;

use super::access::Access;
use super::appearance::{Appearance, Depth};
use super::arguments::{self, ServeArguments, Typed, Watching};
use super::error::Error;
use super::file::{self, ViewSetting};
use super::history::{HistoryConfig, HistoryPlace};
use super::history_arguments::{HistoryArguments, KeepingArguments, ShowArguments};
use super::interpreter::{self, Interpreter};
use super::limits::Limits;
use super::reload_mode::ReloadMode;
use super::surroundings::Surroundings;
use super::target::{Finder, Target};
use super::transfer::{self, Copy, Export, Import, Secrets};

/// What the rest of the program needs to know to serve.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What to serve.
    pub target: Target,
    /// Whether changes to the code are brought in.
    pub reload: bool,
    /// How generations are to be made.
    pub reload_mode: ReloadMode,
    /// What else makes a reload, and how it is noticed.
    pub watching: Watching,
    /// The address or name to listen on, IPv6 without brackets.
    pub host: String,
    /// 0: a free one.
    pub port: u16,
    /// How many requests may be in the application at a time, at least 1.
    pub threads: usize,
    /// Whether a chunked body is handed on as it comes.
    pub stream_chunked: bool,
    /// How long the application may do nothing about a request.
    pub timeout: Option<Duration>,
    /// How long an import may take, more than zero.
    pub import_timeout: Duration,
    /// How long a request may wait for new code.
    pub hold_limit: Duration,
    /// How long requests may go on in older code; `None` until they end.
    pub retire: Option<Duration>,
    /// How long requests in flight may take to finish in the end.
    pub drain: Duration,
    /// Transcripts, even on a terminal.
    pub plain: bool,
    /// How the dashboard looks.
    pub appearance: Appearance,
    /// Whether each response says which generation it is from.
    pub generation_header: bool,
    /// Whether all that is known about each generation is told.
    pub explain_reload: bool,
    /// Who may use the application.
    pub access: Access,
    /// How much is taken from clients.
    pub limits: Limits,
    /// Where exchanges are kept.
    pub history: HistoryConfig,
    /// What to run the application with.
    pub interpreter: Interpreter,
    /// As typed, the program first: the application's `sys.argv`.
    pub arguments: Vec<OsString>,
}

/// Which exchanges to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    pub place: HistoryPlace,
    /// In the language of `history/filter/`.
    pub filter: String,
    /// What may stand in it by a name.
    pub views: Vec<ViewSetting>,
    /// The newest ones, so many at most.
    pub last: Option<u64>,
    /// Whether to go on with those to come.
    pub follow: bool,
    pub form: ListForm,
}

/// How to list exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// For people and `awk`.
    Lines,
    /// One object a line.
    Json(Secrets),
}

/// Which exchange to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    pub place: HistoryPlace,
    /// As typed.
    pub id: String,
    pub form: ShowForm,
}

/// How to print an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowForm {
    /// In the manner of `curl -v`.
    Transcript,
    /// Both messages, byte for byte.
    Raw,
    /// The response's body, unpacked.
    Body,
    /// All of it, as one object.
    Json(Secrets),
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// To serve.
    Serve(Box<Config>),
    /// To list exchanges of the history.
    History(History),
    /// To print one of them.
    Show(Show),
    /// To write some of them to a file.
    Export(Export),
    /// To bring in those of a file.
    Import(Import),
    /// To print a request in another form.
    Copy(Copy),
    /// To print this on stdout: help or version.
    Help(String),
}

/// Reads the command line, the program's name first.
pub fn from_command_line(
    arguments: Vec<OsString>,
    surroundings: &Surroundings,
) -> Result<Invocation, Error> {
    match arguments::parse(&arguments) {
        Ok(Typed::Serve(typed)) => {
            let config = resolve(*typed, arguments, surroundings)?;
            Ok(Invocation::Serve(Box::new(config)))
        }
        Ok(Typed::History(typed)) => {
            Ok(Invocation::History(listing(&typed, surroundings)?))
        }
        Ok(Typed::Show(typed)) => Ok(Invocation::Show(showing(typed, surroundings))),
        Ok(Typed::Export(typed)) => {
            Ok(Invocation::Export(transfer::export(&typed, surroundings)?))
        }
        Ok(Typed::Import(typed)) => {
            Ok(Invocation::Import(transfer::import(&typed, surroundings)))
        }
        Ok(Typed::Copy(typed)) => {
            Ok(Invocation::Copy(transfer::copy(typed, surroundings)))
        }
        Ok(Typed::Help(text)) => {
            Ok(Invocation::Help(rendered(&text, surroundings.colour_help)))
        }
        Err(text) => Err(Error::Usage(rendered(&text, surroundings.colour_errors))),
    }
}

fn listing(
    typed: &HistoryArguments,
    surroundings: &Surroundings,
) -> Result<History, Error> {
    let filter = transfer::filter(&typed.filter);
    Ok(History {
        place: HistoryPlace::find(typed.history.as_deref(), surroundings),
        views: file::views(&filter, surroundings)?,
        filter,
        last: (typed.last > 0).then_some(typed.last),
        follow: typed.follow,
        form: typed.json.asked().map_or(ListForm::Lines, ListForm::Json),
    })
}

fn showing(typed: ShowArguments, surroundings: &Surroundings) -> Show {
    let form = match (typed.raw, typed.body, typed.json.asked()) {
        (true, _, _) => ShowForm::Raw,
        (_, true, _) => ShowForm::Body,
        (_, _, Some(secrets)) => ShowForm::Json(secrets),
        (false, false, None) => ShowForm::Transcript,
    };
    let place = HistoryPlace::find(typed.history.as_deref(), surroundings);
    Show { place, id: typed.id, form }
}

fn keeping(typed: &KeepingArguments, surroundings: &Surroundings) -> HistoryConfig {
    let place = if typed.no_history {
        HistoryPlace::Memory
    } else {
        HistoryPlace::find(typed.history.as_deref(), surroundings)
    };
    HistoryConfig {
        place,
        size: typed.history_size,
        age: typed.history_age,
        body: typed.max_body,
    }
}

fn resolve(
    typed: ServeArguments,
    arguments: Vec<OsString>,
    surroundings: &Surroundings,
) -> Result<Config, Error> {
    let app_dir = typed.app_dir.as_deref();
    let finder = Finder::new(&surroundings.current_dir, app_dir, typed.reload)?;
    let target = finder.find(typed.target.as_deref())?;
    let interpreter =
        interpreter::find(typed.python.as_deref(), &target.app_dir, surroundings)?;
    let history = keeping(&typed.keeping, surroundings);
    let settings = file::load(surroundings)?;
    let theme = typed.theme.or(settings.theme).unwrap_or_default();
    let pictures = typed.pictures.or(settings.pictures).unwrap_or_default();
    Ok(Config {
        target,
        reload: typed.reload,
        reload_mode: typed.reload_mode,
        watching: typed.watching,
        host: without_brackets(typed.host),
        port: typed.port,
        threads: typed.threads,
        stream_chunked: typed.stream_chunked,
        timeout: typed.timeout,
        import_timeout: typed.import_timeout,
        hold_limit: typed.hold_limit,
        retire: typed.retire,
        drain: typed.drain,
        plain: typed.plain,
        appearance: Appearance {
            theme: surroundings.no_color.is_none().then_some(theme),
            mouse: !typed.no_mouse && settings.mouse != Some(false),
            depth: Depth::told_by(
                surroundings.colorterm.as_ref(),
                &surroundings.terminal,
            ),
            pictures: pictures.protocol(&surroundings.terminal),
            keys: settings.keys,
            views: settings.views,
            showing: typed.showing,
        },
        generation_header: typed.generation_header,
        explain_reload: typed.explain_reload,
        access: typed.access,
        limits: typed.limits,
        history,
        interpreter,
        arguments,
    })
}

/// `[::1]`, as an URL has it, is the address `::1`.
fn without_brackets(host: String) -> String {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.map(str::to_owned).unwrap_or(host)
}

fn rendered(text: &StyledStr, colour: bool) -> String {
    let text = if colour { text.ansi().to_string() } else { text.to_string() };
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::appearance::Theme;
    use super::super::showing::Showing;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::super::interpreter::{FoundBy, Linked};
    use super::*;

    fn surroundings(current_dir: &Path) -> Surroundings {
        Surroundings {
            virtual_env: None,
            conda_prefix: None,
            state_home: Some("/state".into()),
            home: None,
            path: None,
            current_dir: current_dir.to_path_buf(),
            linked: Linked {
                python: PathBuf::from("/python/bin/python3"),
                home: PathBuf::from("/python/bin"),
                version: "3.11".to_owned(),
            },
            no_color: None,
            colorterm: None,
            terminal: Vec::new(),
            config_home: None,
            colour_help: false,
            colour_errors: false,
        }
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn a_command_line_becomes_a_config() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        // Ends the search for environments, wherever the tests run.
        fs::create_dir(root.join(".git")).unwrap();
        let arguments = words(
            "rdev shop:app --reload --reload-mode fork --host [::1] \
             --port 0 --threads 1 --timeout 1.5 --stream-chunked --max-head 1M \
             --allow-host a.example --retire 0.5 --drain 0",
        );
        let surroundings = surroundings(&root);
        let invocation = from_command_line(arguments.clone(), &surroundings);
        let Ok(Invocation::Serve(config)) = invocation else {
            panic!("{invocation:?}");
        };
        let expected = Config {
            target: Target {
                module: "shop".to_owned(),
                others: Vec::new(),
                callable: Some("app".to_owned()),
                app_dir: root,
                shown: "shop:app".to_owned(),
            },
            reload: true,
            reload_mode: ReloadMode::Fork,
            watching: Watching::default(),
            host: "::1".to_owned(),
            port: 0,
            threads: 1,
            stream_chunked: true,
            timeout: Some(Duration::from_millis(1500)),
            import_timeout: Duration::from_secs(60),
            hold_limit: Duration::from_secs(30),
            retire: Some(Duration::from_millis(500)),
            drain: Duration::ZERO,
            plain: false,
            appearance: Appearance {
                theme: Some(Theme::Terminal),
                mouse: true,
                depth: Depth::Sixteen,
                pictures: None,
                keys: Vec::new(),
                views: Vec::new(),
                showing: Showing::default(),
            },
            generation_header: false,
            explain_reload: false,
            access: Access {
                allow_host: vec!["a.example".to_owned()],
                expose_errors: false,
            },
            limits: Limits { max_head: 1 << 20, ..Limits::default() },
            history: HistoryConfig {
                place: HistoryPlace::find(None, &surroundings),
                size: 500 << 20,
                age: jiff::SignedDuration::from_hours(720),
                body: 10 << 20,
            },
            interpreter: Interpreter {
                python: PathBuf::from("/python/bin/python3"),
                found_by: FoundBy::Build,
            },
            arguments,
        };
        assert_eq!(*config, expected);
    }

    #[test]
    fn every_error_is_one_message_with_its_exit_code() {
        let folder = tempfile::tempdir().unwrap();
        let mut surroundings = surroundings(folder.path());
        surroundings.virtual_env = Some("/nowhere".into());
        let table = [
            ("rdev --port 65536", 2, "error: invalid value '65536'"),
            ("rdev", 1, "error: no application in "),
            ("rdev missing.py", 1, "error: missing.py does not exist"),
            ("rdev app:", 2, "error: \"app:\" has nothing behind"),
            ("rdev app:app", 2, "error: VIRTUAL_ENV names /nowhere"),
        ];
        for (line, code, start) in table {
            let error = from_command_line(words(line), &surroundings).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(start), "{line}: {text}");
            assert_eq!(error.exit_code(), code, "{line}");
            assert_eq!(text.trim_end(), text, "{line}");
        }
    }

    #[test]
    fn colours_are_for_terminals_alone() {
        let mut surroundings = surroundings(Path::new("/"));
        for colour in [false, true] {
            surroundings.colour_errors = colour;
            surroundings.colour_help = colour;
            let error = from_command_line(words("rdev --no"), &surroundings).unwrap_err();
            assert_eq!(error.to_string().contains('\x1b'), colour);
            let help = from_command_line(words("rdev --help"), &surroundings).unwrap();
            let Invocation::Help(help) = help else { panic!("{help:?}") };
            assert_eq!(help.contains('\x1b'), colour);
        }
    }
}
