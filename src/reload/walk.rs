//! The search for code below the application's folder, without what is not the user's:
//! virtual environments, caches, version control, whatever git ignores; and for what
//! `--watch` names, where git's rules from above the folder it names do not apply.
//!
//! Pruning is for the search only. A file that was loaded or read counts wherever it lies.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, WalkBuilder};

use super::interest::Interest;

/// Folders that hold no code of the user's, whatever is in them.
const FOREIGN: [&str; 5] =
    ["__pycache__", "__pypackages__", "dist-packages", "node_modules", "site-packages"];

/// How to search one application's folder.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    root: PathBuf,
    /// Whether the ignore rules of the folders above apply too.
    parents: bool,
    interest: Arc<Interest>,
}

/// What a search came upon, by real paths.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) directories: Vec<PathBuf>,
    /// Files of code and others that are looked for, links to such among them.
    pub(super) files: Vec<PathBuf>,
    /// Those of `files` that are links.
    pub(super) links: Vec<PathBuf>,
}

impl Walk {
    /// Fails where the folder cannot be found.
    pub(super) fn new(app_dir: &Path, interest: Arc<Interest>) -> io::Result<Self> {
        let root = app_dir.canonicalize()?;
        // Who serves a folder that git ignores, perhaps by `*` in the home directory,
        // means that folder: rules from above it would only hide everything.
        let parents = !is_ignored_from_above(&root);
        Ok(Self { root, parents, interest })
    }

    /// The folders that are searched.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.root.as_path()).chain(self.interest.patterns().folders())
    }

    /// The application's folder, without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything.
    pub(super) fn everything(&self) -> Found {
        let folders: Vec<PathBuf> = self.folders().map(Path::to_path_buf).collect();
        self.below(&folders)
    }

    /// What is to be found at these real paths and below them.
    pub(super) fn below(&self, wanted: &[PathBuf]) -> Found {
        let mut found = Found::default();
        for folder in self.folders() {
            let parents = self.parents && folder == self.root;
            self.search(folder, parents, wanted, &mut found);
        }
        found
    }

    /// Starts from the top of a folder, so that every ignore rule on the way down applies,
    /// but goes nowhere else than to what is wanted.
    fn search(
        &self,
        folder: &Path,
        parents: bool,
        wanted: &[PathBuf],
        found: &mut Found,
    ) {
        let near = |path: &&PathBuf| path.starts_with(folder) || folder.starts_with(path);
        let wanted: HashSet<PathBuf> = wanted.iter().filter(near).cloned().collect();
        if wanted.is_empty() {
            return;
        }
        let way: HashSet<PathBuf> = wanted
            .iter()
            .flat_map(|path| path.ancestors().map(Path::to_path_buf))
            .collect();
        let leads = move |path: &Path| {
            way.contains(path) || path.ancestors().any(|above| wanted.contains(above))
        };
        let interest = Arc::clone(&self.interest);
        let is_passed_over = move |entry: &DirEntry| {
            let patterns = interest.patterns();
            patterns.ignores(entry.path())
                || (is_pruned(entry)
                    && (is_folder(entry) || !patterns.watches(entry.path())))
        };
        let walk = builder(folder, parents)
            .filter_entry(move |entry| leads(entry.path()) && !is_passed_over(entry))
            .build();
        // What cannot be read cannot be imported either.
        for entry in walk.filter_map(Result::ok) {
            found.admit(entry, &self.interest);
        }
    }
}

impl Found {
    fn admit(&mut self, entry: DirEntry, interest: &Interest) {
        let link = entry.path_is_symlink();
        let is_directory = entry.depth() == 0 || is_folder(&entry);
        let path = entry.into_path();
        if is_directory {
            if path.is_dir() {
                self.directories.push(path);
            }
        } else if interest.patterns().looks_for(&path) {
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

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_pruned(entry: &DirEntry) -> bool {
    if is_pruned_name(entry.file_name()) {
        return true;
    }
    is_folder(entry)
        && (entry.path().join("pyvenv.cfg").exists()
            || entry.path().join("conda-meta").is_dir())
}

/// Whether the search passes over everything of this name. Python imports nothing from
/// behind a leading dot by itself, and editors keep their locks and copies there.
pub(super) fn is_pruned_name(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
        || name.to_str().is_some_and(|name| FOREIGN.contains(&name))
}

/// Whether a path looks like code of the user's.
pub(super) fn is_code(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("py"))
        && path.file_name().is_some_and(|name| !is_pruned_name(name))
        && !is_litter(path)
}

/// Whether a path is an editor's lock, swap, probe or backup file, or the copy that a
/// syntax checker makes.
pub(super) fn is_litter(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    name.to_str().is_some_and(|name| {
        name.starts_with(['#', '~'])
            || name.starts_with(".#")
            || name.starts_with("flycheck_")
            || name.ends_with("_flymake.py")
            || name.ends_with('~')
            || name.ends_with("___jb_tmp___")
            || name.ends_with("___jb_old___")
            || name == "4913"
            || is_swap_file(name)
    })
}

/// `.app.py.swp` of Vim's, then `.swo`, `.swn` ...; `.app.py.swx` is its probe, and
/// `.kate-swp` another editor's.
fn is_swap_file(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    name.starts_with('.')
        && (ending == "kate-swp"
            || ending.strip_prefix("sw").is_some_and(|last| matches!(last.len(), 1 | 2)))
}

#[cfg(test)]
mod tests {
    use super::super::patterns::Patterns;
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

    fn walk_in(folder: &Path, watched: &[&str], ignored: &[&str]) -> Walk {
        let own =
            |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (watched, ignored) = (own(watched), own(ignored));
        let patterns = Patterns::new(folder, folder, &watched, &ignored).unwrap();
        Walk::new(folder, Arc::new(Interest::new(patterns))).unwrap()
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
        let found = walk_in(&root, &[], &[]).everything();
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
        let walk = walk_in(&root, &[], &[]);
        let found = walk.below(&[root.join("a/b/x.py"), root.join("a/out")]);
        assert_eq!(names(&root, &found.files), ["a/b/x.py"]);
        assert!(walk.below(&[PathBuf::from("/elsewhere/x.py")]).directories.is_empty());
        let sub = walk_in(&root.join("a"), &[], &[]);
        assert_eq!(names(&root, &sub.everything().files), ["a/b/x.py", "a/b/y.py"]);
    }

    #[test]
    fn a_served_folder_that_git_ignores_is_searched_all_the_same() {
        let (_dir, root) = project(&[(".gitignore", "*\n"), ("play/app.py", "")]);
        let play = walk_in(&root.join("play"), &[], &[]);
        assert_eq!(names(&root, &play.everything().files), ["play/app.py"]);
    }

    #[test]
    fn what_the_user_names_is_found_where_git_ignores_it_and_what_he_bans_is_not() {
        let (_dir, root) = project(&[
            (".gitignore", "texts/\n"),
            ("app.py", ""),
            ("made.py", ""),
            ("notes.md", ""),
            (".notes.md.swp", ""),
            ("pkg/.env.local", ""),
            ("pkg/deep.md", ""),
            ("texts/a.md", ""),
            ("texts/b.rst", ""),
        ]);
        let watched = ["*.md", "texts/*.rst", ".env.*", "*.swp"];
        let found = walk_in(&root, &watched, &["made.py", "deep.*"]).everything();
        let expected =
            ["app.py", "notes.md", "pkg/.env.local", "texts/a.md", "texts/b.rst"];
        assert_eq!(names(&root, &found.files), expected);
    }
}
