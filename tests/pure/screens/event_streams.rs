//! Server-sent events.

use super::*;

#[test]
fn a_stream_of_events_is_its_events_with_their_times() {
    let app = App::ready(120, 40).begins(&request("GET", "/events"), Source::Client);
    let app = app.called().passes(5).responds(200, "text/event-stream; charset=utf-8");
    let app = app.passes(195).sends(b"\xef\xbb\xbfretry: 3000\n\ndata: hello\nid: 7\n\n");
    let app = app.passes(1034).sends(b"event: tick\r\ndata: {\"n\": 1}\r\ndata:\t2\r");
    let app =
        app.passes(1).sends(b"\n\r\n: still here\n\nevent: \x1b[2J\nid: 8\n\ncolour");
    let app = app.press("enter h").sees("Response").sees("+0.200 s  message  id 7");
    let app = app.sees("+1.235 s  tick").sees("6 B of an event that is not complete]");
    let app = app.passes(9000).sends(b": red\ndata: \xff\xe2\x80\xae\n\ndata: lost");
    let app = app.sees("+10.235 s  message").ends(Outcome::Complete);
    let app = app.looks_like("events_120x40").press("m").sees("data: hello");
    app.misses("+0.200 s").press("m").press("m").sees("+0.200 s  message  id 7");
}

#[test]
fn of_a_long_stream_of_events_the_end_is_laid_out() {
    let app = App::ready(120, 40).begins(&request("GET", "/events"), Source::Client);
    let mut app = app.called().responds(200, "text/event-stream");
    let event = |number: u32| format!("id: {number}\ndata: {}\n\n", "x".repeat(1000));
    for number in 1..=2000 {
        let what = ExchangeEvent::ResponseBody(event(number).into_bytes().into());
        let (id, at) = (ExchangeId(app.newest), app.now);
        let events = vec![Event::Exchange { id, at, what }];
        let losses = Losses::default();
        update(&mut app.state, Message::Events { events, losses });
    }
    let app = app.press("enter h").sees("[1.5 MB before; m shows the stream as it was");
    app.misses("id 1485")
        .press("G")
        .sees("+0.000 s  message  id 2000")
        .misses("MB before");
}
