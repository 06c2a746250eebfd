//! What can be typed, and what comes of it.

use std::ffi::OsStr;

use super::*;

fn typed(line: &str) -> Result<ServeArguments, String> {
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    match parse(&words) {
        Ok(Typed::Serve(serve)) => Ok(*serve),
        Ok(
            Typed::History(_)
            | Typed::Show(_)
            | Typed::Export(_)
            | Typed::Import(_)
            | Typed::Copy(_),
        ) => Err("another command".to_owned()),
        Ok(Typed::Help(text)) => Err(text.to_string()),
        Err(text) => Err(text.to_string()),
    }
}

#[test]
fn the_grammar_has_no_contradictions() {
    CommandLine::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_program_this_grew_out_of() {
    let serve = typed("rdev").unwrap();
    assert_eq!((serve.host.as_str(), serve.port), ("127.0.0.1", 8888));
    assert_eq!((serve.threads, serve.target), (64, None));
    assert!(!serve.reload && !serve.plain);
}

#[test]
fn a_verb_wins_over_a_module_of_its_name() {
    let table = [
        ("rdev run", None),
        ("rdev run run", Some("run")),
        ("rdev run:app", Some("run:app")),
        ("rdev ./run.py", Some("./run.py")),
        ("rdev -- run", Some("run")),
        ("rdev run help", Some("help")),
        ("rdev run shop --port 80 --reload", Some("shop")),
        ("rdev --port 80 --reload run shop", Some("shop")),
        ("rdev --port=80 --reload run shop", Some("shop")),
        ("rdev --port 80 --reload shop", Some("shop")),
        ("rdev --port 80 shop --reload", Some("shop")),
    ];
    for (line, target) in table {
        let serve = typed(line).unwrap_or_else(|text| panic!("{line}: {text}"));
        let typed = serve.target.as_deref().and_then(OsStr::to_str);
        assert_eq!(typed, target, "{line}");
        assert_eq!(serve.port, if line.contains("80") { 80 } else { 8888 }, "{line}");
        assert_eq!(serve.reload, line.contains("--reload"), "{line}");
    }
}

#[test]
fn what_breaks_the_grammar_is_told_with_the_place() {
    let table = [
        ("rdev --port 65536", "65536 is not in 0..=65535"),
        ("rdev --port eighty", "'--port <PORT>'"),
        ("rdev --relaod", "--reload"),
        ("rdev --threads 0", "'--threads <N>'"),
        ("rdev --timeout 0", "it must be more than 0"),
        ("rdev --timeout NaN", "not a number of seconds up to 86400"),
        ("rdev --timeout 1e99", "not a number of seconds up to 86400"),
        ("rdev --drain soon", "not a number of seconds up to 86400"),
        ("rdev --retire 1e9", "not a number of seconds up to 86400"),
        ("rdev --retire=-1", "not a number of seconds up to 86400"),
        ("rdev --import-timeout 0", "it must be more than 0"),
        ("rdev --host= app", "'--host <HOST>'"),
        ("rdev app:app other", "unexpected argument 'other'"),
        ("rdev app:app run", "unexpected argument 'run'"),
        ("rdev --port 1 --port 2", "cannot be used multiple times"),
    ];
    for (line, part) in table {
        let text = typed(line).err().unwrap_or_else(|| panic!("{line}"));
        assert!(text.starts_with("error: ") && text.contains(part), "{line}: {text}");
        assert!(text.contains("--help"), "{line}: {text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the help has that many")]
fn help_is_the_same_however_it_is_asked_for() {
    let help = typed("rdev --help").unwrap_err();
    for line in ["rdev -h", "rdev help", "rdev app:app --help", "rdev --port 1 -h"] {
        assert_eq!(typed(line).unwrap_err(), help, "{line}");
    }
    assert!(typed("rdev run --help").unwrap_err().contains("--app-dir <DIR>"));
    assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{help}");
    insta::assert_snapshot!(help, @r#"
    Serves a WSGI application while you develop it and shows each request and
    response in the terminal: as a dashboard where there is one, as transcripts like
    those of curl -v otherwise. With --reload, every change to your code is brought
    in before the next request is answered.

    Usage: rdev [OPTIONS] [TARGET]
           rdev <COMMAND>

    Commands:
      run      Serve TARGET, as rdev does without a command
      history  List the exchanges of the history, the newest last
      show     Print one exchange of the history
      export   Write exchanges of the history to a HAR file
      import   Bring the exchanges of a HAR file into the history
      copy     Print a request as a command, a program or a test
      help     Print this help, or that of a command

    Arguments:
      [TARGET]  The application; see below

    Serving:
          --reload              Bring in every change to the code before the next
                                request is answered
          --reload-mode <MODE>  How the process of the new code is made: the fastest
                                way that makes no difference, or one of the ways
                                that README.md tells of [default: auto] [possible
                                values: auto, cold, spare, fork, checkpoint]
          --watch <GLOB>        Files that make a reload too when they change: a
                                name such as '*.md', or a path with a slash in it;
                                may be repeated
          --ignore <GLOB>       Files and folders that never make one, unless they
                                are imported; may be repeated
          --poll                Look at the files again and again instead of being
                                told of changes by the system, as is done by itself
                                where it does not tell
          --host <HOST>         Address or name to listen on [default: 127.0.0.1]
          --port <PORT>         Port to listen on; 0 picks a free one and prints it
                                [default: 8888]
          --threads <N>         How many requests the application may answer at the
                                same time; 1 makes wsgi.multithread False [default:
                                64]
          --timeout <SECONDS>   End a request when nothing has come of it for so
                                long; a number of seconds [default: never]
          --stream-chunked      Hand a chunked request body on as it comes, its
                                length not known
          --import-timeout <S>  How many seconds an import may take; then it counts
                                as failed [default: 60]
          --hold-limit <S>      How many seconds a request may wait for new code;
                                then it is answered with status 503 [default: 30]
          --retire <S>          How many seconds requests that run may go on in
                                older code after a reload [default: until they end]
          --drain <S>           How many seconds requests in flight may take to
                                finish when rdev ends [default: 5]

    Finding the application:
          --app-dir <DIR>  Folder to import from, first on sys.path [default: the
                           current folder, or the one of the file]
          --python <PATH>  Interpreter, or virtual environment, to run the
                           application with [default: VIRTUAL_ENV, CONDA_PREFIX,
                           .venv or venv from the application's folder upwards, the
                           Python that built rdev]

    Showing:
          --plain              Print transcripts instead of the dashboard, as is
                               done without a terminal
          --theme <THEME>      Colours of the dashboard: the sixteen of your
                               terminal, or some of 256; NO_COLOR in the environment
                               is for none [default: terminal] [possible values:
                               terminal, dark, light, colour-blind]
          --pictures <HOW>     How the dashboard shows pictures: in blocks of half a
                               cell, or by a protocol of your terminal, if it is
                               known to have one [default: auto] [possible values:
                               auto, blocks, kitty, iterm2]
          --no-mouse           Leave the mouse to the terminal; in the dashboard
                               alt-m does
          --explain-reload     Print of each import how its process was made and why
                               so, which libraries were in memory, and which were
                               not and why; the dashboard has it at :explain
          --generation-header  Add Rdev-Generation to each response: the number of
                               the import that answered

    Access:
          --allow-host <NAME>  A host that requests may ask for, beside --host,
                               localhost, *.localhost, *.test and IP addresses;
                               *.NAME is all below it, .NAME that and itself, * any;
                               may be given several times
          --expose-errors      Answer errors with source and traceback to other
                               machines, too

    Limits:
          --max-request-line <SIZE>
              Longest request line [default: 16K]
          --max-field-line <SIZE>
              Longest line of a header or trailer field [default: 16K]
          --max-head <SIZE>
              Largest request head [default: 64K]
          --max-fields <N>
              Most header and trailer fields of a request [default: 100]
          --max-trailers <SIZE>
              All trailer fields of a request [default: 16K]
          --max-chunk-line <SIZE>
              Longest line with the size of a chunk [default: 4K]
          --max-chunk-extensions <SIZE>
              All chunk extensions of a request [default: 16K]
          --max-request-body <SIZE>
              Largest request body; 0: any [default: 1G]
          --body-memory <SIZE>
              Chunked request bodies beyond this are kept in a temporary file until
              they are complete [default: 512K]
          --max-unread-body <SIZE>
              How much of a request body that the application left unread is read,
              so that the connection can go on [default: 256K]
          --unread-timeout <SECONDS>
              How long what was left unread may take to come, also when the
              connection is to be closed [default: 1]
          --output-buffer <SIZE>
              How much of a response may wait for its client before the application
              has to [default: 1M]
          --max-connections <N>
              Most connections at a time; others wait to be accepted [default:
              10240]
          --backlog <N>
              Most connections that wait to be accepted [default: 1024]
          --head-timeout <SECONDS>
              How long a request head may take [default: 10]
          --idle-timeout <SECONDS>
              How long a connection may be idle between requests [default: 15]
          --body-timeout <SECONDS>
              How long a request body may pause [default: 30]
          --write-timeout <SECONDS>
              How long a client may take nothing of its response [default: 60]
          --max-unpacked <SIZE>
              How much of a packed body the dashboard unpacks [default: 10M]
          --max-unpack-ratio <N>
              How many times its packed size it unpacks, where that is more than 1M
              [default: 100]
          --max-codings <N>
              How many codings may lie upon each other to be unpacked [default: 2]
          --max-laid-out <SIZE>
              Largest body that it lays out; others are shown as they were sent
              [default: 10M]
          --slow-after <SECONDS>
              How long a response may take to begin before the list says so
              [default: 10]

    History:
          --history <FILE>       File to keep the history in [default: one per
                                 project in the user's state folder]
          --no-history           Keep the history in memory alone
          --history-size <SIZE>  How much of it to keep on disk; the oldest goes
                                 first; 0: no limit [default: 500MiB]
          --history-age <AGE>    How long to keep it; 0: no limit [default: 30d]
          --max-body <SIZE>      How much to keep of one body in the history; 0: no
                                 limit [default: 10MiB]

    Other options:
      -h, --help     Print this help
      -V, --version  Print the version and the Python it is linked with

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
      rdev 'shop:create_app("dev")' --reload --port 5000
      rdev examples/hello.py --plain       transcripts instead of the dashboard
    "#);
}

#[test]
fn the_version_names_the_python_inside() {
    let version = typed("rdev --version").unwrap_err();
    assert!(version.starts_with("rdev 0."), "{version}");
    assert!(version.contains("Python 3."), "{version}");
}
