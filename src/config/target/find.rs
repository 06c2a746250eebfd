//! From TARGET as typed to the module, the name in it, and the folder to import from.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::{Target, TargetError};

/// The files looked for in a folder, in this order.
const APP_FILES: [&str; 3] = ["app.py", "wsgi.py", "main.py"];

/// Where targets are looked for.
#[derive(Debug)]
pub(in crate::config) struct Finder<'a> {
    current_dir: &'a Path,
    /// `--app-dir`, without symbolic links.
    app_dir: Option<PathBuf>,
    /// A file that is not there yet will do, since its first save is going to be seen.
    may_appear: bool,
}

impl<'a> Finder<'a> {
    /// `app_dir` is `--app-dir` as typed, `reload` whether saves will be seen.
    pub(in crate::config) fn new(
        current_dir: &'a Path,
        app_dir: Option<&Path>,
        reload: bool,
    ) -> Result<Self, TargetError> {
        let app_dir = app_dir.map(|typed| {
            let folder = current_dir.join(typed).canonicalize().ok();
            folder
                .filter(|folder| folder.is_dir())
                .ok_or_else(|| TargetError::NoAppDir { folder: typed.to_path_buf() })
        });
        Ok(Self { current_dir, app_dir: app_dir.transpose()?, may_appear: reload })
    }

    /// The target for what was typed, if anything was.
    pub(in crate::config) fn find(
        &self,
        typed: Option<&OsStr>,
    ) -> Result<Target, TargetError> {
        let Some(typed) = typed else {
            return self.unnamed();
        };
        let Some(text) = typed.to_str() else {
            return self.foreign(typed);
        };
        let (place, callable) = self.split(text)?;
        if is_path(place) {
            self.path(Path::new(place), place, callable)
        } else {
            self.module(place, callable)
        }
    }

    /// A target that is not UTF-8: a path may be of any bytes, everything else is text.
    fn foreign(&self, typed: &OsStr) -> Result<Target, TargetError> {
        let bytes = typed.as_bytes();
        let colon = bytes.iter().position(|byte| *byte == b':');
        let colon = colon.filter(|_| !self.current_dir.join(typed).exists());
        let (place, callable) = match colon {
            Some(at) => (&bytes[..at], Some(String::from_utf8_lossy(&bytes[at + 1..]))),
            None => (bytes, None),
        };
        let shown = String::from_utf8_lossy(place);
        if !is_path(&shown) {
            return Err(TargetError::NotAModule { name: shown.into_owned() });
        }
        // Judges what is behind the colon.
        let text = typed.to_string_lossy();
        if callable.is_some() {
            self.split(&text)?;
        }
        self.path(Path::new(OsStr::from_bytes(place)), &shown, callable.as_deref())
    }

    /// Cuts at the first colon, since arguments of a factory may have more of them; a
    /// path that is there as it stands is never cut.
    fn split<'t>(
        &self,
        typed: &'t str,
    ) -> Result<(&'t str, Option<&'t str>), TargetError> {
        let whole = is_path(typed) && self.current_dir.join(typed).exists();
        let (place, callable) = match typed.split_once(':') {
            Some((place, callable)) if !whole => (place, Some(callable)),
            _ => (typed, None),
        };
        if place.is_empty() {
            return Err(TargetError::NoModule { typed: typed.to_owned() });
        }
        match callable {
            Some("") => Err(TargetError::NoCallable { typed: typed.to_owned() }),
            Some(text) if !is_callable(text) => {
                Err(TargetError::NotACallable { callable: text.to_owned() })
            }
            _ => Ok((place, callable)),
        }
    }

    fn unnamed(&self) -> Result<Target, TargetError> {
        let folder = self.app_dir.as_deref().unwrap_or(self.current_dir);
        match app_file_in(folder) {
            Some(name) => self.file(&folder.join(name), name, None),
            None if self.may_appear => self.awaited(folder, APP_FILES[0], None),
            None => Err(TargetError::NoApp { folder: folder.to_path_buf() }),
        }
    }

    /// The application that a folder does not have yet.
    fn awaited(
        &self,
        folder: &Path,
        typed: &str,
        callable: Option<&str>,
    ) -> Result<Target, TargetError> {
        let first = self.file(&folder.join(APP_FILES[0]), typed, callable)?;
        let (packages, _) = first.module.rsplit_once('.').unwrap_or_default();
        let other = |file: &&str| {
            let stem = file.trim_end_matches(".py");
            let dot = if packages.is_empty() { "" } else { "." };
            format!("{packages}{dot}{stem}")
        };
        let others = APP_FILES[1..].iter().map(other).collect();
        Ok(Target { others, ..first })
    }

    fn module(&self, name: &str, callable: Option<&str>) -> Result<Target, TargetError> {
        if !is_dotted_name(name) {
            return Err(TargetError::NotAModule { name: name.to_owned() });
        }
        let app_dir = match &self.app_dir {
            Some(folder) => folder.clone(),
            None => canonical(self.current_dir)?,
        };
        Ok(Target {
            module: name.to_owned(),
            others: Vec::new(),
            callable: callable.map(str::to_owned),
            app_dir,
            shown: shown(name, callable),
        })
    }

    /// `typed` is the path as it is shown.
    fn path(
        &self,
        path: &Path,
        typed: &str,
        callable: Option<&str>,
    ) -> Result<Target, TargetError> {
        let path = self.current_dir.join(path);
        let found = match fs::metadata(&path) {
            Ok(found) => Some(found),
            Err(error) if leads_nowhere(&error) => None,
            Err(source) => return Err(TargetError::Unreadable { path, source }),
        };
        let typed_path = typed.to_owned();
        match found {
            Some(found) if found.is_dir() => self.folder(&path, typed, callable),
            Some(_) if !is_python(typed) => {
                Err(TargetError::NotPython { typed: typed_path })
            }
            None if !(self.may_appear && is_python(typed)) => {
                let file = format!("{typed}.py");
                let suggestion = self.current_dir.join(&file).is_file().then_some(file);
                Err(TargetError::Missing { typed: typed_path, suggestion })
            }
            _ => self.file(&path, typed, callable),
        }
    }

    /// The application of a folder. A package without one of our files is itself the
    /// module: factories often stand in its `__init__.py`.
    fn folder(
        &self,
        folder: &Path,
        typed: &str,
        callable: Option<&str>,
    ) -> Result<Target, TargetError> {
        let name = match app_file_in(folder) {
            Some(name) => name,
            None if folder.join("__init__.py").is_file() => "__init__.py",
            None if self.may_appear => {
                let typed = file_in(typed, APP_FILES[0]);
                return self.awaited(folder, &typed, callable);
            }
            None => return Err(TargetError::NoApp { folder: canonical(folder)? }),
        };
        self.file(&folder.join(name), &file_in(typed, name), callable)
    }

    fn file(
        &self,
        file: &Path,
        typed: &str,
        callable: Option<&str>,
    ) -> Result<Target, TargetError> {
        let stem = file.file_stem().unwrap_or_default();
        let folder = file.parent().unwrap_or(file);
        // The folder without symbolic links, for the watcher; the file as it is called,
        // since that is the name it is imported under.
        let folder = folder.canonicalize().map_err(|source| {
            if leads_nowhere(&source) {
                let folder = folder.to_path_buf();
                TargetError::MissingFolder { typed: typed.to_owned(), folder }
            } else {
                TargetError::Unreadable { path: folder.to_path_buf(), source }
            }
        })?;
        let in_init = stem == "__init__";
        let app_dir = match &self.app_dir {
            Some(app_dir) => app_dir.clone(),
            None => folder_to_import_from(&folder, in_init),
        };
        let Ok(packages) = folder.strip_prefix(&app_dir) else {
            return Err(TargetError::OutsideAppDir { typed: typed.to_owned(), app_dir });
        };
        let mut names: Vec<&OsStr> =
            packages.components().map(Component::as_os_str).collect();
        if !in_init || names.is_empty() {
            names.push(stem);
        }
        let parts: Option<Vec<String>> =
            names.into_iter().map(|name| name.to_str().map(str::to_owned)).collect();
        let Some(parts) = parts else {
            return Err(TargetError::NotText { typed: typed.to_owned() });
        };
        if let Some(name) = parts.iter().find(|part| part.contains('.')) {
            let name = name.clone();
            return Err(TargetError::Dotted { typed: typed.to_owned(), name });
        }
        Ok(Target {
            module: parts.join("."),
            others: Vec::new(),
            callable: callable.map(str::to_owned),
            app_dir,
            shown: shown(typed, callable),
        })
    }
}

/// The first folder upwards that is not a package. Many a project folder has an
/// `__init__.py` that does not make it a package, since no import could spell its name.
fn folder_to_import_from(folder: &Path, in_init: bool) -> PathBuf {
    let mut at = folder;
    let mut is_package = in_init;
    while let (Some(parent), Some(name)) = (at.parent(), at.file_name()) {
        let importable = is_identifier(&name.to_string_lossy());
        is_package |= importable && at.join("__init__.py").is_file();
        if !is_package {
            break;
        }
        is_package = false;
        at = parent;
    }
    at.to_path_buf()
}

/// A file of a folder, as its user would write it.
fn file_in(folder: &str, name: &str) -> String {
    let path = Path::new(folder).join(name);
    path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned()
}

fn app_file_in(folder: &Path) -> Option<&'static str> {
    APP_FILES.into_iter().find(|name| folder.join(name).is_file())
}

fn canonical(folder: &Path) -> Result<PathBuf, TargetError> {
    folder.canonicalize().map_err(|source| {
        let path = folder.to_path_buf();
        TargetError::Unreadable { path, source }
    })
}

fn leads_nowhere(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Python imports no other ending, nor this one in other letters.
fn is_python(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "py")
}

/// Whether a text is meant as a path rather than as a module.
fn is_path(text: &str) -> bool {
    text.contains('/') || is_python(text) || matches!(text, "." | "..")
}

/// A dotted name, with or without a call behind it. Only the application's Python can
/// judge the arguments.
fn is_callable(text: &str) -> bool {
    match text.split_once('(') {
        Some((name, rest)) => is_dotted_name(name.trim_end()) && rest.ends_with(')'),
        None => is_dotted_name(text),
    }
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

/// Python's identifiers, near enough: what passes here and is none fails at the import.
fn is_identifier(text: &str) -> bool {
    let word = |letter: char| letter == '_' || letter.is_alphanumeric();
    text.chars().all(word) && text.starts_with(|first: char| !first.is_numeric())
}

fn shown(place: &str, callable: Option<&str>) -> String {
    callable.map_or_else(|| place.to_owned(), |callable| format!("{place}:{callable}"))
}
