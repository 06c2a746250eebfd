//! The life and end of generations: what an older one holds is free for the next, streams go
//! on, what takes too long or dies is ended and told.

use rustix::process::Signal;

use crate::client::{Client, request};
use crate::dashboard::dashboard;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, Rdev, rdev};

/// An application that answers with a word after `before`; `/stream` sends a piece and goes
/// on when the file `gate` is there, and other paths are what `paths` adds.
fn app(word: &str, before: &str, paths: &str) -> String {
    format!(
        "import os, time\n{before}\n\
         def stream():\n    \
             yield b'{word} begun '\n    \
             while not os.path.exists('gate'): time.sleep(0.01)\n    \
             yield b'{word} ended'\n\
         def app(environ, start_response):\n    \
             path = environ['PATH_INFO']\n\
         {paths}\n    \
             start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
             return stream() if path == '/stream' else [b'{word}']\n"
    )
}

struct Site {
    folder: Folder,
    server: Rdev,
}

fn site(arguments: &[&str], text: &str) -> Site {
    let folder = Folder::empty();
    folder.save("app.py", text);
    let launch = arguments.iter().fold(rdev(folder.path()), Launch::arg);
    let server = launch.arg("app:app").serve();
    Site { folder, server }
}

impl Site {
    fn answers(&self, word: &str) {
        assert_eq!(
            self.server.get("/").expect(200).text(),
            word,
            "{}",
            self.server.said()
        );
    }

    /// A client to whom a stream has begun.
    fn stream(&self, word: &str) -> Client {
        let mut client = self.server.connect();
        client.send(request("GET", "/stream"));
        client.head("GET");
        let piece = client.chunk().unwrap().unwrap();
        assert_eq!(String::from_utf8(piece).unwrap(), format!("{word} begun "));
        client
    }

    fn says(&mut self, words: &str) {
        self.server.wait_for(words, |program| program.said().contains(words));
    }
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Listens when imported, as a metrics exporter or a debugger does.
fn binds(port: u16) -> String {
    format!(
        "import socket\nlistener = socket.socket()\n\
         listener.bind(('127.0.0.1', {port}))\nlistener.listen()\n"
    )
}

#[test]
fn a_port_and_a_lock_taken_at_import_are_free_for_the_next() {
    let lock = "import fcntl\nlock = open('lock', 'w')\n\
        try:\n    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n    held = b''\n\
        except OSError:\n    held = b' without the lock'\n";
    let left = "import atexit\nif os.path.exists('running'): held += b' not alone'\n\
        open('running', 'w').close()\natexit.register(os.remove, 'running')\n";
    let before = format!("{}{lock}{left}", binds(free_port()));
    let text = |word: &str| app(word, &before, "").replace("[b'", "[held + b'");
    let site = site(&["--reload"], &text("first"));
    site.answers("first");
    for word in ["second", "third", "fourth", "fifth"] {
        site.folder.save("app.py", &text(word));
        site.answers(word);
    }
    assert!(!site.server.stderr().contains("in use"), "{}", site.server.said());
}

#[test]
fn a_port_of_a_busy_generation_is_taken_from_it_and_that_is_told() {
    let before = binds(free_port());
    // As an application that explains the trouble to its user.
    let polite = format!(
        "def listen():\n    {}\ntry: listen()\n\
         except OSError as error: raise SystemExit('port taken')\n",
        before
            .trim_end()
            .replace('\n', "\n    ")
            .replace("listener =", "global listener; listener =")
    );
    for before in [before, polite] {
        let mut site = site(&["--reload"], &app("first", &before, ""));
        let mut stream = site.stream("first");
        let text = app("second", &before, "");
        site.folder.save("app.py", &text);
        site.answers("second");
        assert_eq!(stream.chunk().unwrap(), None, "the stream looks whole");
        site.says(
            "cut: the application's process was ended: the new code needs an address",
        );
    }
}

#[test]
fn a_port_that_another_program_has_is_a_failed_import() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let before = binds(taken.local_addr().unwrap().port());
    let site = site(&["--reload"], &app("first", "", ""));
    let stream = site.stream("first");
    site.folder.save("app.py", &app("second", &before, ""));
    let answer = site.server.get("/").expect(500);
    assert!(answer.text().contains("Address already in use"), "{answer}");
    drop((taken, stream));
}

#[test]
fn a_metrics_server_started_at_import_follows_every_save() {
    let port = free_port();
    let before = format!(
        "from prometheus_client import Counter, start_http_server\n\
         Counter('saves', 'of this test').inc()\nstart_http_server({port}, '127.0.0.1')\n"
    );
    let site = site(&["--reload"], &app("first", &before, ""));
    site.answers("first");
    let stream = site.stream("first");
    for word in ["second", "third"] {
        site.folder.save("app.py", &app(word, &before, ""));
        site.answers(word);
        let metrics = Client::connect(port).get("/metrics");
        assert!(metrics.text().contains("saves_total 1.0"), "{metrics}");
    }
    drop(stream);
}

#[test]
fn a_stream_goes_on_from_the_code_that_began_it() {
    let site = site(&["--reload"], &app("first", "", ""));
    let mut stream = site.stream("first");
    site.folder.save("app.py", &app("second", "", ""));
    site.answers("second");
    site.folder.save("gate", "");
    assert_eq!(stream.chunk().unwrap().unwrap(), b"first ended");
    assert_eq!(stream.chunk().unwrap().unwrap(), b"");
}

#[test]
fn a_fourth_older_generation_cuts_the_oldest() {
    let mut site = site(&["--reload"], &app("0", "", ""));
    let mut streams = Vec::new();
    for round in 0..4 {
        streams.push(site.stream(&round.to_string()));
        let next = (round + 1).to_string();
        site.folder.save("app.py", &app(&next, "", ""));
        site.answers(&next);
    }
    assert_eq!(streams.remove(0).chunk().unwrap(), None);
    site.says("cut: the application's process was ended: 3 older generations may go on");
    site.folder.save("gate", "");
    for (round, mut stream) in streams.into_iter().enumerate() {
        let text = format!("{} ended", round + 1);
        assert_eq!(stream.chunk().unwrap().unwrap(), text.as_bytes());
    }
}

#[test]
fn how_long_a_stream_goes_on_in_older_code_can_be_limited() {
    let mut site = site(&["--reload", "--retire", "0.2"], &app("first", "", ""));
    let mut stream = site.stream("first");
    let mut waiting = site.server.connect();
    waiting.send(request("GET", "/stream"));
    waiting.head("GET");
    site.folder.save("app.py", &app("second", "", ""));
    site.answers("second");
    assert_eq!(stream.chunk().unwrap(), None);
    site.says("was ended: newer code had taken over 0.2 s before (--retire)");
}

#[test]
fn the_dashboard_says_what_cut_a_stream() {
    let folder = Folder::empty();
    folder.save("app.py", &app("first", "", ""));
    let arguments = ["app:app", "--reload", "--retire", "0.1"];
    let at = dashboard(folder, arguments, 110, 40);
    let mut client = Client::connect(at.port);
    client.send(request("GET", "/stream"));
    client.head("GET");
    at.folder.save("app.py", &app("second", "", ""));
    // What is opened once it is cut begins with why.
    at.terminal.sees(["gen 2 ✓", "✗ 200"]).press("enter");
    at.terminal.sees(["the application's process was ended: newer", "(--retire)"]);
    at.terminal.press("] ] ] ]");
    at.terminal.sees(["* cut short: the application's process", "(--retire)"]);
}

#[test]
fn an_import_without_end_fails_with_its_stack() {
    for line in [
        "while True: pass",
        "time.sleep(600)",
        "import threading; threading.Lock().acquire(); threading.Event().wait()",
    ] {
        let before = format!("def stuck():\n    {line}\nstuck()\n");
        let site = site(&["--reload", "--import-timeout", "0.5"], &app("x", &before, ""));
        let answer = site.server.get("/").expect(500);
        for word in
            ["--import-timeout", "app.py\", line 3 in stuck", "app.py\", line 4 in <mod"]
        {
            assert!(answer.text().contains(word), "{line}: no {word} in {answer}");
        }
        assert!(!answer.text().contains("<rdev"), "{answer}");
        site.folder.save("app.py", &app("mended", "", ""));
        site.answers("mended");
        until("the end of the stuck one", || {
            (site.server.family().len() <= 4).then_some(())
        });
    }
}

/// How an application may die, beside what `faults.rs` has, and the function it dies in.
const DEATHS: &str = "
    def fall():
        import ctypes
        ctypes.string_at(8)
    def abort():
        os.abort()
    if path == '/segv': fall()
    if path == '/abort': abort()
    if path == '/kill': os.kill(os.getpid(), 9)
    if path == '/exit': os._exit(3)
    if path == '/state':
        import faulthandler, sys, signal
        state = [faulthandler.is_enabled(), signal.getsignal(signal.SIGSEGV)]
        start_response('200 OK', [])
        return [repr(state).encode()]
    if path == '/enable':
        import faulthandler
        faulthandler.enable()";

#[test]
fn a_death_leaves_the_stack_on_its_page_and_its_exchange() {
    let mut site = site(&["--reload"], &app("alive", "", DEATHS));
    for (path, word, function) in
        [("/segv", "SIGSEGV", "in fall"), ("/abort", "SIGABRT", "in abort")]
    {
        let text = site.server.get(path).expect(502).text();
        for word in [word, function, "in app", "app.py"] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
        assert!(!text.contains("<rdev") && text.contains(&format!("/{}", "app.py")));
        site.answers("alive");
    }
    let head = "GET /segv HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n";
    let page = site.server.connect().ask("GET", head).expect(502);
    assert!(page.text().contains("<li class=own>"), "{page}");
    assert!(page.text().contains("in fall<code>"), "{page}");
    site.says("Stack (most recent call first):");
    for (path, word) in [("/kill", "SIGKILL"), ("/exit", "status 3")] {
        let text = site.server.get(path).expect(502).text();
        assert!(text.contains(word) && !text.contains("Stack"), "{text}");
    }
    site.answers("alive");
}

#[test]
fn faulthandler_is_what_it_is_in_a_plain_process_and_works_for_the_application() {
    let mut site = site(&[], &app("alive", "", DEATHS));
    let plain = "[False, <Handlers.SIG_DFL: 0>]";
    assert_eq!(site.server.get("/state").expect(200).text(), plain);
    site.server.get("/enable").expect(200);
    assert!(site.server.get("/state").expect(200).text().starts_with("[True"));
    let text = site.server.get("/segv").expect(502).text();
    assert!(text.contains("in fall"), "{text}");
    site.says("Fatal Python error: Segmentation fault");
}

#[test]
fn memory_that_runs_out_costs_one_request() {
    let paths = "
    if path == '/fill':
        import resource
        with open('/proc/self/statm') as file: used = int(file.read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))
        bytearray(1 << 30)";
    let site = site(&["--reload"], &app("alive", "", paths));
    let answer = site.server.get("/fill").expect(500);
    assert!(answer.text().contains("MemoryError"), "{answer}");
    site.answers("alive");
}

#[test]
fn a_process_that_keeps_dying_is_held_back_and_the_dashboard_says_so() {
    let folder = Folder::empty();
    let dies = "import threading\nthreading.Timer(0.05, os._exit, [3]).start()\n";
    folder.save("app.py", &app("dying", dies, ""));
    let launch = rdev(folder.path()).args(["app:app", "--reload", "--port", "0"]);
    let terminal = launch.in_terminal(110, 30);
    terminal.sees(["died: exited with status 3, keeps dying: next try in "]);
    folder.save("app.py", &app("mended", "", ""));
    terminal.sees(["✓ imported in"]).loses("keeps dying");
}

#[test]
fn code_that_could_not_be_started_is_served_once_descriptors_are_free() {
    let folder = Folder::empty();
    folder.save("app.py", &app("first", "", ""));
    let launch =
        rdev(folder.path()).inside(&["sh", "-ec", "ulimit -n 100 && exec \"$@\"", "sh"]);
    let server = launch.args(["app:app", "--reload", "--reload-mode", "cold"]).serve();
    let mut client = server.connect();
    client.get("/").expect(200);
    let crowd: Vec<_> = (0..100).map(|_| server.connect()).collect();
    let says = |words: &str| server.said().matches(words).count();
    until("all to be in use", || {
        (says("no connection can be taken for now") > 0).then_some(())
    });
    folder.save("app.py", &app("second", "", ""));
    // A save is looked at twice while nothing can be opened; the rest is tried unasked. One
    // try may have come just when the older generation had given its own back.
    until("many tries", || {
        (says(" failed: the process could not") > 3 || says(" ready in ") > 1)
            .then_some(())
    });
    drop(crowd);
    until("the second", || (client.get("/").text() == "second").then_some(()));
}

#[test]
fn the_zygote_and_the_worker_may_be_killed_and_it_serves_on() {
    let pid = "
    if path == '/pid':
        start_response('200 OK', [])
        return [b'%d' % os.getpid()]";
    let text = |word: &str| app(word, "", pid);
    let site = site(&["--reload"], &text("first"));
    for round in 0..6 {
        let worker: u32 = site.server.get("/pid").expect(200).text().parse().unwrap();
        let victims: Vec<u32> = if round % 2 == 0 {
            vec![worker]
        } else {
            let is_zygote = |pid: &u32| {
                let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
                *pid != worker && words.is_ok_and(|words| words.contains("--zygote"))
            };
            site.server.family().into_iter().filter(is_zygote).collect()
        };
        for victim in victims {
            crate::family::send(victim, Signal::KILL);
        }
        let word = format!("round {round}");
        site.folder.save("app.py", &text(&word));
        site.answers(&word);
    }
}
