//! Starting the zygote: this very program, executed anew, so that nothing of the front's
//! threads, sockets or memory is in the process that workers are forked from.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::descriptors::original_descriptor_limit;
use super::passing::socket_pair;

/// The first argument that makes the program a zygote.
pub const ZYGOTE_FLAG: &str = "--zygote";

/// Starts a zygote that will be the interpreter at `python`; its control socket is its
/// standard input. A third argument is the limit of open files it shall go back to, if
/// the front has raised it. It is in a process group of its own, so that ctrl-c and ctrl-z of the
/// terminal reach the front alone.
///
/// Must be called from a thread that lives as long as the front: the zygote asks the
/// kernel to end it together with its parent, and that means the parent's thread.
pub fn spawn_zygote(python: &Path, output: OwnedFd) -> io::Result<(UnixStream, i32)> {
    let (near, far) = socket_pair()?;
    let program = std::env::current_exe()?;
    let stderr = output.try_clone()?;
    let child = Command::new(program)
        .args([OsString::from(ZYGOTE_FLAG), python.into()])
        .args(original_descriptor_limit().map(|soft| soft.to_string()))
        .stdin(Stdio::from(OwnedFd::from(far)))
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(stderr))
        .process_group(0)
        .spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok((near, pid))
}
