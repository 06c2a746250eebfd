//! The search for code below the application's folder, without what is not the user's:
//! virtual environments, caches, version control, whatever git ignores.
//!
//! Pruning is for the search only. A file that was loaded counts wherever it lies.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

/// Folders that hold no code of the user's, whatever is in them.
const FOREIGN: [&str; 5] =
    ["__pycache__", "__pypackages__", "dist-packages", "node_modules", "site-packages"];

/// How to search one application's folder.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    root: PathBuf,
    /// Whether the ignore rules of the folders above apply too.
    parents: bool,
}

/// What a search came upon, by real paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) directories: Vec<PathBuf>,
    /// Files of code, links to such among them.
    pub(super) files: Vec<PathBuf>,
    /// Those of `files` that are links.
    pub(super) links: Vec<PathBuf>,
}

impl Walk {
    /// Fails where the folder cannot be found.
    pub(super) fn new(app_dir: &Path) -> io::Result<Self> {
        let root = app_dir.canonicalize()?;
        // Who serves a folder that git ignores, perhaps by `*` in the home directory,
        // means that folder: rules from above it would only hide everything.
        let parents = !is_ignored_from_above(&root);
        Ok(Self { root, parents })
    }

    /// The application's folder, without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything.
    pub(super) fn everything(&self) -> Found {
        self.below(std::slice::from_ref(&self.root))
    }

    /// What is to be found at these real paths and below them. Starts from the top all
    /// the same, so that every ignore rule on the way down applies, but goes nowhere else.
    pub(super) fn below(&self, wanted: &[PathBuf]) -> Found {
        let mut found = Found::default();
        let near =
            |path: &&PathBuf| path.starts_with(&self.root) || self.root.starts_with(path);
        let wanted: HashSet<PathBuf> = wanted.iter().filter(near).cloned().collect();
        if wanted.is_empty() {
            return found;
        }
        let way: HashSet<PathBuf> = wanted
            .iter()
            .flat_map(|path| path.ancestors().map(Path::to_path_buf))
            .collect();
        let leads = move |path: &Path| {
            way.contains(path) || path.ancestors().any(|above| wanted.contains(above))
        };
        let walk = builder(&self.root, self.parents)
            .filter_entry(move |entry| leads(entry.path()) && !is_pruned(entry))
            .build();
        // What cannot be read cannot be imported either.
        for entry in walk.filter_map(Result::ok) {
            found.admit(entry);
        }
        found
    }
}

impl Found {
    fn admit(&mut self, entry: DirEntry) {
        let link = entry.path_is_symlink();
        let is_directory =
            entry.depth() == 0 || entry.file_type().is_some_and(|kind| kind.is_dir());
        let path = entry.into_path();
        if is_directory {
            if path.is_dir() {
                self.directories.push(path);
            }
        } else if is_code(&path) {
            if link {
                self.links.push(path.clone());
            }
            self.files.push(path);
        }
    }
}

fn builder(folder: &Path, parents: bool) -> WalkBuilder {
    let mut builder = WalkBuilder::new(folder);
    // Hidden names are pruned by `is_pruned`: git's rules may whitelist them.
    // `.ignore` files are other tools' business. What a .gitignore names is generated,
    // also where there is no repository around it (an export, a container).
    builder
        .hidden(false)
        .ignore(false)
        .parents(parents)
        .require_git(false)
        .current_dir(folder);
    builder
}

fn is_ignored_from_above(root: &Path) -> bool {
    let (Some(above), Some(name)) = (root.parent(), root.file_name()) else {
        return false;
    };
    let mut matchers = builder(above, true).build_matchers();
    matchers.iter_mut().any(|matcher| matcher.matched(name, true).is_ignore())
}

fn is_pruned(entry: &DirEntry) -> bool {
    if is_pruned_name(entry.file_name()) {
        return true;
    }
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && (entry.path().join("pyvenv.cfg").exists()
            || entry.path().join("conda-meta").is_dir())
}

/// Whether the search passes over everything of this name. Python imports nothing from
/// behind a leading dot by itself, and editors keep their locks and copies there.
pub(super) fn is_pruned_name(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
        || name.to_str().is_some_and(|name| FOREIGN.contains(&name))
}

/// Whether a path looks like code of the user's, rather than like an editor's lock, swap
/// or backup file or the copy that a syntax checker makes.
pub(super) fn is_code(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    path.extension() == Some(OsStr::new("py"))
        && !is_pruned_name(name)
        && name.to_str().is_none_or(|name| {
            !name.starts_with(['#', '~'])
                && !name.starts_with("flycheck_")
                && !name.ends_with("_flymake.py")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (dir, root)
    }

    fn names(root: &Path, paths: &[PathBuf]) -> Vec<String> {
        let mut names: Vec<String> = paths
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().display().to_string())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_not_the_users_is_passed_over() {
        let (_dir, root) = project(&[
            (".gitignore", "generated/\n"),
            ("app.py", ""),
            ("pkg/__init__.py", ""),
            ("pkg/data.json", ""),
            ("pkg/__pycache__/a.py", ""),
            ("generated/a.py", ""),
            ("any name/pyvenv.cfg", ""),
            ("any name/lib/a.py", ""),
            ("conda/conda-meta/history", ""),
            ("conda/a.py", ""),
            ("web/node_modules/a.py", ""),
            (".hidden/a.py", ""),
            (".#app.py", ""),
            ("flycheck_app.py", ""),
        ]);
        let found = Walk::new(&root).unwrap().everything();
        assert_eq!(names(&root, &found.files), ["app.py", "pkg/__init__.py"]);
        assert_eq!(names(&root, &found.directories), ["", "pkg", "web"]);
    }

    #[test]
    fn a_narrow_search_obeys_the_rules_from_above() {
        let (_dir, root) = project(&[
            (".gitignore", "out/\n"),
            ("a/b/x.py", ""),
            ("a/b/y.py", ""),
            ("a/out/z.py", ""),
            ("c/x.py", ""),
        ]);
        let walk = Walk::new(&root).unwrap();
        let found = walk.below(&[root.join("a/b/x.py"), root.join("a/out")]);
        assert_eq!(names(&root, &found.files), ["a/b/x.py"]);
        assert!(walk.below(&[PathBuf::from("/elsewhere/x.py")]).directories.is_empty());
        let sub = Walk::new(&root.join("a")).unwrap();
        assert_eq!(names(&root, &sub.everything().files), ["a/b/x.py", "a/b/y.py"]);
    }

    #[test]
    fn a_served_folder_that_git_ignores_is_searched_all_the_same() {
        let (_dir, root) = project(&[(".gitignore", "*\n"), ("play/app.py", "")]);
        let play = Walk::new(&root.join("play")).unwrap();
        assert_eq!(names(&root, &play.everything().files), ["play/app.py"]);
    }
}
