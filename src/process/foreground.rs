//! A program that has the terminal for a while, as a process group of its own: its ctrl-c
//! and ctrl-z are its own, and what it leaves behind cannot read the keyboard.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgrp, kill_process_group, waitpid,
};
use rustix::termios::tcsetpgrp;

/// Runs a command in the foreground of that terminal until it ends. `None` where it was
/// collected by who collects all children, so that nobody knows how it ended.
pub fn run_in_foreground(
    command: &mut Command,
    terminal: impl AsFd,
) -> io::Result<Option<WaitStatus>> {
    let child = command.process_group(0).spawn()?;
    let Some(group) = Pid::from_raw(child.id().cast_signed()) else { return Ok(None) };
    let given = tcsetpgrp(&terminal, group);
    // It may have been stopped for touching the terminal before it was its own.
    let _gone = kill_process_group(group, Signal::CONT);
    let status = wait_for(group);
    let taken = without_stop(|| tcsetpgrp(&terminal, getpgrp()));
    given?;
    taken?;
    Ok(status)
}

/// Waits for the end. There is no shell here that could go on with what stops, so it is
/// continued at once.
fn wait_for(child: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(Some(child), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => {
                let _gone = kill_process_group(child, Signal::CONT);
            }
            Ok(Some((_, status))) => return Some(status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// Does something to the terminal from the background, for which the kernel would stop
/// us (SIGTTOU) unless that is blocked.
fn without_stop<T>(work: impl FnOnce() -> T) -> T {
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "no library at hand changes the mask of one thread")]
    // SAFETY: both sets are this function's own and initialised by the calls that take
    // them; `before` is read only where the mask was changed, which fills it.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTTOU);
        let blocked =
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
        let result = work();
        if blocked == 0 {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                before.as_ptr(),
                std::ptr::null_mut(),
            );
        }
        result
    }
}
