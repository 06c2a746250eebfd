//! The dashboard of the real program in a real pseudo-terminal: what is seen of exchanges,
//! reloads, output and failures, and what keys do.

mod exchanges;
mod finding;
mod frameworks;
mod keys;
mod reloads;
mod replays;
mod screen;
mod taking_out;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::client::{Client, get, request};
use crate::folder::Folder;
use crate::program::announced_port;
use crate::rdev::{Launch, rdev};
use crate::recorded::{Memory, load};
use crate::terminal::{Terminal, contents};

/// An application that counts, prints and fails, a route for each.
const LITTLE: &str = r#"
import logging, sys

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
hits = 0


def app(environ, start_response):
    global hits
    hits += 1
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/raise":
        raise ValueError("<no good>")
    if path == "/print":
        print("printed to stdout")
        print("printed to stderr", file=sys.stderr)
        logging.info("logged")
        sys.stdout.write("\x1b[2J\x1b[Hwiped \x9b31m \u202eesrever\n")
        sys.stdout.flush()
    kind = "application/json" if path == "/json" else "text/plain"
    start_response("200 OK", [("Content-Type", kind)])
    return [b"hit %d, %d bytes\n" % (hits, len(body))]
"#;

/// A dashboard that is ready, and what it serves.
pub(crate) struct Dashboard {
    pub(crate) terminal: Terminal,
    pub(crate) port: u16,
    pub(crate) folder: Folder,
}

/// The little application with `--reload`.
fn little(columns: u16, rows: u16) -> Dashboard {
    let folder = Folder::empty();
    folder.save("little.py", LITTLE);
    let at = dashboard(
        folder,
        ["little:app", "--reload", "--reload-mode", "fork"],
        columns,
        rows,
    );
    // The last thing that comes by itself, some time after the start.
    at.terminal.sees(["library modules stay in memory"]);
    at
}

pub(crate) fn dashboard<const N: usize>(
    folder: Folder,
    arguments: [&str; N],
    columns: u16,
    rows: u16,
) -> Dashboard {
    let launch = rdev(folder.path()).args(arguments).env("PROBE_FOLDER", folder.path());
    let terminal = launch.args(["--port", "0"]).in_terminal(columns, rows);
    let port = seen_port(&terminal);
    terminal.sees(["gen 1 ✓"]);
    Dashboard { terminal, port, folder }
}

/// The port of the address in the status line.
pub(crate) fn seen_port(terminal: &Terminal) -> u16 {
    terminal.wait_for("an address", |screen| announced_port(&screen.contents()))
}

impl Dashboard {
    fn get(&self, target: &str) {
        get(self.port, target);
    }

    fn save(&self, old: &str, new: &str) {
        let text = self.folder.text("little.py");
        assert!(text.contains(old), "{text}");
        self.folder.save("little.py", &text.replace(old, new));
    }
}

/// What the terminal was asked to put into its clipboard.
fn clipboard(terminal: &Terminal) -> Option<String> {
    let written = String::from_utf8(terminal.written()).unwrap();
    let (_, asked) = written.rsplit_once("\x1b]52;c;")?;
    let encoded = asked.split('\x1b').next()?;
    let bytes = BASE64_STANDARD.decode(encoded).unwrap();
    Some(String::from_utf8(bytes).unwrap())
}

/// The little application, where these are the clipboards that there are.
fn with_clipboards(variables: &[(&str, &str)], folder: Folder) -> Dashboard {
    folder.save("little.py", LITTLE);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.path().display());
    let unset =
        ["DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "TMUX", "STY"];
    let launch = rdev(folder.path()).args(["little:app", "--port", "0"]);
    let launch = unset.iter().fold(launch, |launch, name| launch.env(name, ""));
    let launch =
        variables.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let terminal = launch.env("PATH", &path).in_terminal(120, 40);
    let port = seen_port(&terminal);
    terminal.sees(["gen 1 ✓"]);
    get(port, "/one");
    terminal.sees(["< hit 1, 0 bytes"]);
    Dashboard { terminal, port, folder }
}

/// A program of that name on the path.
fn program(folder: &Folder, name: &str, script: &str) {
    folder.save(name, script);
    let allowed = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join(name), allowed).unwrap();
}
