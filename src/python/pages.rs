//! Memory that a worker will write, made its own before it does.
//!
//! A forked process shares its memory with the zygote until it writes to it; then the
//! kernel copies that page, some 2 to 5 µs each. With a small Flask app these copies are half
//! of the time from a save to the first answer (measured: 6.0 and 1.5 ms for import and
//! first answer in a fresh process, 8.5 and 3.8 in a forked one). The generation before
//! shows which pages it will be, since every fork of a zygote has the same layout.
//!
//! Linux alone has what this needs: `/proc/PID/pagemap` (its bit 56 since 4.2) and
//! `MADV_POPULATE_WRITE` (5.14). Elsewhere pages are copied as they are written.

use std::ffi::c_void;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rustix::mm::{Advice, madvise};
use rustix::param::page_size;

/// Bytes that are copied at most: memory that is shared no more.
const MOST: usize = 32 << 20;
/// Bits of an entry of pagemap.
const PRESENT: u64 = 1 << 63;
const OF_ONE_PROCESS: u64 = 1 << 56;

/// Makes those pages this process's own that `other`, a fork of the same zygote, has for
/// itself already: shared ones are copied, those that were never touched are there then.
/// A failure costs the time that it would have saved.
pub(super) fn copy_like(other: i32) -> io::Result<()> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let theirs = File::open(format!("/proc/{other}/pagemap"))?;
    let ours = File::open("/proc/self/pagemap")?;
    let mut left = MOST;
    for range in maps.lines().filter_map(private_memory) {
        let (ours, theirs) = (entries(&ours, &range)?, entries(&theirs, &range)?);
        for run in runs(&theirs) {
            let start = range.start + run.start * page_size();
            let length = run.len() * page_size();
            let new = ours.iter().skip(run.start).take(run.len());
            let new = new.filter(|entry| !is_own(**entry)).count() * page_size();
            if new > left {
                return Ok(());
            }
            left -= new;
            // SAFETY: the range is memory of this process that it may write, and nobody
            // else unmaps any while the import waits; making pages its own changes nothing
            // of what they hold or would hold.
            unsafe {
                let start = std::ptr::with_exposed_provenance_mut::<c_void>(start);
                madvise(start, length, Advice::LinuxPopulateWrite)?;
            }
        }
    }
    Ok(())
}

/// The addresses of a line of `maps`, where it is private memory that can be written:
/// `55d0a000-55d0b000 rw-p 00000000 00:00 0 [heap]`.
fn private_memory(line: &str) -> Option<Range<usize>> {
    let (addresses, rest) = line.split_once(' ')?;
    if !rest.starts_with("rw-p") || rest.ends_with("[stack]") {
        return None;
    }
    let (start, end) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

/// What the kernel says of each page.
fn entries(pagemap: &File, range: &Range<usize>) -> io::Result<Vec<u64>> {
    let pages = range.len() / page_size();
    let mut bytes = vec![0; pages * 8];
    let read = pagemap.read_at(&mut bytes, (range.start / page_size() * 8) as u64)?;
    let entry = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    Ok(bytes[..read].as_chunks::<8>().0.iter().map(entry).collect())
}

/// Whether a page belongs to that process alone.
fn is_own(entry: u64) -> bool {
    entry & (PRESENT | OF_ONE_PROCESS) == PRESENT | OF_ONE_PROCESS
}

/// Runs of pages that a process has for itself. That we have one for ourselves as well
/// does not tell that it can be written: where the others have made copies of a shared
/// page, the last one keeps it, and learns so when it writes.
fn runs(theirs: &[u64]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (page, _) in theirs.iter().enumerate().filter(|(_, entry)| is_own(**entry)) {
        match runs.last_mut() {
            Some(run) if run.end == page => run.end += 1,
            _ => runs.push(page..page + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_process_are_found_in_runs() {
        let (own, shared, absent) = (PRESENT | OF_ONE_PROCESS, PRESENT, 0);
        assert_eq!(runs(&[own, own, own, shared, absent, own]), [0..3, 5..6]);
        assert!(runs(&[OF_ONE_PROCESS, shared, absent]).is_empty());
    }

    #[test]
    fn code_and_stacks_are_left_alone() {
        let heap = "55d0a000-55d0c000 rw-p 00000000 00:00 0          [heap]";
        assert_eq!(private_memory(heap), Some(0x55d0_a000..0x55d0_c000));
        for line in [
            "7f00-7f01 r-xp 00000000 08:01 17 /usr/lib/libc.so.6",
            "7f00-7f01 rw-s 00000000 08:01 17 /dev/shm/x",
            "7ff0-7ff1 rw-p 00000000 00:00 0 [stack]",
            "",
        ] {
            assert_eq!(private_memory(line), None);
        }
    }
}
