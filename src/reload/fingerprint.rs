//! What a file held when it was last looked at: enough to tell a change of content from
//! a mere touch, and cheap to ask again.

use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;

use crate::clock;
use crate::lane::FileStat;

/// How long after its last change a file's times are believed. Two writes within one tick
/// of the kernel's clock leave the same times, and file systems keep times as coarse as
/// two seconds (git calls such an entry racy).
const SETTLED: i128 = 2_000_000_000;
/// How far the kernel's time stamps may lag behind the clock: a tick, with some room.
const TICK: i128 = 20_000_000;
/// Files of more bytes than that are told apart by their times: reading a data set of
/// gigabytes would hold up every reload.
const LARGE: u64 = 64 << 20;
/// How much is read at once.
const PIECE: usize = 64 << 10;

/// The state of one regular file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint {
    stat: FileStat,
    /// A hash of the bytes, or of the times of a large file; `None` where it may not be
    /// read.
    content: Option<u64>,
    /// Whether equal times will mean equal content: only when the last change was already
    /// old when the content was read.
    settled: bool,
}

impl Fingerprint {
    /// Looks at a file, through links. `None` where no regular file is.
    pub(super) fn take(path: &Path) -> Option<Self> {
        // The clock is read first, so that a write during the reading counts as recent.
        let now = clock::wall().as_nanosecond();
        let met = regular(fs::metadata(path))?;
        let (met, content) = match open(path) {
            // From the open file, so that times and content are of the same inode.
            Ok(mut file) => {
                let met = regular(file.metadata())?;
                let is_large = met.len() > LARGE;
                let content =
                    if is_large { Some(hash_times(&met)) } else { hash(&mut file).ok() };
                (met, content)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(_) => (met, None),
        };
        let stat = FileStat::of(&met);
        let settled = is_settled(&stat, now);
        Some(Self { stat, content, settled })
    }

    /// Looks at the file again; reads it only where its times cannot vouch for it.
    pub(super) fn renew(self, path: &Path) -> Option<Self> {
        let met = regular(fs::metadata(path))?;
        if self.settled && FileStat::of(&met) == self.stat {
            return Some(self);
        }
        Self::take(path)
    }

    /// Whether both say the same about the content; two missing files are the same.
    pub(super) fn same_content(one: Option<Self>, other: Option<Self>) -> bool {
        one.map(|print| print.content) == other.map(|print| print.content)
    }

    /// Whether the file is still as it was then; two missing ones are the same.
    pub(super) fn is_as_told(print: Option<Self>, told: Option<FileStat>) -> bool {
        print.map(|print| print.stat) == told
    }

    /// Whether the file may have been written since `then`. Goes by the time of the
    /// inode's last change, which no program can set.
    pub(super) fn written_since(&self, then: Timestamp) -> bool {
        self.stat.changed >= then.as_nanosecond() - TICK
    }
}

/// Whether these times, looked at `now`, are believed to tell of the next change.
pub(super) fn is_settled(stat: &FileStat, now: i128) -> bool {
    now - stat.modified.max(stat.changed) >= SETTLED
}

fn regular(met: io::Result<Metadata>) -> Option<Metadata> {
    met.ok().filter(Metadata::is_file)
}

/// Without blocking: the file may have been replaced by a named pipe a moment ago.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// 64 bits of std's `SipHash` are enough: a hash is only ever compared with the hash of
/// the same file's earlier content, within this run, and nobody gains by a collision.
fn hash(file: &mut File) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.write(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hash_times(met: &Metadata) -> u64 {
    let FileStat { modified, changed: _, size, inode } = FileStat::of(met);
    let mut hasher = DefaultHasher::new();
    (modified, size, inode).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> Option<u64> {
        Fingerprint::take(path).unwrap().content
    }

    #[test]
    fn only_regular_files_have_one() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe.py");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(Fingerprint::take(&pipe).is_none());
        assert!(Fingerprint::take(dir.path()).is_none());
        assert!(Fingerprint::take(&dir.path().join("none.py")).is_none());
        std::os::unix::fs::symlink("none.py", dir.path().join("dangling.py")).unwrap();
        assert!(Fingerprint::take(&dir.path().join("dangling.py")).is_none());
    }

    #[test]
    fn a_fresh_file_is_never_judged_by_its_times_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.py");
        fs::write(&path, "one").unwrap();
        let print = Fingerprint::take(&path).unwrap();
        assert!(!print.settled);
        fs::write(&path, "two").unwrap();
        // As if both writes had fallen into one tick of the kernel's clock.
        let met = fs::metadata(&path).unwrap();
        let blind = Fingerprint { stat: FileStat::of(&met), ..print };
        assert_ne!(blind.renew(&path).unwrap().content, print.content);
    }

    #[test]
    fn hashing_goes_past_the_first_piece() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.py");
        let mut bytes = vec![b'#'; PIECE * 2 + 1];
        fs::write(&path, &bytes).unwrap();
        let before = content(&path);
        bytes[PIECE * 2] = b'!';
        fs::write(&path, &bytes).unwrap();
        assert_ne!(content(&path), before);
    }
}
