//! A short run of `tests/bench/soak.py`: mixed load, disconnects and reloads, after which
//! memory is flat, no descriptor is left, and every exchange is accounted for.

use std::process::Command;

use crate::environment::{python, run, venv};

const SOAK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/soak.py");

#[test]
fn a_minute_of_everything_leaves_nothing_behind() {
    let binary = std::env::var_os("RDEV_BINARY");
    let built = env!("CARGO_BIN_EXE_rdev").into();
    let mut soak = Command::new(python());
    soak.arg(SOAK).args(["--minutes", "1", "--rdev"]).arg(binary.unwrap_or(built));
    // What Python compiles is not left in the tree.
    run(soak.arg("--python").arg(venv()).env("PYTHONDONTWRITEBYTECODE", "1"));
}
