//! Whether the system tells of changes in a folder: a file system may be changed from
//! another machine, or from outside a container, and some systems only pretend.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The file systems that were asked for so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// By device number.
    trusted: BTreeSet<u64>,
}

impl Events {
    /// Why events of a folder are not to be had; `None` if they are, as far as can be told.
    pub(super) fn missing_in(&mut self, folder: &Path) -> Option<String> {
        let device = folder.metadata().ok()?.dev();
        if self.trusted.contains(&device) {
            return None;
        }
        if let Some(kind) = linux::remote(folder) {
            return Some(format!(
                "changes in {} go untold, since it is on {kind}",
                folder.display()
            ));
        }
        if !linux::sings(folder) {
            return Some(format!("the system does not tell of {}", folder.display()));
        }
        self.trusted.insert(device);
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::mem::MaybeUninit;
    use std::path::Path;

    use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
    use rustix::fs::statfs;

    /// File systems whose files somebody else may change, by the numbers of statfs(2).
    const REMOTE: [(u64, &str); 14] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0xFE53_4D42, "SMB"),
        // Docker Desktop and most virtual machines mount the host's folders by one of these.
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9P (a folder of Windows or of the host)"),
        (0x5346_4846, "WSL's file system for folders of Windows"),
        (0x786F_4256, "VirtualBox shared folders"),
        (0xBACB_ACBC, "VMware shared folders"),
        (0x7C7C_6673, "Parallels shared folders"),
        (0x00C3_6400, "Ceph"),
        (0x5346_414F, "AFS"),
        (0x0BD0_0BD0, "Lustre"),
        (0x4750_4653, "GPFS"),
    ];

    /// What a folder lies on, if that can be changed from elsewhere.
    pub(super) fn remote(folder: &Path) -> Option<&'static str> {
        let kind = statfs(folder).ok()?.f_type;
        // The type is signed on some machines; the numbers have 32 bits.
        let kind = kind.cast_unsigned() & 0xFFFF_FFFF;
        REMOTE.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
    }

    /// Whether an event comes of what is done in a folder: the canary. Opening the folder
    /// for reading is enough, so nothing is written into what is not ours, and a folder
    /// that is read-only can be tried as well. It also shows that the event is there as
    /// soon as the call that caused it has returned, which the tripwire counts on.
    pub(super) fn sings(folder: &Path) -> bool {
        // Where limits are reached, or we may not, the watcher finds out and says so.
        let Ok(inotify) = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC) else {
            return true;
        };
        if add_watch(&inotify, folder, WatchFlags::OPEN).is_err() {
            return true;
        }
        if File::open(folder).is_err() {
            return true;
        }
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1 << 10];
        Reader::new(inotify, &mut buffer).next().is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::path::Path;

    pub(super) fn remote(_folder: &Path) -> Option<&'static str> {
        None
    }

    pub(super) fn sings(_folder: &Path) -> bool {
        true
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_on_a_disk_tells() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Events::default().missing_in(dir.path()), None);
        assert!(linux::sings(dir.path()));
        assert_eq!(linux::remote(dir.path()), None);
    }
}
