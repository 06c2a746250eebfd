//! Starting and ending: signals, the port, and no process left behind.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use _rdev::clock::monotonic;
use rustix::process::Signal;

use crate::client::request;
use crate::folder::Folder;
use crate::patience::within;
use crate::rdev::rdev;
use crate::serving::{Probe, probe, probe_with};

/// How long the end takes where nothing is in flight, with room for a busy machine: what
/// is to be seen is that none of the limits of 2 s and more is reached.
const PROMPT: Duration = Duration::from_secs(1);
/// How long what belongs to a front may outlive it.
const SOON: Duration = Duration::from_secs(2);

fn assert_gone(probe: &Probe) {
    let gone = within(SOON, || probe.server.family().is_empty().then_some(()));
    let left = probe.server.family();
    assert!(gone.is_some(), "{left:?} stayed\n{}", probe.server.said());
    assert!(TcpStream::connect(("127.0.0.1", probe.server.port)).is_err());
    TcpListener::bind(("127.0.0.1", probe.server.port)).unwrap();
}

fn end_by(signal: Signal) -> ExitStatus {
    let mut probe = probe();
    probe.server.get("/").expect(200);
    assert!(probe.server.family().len() >= 2, "no worker was found in /proc");
    probe.server.signal(signal);
    let status = probe.server.wait_for_exit();
    assert_gone(&probe);
    let said = probe.server.stderr();
    assert!(!said.contains("panicked") && !said.contains("Traceback"), "{said}");
    status
}

#[test]
fn sigterm_ends_it_with_success() {
    assert_eq!(end_by(Signal::TERM).code(), Some(0));
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    let status = end_by(Signal::INT);
    assert!(matches!(status.code(), Some(0 | 130)), "{status}");
}

#[test]
fn a_hangup_ends_it_cleanly() {
    let status = end_by(Signal::HUP);
    assert!(matches!(status.code(), Some(0 | 129)), "{status}");
}

#[test]
fn killing_the_front_leaves_no_process_behind() {
    let mut probe = probe_with(|launch| launch.arg("--reload"));
    probe.server.get("/leave-process").expect(200);
    probe.server.get("/pid").expect(200);
    probe.server.signal(Signal::KILL);
    assert_eq!(probe.server.wait_for_exit().signal(), Some(9));
    assert_gone(&probe);
}

#[test]
fn killing_the_front_also_ends_a_worker_in_the_middle_of_a_request() {
    let mut probe = probe();
    let mut client = probe.server.connect();
    client.send(request("GET", "/gated?gate=never"));
    probe.folder.wait_for("never.begun");
    probe.server.signal(Signal::KILL);
    probe.server.wait_for_exit();
    assert_gone(&probe);
}

#[test]
fn ending_takes_along_what_the_application_started() {
    let mut probe = probe();
    let left: u32 =
        probe.server.get("/leave-process").expect(200).text().parse().unwrap();
    assert!(Path::new(&format!("/proc/{left}")).exists());
    probe.server.signal(Signal::TERM);
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert_gone(&probe);
}

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let mut probe = probe();
    let mut client = probe.server.connect();
    let mut idle = probe.server.connect();
    idle.get("/").expect(200);
    client.send(request("GET", "/gated?gate=last"));
    probe.folder.wait_for("last.begun");
    probe.server.signal(Signal::TERM);
    assert!(idle.is_closed(), "an idle connection was not closed");
    probe.folder.save("last", "");
    assert_eq!(client.answer("GET").expect(200).text(), "through the gate\n");
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
    assert_gone(&probe);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_requests() {
    let mut probe = probe();
    let mut client = probe.server.connect();
    client.send(request("GET", "/gated?gate=never"));
    probe.folder.wait_for("never.begun");
    probe.server.signal(Signal::INT);
    let idle = within(SOON, || {
        TcpStream::connect(("127.0.0.1", probe.server.port)).is_err().then_some(())
    });
    assert!(idle.is_some(), "it still accepts connections");
    probe.server.signal(Signal::INT);
    let status = probe.server.wait_for_exit();
    assert!(matches!(status.code(), Some(0 | 130)), "{status}");
    assert_gone(&probe);
}

#[test]
fn ending_takes_along_what_went_its_own_way() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import subprocess, sys\n\
         code = 'import os, time; os.fork() and os._exit(0); print(os.getpid(), flush=True); time.sleep(600)'\n\
         command = [sys.executable, '-c', code]\n\
         daemon = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)\n\
         pid = daemon.stdout.readline()\n\
         def app(environ, start_response):\n    \
         start_response('200 OK', [])\n    return [pid]\n",
    );
    let mut server = rdev(folder.path()).serve();
    let pid = server.get("/").expect(200).text();
    assert!(Path::new(&format!("/proc/{}", pid.trim())).exists());
    server.signal(Signal::TERM);
    assert_eq!(server.wait_for_exit().code(), Some(0));
    assert_eq!(server.family(), Vec::<u32>::new());
}

#[test]
fn an_import_is_not_waited_for_in_the_end() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "open('begun', 'w').write('begun\\n')\nimport time\ntime.sleep(600)\n",
    );
    let mut server = rdev(folder.path()).serve();
    folder.wait_for("begun");
    let begun = monotonic();
    server.signal(Signal::TERM);
    assert_eq!(server.wait_for_exit().code(), Some(0));
    assert!(monotonic() - begun < PROMPT, "{:?}", monotonic() - begun);
    assert_eq!(server.family(), Vec::<u32>::new());
}

#[test]
fn who_prints_without_end_fills_no_memory() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import subprocess\nsubprocess.Popen(['yes'])\n\
         def app(environ, start_response):\n    \
         start_response('200 OK', [])\n    return [b'ok']\n",
    );
    let server = rdev(folder.path()).serve();
    for _ in 0..100 {
        server.get("/").expect(200);
    }
    for pid in server.family() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: usize = most.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 64 << 10, "{status}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).args(["probe:app", "--port", port.as_str()]);
    let mut program = launch.start();
    let status = program.wait_for_exit();
    let said = program.stderr();
    assert!(matches!(status.code(), Some(1 | 2)), "{status}\n{said}");
    assert!(said.contains(&port) && said.lines().count() <= 4, "{said}");
    assert_eq!(program.family(), Vec::<u32>::new());
}

#[test]
fn a_port_that_was_just_used_can_be_used_again() {
    let mut first = probe();
    first.server.get("/").expect(200);
    let port = first.server.port.to_string();
    first.server.signal(Signal::TERM);
    first.server.wait_for_exit();
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).args(["probe:app", "--port", port.as_str()]);
    let mut second = launch.start();
    assert_eq!(second.wait_for_port().to_string(), port);
}
