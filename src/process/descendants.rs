//! The end of everything that descends from the front, also of what left its process
//! group and session, as daemons do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, test_kill_process_group, wait};

use crate::clock::monotonic;

/// How long to wait for processes that were killed before looking again.
const ROUND: Duration = Duration::from_millis(2);

/// The process groups that are not ended with us.
static SPARED: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// What is left of this process group goes on when we end: a program that holds the
/// clipboard serves it until somebody else copies something.
pub fn outlive_us(group: i32) {
    let leader = Pid::from_raw(group);
    // Its number is somebody else's one day, where nothing is left of it.
    if leader.is_some_and(|leader| test_kill_process_group(leader).is_ok()) {
        SPARED.lock().unwrap_or_else(PoisonError::into_inner).push(group);
    }
}

/// Kills and collects every child, and whoever falls to us by that, until none is left
/// or the time is up. Says whether none is left.
///
/// Grandchildren become children when their parents end, since the front is the subreaper
/// (Linux; elsewhere the children are only collected, who else is there is not known).
pub fn end_descendants(limit: Duration) -> bool {
    let deadline = monotonic() + limit;
    loop {
        let killed = kill_children();
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) if killed == 0 => return true,
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

/// Kills the children that are to end with us; returns how many those are.
#[cfg(target_os = "linux")]
fn kill_children() -> usize {
    use rustix::process::{Signal, getpgid, kill_process};
    let spared = SPARED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_spared = |pid: &Pid| {
        let group = getpgid(Some(*pid)).map(|group| group.as_raw_nonzero().get());
        group.is_ok_and(|group| spared.contains(&group))
    };
    let found = children().into_iter().filter_map(Pid::from_raw);
    let killed = found.filter(|pid| !is_spared(pid)).map(|pid| {
        let _gone = kill_process(pid, Signal::KILL);
    });
    killed.count()
}

/// Which there are is not known.
#[cfg(not(target_os = "linux"))]
fn kill_children() -> usize {
    1
}

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
