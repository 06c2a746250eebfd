//! What is known of the user's files: which count, and what they held when last looked at.
//!
//! A file counts when the search below the application's folder finds it ([`super::walk`])
//! or when a generation has loaded or read it, or tried to. What the application writes
//! itself counts only where it is loaded as a module. A file has changed when its content
//! is other than what is known, or it came or went; what was looked at is known from then
//! on.
//!
//! Invariant: nothing here waits for events or keeps time; the driver says when to look.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock;
use crate::lane::FileStat;

use super::fingerprint::Fingerprint;
use super::folders::Folders;
use super::interest::Interest;
use super::place::{Links, locate};
use super::walk::{Found, Walk};

/// How many files are remembered as written by the application. All are forgotten beyond
/// that, which costs a needless generation at worst.
const MOST_WRITTEN: usize = 16_384;

/// The user's files. All paths given back are absolute and start with the real path of
/// the application's folder, for what lies in it.
#[derive(Debug)]
pub(super) struct Tree {
    walk: Walk,
    known: BTreeMap<PathBuf, Known>,
    links: Links,
    interest: Arc<Interest>,
    /// Folders as they were searched, where no events tell of new files.
    folders: Option<Folders>,
    /// What the application has written itself, by the names the files would have here.
    written: BTreeSet<PathBuf>,
    /// How many marks were set; what is noted later carries this number.
    turn: u64,
}

/// A point in the life of a [`Tree`] to compare with later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    turn: u64,
    at: Timestamp,
}

#[derive(Debug)]
struct Known {
    /// `None` while there is no such file: one that an import missed may come yet.
    print: Option<Fingerprint>,
    why: Why,
    /// The turn in which the file became known.
    since: u64,
    /// The turn in which its content was last seen to change; 0 for never.
    changed: u64,
    /// The turn in which it was last seen to come into being or to go; 0 for never.
    moved: u64,
}

/// Why a file counts; the later reasons are the stronger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// The search finds it.
    Found,
    /// The application has read it, or looked for it; the last time in that turn.
    Read { turn: u64 },
    /// It is, or would be, a module.
    Loaded,
}

impl Tree {
    /// Searches the application's folder and reads every file of code in it.
    pub(super) fn scan(app_dir: &Path, interest: Arc<Interest>) -> io::Result<Self> {
        let mut tree = Self {
            walk: Walk::new(app_dir, Arc::clone(&interest))?,
            known: BTreeMap::new(),
            links: Links::default(),
            interest,
            folders: None,
            written: BTreeSet::new(),
            turn: 0,
        };
        let found = tree.walk.everything();
        tree.record_links(&found);
        for file in found.files {
            tree.learn(file, Why::Found);
        }
        Ok(tree)
    }

    /// Takes in files that a generation has loaded, or failed to: they count from now on,
    /// wherever they lie and whether they exist or not. Paths that are not absolute name
    /// no file (`<frozen os>`) and are passed over.
    pub(super) fn loaded(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.load(path);
        }
    }

    /// Whether a file does not count though it was read: the user wants it left alone, or
    /// the application writes it.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        let name = locate(self.walk.root(), path).name;
        let patterns = self.interest.patterns();
        patterns.ignores(path) || patterns.ignores(&name) || self.written.contains(&name)
    }

    /// Takes in a file that the application was about to read when it was as told: it
    /// counts from now on, wherever it lies. Returns whether it is other by now.
    pub(super) fn read(&mut self, path: &Path, told: Option<FileStat>) -> bool {
        let name = self.name_of(path);
        let why = Why::Read { turn: self.turn };
        match self.known.get_mut(&name) {
            // What a module held when it was loaded stays what it is compared with.
            Some(known) if known.why == Why::Loaded => return false,
            Some(known) => {
                known.why = why;
                let before = known.print;
                known.print = before
                    .map_or_else(|| Fingerprint::take(&name), |print| print.renew(&name));
            }
            None => self.learn(name.clone(), why),
        }
        let print = self.known.get(&name).and_then(|known| known.print);
        !Fingerprint::is_as_told(print, told)
    }

    /// The application is going to write, replace or remove this file itself: it does not
    /// count, unless it is a module. Returns the places where nothing is of interest any
    /// more.
    pub(super) fn written(&mut self, path: &Path) -> Vec<PathBuf> {
        let place = locate(self.walk.root(), path);
        if self.known.get(&place.name).is_some_and(|known| known.why == Why::Loaded) {
            return Vec::new();
        }
        self.known.remove(&place.name);
        if self.written.len() >= MOST_WRITTEN {
            self.written.clear();
        }
        self.written.insert(place.name);
        place.spots
    }

    /// A generation is there, whose import began at the mark: what only those before it
    /// have read does not count any more.
    pub(super) fn forget_reads_before(&mut self, mark: &Mark) {
        let is_old =
            |known: &Known| matches!(known.why, Why::Read { turn } if turn < mark.turn);
        let old: Vec<PathBuf> = self
            .known
            .iter()
            .filter(|(_, known)| is_old(known))
            .map(|(name, _)| name.clone())
            .collect();
        for name in old {
            if self.interest.patterns().looks_for(&name) {
                self.known.entry(name).and_modify(|known| known.why = Why::Found);
            } else {
                self.known.remove(&name);
            }
        }
    }

    /// Which of the files read since the mark are other now than when they were read.
    pub(super) fn reads_changed_since(&mut self, mark: &Mark) -> Vec<PathBuf> {
        let is_new =
            |known: &Known| matches!(known.why, Why::Read { turn } if turn >= mark.turn);
        let names: Vec<PathBuf> = self
            .known
            .iter()
            .filter(|(_, known)| is_new(known))
            .map(|(name, _)| name.clone())
            .collect();
        names.into_iter().filter(|name| self.look(name)).collect()
    }

    /// Whether what happened to this path can be a change.
    pub(super) fn may_count(&self, path: &Path) -> bool {
        !self.written.contains(path) || self.known.contains_key(path)
    }

    /// Looks at the places the watcher named: files, or folders with all that is known or
    /// to be found below them. Returns what has changed.
    pub(super) fn refresh(&mut self, paths: &[PathBuf]) -> Vec<PathBuf> {
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
            let may_be_new = self.interest.patterns().looks_for(path) || path.is_dir();
            if may_be_new && !self.known.contains_key(path) {
                unknown.push(path.clone());
            }
        }
        let mut changed: Vec<_> =
            touched.into_iter().filter(|name| self.look(name)).collect();
        changed.extend(self.discover(self.walk.below(&unknown)));
        changed
    }

    /// From now on [`Tree::look_over`] is called again and again.
    pub(super) fn begin_polling(&mut self) {
        self.folders = Some(Folders::default());
    }

    /// Like [`Tree::sweep`], but searches only those folders where something may have come
    /// or gone since the last time.
    pub(super) fn look_over(&mut self) -> Vec<PathBuf> {
        let bases: Vec<PathBuf> = self.walk.folders().map(Path::to_path_buf).collect();
        let Some(folders) = &mut self.folders else { return self.sweep() };
        let stale = folders.look();
        if stale.all || bases.iter().any(|base| !folders.has(base)) {
            folders.note(&bases);
            return self.sweep();
        }
        let mut changed = self.look_at_all();
        if !stale.folders.is_empty() {
            let found = self.walk.below(&stale.folders);
            changed.extend(self.discover(found));
        }
        changed
    }

    /// How many files count.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn look_at_all(&mut self) -> Vec<PathBuf> {
        let names: Vec<PathBuf> = self.known.keys().cloned().collect();
        names.into_iter().filter(|name| self.look(name)).collect()
    }

    /// Looks at every file that counts, and for new ones. Returns what has changed.
    pub(super) fn sweep(&mut self) -> Vec<PathBuf> {
        let found = self.walk.everything();
        let counting: BTreeSet<&PathBuf> = found.files.iter().collect();
        // A file that exists but is no longer searched for has not changed.
        self.known.retain(|name, known| {
            known.why != Why::Found || counting.contains(name) || !name.exists()
        });
        let mut changed = self.look_at_all();
        changed.extend(self.discover(found));
        changed
    }

    /// Remembers this moment, for [`Tree::changed_since`].
    pub(super) fn mark(&mut self) -> Mark {
        self.turn += 1;
        Mark { turn: self.turn, at: clock::wall() }
    }

    /// Takes in what a generation has loaded, and returns which of these files may be
    /// other than they were at the mark: set it before an import, and an empty answer
    /// means that the import has seen what is on the disk. A file that was not known at
    /// the mark is judged by the time of its last change. What is found here counts as
    /// looked at, so that [`Tree::refresh`] does not report it again.
    pub(super) fn changed_since(
        &mut self,
        mark: &Mark,
        paths: &[PathBuf],
    ) -> Vec<PathBuf> {
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

    /// The name under which a file is known, or would be.
    pub(super) fn name(&self, path: &Path) -> PathBuf {
        if self.known.contains_key(path) {
            return path.to_path_buf();
        }
        locate(self.walk.root(), path).name
    }

    /// Whether there has been such a file at the mark and ever since, as far as was seen.
    pub(super) fn stayed_since(&self, mark: &Mark, name: &Path) -> bool {
        self.known.get(name).is_some_and(|known| {
            let is_old = known.since < mark.turn && known.moved < mark.turn;
            is_old && known.print.is_some()
        })
    }

    /// Returns the name under which the file is known.
    fn load(&mut self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = self.known.get_mut(path) {
            known.why = Why::Loaded;
            return Some(path.to_path_buf());
        }
        if !path.is_absolute() {
            return None;
        }
        let place = locate(self.walk.root(), path);
        self.links.record(&place);
        let name = place.name;
        match self.known.get_mut(&name) {
            Some(known) => known.why = Why::Loaded,
            None => self.learn(name.clone(), Why::Loaded),
        }
        Some(name)
    }

    /// The one name of a file that was read.
    fn name_of(&mut self, path: &Path) -> PathBuf {
        if self.known.contains_key(path) {
            return path.to_path_buf();
        }
        let place = locate(self.walk.root(), path);
        self.links.record(&place);
        place.name
    }

    /// Takes in a file as it is now.
    fn learn(&mut self, name: PathBuf, why: Why) {
        let print = Fingerprint::take(&name);
        let since = self.turn;
        let known = Known { print, why, since, changed: 0, moved: 0 };
        self.known.insert(name, known);
    }

    /// Takes in those files that were not known; they have changed by being there.
    fn discover(&mut self, found: Found) -> Vec<PathBuf> {
        self.record_links(&found);
        if let Some(folders) = &mut self.folders {
            folders.note(&found.directories);
        }
        let mut appeared = Vec::new();
        for file in found.files {
            if self.known.contains_key(&file) || self.written.contains(&file) {
                continue;
            }
            self.learn(file.clone(), Why::Found);
            let turn = self.turn;
            let Some(known) = self.known.get_mut(&file) else { continue };
            known.changed = turn;
            known.moved = turn;
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
        if before.is_some() != now.is_some() {
            known.moved = self.turn;
        }
        if now.is_none() && known.why == Why::Found {
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
