//! Marks and comments.

use super::*;

#[test]
fn exchanges_are_marked_and_commented_on() {
    let app = App::ready(120, 24).feed("GET /one 200").feed("GET /two 200").press("k m");
    let app = remarks(app, 1).sees(">•   1 g1").misses(" •   2 g1");
    let app = app.press("; n o space t e a").sees("comment on #1: no tea").press("enter");
    let app = remarks(app, 1)
        .press("l l")
        .sees("Marked            yes")
        .sees("Comment           no tea");
    let app = app.looks_like("marked_120x24").press(";").sees("comment on #1: no tea");
    let app = app.press("ctrl-w enter");
    let app = remarks(app, 1).sees("Comment           no");
    let app = app.press("m");
    let app =
        remarks(app, 1).sees(">;   1 g1").misses("Marked  ").press("; ctrl-u enter");
    remarks(app, 1).sees(">    1 g1").misses("Comment  ");
}

#[test]
fn one_key_after_the_other_changes_what_was_said_last() {
    let app = App::ready(120, 24).feed("GET /one 200").press("m");
    let app = app.effects(["remark 1: marked; "]).press("; n o enter");
    let app =
        app.effects(["remark 1: marked; no"]).press("m").effects(["remark 1: ; no"]);
    let app = app.press("U").sees("nothing is marked").press(";").sees("#1: no");
    let app = app.press("esc *").effects(["remark 1: pinned ; no"]);
    let app = app.press("*").effects(["remark 1: ; no"]);
    let app = app.press("m m").effects(["remark 1: marked; no", "remark 1: ; no"]);
    // The first of them come back; one is as the last.
    let remark = Remark { comment: Some("no".to_owned()), ..Remark::default() };
    let marked = Remark { marked: true, ..remark.clone() };
    let app = app.step(1, ExchangeEvent::Remarked(remark));
    let app = app.step(1, ExchangeEvent::Remarked(marked)).press("m");
    app.effects(["remark 1: marked; no"]);
}

#[test]
fn what_the_history_lacks_is_handed_to_it_at_its_end_and_once_it_is_over() {
    let marked = Remark { marked: true, ..Remark::default() };
    let closed = || {
        let closed = Some(Timestamp::UNIX_EPOCH);
        ExchangeEvent::Timed(Arc::new(Timing { closed, ..Timing::default() }))
    };
    App::ready(120, 24)
        .feed("GET /one 200")
        .step(1, ExchangeEvent::Remarked(marked.clone()))
        .step(1, ExchangeEvent::Missing)
        .effects(["recall 1"])
        .begins(&request("GET", "/slow"), Source::Client)
        .called()
        .step(2, ExchangeEvent::Remarked(marked))
        .step(2, ExchangeEvent::Missing)
        .effects([])
        .responds(200, "text/plain")
        .ends(Outcome::Complete)
        .effects(["recall 2"])
        .step(2, closed())
        .effects(["recall 2"])
        .step(2, closed())
        .effects([])
        .step(7, ExchangeEvent::Missing)
        .sees("#7 is not in the history: nor is what you said of it");
}

#[test]
fn all_marks_are_taken_away_at_once_and_put_back() {
    let marked = |marked| ExchangeEvent::Remarked(Remark { marked, ..Remark::default() });
    let app = App::ready(120, 24).press("U").effects([]);
    let app = app.sees("nothing is marked; m does");
    let app = app.feed("GET /1 200").feed("GET /2 200").feed("GET /3 200");
    let app = app.step(1, marked(true)).step(3, marked(true)).press("U");
    let app = app.sees("2 marks taken away; u puts them back");
    let app = app.effects(["remark 1: ; ", "remark 3: ; "]);
    let app = app.step(1, marked(false)).step(3, marked(false)).press("u");
    let app = app.sees("2 marked again");
    let app = app.effects(["remark 1: marked; ", "remark 3: marked; "]);
    // What was cleared since comes back first, and then nothing is left.
    let app = app.step(1, marked(true)).step(3, marked(true)).press("U z");
    app.press("u").sees("brought back").press("u").sees("nothing was cleared");
}

#[test]
fn what_is_marked_is_gone_to_and_can_be_seen_alone() {
    let mut app = App::ready(120, 24).press("'").sees("nothing is marked; m does");
    for _ in 0..5 {
        app = app.feed("GET / 200");
    }
    let remark = Remark { marked: true, ..Remark::default() };
    app.step(2, ExchangeEvent::Remarked(remark.clone()))
        .step(4, ExchangeEvent::Remarked(remark))
        .press("'")
        .sees("#2 GET")
        .press("'")
        .sees("#4 GET")
        .press("'")
        .sees("#2 GET")
        .press("M")
        .sees("Exchanges 2 of 5, filter is:marked")
        .press("M")
        .sees("Exchanges 5")
        .misses("filter is");
}
