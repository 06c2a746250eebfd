//! rdev's own words.

use super::*;
use crate::bus::Losses;

fn generation(id: u32, what: GenerationEvent) -> Event {
    Event::Generation { id: GenerationId(id), at: at(0), what }
}

#[test]
fn a_reload_is_one_line_and_a_failed_one_has_its_traceback() {
    let took = std::time::Duration::from_millis(41);
    let ready = || GenerationEvent::Ready { took, rung: Rung::Fork { modules: 3 } };
    let files: Vec<PathBuf> =
        ["/app/app.py", "/else/b.py", "/app/p/\u{1b}.py", "/app/d.py", "/app/e.py"]
            .map(PathBuf::from)
            .into();
    let changed = |count: usize| ReloadReason::Changed(files[..count].to_vec());
    let shown = show(&[
        generation(1, GenerationEvent::Started(ReloadReason::Start)),
        generation(1, ready()),
        generation(2, GenerationEvent::Started(changed(1))),
        generation(2, ready()),
        generation(1, GenerationEvent::Retired),
        generation(3, GenerationEvent::Started(changed(2))),
        generation(3, GenerationEvent::Discarded),
        generation(4, GenerationEvent::Started(changed(5))),
        generation(4, ready()),
        generation(4, GenerationEvent::Died("killed by signal 11".to_owned())),
        generation(5, GenerationEvent::Started(ReloadReason::Died(String::new()))),
        generation(5, ready()),
        generation(6, GenerationEvent::Started(ReloadReason::Asked)),
        generation(6, GenerationEvent::Failed(traceback())),
        began(1, 0, b"GET / HTTP/1.0\r\n\r\n"),
        event(1, 2, ExchangeEvent::Raised(traceback())),
    ]);
    let expected = "\
! rdev: generation 1 ready in 41 ms, 3 modules warm
! rdev: generation 2 ready in 41 ms, 3 modules warm (app.py changed)
! rdev: generation 4 ready in 41 ms, 3 modules warm (app.py, /else/b.py, p/\\x1b.py and 2 more changed)
! rdev: generation 4 died: killed by signal 11
! rdev: generation 5 ready in 41 ms, 3 modules warm (the one before died)
! rdev: generation 6 failed: ZeroDivisionError: division by zero (pkg/app.py, line 7)
! Traceback (most recent call last):
!   \\x1b[2J
! ZeroDivisionError: division by zero
#1 127.0.0.1:5123
> GET / HTTP/1.0
>\x20
! #1 GET / met the failed import of generation 6
";
    assert_eq!(shown, expected);
}

#[test]
fn the_account_of_a_generation_tells_its_way_and_its_libraries() {
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let modules = ["flask", "flask.app", "json"].map(str::to_owned).to_vec();
    let preload = Arc::new(Preload {
        modules,
        left_out: vec![pair("zmq", "starts a \u{1b} thread")],
        surroundings: vec![pair("json", "the environment: MODE")],
    });
    let fresh = vec![pair("zmq", "starts a \u{1b} thread"), pair("yaml", "is new")];
    let libraries = Libraries { warm: Arc::clone(&preload), fresh };
    let making = |rung, why: &str| {
        let no_checkpoint =
            matches!(rung, Rung::Fork { .. }).then(|| "it had read \u{1b}".to_owned());
        let (why, unmet) = (why.to_owned(), None);
        GenerationEvent::Chosen(Arc::new(Making { rung, why, no_checkpoint, unmet }))
    };
    let took = std::time::Duration::from_millis(41);
    let fork = Rung::Fork { modules: 3 };
    let settings = Settings { wording: Wording::Account, ..Settings::default() };
    let mut transcript = Transcript::new(settings);
    let cold = vec![pair("flask", ""), pair("flask.app", "")];
    let cold = Libraries { fresh: cold, ..Libraries::default() };
    let shown: String = [
        generation(1, GenerationEvent::Started(ReloadReason::Start)),
        generation(1, making(Rung::Cold, "nothing is known")),
        generation(1, GenerationEvent::Ready { took, rung: Rung::Cold }),
        generation(1, GenerationEvent::Imported(Arc::new(cold))),
        generation(1, GenerationEvent::Preloaded(preload)),
        generation(2, GenerationEvent::Started(ReloadReason::Asked)),
        generation(2, making(fork, "they were there")),
        generation(2, GenerationEvent::Ready { took, rung: fork }),
        generation(2, GenerationEvent::Imported(Arc::new(libraries))),
        generation(3, GenerationEvent::Started(ReloadReason::Asked)),
        generation(3, making(Rung::Cold, "it was asked for")),
        generation(3, GenerationEvent::Failed(traceback())),
    ]
    .iter()
    .map(|event| text(&transcript.take(event)))
    .collect();
    let expected = "\
! rdev: generation 1 ready in 41 ms, cold
! rdev:   cold: nothing is known
! rdev: generation 1 had 0 of 2 modules of libraries in memory
! rdev:   not in memory, in the order of their import:
! rdev:     flask (2 modules)
! rdev: 3 modules that generation 1 loaded are in memory for the next
! rdev:   in memory, in the order of their import:
! rdev:     flask (2 modules), json
! rdev:   not in memory:
! rdev:     zmq: starts a \\x1b thread
! rdev:   json is imported after a change of the environment: MODE
! rdev: generation 2 ready in 41 ms, 3 modules warm (asked for)
! rdev:   fork: they were there
! rdev:   no checkpoint: it had read \\x1b
! rdev: generation 2 had 3 of 5 modules of libraries in memory
! rdev:   in memory, in the order of their import:
! rdev:     flask (2 modules), json
! rdev:   not in memory:
! rdev:     zmq: starts a \\x1b thread
! rdev:     yaml: is new
! rdev:   json is imported after a change of the environment: MODE
! rdev: generation 3 failed: ZeroDivisionError: division by zero (/app/pkg/app.py, line 7)
! rdev:   cold: it was asked for
! Traceback (most recent call last):
!   \\x1b[2J
! ZeroDivisionError: division by zero
";
    assert_eq!(shown, expected);
}

#[test]
fn notices_and_losses_are_lines_of_rdev() {
    let notice = |severity, text: &str| Event::Notice {
        at: at(0),
        notice: Notice { severity, text: text.to_owned() },
    };
    let mut transcript = transcript();
    let mut shown = text(&transcript.take(&notice(Severity::Info, "a\nb")));
    shown += &text(&transcript.take(&notice(Severity::Warning, "low")));
    shown += &text(&transcript.take(&notice(Severity::Error, "gone")));
    let one = Losses { exchanges: 12, ..Losses::default() };
    let two = Losses { exchanges: 13, output_lines: 2, ..one };
    for losses in [Losses::default(), one, one, two, two] {
        shown += &text(&transcript.lost(losses).into_iter().collect::<Vec<_>>());
    }
    let expected = "\
! rdev: a\\x0ab
! rdev: warning: low
! rdev: error: gone
! rdev: 12 exchanges not shown (output too slow)
! rdev: 1 exchange, 2 lines of output not shown (output too slow)
";
    assert_eq!(shown, expected);
}
