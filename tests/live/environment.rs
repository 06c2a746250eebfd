//! The virtual environment the live tests serve from: `target/live-venv`, made by the
//! interpreter the binary was built with, once for all test processes.
//!
//! A stamp beside it holds what it was made from; anything else there and it is remade.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};

const REQUIREMENTS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/requirements.txt");

/// The environment's folder; the first caller makes it, others wait.
pub(crate) fn venv() -> &'static Path {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| {
        let venv = target().join("live-venv");
        with_lock("live-venv", || make_venv(&venv));
        venv
    })
}

/// The environment's interpreter.
pub(crate) fn python() -> PathBuf {
    venv().join("bin/python")
}

/// Does something that no other test process does at the same time.
pub(crate) fn with_lock<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let file = File::create(target().join(format!("{name}.lock"))).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    work()
}

/// Cargo's target folder.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// Runs a command and panics with its output when it fails.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn make_venv(venv: &Path) {
    let requirements = fs::read_to_string(REQUIREMENTS).unwrap();
    let stamp = format!("{}\n{requirements}", _rdev::BUILD_PYTHON);
    let stamped = venv.join("made-from.txt");
    if fs::read_to_string(&stamped).is_ok_and(|found| found == stamp) {
        return;
    }
    let _ = fs::remove_dir_all(venv);
    run(Command::new(_rdev::BUILD_PYTHON).args(["-m", "venv"]).arg(venv));
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    run(pip.arg(REQUIREMENTS));
    fs::write(stamped, stamp).unwrap();
}
