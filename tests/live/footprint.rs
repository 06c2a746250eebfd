//! What a long day of reloads leaves behind: nothing.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use _rdev::clock::monotonic;

use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Rdev, rdev};

/// What one process holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Footprint {
    descriptors: usize,
    watches: usize,
    threads: usize,
}

fn front_of(server: &Rdev) -> u32 {
    let is_front = |pid: &u32| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline"));
        words.is_ok_and(|words| words.contains("--reload"))
    };
    let found = server.family().into_iter().filter(is_front).min();
    found.unwrap()
}

fn links(pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).collect()
}

fn footprint(pid: u32) -> Footprint {
    let infos = fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap();
    let infos = infos.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    let watches = infos.map(|text| text.matches("inotify wd:").count()).sum();
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().count();
    Footprint { descriptors: links(pid).len(), watches, threads }
}

fn kilobytes(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Children of a process that have ended and were not collected.
fn zombies(parent: u32) -> usize {
    let entries = fs::read_dir("/proc").unwrap();
    let stats = entries
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let is_one = |stat: String| {
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        let fields = fields.unwrap_or_default();
        fields.starts_with(&format!("Z {parent} "))
    };
    stats.filter(|stat| is_one(stat.clone())).count()
}

/// What the front holds once nothing is under way any more: the zygote, the worker and one
/// process at most that is ready to become the next, and the same for a whole second (the
/// last worker's end and the beginning of the one after it leave a moment between them).
fn at_rest(server: &Rdev, front: u32) -> Footprint {
    const UNCHANGED: Duration = Duration::from_secs(1);
    let mut last = (0, footprint(front));
    let mut since = monotonic();
    until("rest", || {
        let now = (server.family().len(), footprint(front));
        if now != last || zombies(front) > 0 || now.0 > 4 {
            (last, since) = (now, monotonic());
        }
        (monotonic() >= since + UNCHANGED).then(|| last.1.clone())
    })
}

#[test]
fn reloads_leave_nothing_behind() {
    const WARM_UP: u32 = 30;
    const RELOADS: u32 = 200;
    let folder = Folder::copy_of("flask_shop");
    let server = rdev(folder.path()).args(["shop:app", "--reload"]).serve();
    let save = |round: u32| {
        folder.save("wording.py", &format!("WORDING = 'round {round}'\n"));
        let answer = server.get("/wording").expect(200);
        assert_eq!(answer.text(), format!("round {round}"));
    };
    let front = front_of(&server);
    (0..WARM_UP).for_each(save);
    let (before, memory) = (at_rest(&server, front), kilobytes(front));
    (WARM_UP..RELOADS).for_each(save);
    let after = at_rest(&server, front);
    assert_eq!(after, before);
    let more = kilobytes(front).saturating_sub(memory);
    // What is kept of the exchanges themselves has a limit of its own.
    assert!(more < 8 << 10, "{more} kB more than {memory}: {after:?}");
}
