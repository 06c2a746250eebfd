//! What goes wrong in an application: who is told, and that the server lives on.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::client::{Framing, request};
use crate::environment::python;
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, rdev};
use crate::serving::{Probe, probe, probe_with};

#[test]
fn an_exception_is_answered_with_its_traceback_as_text() {
    let probe = probe();
    for path in ["/raise?message=%3Cboom%3E", "/raise-after-start?message=%3Cboom%3E"] {
        let answer = probe.server.get(path).expect(500);
        let kind = answer.header("content-type").unwrap();
        assert!(kind.starts_with("text/plain"), "{answer}");
        assert!(answer.text().contains("Traceback (most recent call last)"), "{answer}");
        assert!(answer.text().contains("probe.py"), "{answer}");
        assert!(answer.text().contains("ValueError: "), "{answer}");
        assert!(!answer.text().contains("/assets/"), "{answer}");
        assert!(answer.header("x-begun").is_none(), "{answer}");
    }
    let plain = probe.server.get("/raise?message=%3Cboom%3E").expect(500);
    assert!(plain.text().contains("ValueError: <boom>"), "{plain}");
}

#[test]
fn an_exception_is_a_page_for_browsers_with_everything_escaped() {
    let probe = probe();
    let head = "GET /raise?message=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\n\
        Host: localhost\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\r\n";
    let answer = probe.server.connect().ask("GET", head).expect(500);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{answer}");
    assert!(answer.text().contains("ValueError"), "{answer}");
    assert!(answer.text().contains("&lt;script&gt;alert(1)"), "{answer}");
    assert!(!answer.text().contains("<script>alert(1)"), "{answer}");
}

#[test]
fn an_exception_in_the_middle_cuts_the_answer_and_adds_nothing() {
    let probe = probe();
    let mut client = probe.server.connect();
    let answer = client.ask("GET", request("GET", "/raise-midstream"));
    assert_eq!((answer.status, answer.framing), (200, Framing::Chunked));
    assert_eq!(answer.text(), "begun\n");
    assert!(!answer.complete, "the answer looks whole");
    let closed = probe.server.get("/close-after-error?name=after-error");
    assert!(!closed.complete);
    assert_eq!(probe.folder.wait_for("after-error"), "closed\n");
    probe.server.get("/").expect(200);
}

#[test]
fn an_exception_in_close_harms_nothing() {
    let probe = probe();
    assert_eq!(probe.server.get("/close-raises?name=raised").expect(200).text(), "ab");
    assert_eq!(probe.folder.wait_for("raised"), "closed\n");
    probe.server.get("/").expect(200);
}

#[test]
fn an_application_can_ask_whether_its_client_is_gone() {
    let probe = probe();
    let begin = |name: &str| {
        let mut client = probe.server.connect();
        client.send(format!(
            "POST /until-gone?name={name} HTTP/1.1\r\nHost: localhost\r\n\
             Content-Length: 4\r\n\r\nbody"
        ));
        assert_eq!(probe.folder.wait_for(&format!("{name}.begun")), "False\n");
        client
    };
    begin("reset").reset();
    assert_eq!(probe.folder.wait_for("reset"), "True body\n");
    drop(begin("closed"));
    assert_eq!(probe.folder.wait_for("closed"), "True body\n");
    let mut half_closed = begin("half");
    half_closed.finish_sending();
    // Long enough for one that is gone to be found out.
    drop(begin("other"));
    assert_eq!(probe.folder.wait_for("other"), "True body\n");
    probe.folder.save("half.gate", "");
    assert_eq!(half_closed.answer("POST").expect(200).text(), "False body");
    assert_eq!(probe.server.get("/is-gone-afterwards").expect(200).text(), "True");
}

#[test]
fn leaving_the_interpreter_is_an_error_of_one_request() {
    let probe = probe();
    let before = probe.server.get("/pid").expect(200).text();
    for (path, word) in
        [("/system-exit", "SystemExit"), ("/interrupt", "KeyboardInterrupt")]
    {
        let answer = probe.server.get(path).expect(500);
        assert!(answer.text().contains(word), "{answer}");
    }
    assert_eq!(probe.server.get("/pid").expect(200).text(), before);
}

#[test]
fn a_worker_that_dies_is_told_and_replaced() {
    let probe = probe();
    for (path, word) in
        [("/os-exit", "7"), ("/segfault", "SIGSEGV"), ("/kill-self", "SIGKILL")]
    {
        let before = probe.server.get("/pid").expect(200).text();
        let answer = probe.server.get(path).expect(502);
        assert!(answer.text().contains(word), "{answer}");
        assert_ne!(probe.server.get("/pid").expect(200).text(), before);
    }
}

#[test]
fn a_list_of_str_is_explained_with_its_mend() {
    let folder = Folder::copy_of("original.py");
    let mut server = rdev(folder.path()).arg("original:app").serve();
    let answer = server.get("/").expect(500);
    for word in ["str", "Python 3", ".encode()"] {
        assert!(answer.text().contains(word), "{word} in {answer}");
    }
    server.wait_for("the mend beside the transcript", |program| {
        program.said().contains(".encode()")
    });
}

#[test]
fn breaches_of_wsgi_are_answered_with_what_was_wrong() {
    let probe = probe();
    let cases = [
        ("/str-body", "bytes"),
        ("/empty-str", "returned a str"),
        ("/none-body", "None"),
        ("/never-started", "start_response"),
        ("/started-twice", "start_response"),
        ("/bad-status", "OK 200"),
        ("/injected", "X-One"),
    ];
    for (path, word) in cases {
        let answer = probe.server.get(path).expect(500);
        assert!(answer.text().contains(word), "{path}: {word} in {answer}");
        assert!(answer.header("x-two").is_none(), "{answer}");
    }
    assert_eq!(probe.folder.wait_for("never-started"), "closed\n");
}

/// Whatever it has put into the thread that serves it.
#[test]
fn what_an_application_does_to_its_thread_is_answered_in_its_own_name() {
    let probe = probe_with(|launch| launch.args(["--threads", "1"]));
    probe.server.get("/traced").expect(200);
    let answer = probe.server.get("/pid").expect(500);
    assert!(answer.text().contains("ValueError: traced"), "{answer}");
    probe.server.get("/pid").expect(200);
}

#[test]
fn a_body_of_another_length_than_promised_does_not_spoil_the_connection() {
    let probe = probe();
    let short = probe.server.get("/too-short");
    assert_eq!((short.text().as_str(), short.complete), ("four", false));
    let mut client = probe.server.connect();
    assert_eq!(client.get("/too-long").expect(200).text(), "four");
    until("the hint on what a list has beyond its length", || {
        let hint = "the body is longer than the Content-Length said";
        probe.server.said().contains(hint).then_some(())
    });
    let next = client.try_ask("GET", request("GET", "/").as_bytes());
    assert!(next.map_or(true, |answer| answer.text() == "probe\n"));
    probe.server.get("/").expect(200);
}

#[test]
fn a_request_that_is_no_http_is_refused_and_runs_nothing() {
    let probe = probe();
    let hidden = request("GET", "/os-exit");
    for (bytes, status) in [
        ("GET / HTTP/1.1\nHost: localhost\n\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: +5\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
        ("GET /\u{fc} HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
    ] {
        let mut client = probe.server.connect();
        let answer = client.ask("GET", format!("{bytes}{hidden}"));
        let is_right = answer.status == status
            || status == 505 && answer.status == 400
            || status == 501 && answer.status == 405;
        assert!(is_right, "{bytes:?}: {answer}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    }
    probe.server.get("/").expect(200);
}

fn faulty() -> Probe {
    faulty_with(|launch| launch)
}

fn faulty_with(more: impl FnOnce(Launch) -> Launch) -> Probe {
    let folder = Folder::copy_of("faulty.py");
    let launch = rdev(folder.path()).env("PROBE_FOLDER", folder.path()).arg("faulty:app");
    let server = more(launch).serve();
    Probe { server, folder }
}

#[test]
fn an_application_without_descriptors_keeps_the_requests_it_has() {
    let probe = faulty();
    let pid = probe.server.get("/").expect(200).text();
    let mut first = probe.server.connect();
    first.send(request("GET", "/descriptors"));
    probe.folder.wait_for("begun");
    let mut others = [(); 3].map(|()| probe.server.connect());
    for other in &mut others {
        other.send(request("GET", "/"));
    }
    // A request for no lane at all: the server has looked at the others before.
    probe.server.connect().ask("GET", "GET / HTTP/1.1\r\n\r\n").expect(400);
    probe.folder.save("gate", "");
    assert_eq!(first.answer("GET").expect(200).text(), pid);
    assert_eq!(probe.server.get("/").expect(200).text(), pid);
}

#[test]
fn a_block_of_any_size_is_held_once() {
    const SIZE: usize = 80_000_000;
    let probe = faulty();
    let peak = || probe.server.get("/memory").expect(200).text().parse::<usize>();
    let before = peak().unwrap() * 1024;
    let answer = probe.server.get(&format!("/block?size={SIZE}")).expect(200);
    assert_eq!(answer.body.len(), SIZE);
    let more = peak().unwrap() * 1024 - before;
    assert!(more < SIZE + SIZE / 4, "{more} bytes for a block of {SIZE}");
}

#[test]
fn what_is_said_at_any_length_breaks_nothing() {
    const LONG: usize = 70_000_000;
    let mut probe = faulty();
    let pid = probe.server.get("/").expect(200).text();
    let answer = probe.server.get(&format!("/long-message?size={LONG}")).expect(500);
    assert!(answer.text().contains("ValueError: xxx"), "{:.300}", answer.text());
    assert!(answer.text().contains("left out"), "{} bytes", answer.body.len());
    assert!(answer.body.len() < 3 << 20, "{} bytes", answer.body.len());
    let answer = probe.server.get("/long-field?size=20000000").expect(500);
    assert!(answer.text().contains("the headers take 20000006 bytes"), "{answer}");
    probe.server.get(&format!("/long-errors?size={LONG}")).expect(200);
    // More comes at once than waits for who prints it; what is left out is counted.
    probe.server.wait_for("the end of the line, or that it was lost", |program| {
        let said = program.said();
        said.contains("xxx ended") || said.contains("not shown (output too slow)")
    });
    assert_eq!(probe.server.get("/").expect(200).text(), pid);
}

#[test]
fn every_exception_is_described() {
    let probe = faulty();
    let frozen = probe.server.get("/frozen").expect(500).text();
    assert!(frozen.contains("Frozen: 7") && !frozen.contains("describing"), "{frozen}");
    assert!(frozen.contains("raise Frozen(7)"), "{frozen}");
    let nowhere = probe.server.get("/nowhere").expect(500).text();
    for word in ["raise SyntaxError(", "\nSyntaxError: is no Python (letter.txt"] {
        assert!(nowhere.contains(word), "{word} in {nowhere}");
    }
    let short = probe.server.get("/chain?length=3").expect(500).text();
    for word in ["KeyError: 'the first'", "number 0", "number 1", "number 2"] {
        assert!(short.contains(word), "{word} in {short}");
    }
    assert_eq!(short.matches("During handling of the above").count(), 3, "{short}");
    let minor: u32 =
        probe.server.get("/minor-version").expect(200).text().parse().unwrap();
    let long = probe.server.get("/chain?length=3000").expect(500).text();
    for word in ["more exceptions of this chain]", "number 2999", "number 2951"] {
        assert!(long.contains(word), "{word} in {long}");
    }
    // Python 3.9 itself gives up before the beginning, and says so.
    for word in ["'the first'", "[2901 more exceptions"] {
        assert!(minor == 9 || long.contains(word), "{word} in {long}");
    }
    assert!(!long.contains("describing"), "{long}");
    let own = probe.server.get("/unready").expect(500).text();
    assert!(own.contains("LookupError: raised in __iter__"), "{own}");
    if minor >= 11 {
        let group = probe.server.get("/group").expect(500).text();
        for word in ["the outer (2 sub-exceptions)", "'the inner'", "the other"] {
            assert!(group.contains(word), "{word} in {group}");
        }
        let page = probe
            .server
            .connect()
            .ask(
                "GET",
                "GET /group HTTP/1.1\r\nHost: \
                localhost\r\nAccept: text/html\r\n\r\n",
            )
            .expect(500)
            .text();
        for word in ["<b>KeyError</b>: &#39;the inner&#39;", "<b>OSError</b>: the other"]
        {
            assert!(page.contains(word), "{word} in {page}");
        }
    }
}

#[test]
fn an_exception_is_described_without_the_modules_of_the_application() {
    let shadows = ["ast.py", "tokenize.py", "traceback.py"];
    for names in [&[], &shadows[..]] {
        let folder = Folder::empty();
        for name in names {
            folder.save(name, "raise SystemError('not the one of Python')\n");
        }
        folder.save(
            "app.py",
            "import sys\ndef app(environ, start_response):\n\
             \x20   if environ['PATH_INFO'] == '/raise':\n\
             \x20       return [1, None][0] + len('ö') + sys.pth\n\
             \x20   start_response('200 OK', [('Content-Type', 'text/plain')])\n\
             \x20   return [' '.join(sys.modules).encode()]\n",
        );
        let server = rdev(folder.path()).serve();
        let before = server.get("/").expect(200).text();
        let raised = server.get("/raise").expect(500).text();
        assert!(raised.contains("[1, None][0] + len('ö')"), "{raised}");
        assert!(raised.contains("AttributeError: module 'sys' has no"), "{raised}");
        assert!(!raised.contains("SystemError"), "{raised}");
        assert_eq!(server.get("/").expect(200).text(), before);
    }
}

#[test]
fn how_python_was_started_is_not_taken_for_the_source_of_what_is_executed() {
    let folder = Folder::empty();
    folder.save(
        "app.py",
        "import traceback\ndef app(environ, start_response):\n\
         \x20   start_response('200 OK', [('Content-Type', 'text/plain')])\n\
         \x20   try:\n        exec('1 / 0')\n    except ZeroDivisionError:\n\
         \x20       return [traceback.format_exc().encode()]\n",
    );
    let text = rdev(folder.path()).serve().get("/").expect(200).text();
    let last =
        "  File \"<string>\", line 1, in <module>\nZeroDivisionError: division by zero\n";
    assert!(text.ends_with(last), "{text}");
}

#[test]
fn writing_while_a_text_is_written_does_not_hang() {
    let mut probe = faulty();
    probe.server.get("/chatty").expect(200);
    probe.server.wait_for("the whole line", |program| {
        program.said().contains(r"half a line, a chatty word\udcff")
    });
}

#[test]
fn each_breach_gets_the_mend_that_helps() {
    let mut probe = faulty();
    for (path, word) in [
        ("/number", "return [body]"),
        ("/bytes", "return [body]"),
        ("/object", "json.dumps"),
        ("/length?value=123456789012345678901234567890", "below 2 to the power of 64"),
        ("/length?value=%2B4", "said once, in digits"),
    ] {
        let answer = probe.server.get(path).expect(500);
        assert!(answer.text().contains(word), "{path}: {word} in {answer}");
    }
    probe.server.get("/no-content").expect(204);
    probe.server.wait_for("a hint of its own", |program| {
        program.said().contains("the answer is 204 and has a body")
    });
    assert_eq!(probe.server.get("/keyword").expect(503).text(), "changed");
    let get = probe.server.get("/empty-block").expect(200);
    assert_eq!(get.header("content-length"), Some("0"));
    let head = request("HEAD", "/empty-block");
    let head = probe.server.connect().ask("HEAD", head).expect(200);
    assert_eq!(head.header("content-length"), None, "{head}");
}

#[test]
fn a_forked_process_that_comes_back_does_not_answer() {
    let mut probe = faulty();
    let mut client = probe.server.connect();
    assert_eq!(client.get("/fork").expect(200).text(), "parent 1");
    let own = client.get("/").expect(200).text();
    assert_eq!(probe.server.get("/").expect(200).text(), own);
    probe.server.wait_for("both lines", |program| {
        let said = program.said();
        said.contains("from the child") && said.contains("that the application forked")
    });
}

#[test]
fn code_without_a_file_and_exceptions_made_by_hand_are_told_with_their_frames() {
    let probe = faulty();
    let text = probe.server.get("/made").expect(500).text();
    assert!(text.contains("    raise ValueError('made here')"), "{text}");
    let text = probe.server.get("/odd").expect(500).text();
    assert!(text.contains("in at_odd") && text.contains("by hand"), "{text}");
}

/// Has Python print what `/handlers` of the application answers.
const HANDLERS: &str = "\
import json, signal
names = ['SIGSEGV', 'SIGBUS', 'SIGPIPE', 'SIGTERM', 'SIGCHLD', 'SIGINT', 'SIGHUP']
found = {name: repr(signal.getsignal(getattr(signal, name))) for name in names}
print(json.dumps(found))
";

#[test]
fn a_worker_has_the_signal_handlers_of_plain_python_and_no_socket_of_the_zygote() {
    let probe = faulty();
    let plain = Command::new(python()).args(["-c", HANDLERS]).output().unwrap().stdout;
    let answer = probe.server.get("/handlers").expect(200).json();
    assert_eq!(answer, serde_json::from_slice::<serde_json::Value>(&plain).unwrap());
    let worker: u32 = probe.server.get("/").expect(200).text().parse().unwrap();
    let is_zygote = |pid: &u32| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline"));
        *pid != worker && words.is_ok_and(|words| words.contains("--zygote"))
    };
    let zygotes: Vec<u32> = probe.server.family().into_iter().filter(is_zygote).collect();
    assert!(!zygotes.is_empty());
    let own = sockets(worker);
    for zygote in zygotes {
        let shared: Vec<_> = sockets(zygote).intersection(&own).cloned().collect();
        assert_eq!(shared, Vec::<PathBuf>::new());
    }
}

#[test]
fn signals_that_were_ignored_from_the_start_are_heard_by_nobody() {
    let ignoring = ["sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh"];
    let mut probe = faulty_with(|launch| launch.inside(&ignoring));
    let plain = Command::new("sh")
        .args(&ignoring[1..])
        .args([python().as_os_str(), "-c".as_ref(), HANDLERS.as_ref()])
        .output();
    let answer = probe.server.get("/handlers").expect(200).json();
    let plain: serde_json::Value =
        serde_json::from_slice(&plain.unwrap().stdout).unwrap();
    assert_eq!(answer, plain);
    let status = fs::read_to_string(format!("/proc/{}/status", probe.server.pid()));
    let status = status.unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    let both = [Signal::HUP, Signal::INT].map(|signal| 1 << (signal.as_raw() - 1));
    assert_eq!(both.map(|bit: u64| ignored & bit), both);
    probe.server.signal(Signal::HUP);
    probe.server.signal(Signal::INT);
    probe.server.get("/").expect(200);
    probe.server.signal(Signal::TERM);
    assert_eq!(probe.server.wait_for_exit().code(), Some(0));
}

fn sockets(pid: u32) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).collect()
}
