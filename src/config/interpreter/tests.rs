//! Which interpreter is found, on a machine with one of each kind.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::config::Surroundings;

/// A machine with two Pythons (`base` is linked, `other` is not), a shim, and a
/// project in `work/project/src`.
struct Machine {
    root: PathBuf,
    _kept: TempDir,
}

impl Machine {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let machine = Self { root: kept.path().canonicalize().unwrap(), _kept: kept };
        for base in ["base", "other"] {
            machine.executable(&format!("{base}/bin/python3.11"), b"\x7fELF");
            for name in ["python", "python3"] {
                let link = machine.at(&format!("{base}/bin/{name}"));
                symlink("python3.11", link).unwrap();
            }
        }
        machine.executable("shims/python3", b"#!/bin/sh\n");
        fs::create_dir_all(machine.at("shop/project/src")).unwrap();
        fs::create_dir_all(machine.at("brew")).unwrap();
        symlink("../base/bin/python3.11", machine.at("brew/python3.11")).unwrap();
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn executable(&self, path: &str, content: &[u8]) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A virtual environment made from the Python in a folder.
    fn environment(&self, path: &str, home: &str, version: &str) {
        let home = self.at(home);
        let folder = self.at(path);
        fs::create_dir_all(folder.join("bin")).unwrap();
        symlink(home.join("python3.11"), folder.join("bin/python")).unwrap();
        let text = format!("home = {}\n{version}\n", home.display());
        fs::write(folder.join("pyvenv.cfg"), text).unwrap();
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            virtual_env: None,
            conda_prefix: None,
            state_home: None,
            home: None,
            path: Some(OsString::from(format!(
                "{}:{}",
                self.at("shims").display(),
                self.at("base/bin").display()
            ))),
            current_dir: self.at("shop"),
            linked: Linked {
                python: self.at("base/bin/python3"),
                home: self.at("base/bin"),
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

    fn find(
        &self,
        change: impl FnOnce(&mut Surroundings),
    ) -> Result<Interpreter, InterpreterError> {
        self.find_with(None, change)
    }

    fn find_with(
        &self,
        option: Option<&str>,
        change: impl FnOnce(&mut Surroundings),
    ) -> Result<Interpreter, InterpreterError> {
        let mut surroundings = self.surroundings();
        change(&mut surroundings);
        find(option.map(Path::new), &self.at("shop/project/src"), &surroundings)
    }

    fn found(&self, python: &str, found_by: FoundBy) -> Interpreter {
        Interpreter { python: self.at(python), found_by }
    }
}

#[test]
fn the_nearest_to_the_users_word_wins() {
    let machine = Machine::new();
    let found = machine.find(|_| ()).unwrap();
    assert_eq!(found, machine.found("base/bin/python3", FoundBy::Build));

    machine.environment("shop/venv", "base/bin", "version = 3.11.7");
    let found = machine.find(|_| ()).unwrap();
    assert_eq!(found, machine.found("shop/venv/bin/python", FoundBy::Project));

    machine.environment("shop/project/.venv", "base/bin", "version = 3.11.7");
    let found = machine.find(|_| ()).unwrap();
    assert_eq!(found, machine.found("shop/project/.venv/bin/python", FoundBy::Project));

    let conda = |is: &mut Surroundings| {
        is.conda_prefix = Some(machine.at("base").into());
    };
    let found = machine.find(conda).unwrap();
    assert_eq!(found, machine.found("base/bin/python", FoundBy::CondaPrefix));

    let both = |is: &mut Surroundings| {
        conda(is);
        is.virtual_env = Some(machine.at("shop/venv").into());
    };
    let found = machine.find(both).unwrap();
    assert_eq!(found, machine.found("shop/venv/bin/python", FoundBy::VirtualEnv));

    let found = machine.find_with(Some("./project/.venv"), both).unwrap();
    assert_eq!(found, machine.found("shop/project/.venv/bin/python", FoundBy::Option));
}

#[test]
fn the_search_ends_at_the_repository_and_skips_folders_that_only_sound_right() {
    let machine = Machine::new();
    machine.environment("shop/.venv", "base/bin", "version = 3.11.7");
    fs::create_dir_all(machine.at("shop/project/venv/bin")).unwrap();
    let found = machine.find(|_| ()).unwrap();
    assert_eq!(found, machine.found("shop/.venv/bin/python", FoundBy::Project));
    fs::create_dir_all(machine.at("shop/project/.git")).unwrap();
    assert_eq!(machine.find(|_| ()).unwrap().found_by, FoundBy::Build);
}

#[test]
fn the_python_option_takes_a_file_a_folder_or_a_name_on_the_path() {
    let machine = Machine::new();
    machine.environment("shop/env", "base/bin", "version = 3.11.7");
    let table = [
        ("env", "shop/env/bin/python"),
        ("./env/", "shop/env/bin/python"),
        ("./env/bin/python", "shop/env/bin/python"),
        ("python3.11", "base/bin/python3.11"),
        ("python", "base/bin/python"),
        ("../base", "shop/../base/bin/python"),
    ];
    for (typed, python) in table {
        let found = machine.find_with(Some(typed), |_| ()).unwrap();
        assert_eq!(found, machine.found(python, FoundBy::Option), "{typed}");
    }
    for (typed, part) in [
        ("python3", "shims/python3 is a script (pyenv's"),
        ("python3.12", "--python python3.12: neither here nor on PATH"),
        ("./project", "shop/project (found by --python) has no bin/python"),
        ("./nothing", "--python ./nothing: there is no such file"),
        ("project", "--python project: neither here nor on PATH"),
        ("../other/bin/python", "linked with Python 3.11"),
    ] {
        let error = machine.find_with(Some(typed), |_| ()).unwrap_err().to_string();
        assert!(error.contains(part), "{typed}: {error}");
    }
}

#[test]
fn an_environment_is_usable_when_version_and_home_are_those_linked() {
    let table = [
        ("base/bin", "version = 3.11.7", true),
        ("base/bin", "version_info = 3.11.7", true),
        ("base/bin", "version_info = 3.11.7.final.0\nversion = 3.11.7", true),
        ("base/bin", "", true),
        ("brew", "version = 3.11.7", true),
        ("base/bin", "version = 3.12.1", false),
        ("base/bin", "version = 3.1.1", false),
        ("other/bin", "version = 3.11.7", false),
        ("gone/bin", "version = 3.11.7", false),
    ];
    for (home, version, fits) in table {
        let machine = Machine::new();
        machine.environment("shop/env", home, version);
        let activate = |is: &mut Surroundings| {
            is.virtual_env = Some(machine.at("shop/env").into());
        };
        assert_eq!(machine.find(activate).is_ok(), fits, "{home} {version}");
    }
}

#[test]
fn what_cannot_be_used_is_named_with_how_it_was_found_and_the_way_out() {
    let machine = Machine::new();
    let gone = |is: &mut Surroundings| is.virtual_env = Some("/nowhere".into());
    let text = machine.find(gone).unwrap_err().to_string();
    assert!(text.starts_with("VIRTUAL_ENV names /nowhere, which does not"), "{text}");
    assert!(text.contains("`deactivate`"), "{text}");

    let conda = |is: &mut Surroundings| {
        is.conda_prefix = Some(machine.at("other").into());
    };
    let text = machine.find(conda).unwrap_err().to_string();
    assert!(text.contains("other/bin/python (found by CONDA_PREFIX)"), "{text}");
    assert!(text.contains("`conda deactivate`"), "{text}");

    machine.environment("shop/.venv", "other/bin", "version = 3.12.1");
    let text = machine.find(|_| ()).unwrap_err().to_string();
    let text = text.replace(&machine.root.display().to_string(), "");
    insta::assert_snapshot!(text, @r#"
    /shop/.venv (found by its place in the project) is an environment of Python 3.12.1 in /other/bin,
    but this rdev is linked with Python 3.11 in /base/bin and can be no other. Each of these mends it:
    - name another interpreter or environment: --python PATH
    - make an environment with the Python of this rdev, install what the application needs, and name it by --python:
        /base/bin/python3 -m venv .venv-3.11
    - build rdev with the other Python:
        PYO3_PYTHON=/shop/.venv/bin/python cargo build
    "#);
}

#[test]
fn a_path_of_an_environment_is_absolute_and_keeps_its_links() {
    let machine = Machine::new();
    machine.environment("shop/env", "base/bin", "version = 3.11.7");
    let relative = |is: &mut Surroundings| is.virtual_env = Some("./env".into());
    let found = machine.find(relative).unwrap();
    assert_eq!(found.python, machine.at("shop/env/bin/python"));
}
