//! A stack of its own for what writes down where a dying thread is: the thread's may be what
//! has run over.
//!
//! Threads of Rust's have one of 8 KiB, which is faulthandler's size, too. The kernel puts up
//! to 3.4 KiB of registers on it with AVX-512 and 11 with AMX (`AT_MINSIGSTKSZ`), and twice
//! that where the application has enabled faulthandler, whose handler raises the signal again
//! for ours: then a process died without a word.

use std::ffi::c_int;
use std::io;
use std::ptr::null_mut;

/// Four times what two handlers take with AMX. Memory that is never written costs nothing.
const SIZE: usize = 128 << 10;

/// The stack, for as long as the thread has it.
pub(super) struct SignalStack(Box<[u8]>);

impl SignalStack {
    /// Gives the calling thread one, in place of that which it has.
    pub(super) fn of_this_thread() -> io::Result<Self> {
        let mut own = Self(vec![0; SIZE].into_boxed_slice());
        tell(own.0.as_mut_ptr(), 0)?;
        Ok(own)
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let _none_was_set = tell(null_mut(), libc::SS_DISABLE);
    }
}

fn tell(memory: *mut u8, flags: c_int) -> io::Result<()> {
    let stack = libc::stack_t { ss_sp: memory.cast(), ss_flags: flags, ss_size: SIZE };
    // SAFETY: the memory is there until it is taken back, by the thread that has got it.
    match unsafe { libc::sigaltstack(&raw const stack, null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
