//! The clipboard: by which ways it can be reached from here, and the programs that are one.
//!
//! Nobody answers whether an escape sequence was obeyed, so that comes after the programs
//! that say so, and only where terminals are known to obey it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::process::{kill_group, outlive_us};

/// Most bytes for the escape sequence: in base64 that is 100,000, beyond which terminals
/// cut it off or drop it (hterm, Windows Terminal, tmux have bounds of that order).
const MOST_IN_SEQUENCE: usize = 74_994;
/// How long a program may take: one whose display does not answer never ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// A way into the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A program that takes it from its standard input.
    Program(&'static str, &'static [&'static str]),
    /// The sequence that has the terminal itself do it, wherever it is.
    Osc52,
}

/// The ways that there may be for so many bytes, the best first. `variable` gives those of
/// the environment.
pub fn ways(
    variable: impl Fn(&str) -> Option<OsString>,
    is_macos: bool,
    length: usize,
) -> Vec<Way> {
    let has = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is = |name, wanted: &str| variable(name).is_some_and(|value| value == wanted);
    let mut ways = Vec::new();
    let mut add = |condition, way| {
        if condition {
            ways.push(way);
        }
    };
    // A display that is told of over ssh is not the one that somebody sits at.
    let local = !has("SSH_CONNECTION") && !has("SSH_TTY");
    add(local && is_macos, Way::Program("pbcopy", &[]));
    add(local && has("WSL_DISTRO_NAME"), Way::Program("clip.exe", &[]));
    add(local && has("WAYLAND_DISPLAY"), Way::Program("wl-copy", &[]));
    let has_x = local && has("DISPLAY");
    add(has_x, Way::Program("xclip", &["-selection", "clipboard"]));
    add(has_x, Way::Program("xsel", &["--clipboard", "--input"]));
    // What an application writes it drops unless told otherwise (`set-clipboard external`),
    // but `-w` (since 3.2) has it tell the terminal that it is in.
    add(has("TMUX"), Way::Program("tmux", &["load-buffer", "-w", "-"]));
    // GNU screen, the console and Terminal.app drop the sequence.
    let obeys = !has("STY")
        && !is("TERM", "linux")
        && !is("TERM_PROGRAM", "Apple_Terminal")
        && length <= MOST_IN_SEQUENCE;
    add(obeys, Way::Osc52);
    ways
}

/// Hands bytes to a program; whether it took them.
///
/// Some stay, to hand them on to whoever pastes: they are not ended with us.
pub fn hand_over(program: &str, arguments: &[&str], bytes: &[u8]) -> bool {
    // A shell says how it went: this process may not learn of it, since one of its threads
    // collects all children.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "\"$@\" >/dev/null 2>&1 && echo taken", "sh", program]);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let group = child.id().cast_signed();
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (told, hear) = channel();
    thread::scope(|scope| {
        scope.spawn(move || input.map(|mut input| input.write_all(bytes)));
        scope.spawn(move || {
            let mut said = String::new();
            let read = output.map(|mut output| output.read_to_string(&mut said));
            let _gone = told.send(read.is_some() && said.starts_with("taken"));
        });
        let heard = hear.recv_timeout(PATIENCE);
        if heard.is_err() {
            kill_group(group);
        }
        // Unless that was done already.
        let _collected = child.wait();
        outlive_us(group);
        heard.unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ways by name, where these variables are set.
    fn names(variables: &[(&str, &str)], is_macos: bool, length: usize) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let name = |way: &Way| match way {
            Way::Program(name, _) => (*name).to_owned(),
            Way::Osc52 => "osc52".to_owned(),
        };
        ways(variable, is_macos, length).iter().map(name).collect()
    }

    #[test]
    fn programs_of_a_local_display_come_before_the_terminal() {
        assert_eq!(names(&[], false, 10), ["osc52"]);
        assert_eq!(names(&[], true, 10), ["pbcopy", "osc52"]);
        let x = ("DISPLAY", ":0");
        let wayland = ("WAYLAND_DISPLAY", "wayland-0");
        assert_eq!(names(&[x], false, 10), ["xclip", "xsel", "osc52"]);
        assert_eq!(
            names(&[x, wayland], false, 10),
            ["wl-copy", "xclip", "xsel", "osc52"]
        );
        assert_eq!(names(&[x, ("SSH_TTY", "/dev/pts/1")], false, 10), ["osc52"]);
        assert_eq!(names(&[("DISPLAY", "")], false, 10), ["osc52"]);
    }

    #[test]
    fn what_would_be_dropped_on_the_way_is_not_tried() {
        assert_eq!(names(&[("TMUX", "/tmp/tmux,1,0")], false, 10), ["tmux", "osc52"]);
        assert_eq!(names(&[("TMUX", "/tmp/tmux,1,0")], false, 75_000), ["tmux"]);
        let none: [&str; 0] = [];
        for variable in
            [("STY", "1.a"), ("TERM", "linux"), ("TERM_PROGRAM", "Apple_Terminal")]
        {
            assert_eq!(names(&[variable], false, 10), none);
        }
        assert_eq!(names(&[], false, 74_994), ["osc52"]);
        assert_eq!(names(&[], false, 74_995), none);
    }

    #[test]
    fn a_program_takes_it_or_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("taken");
        let taken = hand_over("tee", &[file.to_str().unwrap()], b"a\0b");
        assert!(taken);
        assert_eq!(std::fs::read(file).unwrap(), b"a\0b");
        assert!(!hand_over("false", &[], &vec![b'x'; 1 << 20]));
        assert!(!hand_over("no-such-program-anywhere", &[], b"x"));
    }
}
