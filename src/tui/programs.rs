//! Programs that are lent the terminal: the user's editor, a pager, and a command that a
//! body goes through; and the files they are given.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::WaitStatus;
use tempfile::NamedTempFile;

use crate::exchange::{Notice, Severity};
use crate::terminal::Screen;
use crate::text;

use super::editor;
use super::message::Saved;

/// Runs a command with a file as its input, and leaves what it wrote to be read.
const PIPE: &str = "sh -c \"$1\" <\"$2\"; status=$?
printf '\\033[0m\\033[?25h\\n[ended with status %s; enter goes back] ' \"$status\"
read -r _";

/// Opens a file in the user's editor. Something is to be said where that cannot be run.
pub(super) fn edit(
    screen: &mut Screen,
    file: &Path,
    line: u32,
) -> io::Result<Option<Notice>> {
    let editor = named(["VISUAL", "EDITOR"]).unwrap_or_else(|| "vi".to_owned());
    let status = screen.lend(&mut editor::command(&editor, file, line))?;
    Ok(missing(status, &editor, "$EDITOR names your editor"))
}

/// Shows a text in the user's pager.
pub(super) fn view(
    screen: &mut Screen,
    shown: &str,
    suffix: &str,
) -> io::Result<Option<Notice>> {
    let file = match temporary(shown.as_bytes(), suffix) {
        Ok(file) => file,
        Err(error) => return Ok(Some(unwritten(&error))),
    };
    let pager = named(["PAGER"]).unwrap_or_else(|| "less".to_owned());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{pager} \"$@\""), &pager]).arg(file.path());
    let status = screen.lend(&mut command)?;
    Ok(missing(status, &pager, "$PAGER names your pager"))
}

/// Runs a command that reads a body.
pub(super) fn pipe(
    screen: &mut Screen,
    typed: &str,
    bytes: &[u8],
) -> io::Result<Option<Notice>> {
    let file = match temporary(bytes, "body") {
        Ok(file) => file,
        Err(error) => return Ok(Some(unwritten(&error))),
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", PIPE, "sh", typed]).arg(file.path());
    screen.lend(&mut command)?;
    Ok(None)
}

/// Writes a file that is not there yet.
pub(super) fn save(saved: &Saved) -> Notice {
    let file = below_home(&saved.file);
    let shown = text::printable(file.as_os_str().as_encoded_bytes());
    let what = &saved.what;
    let created = OpenOptions::new().write(true).create_new(true).open(&file);
    match created.and_then(|mut out| out.write_all(&saved.bytes)) {
        Ok(()) => {
            let size = text::byte_count(saved.bytes.len() as u64);
            let remark = &saved.remark;
            let remark =
                if remark.is_empty() { String::new() } else { format!(", {remark}") };
            let text = format!("{what}: {size} in {shown}{remark}");
            Notice { severity: Severity::Info, text }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = format!("{shown} is there already; {what} was not saved");
            Notice { severity: Severity::Warning, text }
        }
        Err(error) => {
            let text = format!("{what} was not saved in {shown}: {error}");
            Notice { severity: Severity::Error, text }
        }
    }
}

/// A path as shells read it: `~/` is the home folder.
fn below_home(file: &Path) -> PathBuf {
    match (file.strip_prefix("~"), env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => file.to_owned(),
    }
}

/// The first of these variables that names something.
fn named<const N: usize>(variables: [&str; N]) -> Option<String> {
    let mut named = variables.into_iter().filter_map(|name| env::var(name).ok());
    named.find(|command| !command.trim().is_empty())
}

/// What a shell says of a command that is not there.
fn missing(status: Option<WaitStatus>, command: &str, mend: &str) -> Option<Notice> {
    let is_missing = status.and_then(WaitStatus::exit_status) == Some(127);
    let text = format!("{command} cannot be run; {mend}");
    is_missing.then_some(Notice { severity: Severity::Warning, text })
}

fn unwritten(error: &io::Error) -> Notice {
    let text = format!("no temporary file can be written: {error}");
    Notice { severity: Severity::Error, text }
}

/// A file for the user alone that goes when it is dropped.
fn temporary(bytes: &[u8], suffix: &str) -> io::Result<NamedTempFile> {
    let suffix = format!(".{suffix}");
    let mut file = tempfile::Builder::new().prefix("rdev-").suffix(&suffix).tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}
