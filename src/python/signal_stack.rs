//! A stack of its own for what writes down where a dying thread is: the thread's may be what
//! has run over.
//!
//! Threads of Rust's have one of 8 KiB, which is faulthandler's size, too. The kernel puts up
//! to 3.4 KiB of registers on it with AVX-512 and 11 with AMX (`AT_MINSIGSTKSZ`), and twice
//! that where the application has enabled faulthandler, whose handler raises the signal again
//! for ours: then a process died without a word.

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr::null_mut;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Four times what two handlers take with AMX.
const SIZE: usize = 128 << 10;

/// The stack, for as long as the thread has it.
pub(super) struct SignalStack(*mut c_void);

impl SignalStack {
    /// Gives the calling thread one, in place of that which it has. It is mapped, so that it
    /// takes memory only once it is used.
    pub(super) fn of_this_thread() -> io::Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: at a place of the kernel's choice, where nothing else is.
        let own = unsafe { mmap_anonymous(null_mut(), SIZE, access, MapFlags::PRIVATE) }?;
        let own = Self(own);
        tell(own.0, 0)?;
        Ok(own)
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let _none_was_set = tell(null_mut(), libc::SS_DISABLE);
        // SAFETY: mapped by us, and no stack of this thread's any more.
        let _mapped = unsafe { munmap(self.0, SIZE) };
    }
}

fn tell(memory: *mut c_void, flags: c_int) -> io::Result<()> {
    let stack = libc::stack_t { ss_sp: memory, ss_flags: flags, ss_size: SIZE };
    // SAFETY: the memory is there until it is taken back, by the thread that has got it.
    match unsafe { libc::sigaltstack(&raw const stack, null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
