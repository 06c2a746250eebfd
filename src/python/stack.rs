//! Where the code of this process is, written down by Python's own faulthandler without
//! the interpreter's lock: when the process dies of a signal, when it has to die because a
//! thread does not let go of that lock, and when an import is slow.
//!
//! `faulthandler.enable()` would be seen by the application (`is_enabled()`), and its own
//! call of it would take the place of ours. So faulthandler is asked for a handler of
//! another signal, and that function is called from handlers of ours. If the application
//! enables faulthandler it puts its handlers before ours and calls them when it is done:
//! then both get the stack.

use std::ffi::{c_int, c_long};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::prelude::*;

use super::shims;
use super::signal_stack::SignalStack;
use crate::clock::monotonic;

/// The signals that faulthandler, too, takes for a death.
const FATAL: [c_int; 5] =
    [libc::SIGSEGV, libc::SIGFPE, libc::SIGABRT, libc::SIGBUS, libc::SIGILL];
/// How long the main thread may take to be interrupted.
const PATIENCE: Duration = Duration::from_millis(300);
/// The most of a stack that is read: a hundred frames of two names of 500 characters.
const MOST: u64 = 128 << 10;

/// What the handlers need to know; set once, before they are installed.
struct Recorder {
    /// faulthandler's function, and the signal that it believes to handle.
    dump: extern "C" fn(c_int),
    signal: c_int,
    /// The file, by descriptor and by what must be behind it: the application may close
    /// what is not its own, and open something else in its place.
    descriptor: RawFd,
    identity: (libc::dev_t, libc::ino_t),
    /// A forked process of the application's has the handlers, too.
    pid: libc::pid_t,
    main: libc::pthread_t,
    /// What was there before, by the order of [`FATAL`].
    previous: [libc::sigaction; FATAL.len()],
}

/// How long a process may take to write down where it is before it is killed.
const LAST_WORDS: Duration = Duration::from_millis(200);

static RECORDER: OnceLock<Recorder> = OnceLock::new();
/// Whether the main thread has written its stack since it was asked.
static WRITTEN: AtomicBool = AtomicBool::new(false);
/// Whether a signal ends the process only in the thread that holds the interpreter.
static SEEKING: AtomicBool = AtomicBool::new(false);

/// A file without a name, for the stack.
pub(super) fn file() -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{MemfdFlags, memfd_create};
        Ok(memfd_create(c"stack", MemfdFlags::CLOEXEC)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        Ok(tempfile::tempfile()?.into())
    }
}

/// Has the stack of a dying thread written into the file, which stays open for the rest of
/// the process. To be called once, from the main thread.
pub(super) fn record(py: Python<'_>, file: OwnedFd) -> PyResult<()> {
    let signal = spare_signal();
    let descriptor = file.as_raw_fd();
    std::mem::forget(file);
    shims::process(py)?.call_method1("register_stack", (signal, descriptor))?;
    // faulthandler has just given this thread one, and does so once in a process.
    std::mem::forget(SignalStack::of_this_thread()?);
    let mine = current(signal)?;
    // SAFETY: faulthandler has just installed a handler without SA_SIGINFO, so this is
    // the address of its `void handler(int)`.
    let dump =
        unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(mine.sa_sigaction) };
    let mut previous = [mine; FATAL.len()];
    for (slot, fatal) in previous.iter_mut().zip(FATAL) {
        *slot = current(fatal)?;
    }
    // SAFETY: plain questions about this process and thread.
    let (pid, main) = unsafe { (libc::getpid(), libc::pthread_self()) };
    let identity = identity(descriptor).ok_or_else(io::Error::last_os_error)?;
    let recorder = Recorder { dump, signal, descriptor, identity, pid, main, previous };
    let _once = RECORDER.set(recorder);
    for fatal in FATAL {
        install(fatal, on_death, libc::SA_ONSTACK | libc::SA_NODEFER)?;
    }
    install(signal, on_question, libc::SA_ONSTACK | libc::SA_RESTART)?;
    Ok(())
}

/// The import is over: the signal that asked for its stack is the application's again,
/// unless it has taken it already.
pub(super) fn end_questions() {
    let Some(recorder) = RECORDER.get() else { return };
    if current(recorder.signal).is_ok_and(|now| now.sa_sigaction == address(on_question))
    {
        // SAFETY: the default is no function of ours.
        unsafe { libc::signal(recorder.signal, libc::SIG_DFL) };
    }
}

/// The stack of the main thread, from another thread and whoever holds the interpreter;
/// empty where the main thread cannot be interrupted.
pub(super) fn of_main_thread() -> String {
    let Some(recorder) = RECORDER.get() else { return String::new() };
    WRITTEN.store(false, Ordering::Release);
    // SAFETY: the main thread lives as long as the process.
    unsafe { libc::pthread_kill(recorder.main, recorder.signal) };
    let deadline = monotonic() + PATIENCE;
    while !WRITTEN.load(Ordering::Acquire) {
        if monotonic() >= deadline {
            return String::new();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    read(recorder.descriptor).unwrap_or_default()
}

/// Ends the process in the one of these threads, all of Python's, that holds the
/// interpreter. Returns if none of them does.
pub(super) fn die_where_held(threads: impl Iterator<Item = c_long>) {
    SEEKING.store(true, Ordering::Release);
    for thread in threads {
        abort(thread);
    }
    std::thread::sleep(LAST_WORDS);
    SEEKING.store(false, Ordering::Release);
}

/// Ends the process in this thread of Python's. Returns if that does not end it.
pub(super) fn die_in(thread: c_long) {
    abort(thread);
    std::thread::sleep(LAST_WORDS);
}

fn abort(thread: c_long) {
    // SAFETY: on the systems that Python runs on with POSIX threads, its number of a thread
    // is that of the thread, which is in a call and so there.
    unsafe {
        libc::pthread_kill(thread.cast_unsigned() as libc::pthread_t, libc::SIGABRT)
    };
}

fn read(descriptor: RawFd) -> io::Result<String> {
    // SAFETY: the descriptor was checked by whoever wrote; at worst the copy fails.
    let copy = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    let mut file = File::from(copy.try_clone_to_owned()?);
    file.rewind()?;
    let mut bytes = Vec::new();
    (&file).take(MOST).read_to_end(&mut bytes)?;
    // What is in it at the end is to be of the end.
    file.set_len(0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A signal that hardly anybody uses.
fn spare_signal() -> c_int {
    #[cfg(target_os = "linux")]
    {
        libc::SIGRTMAX() - 3
    }
    #[cfg(not(target_os = "linux"))]
    {
        libc::SIGURG
    }
}

fn address(handler: extern "C" fn(c_int)) -> usize {
    handler as *const () as usize
}

fn current(signal: c_int) -> io::Result<libc::sigaction> {
    let mut found = std::mem::MaybeUninit::uninit();
    // SAFETY: only asks; fills the structure if it succeeds.
    unsafe {
        if libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(found.assume_init())
    }
}

fn install(signal: c_int, handler: extern "C" fn(c_int), flags: c_int) -> io::Result<()> {
    let mut action = current(signal)?;
    action.sa_sigaction = address(handler);
    action.sa_flags = flags;
    // SAFETY: the handlers below do only what is allowed in one.
    unsafe {
        libc::sigemptyset(&raw mut action.sa_mask);
        if libc::sigaction(signal, &raw const action, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn identity(descriptor: RawFd) -> Option<(libc::dev_t, libc::ino_t)> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fills the structure if it succeeds; allowed in signal handlers.
    unsafe {
        (libc::fstat(descriptor, found.as_mut_ptr()) == 0).then(|| {
            let found = found.assume_init();
            (found.st_dev, found.st_ino)
        })
    }
}

/// Writes the stack of the calling thread, in place of what was written before. Safe in
/// a signal handler.
fn write(recorder: &Recorder) {
    // SAFETY: all of these are allowed in signal handlers (POSIX), and so is
    // faulthandler's function, which was made for it.
    unsafe {
        if libc::getpid() != recorder.pid
            || identity(recorder.descriptor) != Some(recorder.identity)
        {
            return;
        }
        libc::lseek(recorder.descriptor, 0, libc::SEEK_SET);
        libc::ftruncate(recorder.descriptor, 0);
    }
    (recorder.dump)(recorder.signal);
}

extern "C" fn on_death(signal: c_int) {
    // SAFETY: compares what is known of this thread; no lock is taken.
    if SEEKING.load(Ordering::Acquire) && unsafe { pyo3::ffi::PyGILState_Check() } == 0 {
        return;
    }
    let Some(recorder) = RECORDER.get() else { return };
    if let Some(place) = FATAL.iter().position(|fatal| *fatal == signal) {
        // First, so that a second fault, in here, ends it.
        // SAFETY: puts back what was there before.
        unsafe {
            let previous = &raw const recorder.previous[place];
            libc::sigaction(signal, previous, std::ptr::null_mut());
        }
    }
    write(recorder);
    // SAFETY: not blocked (SA_NODEFER), so it is taken at once.
    unsafe { libc::raise(signal) };
}

extern "C" fn on_question(_signal: c_int) {
    if let Some(recorder) = RECORDER.get() {
        write(recorder);
        WRITTEN.store(true, Ordering::Release);
    }
}
