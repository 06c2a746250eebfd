//! The shape of the tree: which folder may import which (DESIGN.md section 4), where
//! Python and `unsafe` may appear, how files are named, opened and how long they get.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What each folder or file of `src/` may import besides itself. `*`: everything.
const MAY_IMPORT: [(&str, &str); 22] = [
    ("main", "*"),
    ("lib", "*"),
    ("run", "*"),
    ("build", "*"),
    ("text", ""),
    ("clock", ""),
    ("config", ""),
    ("http", ""),
    ("body", "http"),
    ("exchange", "http"),
    ("bus", "exchange"),
    ("lane", "exchange http"),
    ("process", "lane exchange config clock"),
    // `process` beyond DESIGN.md: the zygote passes descriptors too.
    ("python", "lane exchange http config clock process"),
    ("reload", "exchange bus lane process config clock"),
    // `text` beyond DESIGN.md: error pages show what came from outside; `process`: files
    // come over lanes.
    ("server", "http exchange bus lane process reload config clock text"),
    ("history", "exchange bus http body config clock text"),
    ("replay", "exchange bus http body history config clock"),
    // `process` beyond DESIGN.md: a program that the terminal is lent to has a process
    // group of its own.
    ("terminal", "exchange text process"),
    ("tui", "exchange bus http body history replay terminal config text clock"),
    // `history` beyond DESIGN.md: transcripts are printed from the live store.
    ("plain", "exchange bus http body history terminal config text"),
    (
        "cli",
        "text clock config http body exchange bus lane process reload history replay \
         terminal plain",
    ),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] =
    ["util", "utils", "common", "helpers", "misc", "types", "manager"];

const MOST_LINES: usize = 600;

/// A Rust file, with its path from the project's folder.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The folder or file of `src/` it belongs to: `http` for `src/http/chunked.rs`.
    fn layer(&self) -> String {
        let below = self.path.strip_prefix("src").unwrap();
        let first = below.components().next().unwrap();
        Path::new(&first).file_stem().unwrap().to_string_lossy().into_owned()
    }

    /// What is left without its unit tests, which may use other parts to set a scene.
    fn production(&self) -> &str {
        let names = ["tests", "tests.rs"].map(Path::new);
        if self.path.iter().any(|part| names.contains(&Path::new(part))) {
            return "";
        }
        let end = self.text.find("#[cfg(test)]\nmod tests {");
        &self.text[..end.unwrap_or(self.text.len())]
    }

    /// Adds what a check finds in the lines of production code, less their comments.
    fn find(&self, problems: &mut String, check: impl Fn(&str) -> Option<String>) {
        for (at, line) in self.production().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(problem) = check(code) {
                complain(problems, &self.path, at + 1, &problem);
            }
        }
    }
}

fn complain(problems: &mut String, path: &Path, line: usize, problem: &str) {
    writeln!(problems, "{}:{line}: {problem}", path.display()).unwrap();
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_path_buf();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!sources.is_empty());
    sources
}

fn all_sources() -> Vec<Source> {
    let mut all = sources("src");
    all.extend(sources("tests"));
    all
}

/// The words behind each `crate::` of a line.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices("crate::").map(move |(at, path)| {
        let rest = &line[at + path.len()..];
        &rest[..rest.find(|letter| !word(letter)).unwrap_or(rest.len())]
    })
}

fn row(layer: &str) -> Option<&'static str> {
    MAY_IMPORT.iter().find(|(name, _)| *name == layer).map(|(_, row)| *row)
}

#[test]
fn folders_import_only_what_their_row_allows() {
    let mut problems = String::new();
    for source in sources("src") {
        let layer = source.layer();
        let Some(allowed) = row(&layer) else {
            complain(&mut problems, &source.path, 1, &format!("no row for {layer}"));
            continue;
        };
        let is_allowed = |name: &str| {
            allowed == "*"
                || name == layer
                || allowed.split_whitespace().any(|allowed| allowed == name)
        };
        source.find(&mut problems, |line| {
            if line.contains("crate::{") || line.contains("crate::*") {
                return Some("name one folder in each `use crate::`".to_owned());
            }
            let upward = imports(line).find(|name| !is_allowed(name))?;
            Some(format!("{layer} may not import {upward}"))
        });
    }
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn rows_name_only_folders_that_have_a_row() {
    for (layer, allowed) in MAY_IMPORT {
        for name in allowed.split_whitespace().filter(|name| *name != "*") {
            assert!(row(name).is_some(), "{layer} names {name}");
        }
    }
}

#[test]
fn python_is_named_in_its_own_folder_alone() {
    let mut problems = String::new();
    for source in sources("src") {
        if matches!(source.layer().as_str(), "python" | "build") {
            continue;
        }
        source.find(&mut problems, |line| {
            line.contains("pyo3").then(|| "pyo3 belongs into python/".to_owned())
        });
    }
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn unsafe_code_stays_where_the_system_or_python_demands_it() {
    const FORMS: [&str; 6] = [
        "unsafe {",
        "unsafe fn",
        "unsafe impl",
        "unsafe extern",
        "unsafe trait",
        "(unsafe_code",
    ];
    let mut problems = String::new();
    for source in sources("src") {
        if matches!(source.layer().as_str(), "python" | "process") {
            continue;
        }
        source.find(&mut problems, |line| {
            let found = FORMS.iter().any(|form| line.contains(form));
            found.then(|| "unsafe belongs into python/ or process/".to_owned())
        });
    }
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn no_production_file_outgrows_its_reader() {
    let mut problems = String::new();
    for source in sources("src") {
        let lines = source.production().lines().count();
        if lines > MOST_LINES {
            let problem =
                format!("{lines} lines of code, at most {MOST_LINES}: split it");
            complain(&mut problems, &source.path, lines, &problem);
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let mut problems = String::new();
    for source in all_sources() {
        if !source.text.starts_with("//!") {
            complain(&mut problems, &source.path, 1, "has no //! at its top");
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

#[test]
fn no_file_or_folder_has_an_empty_name() {
    let mut problems = String::new();
    for source in all_sources() {
        let path = source.path.with_extension("");
        let mut names = path.components().map(|part| part.as_os_str().to_string_lossy());
        if let Some(name) = names.find(|name| EMPTY_NAMES.contains(&name.as_ref())) {
            complain(&mut problems, &source.path, 1, &format!("{name} says nothing"));
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}
