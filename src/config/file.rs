//! The configuration files: what the user likes everywhere, and what a project wants.
//!
//! `rdev/config.toml` in the user's configuration folder, and `[tool.rdev]` in the
//! project's `pyproject.toml`, which counts before it; flags count before both.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::appearance::Theme;
use super::history::project;
use super::pictures::Pictures;
use super::surroundings::Surroundings;

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file.display(), self.line)
    }
}

/// The keys of an action, as they are written; which actions and keys there are is for the
/// dashboard to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    pub action: String,
    pub keys: Vec<String>,
    pub place: Place,
}

/// A filter with a name, as it is written; what it means is for the history to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSetting {
    pub name: String,
    pub filter: String,
    pub place: Place,
}

/// What the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) theme: Option<Theme>,
    pub(super) mouse: Option<bool>,
    pub(super) pictures: Option<Pictures>,
    /// By action, each once.
    pub(super) keys: Vec<KeySetting>,
    /// By name, each once.
    pub(super) views: Vec<ViewSetting>,
}

/// A file that cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("{}: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{place}: {problem}")]
    Wrong { place: Place, problem: String },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    theme: Option<Spanned<String>>,
    mouse: Option<bool>,
    pictures: Option<Spanned<String>>,
    #[serde(default)]
    keys: BTreeMap<String, Spanned<Keys>>,
    #[serde(default)]
    views: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a key, or a list of keys")]
enum Keys {
    One(String),
    Several(Vec<String>),
}

/// A `pyproject.toml`, of which one table is ours.
#[derive(Debug, Deserialize)]
struct PyProject {
    tool: Option<Tool>,
}

#[derive(Debug, Deserialize)]
struct Tool {
    rdev: Option<Written>,
}

/// What the files of the user and of the project say together.
pub(super) fn load(surroundings: &Surroundings) -> Result<Settings, FileError> {
    let mut settings = Settings::default();
    if let Some(file) = config_folder(surroundings).map(|it| it.join("rdev/config.toml"))
        && let Some(text) = text_of(&file)?
    {
        let written =
            toml::from_str(&text).map_err(|error| wrong(&file, &text, &error))?;
        settings.take(written, &file, &text)?;
    }
    let folder = project(&surroundings.current_dir, surroundings.home.as_deref());
    let file = folder.join("pyproject.toml");
    if let Some(text) = text_of(&file)?
        // What is wrong elsewhere in it is not for us to say.
        && text.contains("tool.rdev")
    {
        let project: PyProject =
            toml::from_str(&text).map_err(|error| wrong(&file, &text, &error))?;
        let written = project.tool.and_then(|tool| tool.rdev).unwrap_or_default();
        settings.take(written, &file, &text)?;
    }
    Ok(settings)
}

/// The filters that have a name, where one may stand in that filter: of others nobody
/// needs to have a file that is right.
pub(super) fn views(
    filter: &str,
    surroundings: &Surroundings,
) -> Result<Vec<ViewSetting>, FileError> {
    if filter.contains('@') { Ok(load(surroundings)?.views) } else { Ok(Vec::new()) }
}

impl Settings {
    /// Takes in what counts before what is there already.
    fn take(
        &mut self,
        written: Written,
        file: &Path,
        text: &str,
    ) -> Result<(), FileError> {
        let place = |at: usize| Place { file: file.to_owned(), line: line_of(text, at) };
        if let Some(theme) = written.theme {
            let found = Theme::from_str(theme.get_ref(), false);
            self.theme = Some(found.map_err(|_| FileError::Wrong {
                place: place(theme.span().start),
                problem: format!(
                    "{:?} is no theme; there are {}",
                    theme.get_ref(),
                    Theme::names()
                ),
            })?);
        }
        self.mouse = written.mouse.or(self.mouse);
        if let Some(pictures) = written.pictures {
            let found = Pictures::from_str(pictures.get_ref(), false);
            self.pictures = Some(found.map_err(|_| FileError::Wrong {
                place: place(pictures.span().start),
                problem: format!(
                    "{:?} is no way to show pictures; there are {}",
                    pictures.get_ref(),
                    Pictures::names()
                ),
            })?);
        }
        for (action, keys) in written.keys {
            let place = place(keys.span().start);
            let keys = match keys.into_inner() {
                Keys::One(key) => vec![key],
                Keys::Several(keys) => keys,
            };
            self.keys.retain(|before| before.action != action);
            self.keys.push(KeySetting { action, keys, place });
        }
        for (name, filter) in written.views {
            let place = place(filter.span().start);
            let filter = filter.into_inner();
            self.views.retain(|before| before.name != name);
            self.views.push(ViewSetting { name, filter, place });
        }
        Ok(())
    }
}

/// The text of a file; `None` where there is none.
fn text_of(file: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(FileError::Unreadable { file: file.to_owned(), error }),
    }
}

fn wrong(file: &Path, text: &str, error: &toml::de::Error) -> FileError {
    let at = error.span().map_or(0, |span| span.start);
    let place = Place { file: file.to_owned(), line: line_of(text, at) };
    FileError::Wrong { place, problem: error.message().replace('\n', ", ") }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() + 1
}

fn config_folder(surroundings: &Surroundings) -> Option<PathBuf> {
    let named = surroundings.config_home.as_deref().map(Path::new);
    if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
        return Some(folder.to_path_buf());
    }
    let home = surroundings.home.as_deref().filter(|home| home.is_absolute())?;
    Some(home.join(".config"))
}

#[cfg(test)]
mod tests {
    use super::super::interpreter::Linked;
    use super::*;

    /// A home with the user's file, and in it a project with its own.
    struct Files(tempfile::TempDir);

    impl Files {
        fn new(user: &str, project: &str) -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            let folder = files.0.path();
            fs::create_dir_all(folder.join(".config/rdev")).unwrap();
            fs::create_dir_all(folder.join("shop/pages")).unwrap();
            fs::write(folder.join(".config/rdev/config.toml"), user).unwrap();
            fs::write(folder.join("shop/pyproject.toml"), project).unwrap();
            files
        }

        fn load(&self) -> Result<Settings, FileError> {
            load(&Surroundings {
                virtual_env: None,
                conda_prefix: None,
                state_home: None,
                config_home: None,
                home: Some(self.0.path().to_owned()),
                path: None,
                current_dir: self.0.path().join("shop/pages"),
                linked: Linked {
                    python: PathBuf::new(),
                    home: PathBuf::new(),
                    version: String::new(),
                },
                no_color: None,
                colorterm: None,
                terminal: Vec::new(),
                colour_help: false,
                colour_errors: false,
            })
        }

        /// What is wrong, from the name of the file on.
        fn problem(&self) -> String {
            let told = self.load().unwrap_err().to_string();
            told.rsplit('/').next().unwrap_or_default().to_owned()
        }
    }

    #[test]
    fn the_project_counts_before_the_user_setting_by_setting() {
        let user = "theme = \"light\"\nmouse = false\n\n[keys]\nfollow = \"f\"\nfilter = \
                    [\"F\", \"ctrl-n\"]\n[views]\nslow = \"dur:>1s\"\nbad = \"~c 5xx\"\n";
        let project = "[project]\nname = \"x\"\n[tool.ruff]\nline-length = 90\n[tool.rdev]\ntheme = \
             \"dark\"\n[tool.rdev.keys]\nfilter = []\n[tool.rdev.views]\nslow = \
             \"dur:>2s\"\n";
        let settings = Files::new(user, project).load().unwrap();
        assert_eq!((settings.theme, settings.mouse), (Some(Theme::Dark), Some(false)));
        let told: Vec<String> = settings
            .keys
            .iter()
            .map(|it| format!("{} {:?} {}", it.action, it.keys, it.place.line))
            .collect();
        assert_eq!(told, ["follow [\"f\"] 5", "filter [] 8"]);
        let views = settings.views.iter();
        let views =
            views.map(|it| format!("{} {} {}", it.name, it.filter, it.place.line));
        assert_eq!(views.collect::<Vec<_>>(), ["bad ~c 5xx 9", "slow dur:>2s 10"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        let user = |text: &str| Files::new(text, "").problem();
        assert!(
            user("\ncolor = 1")
                .starts_with("config.toml:2: unknown field `color`, expected"),
            "{}",
            user("\ncolor = 1")
        );
        assert_eq!(
            user("mouse = true\ntheme = \"pink\""),
            "config.toml:2: \"pink\" is no theme; there are terminal, dark, light, \
             colour-blind"
        );
        assert_eq!(
            user("pictures = \"sixel\""),
            "config.toml:1: \"sixel\" is no way to show pictures; there are auto, \
             blocks, kitty, iterm2"
        );
        assert!(user("mouse = 3").starts_with("config.toml:1: invalid type: integer"));
        assert!(user("[keys]\nup = 3").starts_with("config.toml:2: a key, or a list of"));
        assert!(user("[keys]\nup = \"a\"\nup = \"b\"").starts_with("config.toml:3: "));
        let project = "[tool.rdev]\nthemes = \"dark\"\n";
        let told = Files::new("", project).problem();
        assert!(told.starts_with("pyproject.toml:2: unknown field `themes`"), "{told}");
    }

    #[test]
    fn a_project_file_without_a_word_for_rdev_is_not_judged() {
        let settings = Files::new("", "[project\nbroken").load().unwrap();
        assert_eq!(settings, Settings::default());
    }
}
