//! `pyvenv.cfg`, the file that makes a folder a virtual environment: which Python it was
//! made from.

use std::fs;
use std::path::{Path, PathBuf};

/// The lines of a `pyvenv.cfg` that say whether this binary can serve the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pyvenv {
    /// The folder of the interpreter it was made with.
    pub(super) home: Option<PathBuf>,
    /// `3.11.7`, as venv, uv and virtualenv write it at their various places.
    pub(super) version: Option<String>,
}

impl Pyvenv {
    /// The file in a folder; `None` where the folder is no virtual environment.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join("pyvenv.cfg")).ok()?;
        Some(Self::parse(&String::from_utf8_lossy(&text)))
    }

    fn parse(text: &str) -> Self {
        let mut pyvenv = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "home" => pyvenv.home = Some(PathBuf::from(value)),
                "version" | "version_info" => pyvenv.version = Some(numbers_of(value)),
                _ => {}
            }
        }
        pyvenv
    }

    /// `3.11` of `3.11.7`; `None` where the file does not say.
    pub(super) fn minor_version(&self) -> Option<&str> {
        let version = self.version.as_deref()?;
        let end = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
        Some(&version[..end])
    }
}

/// virtualenv writes `3.11.7.final.0`; only the numbers in front are for people.
fn numbers_of(version: &str) -> String {
    let numbers: Vec<&str> = version
        .split('.')
        .take(3)
        .take_while(|part| part.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_maker_of_environments_is_understood() {
        let table = [
            ("venv", "home = /usr/bin\nversion = 3.11.7\n", "3.11.7"),
            ("uv", "home = /usr/bin\nuv = 0.5\nversion_info = 3.11.7\n", "3.11.7"),
            (
                "virtualenv",
                "home = /usr/bin\nversion_info = 3.11.7.final.0\nversion = 3.11.7\n",
                "3.11.7",
            ),
            ("spacing and case", "HOME=/usr/bin\r\nVersion=3.11.7\r\n", "3.11.7"),
            ("a release candidate", "home=/usr/bin\nversion = 3.14.0rc2\n", "3.14.0rc2"),
        ];
        for (maker, text, version) in table {
            let pyvenv = Pyvenv::parse(text);
            assert_eq!(pyvenv.home.as_deref(), Some(Path::new("/usr/bin")), "{maker}");
            assert_eq!(pyvenv.version.as_deref(), Some(version), "{maker}");
        }
    }

    #[test]
    fn the_minor_version_is_the_first_two_numbers() {
        for (version, minor) in [("3.11.7", "3.11"), ("3.9", "3.9"), ("3", "3")] {
            let pyvenv = Pyvenv { home: None, version: Some(version.to_owned()) };
            assert_eq!(pyvenv.minor_version(), Some(minor));
        }
        assert_eq!(Pyvenv::parse("nonsense").minor_version(), None);
    }
}
