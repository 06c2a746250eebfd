//! `--watch` and `--ignore`: the user's word on what counts.
//!
//! A pattern without a slash is about names, at any depth of the application's folder;
//! one with a slash is a path from the current folder on.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::walk::{is_code, is_litter};

/// What begins something other than itself in a pattern.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Compiled patterns.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    watched: Vec<Pattern>,
    ignored: Vec<Pattern>,
    /// The application's folder, without links.
    root: PathBuf,
}

#[derive(Clone, Debug)]
enum Pattern {
    Name(GlobMatcher),
    /// By real paths. The folder is the one above the first name that is not literal.
    Path(GlobMatcher, PathBuf),
}

impl Patterns {
    /// The folders are the application's, and the one that paths begin in.
    pub fn new(
        app_dir: &Path,
        current_dir: &Path,
        watched: &[String],
        ignored: &[String],
    ) -> Result<Self, globset::Error> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let current_dir = real(current_dir);
        let compile = |patterns: &[String]| -> Result<Vec<Pattern>, globset::Error> {
            patterns.iter().map(|text| Pattern::compile(text, &current_dir)).collect()
        };
        let watched = compile(watched)?;
        Ok(Self { watched, ignored: compile(ignored)?, root: real(app_dir) })
    }

    /// Whether a path is one of those that count as soon as they are there.
    pub(super) fn looks_for(&self, path: &Path) -> bool {
        (is_code(path) || self.watches(path)) && !self.ignores(path)
    }

    /// Whether the user wants changes of this file brought in.
    pub(super) fn watches(&self, path: &Path) -> bool {
        let is_named = |pattern: &Pattern| match pattern {
            Pattern::Name(glob) => {
                path.starts_with(&self.root)
                    && path.file_name().is_some_and(|name| glob.is_match(name))
            }
            Pattern::Path(glob, _) => glob.is_match(path),
        };
        !is_litter(path) && self.watched.iter().any(is_named)
    }

    /// Whether the user wants this file, or a folder that it lies in, left alone.
    pub(super) fn ignores(&self, path: &Path) -> bool {
        let names = || {
            // Of the folders above the application's, no name is meant.
            let below = path.strip_prefix(&self.root).ok();
            let below = below.or_else(|| path.file_name().map(Path::new));
            below.into_iter().flat_map(Path::components)
        };
        self.ignored.iter().any(|pattern| match pattern {
            Pattern::Name(glob) => names().any(|name| glob.is_match(name)),
            Pattern::Path(glob, _) => path.ancestors().any(|path| glob.is_match(path)),
        })
    }

    /// The folders to search for what the user wants watched, beside the application's.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.watched.iter().filter_map(|pattern| match pattern {
            Pattern::Path(_, folder) if *folder != self.root => Some(folder.as_path()),
            _ => None,
        })
    }
}

impl Pattern {
    fn compile(text: &str, current_dir: &Path) -> Result<Self, globset::Error> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if !text.contains('/') {
            return Ok(Self::Name(matcher(text)?));
        }
        let (folder, rest) = literal_part(text);
        let folder = tidy(&current_dir.join(folder));
        // Events have real paths.
        let folder = folder.canonicalize().unwrap_or(folder);
        let begin = globset::escape(&folder.to_string_lossy());
        let glob = matcher(&format!("{}/{rest}", begin.trim_end_matches('/')))?;
        Ok(Self::Path(glob, folder))
    }
}

fn matcher(text: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(text).literal_separator(true).build()?.compile_matcher())
}

/// A pattern's folder as far as it is literal, and what follows.
fn literal_part(text: &str) -> (&str, &str) {
    let wild = text.find(WILD).unwrap_or(text.len());
    match text[..wild].rfind('/') {
        Some(0) => ("/", &text[1..]),
        Some(slash) => (&text[..slash], &text[slash + 1..]),
        None => ("", text),
    }
}

/// Without `.` and `..`.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, part| {
        match part {
            Component::ParentDir => _ = tidy.pop(),
            Component::CurDir => {}
            part => tidy.push(part),
        }
        tidy
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(watched: &[&str], ignored: &[&str]) -> Patterns {
        let own =
            |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (root, here) = (Path::new("/srv/[1]/app"), Path::new("/srv/[1]"));
        Patterns::new(root, here, &own(watched), &own(ignored)).unwrap()
    }

    #[test]
    fn names_count_at_any_depth_and_paths_from_the_current_folder() {
        let table = [
            ("*.md", "/srv/[1]/app/a/b/c.md", true),
            ("*.md", "/srv/[1]/other/c.md", false),
            ("*.md", "/srv/[1]/app/.#c.md", false),
            ("texts/*.md", "/srv/[1]/texts/c.md", true),
            ("texts/*.md", "/srv/[1]/texts/a/c.md", false),
            ("texts/**/*.md", "/srv/[1]/texts/a/c.md", true),
            ("./app/../c.md", "/srv/[1]/c.md", true),
            ("../shared/*.yaml", "/srv/shared/c.yaml", true),
            ("/etc/shop/{a,b}.ini", "/etc/shop/b.ini", true),
            ("/*.ini", "/b.ini", true),
        ];
        for (pattern, path, expected) in table {
            let found = patterns(&[pattern], &[]).looks_for(Path::new(path));
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_ignored_is_ignored_with_all_that_lies_in_it() {
        let table = [
            ("generated", "/srv/[1]/app/generated/a/b.py", true),
            ("srv", "/srv/[1]/app/a.py", false),
            ("app/generated/", "/srv/[1]/app/generated/a/b.py", true),
            ("*_pb2.py", "/srv/[1]/app/a/b_pb2.py", true),
            ("*.yaml", "/elsewhere/a.yaml", true),
        ];
        for (pattern, path, expected) in table {
            let found = patterns(&["*"], &[pattern]).ignores(Path::new(path));
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_search_begins_where_the_pattern_stops_being_literal() {
        let patterns = patterns(&["*.md", "app/*.md", "../a/b*/c", "/etc/x.ini"], &[]);
        let folders: Vec<_> = patterns.folders().collect();
        assert_eq!(folders, [Path::new("/srv/a"), Path::new("/etc")]);
    }
}
