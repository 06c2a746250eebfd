//! What is sent again, and what is pinned.

use super::*;

#[test]
fn what_is_pinned_is_sent_again_to_new_code_one_after_the_other() {
    let app = App::ready(120, 24).feed("GET /one 200").feed("POST /two 200");
    let app = app.press("*").sees("#2 is pinned: its POST is sent again to new code");
    let app =
        remarks(app, 2).sees(">*   2 g1").press("l l").sees("Pinned            yes");
    let app = app.looks_like("pinned_120x24").press("k : p i n enter");
    let app = remarks(app, 1).sees(">*   1 g1");
    let request = |method, path| request(method, path).replace('\n', "\r\n");
    let sent = |method, path, of| {
        let head = request(method, path);
        let head = head.trim_end();
        format!("replay Pin(ExchangeId({of})): {head}\r\nConnection: close\r\n\r\n")
    };
    let (one, two) = (sent("GET", "/one", 1), sent("POST", "/two", 2));
    let app = app.saves(2, ["shop.py"]).effects([]).forked(2).effects([&one]);
    let app = app.sees("2 pinned requests sent again").due().effects([]);
    let app = app.begins(&request("GET", "/one"), Source::Pin(ExchangeId(1)));
    let app = app.called().responds(200, "text/plain").effects([]);
    let app = app.ends(Outcome::Complete).effects([&two]);
    // Its answer does not end.
    let app = app.begins(&request("POST", "/two"), Source::Pin(ExchangeId(2))).called();
    let app = app.sees("*1").sees("*2").passes(9000).due().effects([]);
    let app = app.saves(3, ["shop.py"]).effects([]).forked(3);
    app.effects(["Send(End(ExchangeId(4)))", &one]);
}

#[test]
fn a_pinned_one_is_let_go_again_and_one_that_was_sent_for_it_is_not_pinned() {
    let app = App::ready(120, 24).feed("GET /one 200").press("*");
    let app = remarks(app, 1);
    let app = app.begins(&request("GET", "/one"), Source::Pin(ExchangeId(1)));
    let app = app.called().responds(200, "text/plain").ends(Outcome::Complete);
    let app = app.press("G *").sees("#2 was sent for the pin of #1; 1G goes there");
    let app = app.effects([]).press("1 G *").sees("#1 is not pinned any more");
    let app = remarks(app, 1).misses("*   1 g1").saves(2, ["shop.py"]).forked(2);
    let app = app.effects([]).press("2 G *");
    remarks(app, 2).sees(">*   2 g1");
}

#[test]
fn a_cleared_list_keeps_what_is_pinned() {
    let mut app = App::ready(120, 24);
    for path in ["/a", "/b", "/c", "/d"] {
        app = app.feed(&format!("GET {path} 200"));
    }
    let app = remarks(app.press("2 G *"), 2).press("z");
    let app =
        app.sees("3 cleared from the list; u brings them back").sees("Exchanges 1 ");
    let app = app.sees("/b").misses("/a").misses("/d").feed("GET /e 200");
    let app = app.sees("Exchanges 2 ").sees("/b").sees("/e");
    let app = app.press("f / e enter").sees("1 of 2, filter /e").misses("/b").press("&");
    let app =
        app.sees("Exchanges 2, filter off: /e").sees("/b").press("& f ctrl-u enter");
    let app = app.sees("Exchanges 2 ").sees("/b").press("o m").sees("by method");
    let app = app.sees("/b").sees("/e").misses("/a").press("o n");
    // What lets go of its pin is cleared like the others.
    let app = remarks(app.press("2 G *"), 2).misses("/b").sees("Exchanges 1 ");
    app.press("u").sees("4 brought back").sees("Exchanges 5").sees("/a").sees("/b");
}

#[test]
fn replay_sends_the_exact_request_and_is_refused_where_it_is_not_whole() {
    let post = "POST /a HTTP/1.1\nHost: x\nContent-Length: 3\n\n";
    App::ready(80, 24)
        .begins(post, Source::Client)
        .called()
        .uploads(b"ab")
        .press("r")
        .effects([])
        .sees("#1 cannot be sent again: its body has not all arrived")
        .uploads(b"c")
        .press("r")
        .effects(["replay Replay(ExchangeId(1)): POST /a HTTP/1.1\r\nHost: x\r\n\
                   Content-Length: 3\r\nConnection: close\r\n\r\nabc"])
        .begins(post, Source::Replay(ExchangeId(1)))
        .sees("#1 was sent again as #2")
        .sees("↻1 /a");
}

#[test]
fn what_came_of_sending_again_is_said() {
    App::ready(80, 24)
        .feed("GET /a 200")
        .press("k")
        .begins(&request("GET", "/a"), Source::Replay(ExchangeId(1)))
        .sees("#1 was sent again as #2")
        .called()
        .passes(7)
        .responds(404, "text/plain")
        .ends(Outcome::Complete)
        .sees("#1 was sent again as #2: 404 in 7.0 ms; 2G goes there");
}

#[test]
fn a_number_sends_a_request_so_many_times_and_what_came_of_all_is_said_once() {
    let source = || Source::Replay(ExchangeId(1));
    let sent = "replay Replay(ExchangeId(1)): GET /a HTTP/1.1\r\nHost: localhost:8888\r\n\
                Accept: */*\r\nConnection: close\r\n\r\n";
    let answered = |app: App, status| {
        let app = app.begins(&request("GET", "/a"), source()).misses("was sent again");
        app.called().passes(7).responds(status, "text/plain").ends(Outcome::Complete)
    };
    let app = App::ready(80, 24).feed("GET /a 200").press("3 r").effects([sent; 3]);
    let app = answered(answered(app, 200).misses("was sent"), 500).misses("was sent");
    let app = answered(app, 200);
    let app = app.sees("#1 was sent 3 times, as #2 to #4: 2 × 200, 1 × 500; 7.0 ms to ");
    let app = app.press("101 r").effects([]);
    let app = app.sees("a request is sent 100 times at most, not 101");
    // By itself it is told of as ever.
    let app = app.press("g j r").effects([sent]).begins(&request("GET", "/a"), source());
    app.sees("#1 was sent again as #5");
}
