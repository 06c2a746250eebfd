//! The terminal is whole again whatever ends or stops the program: its modes as they were
//! found, the alternate screen left, the cursor shown, and no process left behind.

use std::env;
use std::io::IsTerminal;
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use _rdev::terminal::Screen;
use rustix::process::Signal;

use crate::client::{Client, get, request};
use crate::dashboard::{Dashboard, dashboard, seen_port};
use crate::family::{has_ended, is_stopped, send, ticks_of};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::rdev;
use crate::terminal::{Condition, Terminal};

fn probe() -> Dashboard {
    dashboard(Folder::copy_of("probe.py"), ["probe:app"], 100, 30)
}

/// Everything is as before it was started, and nothing runs any more.
#[track_caller]
fn assert_over(at: &Dashboard) {
    at.terminal.is_whole_as(&at.terminal.found);
    assert_gone(&at.terminal);
}

#[track_caller]
fn assert_gone(terminal: &Terminal) {
    until("the end of every process", || {
        terminal.family().members().is_empty().then_some(())
    });
}

fn end_by(end: impl FnOnce(&Dashboard)) -> u32 {
    let mut at = probe();
    get(at.port, "/").expect(200);
    at.terminal.sees(["< probe"]);
    assert_ne!(at.terminal.condition().screen, at.terminal.found.screen);
    assert_ne!(at.terminal.condition().modes, at.terminal.found.modes);
    end(&at);
    let status = at.terminal.wait_for_exit();
    assert_over(&at);
    assert!(TcpStream::connect(("127.0.0.1", at.port)).is_err());
    let text = at.terminal.text();
    assert!(!text.contains("panicked") && !text.contains("Exchanges"), "{text}");
    status.exit_code()
}

/// What was seen is told below what was there before.
#[track_caller]
fn has_a_last_word(at: &Dashboard) {
    at.terminal.sees([
        "rdev: 1 exchange, 0 failed; the slowest: #1 GET / in",
        "rdev: they are in ",
    ]);
}

#[test]
fn after_q_with_a_last_word() {
    let status = end_by(|at| {
        at.terminal.press("q");
        has_a_last_word(at);
    });
    assert_eq!(status, 0);
}

#[test]
fn after_ctrl_c() {
    let status = end_by(|at| {
        at.terminal.press("ctrl-c");
    });
    assert_eq!(status, 0);
}

#[test]
fn after_sigterm() {
    let status = end_by(|at| {
        at.terminal.signal(Signal::TERM);
        has_a_last_word(at);
    });
    assert_eq!(status, 0);
}

#[test]
fn after_sigint_from_elsewhere() {
    assert_eq!(end_by(|at| at.terminal.signal(Signal::INT)), 130);
}

#[test]
fn after_sighup() {
    let status = end_by(|at| {
        at.terminal.signal(Signal::HUP);
        has_a_last_word(at);
    });
    assert_eq!(status, 0);
}

#[test]
fn after_two_signals_at_once() {
    end_by(|at| {
        at.terminal.signal(Signal::TERM);
        at.terminal.signal(Signal::INT);
    });
}

#[test]
fn after_an_import_that_fails_for_good() {
    let folder = Folder::empty();
    folder.save("broken.py", "import nothing_like_it\n");
    let launch = rdev(folder.path()).args(["broken:app", "--port", "0"]);
    let mut terminal = launch.in_terminal(100, 30);
    assert_eq!(terminal.wait_for_exit().exit_code(), 1);
    terminal.is_whole_as(&terminal.found);
    terminal.sees(["error: ", "ModuleNotFoundError: No module named 'nothing_like_it'"]);
    assert_gone(&terminal);
}

#[test]
fn a_closed_window_ends_everything() {
    let mut at = probe();
    get(at.port, "/leave-process").expect(200);
    at.terminal.close();
    at.terminal.wait_for_exit();
    assert_gone(&at.terminal);
}

#[test]
fn a_terminal_that_takes_nothing_any_more_does_not_keep_it_from_ending() {
    let mut at = probe();
    get(at.port, "/").expect(200);
    at.terminal.sees(["< probe"]);
    let status = at.terminal.while_frozen(|frozen| {
        // Each is a whole screen to write.
        for _ in 0..100 {
            frozen.press("ctrl-l");
        }
        frozen.signal(Signal::TERM);
        frozen.wait_for_exit()
    });
    assert_eq!(status.exit_code(), 0);
    assert_gone(&at.terminal);
}

#[test]
fn whoever_quits_is_told_what_is_waited_for_and_need_not_wait() {
    let mut at = probe();
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/gated?gate=never"));
    at.folder.wait_for("never.begun");
    at.terminal.sees(["1 in flight"]).press("q");
    at.terminal.sees(["rdev: waiting for 1 request to end; ctrl-c does not wait"]);
    at.terminal.is_whole_as(&at.terminal.found);
    at.terminal.press("ctrl-c");
    at.terminal.wait_for_exit();
    assert_over(&at);
}

#[test]
fn whoever_quits_and_waits_gets_the_answer_through() {
    let mut at = probe();
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/gated?gate=last"));
    at.folder.wait_for("last.begun");
    at.terminal.sees(["1 in flight"]).press("Q").sees(["waiting for 1 request"]);
    at.folder.save("last", "");
    assert_eq!(client.answer("GET").expect(200).text(), "through the gate\n");
    assert_eq!(at.terminal.wait_for_exit().exit_code(), 0);
    assert_over(&at);
}

/// A shell with job control, and the program as its foreground job.
struct Job {
    terminal: Terminal,
    folder: Folder,
    /// The terminal while the shell waits for a command.
    before: Condition,
    port: u16,
    pid: u32,
}

fn job() -> Job {
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path());
    let terminal = launch.in_shell(100, 30);
    terminal.sees(["shell:"]);
    let before = terminal.condition();
    terminal.type_in("\"$RDEV\" probe:app --port 0\r").sees(["gen 1 ✓"]);
    let port = seen_port(&terminal);
    let pid = terminal.family().children_of(terminal.pid())[0];
    Job { terminal, folder, before, port, pid }
}

impl Job {
    #[track_caller]
    fn is_back_at_the_shell(&self) {
        self.terminal.is_whole_as(&self.before);
        self.terminal.type_in("echo still-$((40 + 2))\r").sees(["still-42"]);
    }

    #[track_caller]
    fn is_suspended(&self) {
        until("it is stopped", || is_stopped(self.pid).then_some(()));
        self.terminal.sees(["rdev is stopped, and its server with it; `fg` goes on"]);
        self.is_back_at_the_shell();
    }

    #[track_caller]
    fn ends_the_shell(mut self) {
        self.is_back_at_the_shell();
        // It hears of the end at a prompt; before that it would stay for the job, once.
        self.terminal.type_in("\rexit\rexit\r");
        self.terminal.wait_for_exit();
        assert_gone(&self.terminal);
    }
}

#[test]
fn while_suspended_and_again_after_fg() {
    let job = job();
    get(job.port, "/").expect(200);
    job.terminal.sees(["< probe"]);
    for _ in 0..3 {
        job.terminal.press("ctrl-z");
        job.is_suspended();
        job.terminal.type_in("clear; fg\r").sees(["Exchanges 1", "#1 GET", "< probe"]);
        assert_ne!(job.terminal.condition().screen, job.before.screen);
    }
    get(job.port, "/any").expect(200);
    job.terminal.sees(["#2 GET"]).press("? G").sees(["said by rdev"]).press("q q");
    job.ends_the_shell();
}

#[test]
fn ctrl_z_stops_it_from_the_plain_stream_and_from_lines_too() {
    let job = job();
    for (keys, seen) in [("s", "rdev: the plain stream"), (":", "half-page-down")] {
        job.terminal.press(keys).sees([seen]).press("ctrl-z");
        job.is_suspended();
        job.terminal.type_in("clear; fg\r").sees(["Exchanges 0"]);
    }
    job.terminal.press("esc").sees(["q quit"]).press("q");
    job.ends_the_shell();
}

#[test]
fn what_is_typed_while_it_comes_back_counts_although_it_is_read_in_one_go() {
    let job = job();
    job.terminal.press("o").sees(["Sort by"]).press("ctrl-z");
    job.is_suspended();
    // The shell has the terminal when escape and `s` are typed, and they are read together,
    // which is alt-s as well.
    job.terminal.type_in("clear; fg\r\x1bs").sees(["rdev: the plain stream"]);
    // To be continued without having been stopped changes nothing.
    job.terminal.loses("Exchanges 0");
    send(job.pid, Signal::CONT);
    get(job.port, "/any").expect(200);
    job.terminal.sees(["> GET /any"]).loses("Exchanges 1");
    job.terminal.press("s").sees(["Exchanges 1"]).press("q");
    job.ends_the_shell();
}

#[test]
fn when_somebody_else_stops_it() {
    let job = job();
    send(job.pid, Signal::TSTP);
    job.is_suspended();
    job.terminal.type_in("clear; fg\r").sees(["Exchanges 0"]).press("q");
    job.ends_the_shell();
}

#[test]
fn sigterm_ends_it_in_the_background_too() {
    let job = job();
    job.terminal.press("ctrl-z");
    job.is_suspended();
    send(job.pid, Signal::TERM);
    send(job.pid, Signal::CONT);
    until("its end", || has_ended(job.pid).then_some(()));
    job.ends_the_shell();
}

#[test]
fn sigterm_while_suspended_is_heard_after_fg() {
    let job = job();
    job.terminal.press("ctrl-z");
    job.is_suspended();
    send(job.pid, Signal::TERM);
    job.terminal.type_in("fg\r");
    until("its end", || has_ended(job.pid).then_some(()));
    job.ends_the_shell();
}

#[test]
fn in_the_background_it_serves_on_and_leaves_the_terminal_to_the_shell() {
    let job = job();
    job.terminal.press("ctrl-z");
    job.is_suspended();
    job.terminal.type_in("bg\r");
    get(job.port, "/").expect(200);
    // What is typed is for the shell, key by key.
    for number in 1..=5 {
        let text = format!("echo typed-$((1000 * {number}))\r");
        job.terminal.type_in(&text).sees([&format!("typed-{number}000")]);
    }
    job.is_back_at_the_shell();
    assert!(!is_stopped(job.pid));
    job.terminal.type_in("clear; fg\r").sees(["Exchanges 1", "< probe"]).press("q");
    job.ends_the_shell();
}

#[test]
fn started_in_the_background_it_waits_for_the_terminal() {
    let folder = Folder::copy_of("probe.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path());
    let terminal = launch.in_shell(100, 30);
    let before = terminal.sees(["shell:"]).condition();
    terminal.type_in("\"$RDEV\" probe:app --port 0 &\r");
    until("a job", || terminal.family().children_of(terminal.pid()).pop());
    terminal.is_whole_as(&before).type_in("echo typed-$((1 + 1))\r").sees(["typed-2"]);
    terminal.type_in("fg\r").sees(["gen 1 ✓"]).press("q").loses("Exchanges");
    terminal.is_whole_as(&before);
}

#[test]
fn while_it_waits_for_requests_ctrl_z_stops_it_as_any_program() {
    let job = job();
    let mut client = Client::connect(job.port);
    client.send(request("GET", "/gated?gate=held"));
    job.folder.wait_for("held.begun");
    job.terminal.sees(["1 in flight"]).press("q").sees(["waiting for 1 request"]);
    job.terminal.press("ctrl-z");
    until("it is stopped", || is_stopped(job.pid).then_some(()));
    job.is_back_at_the_shell();
    job.folder.save("held", "");
    job.terminal.type_in("fg\r");
    assert_eq!(client.answer("GET").expect(200).text(), "through the gate\n");
    job.ends_the_shell();
}

#[test]
fn a_window_closed_while_it_is_suspended_leaves_nothing_behind() {
    let mut job = job();
    job.terminal.press("ctrl-z");
    job.is_suspended();
    job.terminal.close();
    job.terminal.wait_for_exit();
    assert_gone(&job.terminal);
}

#[test]
fn without_a_shell_to_go_back_to_ctrl_z_is_refused() {
    let at = probe();
    at.terminal.press("ctrl-z").sees(["there is no shell to go back to"]);
    get(at.port, "/").expect(200);
    at.terminal.press("j").sees(["< probe"]);
}

#[test]
fn at_rest_it_uses_no_processor_time() {
    let at = probe();
    get(at.port, "/").expect(200);
    at.terminal.sees(["< probe"]);
    // What the start and the request leave to do may go on beside a busy machine; whoever
    // spins or draws without a reason never comes to rest.
    until("three seconds in which it draws and does nothing", || {
        let (written, used) = (at.terminal.written().len(), ticks_of(at.terminal.pid()));
        thread::sleep(Duration::from_secs(3));
        let drew = at.terminal.written().len() != written;
        (!drew && ticks_of(at.terminal.pid()) <= used + 1).then_some(())
    });
}

/// Says to a test of this program that it is to panic, and where.
const PANIC: &str = "RDEV_TEST_PANIC";

/// This program, running [`a_screen_with_a_panic`] in a terminal.
fn panicking(place: &str) -> Terminal {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["giving_back::a_screen_with_a_panic", "--exact", "--nocapture"]);
    Terminal::start(command.env(PANIC, place), 100, 30)
}

#[test]
fn a_screen_with_a_panic() {
    let Some(place) = env::var_os(PANIC) else { return };
    assert!(std::io::stdout().is_terminal());
    let (tell, told) = std::sync::mpsc::channel();
    let screen = Screen::enter(true, move |text| tell.send(text).unwrap()).unwrap();
    if place == "elsewhere" {
        assert!(thread::spawn(|| panic!("in another thread")).join().is_err());
        assert!(told.recv().unwrap().contains("in another thread"));
    } else {
        panic!("in the thread that draws");
    }
    drop(screen);
}

#[test]
fn after_a_panic_of_the_dashboard() {
    let mut terminal = panicking("here");
    assert_ne!(terminal.wait_for_exit().exit_code(), 0);
    terminal.is_whole_as(&terminal.found).sees(["in the thread that draws"]);
    let written = String::from_utf8(terminal.written()).unwrap();
    let (before, after) = written.split_once("\x1b[?1049l").unwrap();
    assert!(!before.contains("in the thread") && after.contains("in the thread"));
}

#[test]
fn a_panic_of_another_thread_is_not_written_across_the_screen() {
    let mut terminal = panicking("elsewhere");
    assert_eq!(terminal.wait_for_exit().exit_code(), 0);
    terminal.is_whole_as(&terminal.found).sees(["test result: ok"]);
    assert!(!terminal.text().contains("in another thread"), "{}", terminal.text());
}
