//! Bodies: as they are laid out, sent, dumped, and what is missing of them.

use super::*;

#[test]
fn what_was_packed_is_told_and_what_is_wrong_with_it() {
    let text = format!("[{}0]", "1, ".repeat(400));
    let mut encoder =
        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    let mut gzip = encoder.finish().unwrap();
    let mut packed = (*answered(200, "application/json")).clone();
    packed.head.headers.push("Content-Encoding", "gzip");
    let packed = Arc::new(packed);
    let sent = |app: App, body: &[u8]| {
        let app = app.begins(&request("GET", "/"), Source::Client);
        let id = app.newest;
        app.step(id, ExchangeEvent::Responded(Arc::clone(&packed)))
            .sends(body)
            .ends(Outcome::Complete)
    };
    let told = format!("[decoded from gzip, {} B → 1.2 kB]", gzip.len());
    let app = sent(App::ready(100, 30), &gzip).press("enter").sees(&format!("< {told}"));
    let app = app.press("[").sees(&format!("{told}\n")).sees("  1,");
    let app = app.press("m").sees(&told).sees("[1, 1, 1");
    let app = app.press("m").sees("1f 8b 08").misses("decoded from").press("m");
    gzip[10] = 0xff;
    let app = sent(app, &gzip).press("space");
    let screen = app.resized(140, 30).sees(": corrupt deflate stream]").screen();
    let fault = screen.find("[gzip is damaged at byte ").unwrap();
    assert!(fault < screen.find("1f 8b 08").unwrap(), "{screen}");
}

#[test]
fn a_body_is_laid_out_as_sent_or_a_dump() {
    let mut app = login(120, 40).press("enter [ .").sees(r#"    "tags": [],"#);
    app = app.sees(r#"    "id": 12345678901234567890"#).looks_like("json_120x40");
    app.misses("  as sent")
        .press("m")
        .sees("bodies are shown as sent")
        .sees(r#"{"user":{"name":"ada","tags":[],"#)
        .press("g")
        .sees("  as sent")
        .press("]")
        .misses("  as sent")
        .press("[ m")
        .sees("  as bytes")
        .sees("000000  7b 22 75 73 65 72 22 3a  {\"user\":")
        .press("m")
        .sees(r#"    "tags": [],"#)
        .press("m m .")
        .sees("[bytes are seen once the secrets are]")
        .misses("t0psecret");
}

#[test]
fn a_body_beyond_the_limit_is_shown_as_it_was_sent() {
    let json = r#"{"a":1,"b":22}"#;
    for (most, is_laid_out) in [(14, true), (13, false)] {
        let mut app = App::ready(80, 24);
        let mut facts = facts_with_keys(&[]);
        facts.showing.max_laid_out = most;
        app.state = State::new(facts, app.now);
        let app = app.feed(&format!("GET / 200 application/json {json}"));
        let app = app.press("enter [");
        if is_laid_out {
            app.sees(r#"  "b": 22"#).misses("--max-laid-out");
        } else {
            app.sees(json).sees("[larger than 13 B, so not laid out; --max-laid-out]");
        }
    }
}

#[test]
fn markup_without_line_ends_is_laid_out_and_raw_is_a_key_away() {
    let page = "<!doctype html><html><head><title>Tea</title></head><body><ul>\
                <li>Green <b>tea</b></li><li>Black tea</li></ul></body></html>";
    App::ready(120, 40)
        .begins(&request("GET", "/"), Source::Client)
        .responds(200, "text/html; charset=utf-8")
        .sends(page.as_bytes())
        .ends(Outcome::Complete)
        .press("enter [")
        .sees("[laid out; m shows it as sent]")
        .looks_like("markup_120x40")
        .press("m")
        .misses("[laid out")
        .sees("<!doctype html><html><head>")
        .press("m m")
        .sees("[laid out");
}

#[test]
fn parts_of_a_response_are_a_table() {
    let body = "--x\r\nContent-Type: application/json\r\n\r\n{\"a\": 1}\r\n--x\r\n\
                Content-Type: text/plain\r\nContent-Range: bytes 0-4/9\r\n\r\n\
                first\r\n--x\r\n\r\nbare\r\n--x--\r\n";
    App::ready(100, 30)
        .begins(&request("GET", "/parts"), Source::Client)
        .called()
        .responds(200, "multipart/mixed; boundary=x")
        .sends(body.as_bytes())
        .ends(Outcome::Complete)
        .press("enter [")
        .sees("part 1  [application/json, 8 B]")
        .sees("        {\"a\": 1}")
        .sees("part 2  [text/plain, bytes 0-4/9, 5 B]")
        .sees("        first")
        .sees("part 3  [4 B]")
        .sees("        bare");
}

#[test]
fn the_languages_of_the_web_have_their_colours_and_what_is_as_sent_has_none() {
    let page = "<!doctype html>\n<p class=\"big\">2 &lt; 3</p>\n<script>\nconst a = 'x'; // y\n\
                </script>\n<style>b { color: #fff }</style>\n";
    let mut app = App::ready(80, 30)
        .feed(&format!("GET / 200 text/html {page}"))
        .press("enter [ +");
    let names = coloured(&mut app, Color::Cyan);
    for name in ["<p", "</p>", "<script>", "</script>", "<style>", "color", "</style>"] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
    assert_eq!(coloured(&mut app, Color::Magenta), ["<!doctype html>", "const"]);
    assert_eq!(coloured(&mut app, Color::Yellow), ["class", "&lt;", "#fff"]);
    let quoted = coloured(&mut app, Color::Green);
    assert!(quoted.contains(&"\"big\"".to_owned()) && quoted.contains(&"'x'".to_owned()));
    app = app.press("m").sees("as sent");
    assert_eq!(coloured(&mut app, Color::Yellow), Vec::<String>::new());
    app = app.press("]").sees("< <p class=");
    assert_eq!(coloured(&mut app, Color::Yellow), ["class", "&lt;", "#fff"]);
    app.styles = Styles::new(None);
    for cell in app.frame().content() {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
}

#[test]
fn a_minified_script_of_a_megabyte_is_coloured_to_its_end() {
    let script = "function a(b){return\"x\"+b/2}/*c*/".repeat(30_000) + "'the end'";
    let mut app = App::ready(80, 30)
        .feed(&format!("GET /a.js 200 text/javascript {script}"))
        .press("enter [ + G")
        .sees("'the end'");
    assert!(!coloured(&mut app, Color::Green).contains(&"'the end'".to_owned()));
    for _ in 0..10 {
        app = app.works();
    }
    assert!(coloured(&mut app, Color::Green).contains(&"'the end'".to_owned()));
}

#[test]
fn forms_are_tables_and_pictures_have_their_size() {
    let head = "POST /up HTTP/1.1\nHost: shop\nContent-Type: multipart/form-data; \
                boundary=x\nContent-Length: 300\n\n";
    let body = b"--x\r\nContent-Disposition: form-data; name=\"words\"\r\n\r\nfirst line\r\n\
        second\x1b line\r\n--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n\
        t0psecret\r\n--x\r\nContent-Disposition: form-data; name=\"photo\"; \
        filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\0\0\r\n--x\r\n\
        Content-Disposition: form-data; name=\"notes\"; filename=\"n.txt\"\r\n\r\nsome \
        notes\r\n--x--\r\n";
    let mut png =
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06".to_vec();
    png.resize(100, 0);
    App::ready(120, 40)
        .begins(head, Source::Client)
        .uploads(body)
        .called()
        .responds(200, "image/png")
        .sends(&png)
        .ends(Outcome::Complete)
        .press("enter [")
        .sees("[PNG, 640×480, 100 B]")
        .press("[")
        .sees("words     first line")
        .sees("          second\\x1b line")
        .sees("password  ***")
        .sees("photo     [file \"a.png\", image/png, 6 B]")
        .sees("notes     [file \"n.txt\", 10 B]")
        .sees("          some notes")
        .looks_like("form_120x40")
        .press(".")
        .sees("password  t0psecret")
        .press("m m")
        .sees("000000  2d 2d 78 0d 0a 43 6f 6e  --x..Con");
}

#[test]
fn what_is_labelled_a_form_and_is_none_is_shown_as_what_it_is() {
    let post = |kind: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "POST / HTTP/1.1\nHost: x\nContent-Type: {kind}\nContent-Length: {length}\n\n"
        );
        App::ready(80, 30)
            .begins(&head, Source::Client)
            .uploads(body)
            .ends(Outcome::Complete)
            .press("enter [")
            .sees("#1 POST")
    };
    let form = "application/x-www-form-urlencoded";
    post(form, br#"{"a": "b=c"}"#).sees(r#"  "a": "b=c""#);
    post(form, b"plain = text").sees("plain = text");
    post(form, b"a=1+2&b=%E2%9C%93&a=&c").sees("a  1 2").sees("b  \u{2713}");
    post("multipart/form-data; boundary=y", b"--x nothing").sees("--x nothing");
    post("multipart/form-data", b"--x nothing").sees("--x nothing");
    let many = vec!["a=b"; 5000].join("&");
    post(form, many.as_bytes()).press("G").sees("[… after 2000 lines; m shows all]");
}

#[test]
fn a_text_in_another_encoding_than_its_label_says_is_read_and_found() {
    let answer = |kind: &str, body: &[u8]| {
        App::ready(80, 24)
            .begins(&request("GET", "/"), Source::Client)
            .responds(200, kind)
            .sends(body)
            .ends(Outcome::Complete)
            .press("enter [")
    };
    let said = "[labelled utf-8, but it is none: shown as windows-1252]";
    answer("text/plain; charset=utf-8", b"Gr\xfc\xdfe aus K\xf6ln")
        .sees(said)
        .sees("[decoded from windows-1252, 14 B → 17 B]")
        .sees("Grüße aus Köln")
        .press("/ K ö l n enter")
        .sees("/Köln 1/1")
        .press("esc m")
        .sees("as sent")
        .sees(said)
        .sees("Grüße aus Köln")
        .press("m")
        .sees("000000  47 72 fc df")
        .press("m ]")
        .sees(said)
        .sees("Grüße aus Köln");
    answer("text/html; charset=utf-8", b"<p>Gr\xfc\xdfe</p>").sees("<p>Grüße</p>");
    answer("text/plain; charset=us-ascii", "Straße".as_bytes())
        .sees("[labelled us-ascii, but it is none: shown as UTF-8]")
        .sees("Straße");
    answer("text/plain; charset=\"b\u{1b}g\"", b"a\xe9b")
        .sees("[labelled b\\x1bg, which is no charset: shown as windows-1252]")
        .sees("aéb");
    answer("text/plain; charset=utf-8", b"good \xc3\xbc\0, bad \xff")
        .sees("[labelled utf-8, but not all of it is]")
        .sees("good ü\\x00, bad \\xff");
}

#[test]
fn a_body_that_is_no_text_is_one_key_away_from_its_bytes() {
    let all: Vec<u8> = (0..=255).collect();
    App::ready(100, 30)
        .begins(&request("GET", "/"), Source::Client)
        .responds(200, "application/json")
        .sends(&all)
        .ends(Outcome::Complete)
        .press("enter [")
        .sees("[labelled JSON, but it is no text]")
        .sees("000000  00 01 02 03")
        .press("m")
        .sees("as sent")
        .sees("[application/json, 256 B]")
        .sees("000000  00 01 02 03")
        .press("m")
        .sees("as bytes")
        .sees("000000  00 01 02 03");
}

#[test]
fn a_wrong_label_hides_nothing() {
    App::ready(80, 24)
        .feed("GET / 200 application/json {oh no}")
        .press("enter [")
        .sees("[labelled JSON, but it is none: key must be a string at line 1 column 2]")
        .sees("{oh no}")
        .begins(&request("GET", "/png"), Source::Client)
        .responds(200, "text/html")
        .sends(b"\x89PNG\r\n\x1a\n\0\0\0")
        .ends(Outcome::Complete)
        .press("space")
        .sees("000000  89 50 4e 47 0d 0a 1a 0a 00 00 00                 .PNG.......")
        .resized(60, 24)
        .sees("000000  89 50 4e 47 0d 0a 1a 0a  .PNG....")
        .sees("000008  00 00 00                 ...")
        .resized(70, 24)
        .sees("0000 89 50 4e 47 0d 0a 1a 0a 00 00 00                .PNG.......")
        .feed("GET / 200 text/plain [1,{\"a\":2}]")
        .press("space")
        .sees("    \"a\": 2");
}

#[test]
fn what_is_not_kept_of_a_body_is_said_with_its_reason_in_each_tab() {
    let said = "13 B of 5.0 MB kept: the rest came faster than it could be kept";
    let app = App::ready(240, 40).begins(&request("GET", "/large"), Source::Client);
    let app = app.called().responds(200, "text/plain").sends(b"the beginning");
    let passed = ExchangeEvent::ResponsePassed(4_999_987, Cut::Fast);
    let app = app.step(1, passed).sends(b"not kept").ends(Outcome::Complete);
    let app = app.press("enter h").sees(&format!("[{said}]")).misses("not kept");
    let app = app.press("[").press("[").sees(&format!("5.0 MB, text/plain ({said})"));
    app.press("] ] ]").sees(&format!("[{said}]")).misses("not kept");
}

#[test]
fn what_never_came_of_a_request_is_said_in_each_tab_and_it_is_not_sent_again() {
    let said = "5 B of 2.1 MB kept: the application did not read all of it";
    let raw = "POST / HTTP/1.1\nHost: x\nAccept: */*\nContent-Length: 2100000\n\n";
    let app = App::ready(240, 40).begins(raw, Source::Client).called();
    let app = app.step(1, ExchangeEvent::RequestBody(b"begun".as_slice().into()));
    let app = app.responds(200, "text/plain").sends(b"no");
    let app = app.step(1, ExchangeEvent::RequestIncomplete(2_099_995, Cut::Unread));
    let app = app.ends(Outcome::Complete).press("enter").sees(&format!("[{said}]"));
    let app = app.press("[").press("[").sees("Accept").sees(&format!("[{said}]"));
    let app = app.press("[").sees(&format!("2.1 MB ({said})"));
    let refused = format!("#1 cannot be sent again: its body is not whole: {said}");
    let app = app.press("r").sees(&refused);
    app.press("*").sees(&refused);
    // Nobody knows how long it would have been, and nothing of it came.
    let app = App::ready(240, 40).begins(&request("GET", "/"), Source::Client);
    let app = app.step(1, ExchangeEvent::RequestIncomplete(0, Cut::Malformed));
    let app = app.ends(Outcome::Refused).press("enter h");
    app.sees("[nothing kept: its chunks are malformed]").misses("[no body]");
}

#[test]
fn bodies_grow_on_the_screen() {
    let app = App::ready(80, 40)
        .begins(&request("GET", "/events"), Source::Client)
        .called()
        .responds(200, "text/event-stream")
        .sends(b"data: 1\nda")
        .sees("< data: 1")
        .sends(b"ta: 2\n")
        .sees("< data: 2")
        .sees("the answer goes on");
    app.ends(Outcome::ClientGone).sees("the client went away").sees("✗ 200");
}

#[test]
fn a_large_body_is_read_while_keys_are_answered() {
    let items = "{\"name\":\"tea\",\"password\":\"t0psecret\"},".repeat(40_000);
    let body = format!("[{items}{{}}]");
    let mut app = App::ready(100, 30)
        .begins(&request("GET", "/all"), Source::Client)
        .responds(200, "application/json")
        .sends(body.as_bytes())
        .ends(Outcome::Complete);
    // Without the help of `frame`.
    let regions = layout(&app.state, Rect::new(0, 0, 100, 30));
    app.hit("enter");
    app.hit("[");
    app.state.settle(&regions);
    let seen = |app: &App| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        draw(&app.state, &regions, &app.styles, &mut buffer);
        (0..30).map(|y| text_of_row(&buffer, y)).collect::<Vec<_>>().join("\n")
    };
    let reading = app.state.take_reading().unwrap();
    assert!(app.state.take_reading().is_none(), "one at a time");
    assert!(seen(&app).contains("[reading 1.5 MB …]"), "{}", seen(&app));
    // Gone on from meanwhile, and come back to.
    app.hit("[");
    app.state.settle(&regions);
    assert!(seen(&app).contains("GET /all HTTP/1.1"), "{}", seen(&app));
    update(&mut app.state, reading.finish());
    app.state.settle(&regions);
    assert!(seen(&app).contains("GET /all HTTP/1.1"), "{}", seen(&app));
    app.hit("]");
    let app = app.sees("\"password\": \"***\"").press("G").sees("160007/160007");
    // In the transcript there is as much to be looked for.
    let mut transcript = app.press("]");
    assert!(transcript.screen().contains("* secrets are masked"));
    let app = transcript.press("[");
    // How far one has read is kept while it is read in another way.
    let app = app.press(".").sees("t0psecret").sees("160006/160006");
    app.press("[ ]").sees("160006/160006").sees("t0psecret");
}

#[test]
fn ten_megabytes_of_body_are_scrolled_to_the_end() {
    let line = "0123456789abcdef".repeat(8) + "\n";
    let body = line.repeat((10 << 20) / line.len());
    App::ready(80, 24)
        .begins(&request("GET", "/big"), Source::Client)
        .responds(200, "text/plain")
        .sends(body.as_bytes())
        .sends(b"the end\n")
        .ends(Outcome::Complete)
        .press("enter end")
        .sees("< the end")
        .press("k")
        .misses("< the end")
        .press("G j j 1 0 0 0 k 1 0 0 0 j")
        .sees("< the end");
}
