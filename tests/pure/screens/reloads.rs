//! Reloads in the list, and failed imports.

use super::*;

#[test]
fn a_failed_import_is_in_the_status_line_with_its_traceback_at_hand() {
    let failed = GenerationEvent::Failed(traceback(
        "SyntaxError",
        "'(' was never closed (shop.py, line 7)",
        "shop.py",
    ));
    App::ready(80, 24)
        .generation(2, GenerationEvent::Started(ReloadReason::Asked))
        .passes(300)
        .sees("gen 2 … importing 0.3 s")
        .generation(2, failed)
        .sees("failed: SyntaxError")
        .looks_like("failed_80x24")
        .feed("GET / 500")
        .press("tab tab")
        .sees("✗ SyntaxError: '(' was never closed")
        .resized(120, 40)
        .looks_like("failed_120x40")
        .generation(3, GenerationEvent::Started(ReloadReason::Asked))
        .generation(3, ready(Duration::from_millis(8)))
        .sees("gen 3 ✓ imported in 8.0 ms");
}

#[test]
fn the_file_of_a_failed_import_is_opened_and_its_traceback_copied_from_its_row() {
    let failed = traceback("SyntaxError", "'(' was never closed", "shop.py");
    let frame = Frame {
        file: "/home/ada/shop/shop.py".to_owned(),
        line: 7,
        function: "<module>".to_owned(),
        source: "app = Flask(".to_owned(),
        own: true,
    };
    let mut failed = Arc::unwrap_or_clone(failed);
    failed.chain[0].frames = vec![frame];
    App::ready(120, 40)
        .feed("GET / 200")
        .saves(2, ["shop.py"])
        .generation(2, GenerationEvent::Failed(Arc::new(failed)))
        .resized(90, 24)
        .press("+ G j")
        .sees("✗ SyntaxError: '(' was never closed  shop.py:7 ─")
        .sees("e edit")
        .press("e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 7 }"])
        .press("_ alt-2 e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 7 }"])
        .press("alt-1 y")
        .misses("curl command")
        .effects([
            "copy the traceback of generation 2, .txt: Traceback (most recent call \
                   last):\n  File \"shop.py\", line 7, in view\n    1 / 0\n    ~~^~~\n\
                   SyntaxError: '(' was never closed\n",
        ])
        .press("k k y")
        .sees("there is no exchange to copy from");
}

/// Exchanges and reloads of every kind, a save on its way.
fn reloaded(width: u16, height: u16) -> App {
    let failed =
        traceback("SyntaxError", "'(' was never closed (shop.py, line 7)", "shop.py");
    App::ready(width, height)
        .feed("GET / 200 text/html <h1>hello</h1>")
        .saves(2, ["shop.py"])
        .begins(&request("GET", "/basket"), Source::Client)
        .step(2, ExchangeEvent::Held)
        .passes(12)
        .forked(2)
        .step(2, ExchangeEvent::Called(GenerationId(2)))
        .responds(200, "text/html")
        .ends(Outcome::Complete)
        .saves(3, ["shop.py", "views/basket.py", "models.py"])
        .passes(5)
        .generation(3, GenerationEvent::Discarded)
        .saves(4, ["shop.py"])
        .passes(40)
        .generation(4, GenerationEvent::Failed(failed))
        .feed("GET / 500 text/html")
        .saves(5, ["shop.py", "views/basket.py"])
        .passes(9)
        .generation(5, GenerationEvent::Doubted("its import failed".to_owned()))
        .generation(5, GenerationEvent::Discarded)
        .generation(6, GenerationEvent::Started(ReloadReason::Asked))
        .generation(6, chosen(Rung::Cold, "to tell whether the import fails"))
        .passes(300)
        .generation(6, ready(Duration::from_millis(290)))
        .generation(6, GenerationEvent::Died("killed by signal 11".to_owned()))
        .saves(7, ["shop.py"])
        .passes(1200)
}

#[test]
fn reloads_stand_between_the_exchanges_that_they_part() {
    reloaded(120, 40)
        .sees("gen 2  shop.py changed  ✓ 8.2 ms  fork  5/8 warm")
        .sees("gen 3  shop.py and 2 more changed  overtaken after 5.0 ms")
        .sees("gen 7  shop.py changed  … importing 1.2 s  fork")
        .looks_like("reloads_120x40")
        .resized(80, 24)
        .looks_like("reloads_80x24")
        .resized(40, 12)
        .press("G")
        .sees("gen 7  … importing 1.2 s");
}

#[test]
fn a_reload_that_is_selected_gives_its_account() {
    reloaded(120, 40)
        .press("2 G {")
        .sees("Generation 2")
        .sees("* fork: its libraries were in memory")
        .sees("* 5 of 8 modules of libraries were in memory")
        .sees("zmq (2): starts a thread")
        .sees("the environment: MODE, before jinja2 is")
        .looks_like("reload_120x40")
        .press("}")
        .sees("* given up after 5.0 ms")
        .sees("views/basket.py")
        .press("}")
        .sees("Generation 4 could not be imported")
        .sees("SyntaxError: '(' was never closed")
        .press("2 }")
        .sees("* made in place of the one before: its import")
        .sees("* its process died: killed by signal 11")
        .resized(80, 24)
        .press("2 G {")
        .looks_like("reload_80x24");
}

#[test]
fn reloads_are_steps_for_the_cursor_but_not_where_exchanges_are_read() {
    reloaded(120, 40)
        .sees("#3 GET 500")
        .sees("following")
        .press("k")
        .sees("Generation 4 could")
        .press("enter p")
        .sees("#2 GET 200")
        .press("space")
        .sees("#3 GET 500")
        .press("esc 9 j")
        .sees("Generation 7 is being imported")
        .feed("GET /new 200")
        .sees("#4 GET 200")
        .press("g")
        .sees("Generation 1")
        .press("r")
        .sees("there is no request to send again");
}

#[test]
fn explain_opens_the_account_of_the_last_reload_or_of_another() {
    reloaded(80, 24)
        .press(": e x p l tab enter")
        .sees("Generation 7 is being imported")
        .sees("space next")
        .press("esc : e x p l space 2 enter")
        .sees("Generation 2")
        .sees("* fork: its libraries were in memory")
        .sees("* no checkpoint: the one begun beforehand had read shop.py before that")
        .press("end")
        .sees("the environment: MODE, before jinja2 is imported")
        .press(": e x p l space 9 enter")
        .sees("nothing is known of generation 9");
    App::new(80, 24).press(": e x p l enter").sees("there is no generation yet");
}
