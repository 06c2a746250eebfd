//! Signals that whoever started this process does not want it to hear.

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// Whether a signal is ignored, as `nohup` has it of SIGHUP and a shell without job control
/// of SIGINT for what it starts in the background. To be asked before it gets a handler.
pub fn is_ignored(signal: c_int) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "no library at hand tells what a signal does")]
    // SAFETY: nothing is changed, since there is no new action; `now` is read only where
    // the call has filled it.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
