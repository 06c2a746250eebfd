//! What is known of the user's files: which count, and what they held when last looked at.
//!
//! A file counts when the search below the application's folder finds it ([`super::walk`])
//! or when a generation has loaded it or tried to. It has changed when its content is
//! other than what is known, or it came or went; what was looked at is known from then on.
//!
//! Invariant: nothing here waits for events or keeps time; the driver says when to look.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::clock;

use super::fingerprint::Fingerprint;
use super::place::{Links, locate};
use super::walk::{Found, Walk, is_code};

/// The user's files. All paths given back are absolute and start with the real path of
/// the application's folder, for what lies in it.
#[derive(Debug)]
pub struct Tree {
    walk: Walk,
    known: BTreeMap<PathBuf, Known>,
    links: Links,
    /// How many marks were set; what is noted later carries this number.
    turn: u64,
}

/// A point in the life of a [`Tree`] to compare with later.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    turn: u64,
    at: Timestamp,
}

#[derive(Debug)]
struct Known {
    /// `None` while there is no such file: one that an import missed may come yet.
    print: Option<Fingerprint>,
    loaded: bool,
    /// The turn in which the file became known.
    since: u64,
    /// The turn in which its content was last seen to change; 0 for never.
    changed: u64,
}

impl Tree {
    /// Searches the application's folder and reads every file of code in it.
    pub fn scan(app_dir: &Path) -> io::Result<Self> {
        let walk = Walk::new(app_dir)?;
        let mut tree =
            Self { walk, known: BTreeMap::new(), links: Links::default(), turn: 0 };
        let found = tree.walk.everything();
        tree.record_links(&found);
        for file in found.files {
            tree.learn(file, false);
        }
        Ok(tree)
    }

    /// The application's folder, without links.
    pub fn root(&self) -> &Path {
        self.walk.root()
    }

    /// Takes in files that a generation has loaded, or failed to: they count from now on,
    /// wherever they lie and whether they exist or not. Paths that are not absolute name
    /// no file (`<frozen os>`) and are passed over.
    pub fn loaded(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.load(path);
        }
    }

    /// Looks at the places the watcher named: files, or folders with all that is known or
    /// to be found below them. Returns what has changed.
    pub fn refresh(&mut self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let mut touched = BTreeSet::new();
        let mut unknown = Vec::new();
        for path in paths {
            let below = self.known.range(path.clone()..);
            touched.extend(
                below
                    .take_while(|(name, _)| name.starts_with(path))
                    .map(|(name, _)| name.clone()),
            );
            for name in self.links.through(path) {
                // The link itself may lead elsewhere now.
                self.links.record(&locate(self.walk.root(), &name));
                touched.insert(name);
            }
            if !self.known.contains_key(path) && (is_code(path) || path.is_dir()) {
                unknown.push(path.clone());
            }
        }
        let mut changed: Vec<_> =
            touched.into_iter().filter(|name| self.look(name)).collect();
        changed.extend(self.discover(self.walk.below(&unknown)));
        changed
    }

    /// Looks at every file that counts, and for new ones. Returns what has changed.
    pub fn sweep(&mut self) -> Vec<PathBuf> {
        let found = self.walk.everything();
        let counting: BTreeSet<&PathBuf> = found.files.iter().collect();
        // A file that exists but is no longer searched for has not changed.
        self.known.retain(|name, known| {
            known.loaded || counting.contains(name) || !name.exists()
        });
        let names: Vec<PathBuf> = self.known.keys().cloned().collect();
        let mut changed: Vec<_> =
            names.into_iter().filter(|name| self.look(name)).collect();
        changed.extend(self.discover(found));
        changed
    }

    /// Remembers this moment, for [`Tree::changed_since`].
    pub fn mark(&mut self) -> Mark {
        self.turn += 1;
        Mark { turn: self.turn, at: clock::wall() }
    }

    /// Takes in what a generation has loaded, and returns which of these files may be
    /// other than they were at the mark: set it before an import, and an empty answer
    /// means that the import has seen what is on the disk. A file that was not known at
    /// the mark is judged by the time of its last change. What is found here counts as
    /// looked at, so that [`Tree::refresh`] does not report it again.
    pub fn changed_since(&mut self, mark: &Mark, paths: &[PathBuf]) -> Vec<PathBuf> {
        let names: BTreeSet<PathBuf> =
            paths.iter().filter_map(|path| self.load(path)).collect();
        names
            .into_iter()
            .filter(|name| {
                self.look(name);
                self.known.get(name).is_some_and(|known| known.changed_since(mark))
            })
            .collect()
    }

    /// Returns the name under which the file is known.
    fn load(&mut self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.known.get_mut(path) {
            known.loaded = true;
            return Some(path.to_path_buf());
        }
        if !path.is_absolute() {
            return None;
        }
        let place = locate(self.walk.root(), path);
        self.links.record(&place);
        let name = place.name;
        match self.known.get_mut(&name) {
            Some(known) => known.loaded = true,
            None => self.learn(name.clone(), true),
        }
        Some(name)
    }

    /// Takes in a file as it is now.
    fn learn(&mut self, name: PathBuf, loaded: bool) {
        let print = Fingerprint::take(&name);
        self.known.insert(name, Known { print, loaded, since: self.turn, changed: 0 });
    }

    /// Takes in those files that were not known; they have changed by being there.
    fn discover(&mut self, found: Found) -> Vec<PathBuf> {
        self.record_links(&found);
        let mut appeared = Vec::new();
        for file in found.files {
            if self.known.contains_key(&file) {
                continue;
            }
            self.learn(file.clone(), false);
            let turn = self.turn;
            let Some(known) = self.known.get_mut(&file) else { continue };
            known.changed = turn;
            if known.print.is_some() {
                appeared.push(file);
            }
        }
        appeared
    }

    fn record_links(&mut self, found: &Found) {
        for link in &found.links {
            self.links.record(&locate(self.walk.root(), link));
        }
    }

    /// Whether a known file has changed since it was last looked at.
    fn look(&mut self, name: &Path) -> bool {
        let Some(known) = self.known.get_mut(name) else { return false };
        let before = known.print;
        let now = match before {
            Some(print) => print.renew(name),
            None => Fingerprint::take(name),
        };
        known.print = now;
        let changed = !Fingerprint::same_content(before, now);
        if changed {
            known.changed = self.turn;
        }
        if now.is_none() && !known.loaded {
            self.known.remove(name);
        }
        changed
    }
}

impl Known {
    fn changed_since(&self, mark: &Mark) -> bool {
        let came_later = self.since >= mark.turn;
        let written = || self.print.is_some_and(|print| print.written_since(mark.at));
        self.changed >= mark.turn || (came_later && written())
    }
}
