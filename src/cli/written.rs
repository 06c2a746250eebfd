//! Waiting until something is written to a history, or until nobody reads what is printed
//! of it any more.
//!
//! Linux tells of both, so that nothing is done while nothing is written; elsewhere both
//! are looked at a few times a second.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags};

/// Whether the other end of our output, a pipe, has been closed.
fn is_closed(stdout: &PollFd<'_>) -> bool {
    stdout.revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

fn nobody_reads() -> anyhow::Error {
    io::Error::from(io::ErrorKind::BrokenPipe).into()
}

#[cfg(target_os = "linux")]
pub(super) use inotify::Writes;
#[cfg(not(target_os = "linux"))]
pub(super) use looks::Writes;

#[cfg(target_os = "linux")]
mod inotify {
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;

    use anyhow::Context;
    use rustix::event::poll;
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    use rustix::io::Errno;

    use super::{AsFd, Path, PollFd, PollFlags, io, is_closed, nobody_reads};

    /// A watch of the folder of the file.
    pub(in super::super) struct Writes(OwnedFd);

    impl Writes {
        pub(in super::super) fn to(file: &Path) -> anyhow::Result<Self> {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let watch = init(CreateFlags::CLOEXEC)?;
            let events = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
            add_watch(&watch, folder, events)
                .with_context(|| format!("{} cannot be watched", folder.display()))?;
            Ok(Self(watch))
        }

        /// Waits until something is written, and forgets how much it was. The error is
        /// that nobody reads any more.
        pub(in super::super) fn wait(&mut self) -> anyhow::Result<()> {
            let stdout = io::stdout();
            // Of a pipe without a reader the system tells without being asked (`poll(2)`).
            let mut waits = [
                PollFd::new(&self.0, PollFlags::IN),
                PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty()),
            ];
            match poll(&mut waits, None) {
                Err(Errno::INTR) => return Ok(()),
                polled => polled?,
            };
            if is_closed(&waits[1]) {
                return Err(nobody_reads());
            }
            let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
            match rustix::io::read(&self.0, &mut buffer) {
                Ok(_) | Err(Errno::INTR) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod looks {
    use std::fs;
    use std::path::PathBuf;
    use std::thread::sleep;
    use std::time::{Duration, SystemTime};

    use rustix::event::{Timespec, poll};

    use super::{AsFd, Path, PollFd, PollFlags, io, is_closed, nobody_reads};

    const BETWEEN: Duration = Duration::from_millis(200);

    /// The file and its write-ahead log, which is what is written first.
    pub(in super::super) struct Writes {
        files: [PathBuf; 2],
        seen: Seen,
    }

    /// When each of them was written, and how long it is.
    type Seen = [Option<(SystemTime, u64)>; 2];

    impl Writes {
        #[expect(clippy::unnecessary_wraps, reason = "a watch can fail to be had")]
        pub(in super::super) fn to(file: &Path) -> anyhow::Result<Self> {
            let mut log = file.as_os_str().to_owned();
            log.push("-wal");
            let files = [file.to_owned(), log.into()];
            let seen = look(&files);
            Ok(Self { files, seen })
        }

        /// Waits until something is written. The error is that nobody reads any more.
        pub(in super::super) fn wait(&mut self) -> anyhow::Result<()> {
            loop {
                sleep(BETWEEN);
                let stdout = io::stdout();
                // macOS tells of a pipe without a reader only who asks to write.
                let mut asked =
                    [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::OUT)];
                let _unknown = poll(&mut asked, Some(&Timespec::default()));
                if is_closed(&asked[0]) {
                    return Err(nobody_reads());
                }
                let now = look(&self.files);
                if std::mem::replace(&mut self.seen, now) != now {
                    return Ok(());
                }
            }
        }
    }

    fn look(files: &[PathBuf; 2]) -> Seen {
        files.each_ref().map(|file| {
            let met = fs::metadata(file).ok()?;
            Some((met.modified().ok()?, met.len()))
        })
    }
}
