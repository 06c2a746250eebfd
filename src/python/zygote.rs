//! The zygote: one thread, an initialised interpreter, a fork per generation.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use pyo3::prelude::*;

use super::code_cache::CodeCache;
use super::warmth::Warmth;
use super::{shims, worker};
use crate::exchange::GenerationId;
use crate::lane::{Birth, FromZygote, ImportPlan, Seal, ToZygote};
use crate::process::{Inbox, Received, send};

/// What the interpreter runs: this module's one function.
const BOOT: &str = "__import__('_rdev').zygote()";

/// Becomes the interpreter at `python` and serves as the zygote. Returns the exit status.
///
/// Python's own `main` is run with that path as `argv[0]`, so that it finds its home,
/// `pyvenv.cfg` and packages exactly as when it is started by that name. Must be called
/// before any thread exists, in a process that was executed for this.
pub fn run(python: &OsStr) -> i32 {
    end_with_parent();
    restore_signals();
    pyo3::append_to_inittab!(_rdev);
    let words = [python.as_bytes(), b"-c", BOOT.as_bytes()];
    let words: Vec<CString> =
        words.into_iter().filter_map(|word| CString::new(word).ok()).collect();
    let mut pointers: Vec<_> =
        words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    pointers.push(std::ptr::null_mut());
    let count = i32::try_from(words.len()).unwrap_or(0);
    // SAFETY: argv is an array of `words.len()` NUL-terminated strings and a null
    // pointer, alive until the call returns; CPython copies and does not write to them.
    unsafe { pyo3::ffi::Py_BytesMain(count, pointers.as_mut_ptr()) }
}

/// While nothing watches the control socket yet, the kernel ends the zygote with the
/// front (Linux). Workers do not inherit this.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        let _unsupported = set_parent_process_death_signal(Some(Signal::KILL));
    }
}

/// Rust's runtime has put handlers of its own there, which the application would find
/// and which make a stack overflow of its C code end with Rust's words.
fn restore_signals() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: no handler is installed, the default is; there is one thread.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

#[pymodule]
fn _rdev(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(zygote, module)?)
}

/// Waits for orders until the front is gone.
#[pyfunction]
fn zygote(py: Python<'_>) -> PyResult<()> {
    let control = take_control_socket()?;
    // `-c` puts the current folder first: nothing of the user's is to be found from here.
    // The worker puts the application's folder there.
    let path = py.import("sys")?.getattr("path")?;
    if path.get_item(0).is_ok_and(|first| first.eq("").unwrap_or(false)) {
        path.del_item(0)?;
    }
    let cache = CodeCache::of_this_user(py)?;
    let compiled = shims::load_all(py, cache.as_ref())?;
    send(&control, &FromZygote::Ready, &[])?;
    // Nobody waits for this.
    if let Some(cache) = &cache {
        shims::keep(cache, &compiled);
    }
    let mut warmth = Warmth::none(py)?;
    let order = obey(py, &control, &mut warmth)?;
    // Nothing that only the zygote needs is open in a worker.
    drop(control);
    match order {
        Some(order) => worker::run(py, order, &warmth, cache.as_ref()),
        None => Ok(()),
    }
}

/// What a worker is forked with.
pub(super) struct Order {
    pub(super) plan: ImportPlan,
    pub(super) seal: Seal,
    /// Its own control socket.
    pub(super) control: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Carries out orders until the front is gone. Returns with an order in the worker that
/// was made for it.
fn obey(
    py: Python<'_>,
    control: &OwnedFd,
    warmth: &mut Warmth,
) -> PyResult<Option<Order>> {
    let mut inbox = Inbox::default();
    // Attached throughout: there is no other thread that could want the interpreter.
    while inbox.receive(control)? != Received::End {
        while let Some(order) = inbox.take()? {
            match order {
                ToZygote::Preload { trace, excluded, set, birth } => {
                    let (preload, refused) =
                        warmth.preload(py, &trace, excluded, &set, birth)?;
                    send(control, &FromZygote::Preloaded { preload, refused }, &[])?;
                }
                ToZygote::Make(birth, plan, seal) => {
                    let generation = plan.generation;
                    let order = Order {
                        plan,
                        seal,
                        control: inbox.descriptor()?,
                        stdout: inbox.descriptor()?,
                        stderr: inbox.descriptor()?,
                    };
                    if birth == Birth::Become {
                        return Ok(Some(order));
                    }
                    match fork(py, control, generation) {
                        Ok(Side::Worker) => return Ok(Some(order)),
                        Ok(Side::Zygote) => {}
                        Err(error) => {
                            let failed =
                                FromZygote::ForkFailed(generation, error.to_string());
                            send(control, &failed, &[])?;
                        }
                    }
                }
            }
        }
    }
    Ok(None)
}

/// Moves the control socket away from standard input, which becomes empty.
fn take_control_socket() -> PyResult<OwnedFd> {
    let stdin = std::io::stdin();
    let control = rustix::io::fcntl_dupfd_cloexec(stdin.as_fd(), 3)
        .map_err(std::io::Error::from)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null).map_err(std::io::Error::from)?;
    Ok(control)
}

/// Which process this is after a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Zygote,
    Worker,
}

/// Forks a worker by way of a process that ends at once, so that the worker falls to the
/// front, which alone learns how it ends. `os.fork` is used since it runs what the
/// interpreter and libraries registered to run around a fork.
fn fork(py: Python<'_>, control: &OwnedFd, generation: GenerationId) -> PyResult<Side> {
    let os = py.import("os")?;
    let between: i32 = os.call_method0("fork")?.extract()?;
    if between > 0 {
        os.call_method1("waitpid", (between, 0))?;
        return Ok(Side::Zygote);
    }
    match os.call_method0("fork").and_then(|pid| pid.extract::<i32>()) {
        Ok(0) => return Ok(Side::Worker),
        Ok(_) => {}
        Err(error) => {
            let failed = FromZygote::ForkFailed(generation, error.to_string());
            let _front_gone = send(control, &failed, &[]);
        }
    }
    // Nothing of this process is to run but its end.
    os.call_method1("_exit", (0,))?;
    Ok(Side::Zygote)
}
