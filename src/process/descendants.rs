//! The end of everything that descends from the front, also of what left its process
//! group and session, as daemons do.

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};

use crate::clock::monotonic;

/// How long to wait for processes that were killed before looking again.
const ROUND: Duration = Duration::from_millis(2);

/// Kills and collects every child, and whoever falls to us by that, until none is left
/// or the time is up. Says whether none is left.
///
/// Grandchildren become children when their parents end, since the front is the subreaper
/// (Linux; elsewhere the children are only collected, who else is there is not known).
pub fn end_descendants(limit: Duration) -> bool {
    let deadline = monotonic() + limit;
    loop {
        kill_children();
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return true,
            }
        }
        if monotonic() >= deadline {
            return false;
        }
        std::thread::sleep(ROUND);
    }
}

#[cfg(target_os = "linux")]
fn kill_children() {
    use rustix::process::{Pid, Signal, kill_process};
    for pid in children().into_iter().filter_map(Pid::from_raw) {
        let _gone = kill_process(pid, Signal::KILL);
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_children() {}

/// The children of all threads of this process. A process that was not collected yet is
/// among them, so that no id can belong to somebody else by the time it is used.
#[cfg(target_os = "linux")]
fn children() -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    threads
        .filter_map(|thread| {
            std::fs::read_to_string(thread.ok()?.path().join("children")).ok()
        })
        .flat_map(|list| {
            let pids = list.split_whitespace().map(str::parse).filter_map(Result::ok);
            pids.collect::<Vec<i32>>()
        })
        .collect()
}
