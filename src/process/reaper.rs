//! Who ended, and how: the front is the parent of every generation, since it is the child
//! subreaper that workers fall to when the process between them and the zygote ends.

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};

/// A child that ended.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    pub pid: i32,
    pub status: WaitStatus,
}

/// Makes this process the one that orphans of its descendants fall to (Linux). Other
/// systems have no such thing: there workers stay children of the zygote.
pub fn become_subreaper() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Collects every child that has ended, without waiting.
pub fn reap() -> Vec<Exit> {
    let mut exits = Vec::new();
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        exits.push(Exit { pid: pid.as_raw_nonzero().get(), status });
    }
    exits
}

/// Ends a process group at once, with everything the application started in it. A group
/// that is gone is no error. Right after its leader was collected this is still safe: the
/// kernel gives an id out again only when no group bears it, and then last of all.
pub fn kill_group(leader: i32) {
    if let Some(leader) = Pid::from_raw(leader) {
        let _gone = kill_process_group(leader, Signal::KILL);
    }
}
