//! Exchanges and reloads that many tests look at.

use super::*;

pub(super) fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\nHost: localhost:8888\nAccept: */*\n\n")
}

pub(super) fn understood(raw: &str) -> Arc<Request> {
    let raw = raw.replace('\n', "\r\n").into_bytes();
    let parsed = RequestParser::new(Limits::default()).parse(&raw);
    let head = parsed.ok().flatten().map(|(head, _)| head);
    Arc::new(Request { raw, head })
}

pub(super) fn answered(status: u16, kind: &str) -> Arc<Response> {
    let mut headers = Headers::default();
    headers.push("Content-Type", kind);
    let reason = _rdev::http::reason_phrase(status).as_bytes().to_vec();
    let line = String::from_utf8_lossy(&reason).into_owned();
    let raw = format!("HTTP/1.1 {status} {line}\r\nContent-Type: {kind}\r\n\r\n");
    let head = ResponseHead { status, reason, headers };
    Arc::new(Response { raw: raw.into_bytes(), head })
}

pub(super) fn traceback(kind: &str, message: &str, file: &str) -> Arc<Traceback> {
    let text = format!(
        "Traceback (most recent call last):\n  File \"{file}\", line 7, in view\n    \
         1 / 0\n    ~~^~~\n{kind}: {message}\n"
    );
    let raised = Raised {
        kind: kind.to_owned(),
        message: message.to_owned(),
        frames: Vec::new(),
        link: Link::First,
        members: Vec::new(),
    };
    Arc::new(Traceback { chain: vec![raised], text })
}

/// Exchanges of every kind.
pub(super) fn mixed(width: u16, height: u16) -> App {
    let hint = Hint {
        problem: "the response body has str items, and WSGI wants bytes".to_owned(),
        mend: "return [text.encode()]".to_owned(),
        quoted: None,
    };
    App::ready(width, height)
        .feed("GET / 200 text/html; <h1>hello</h1>")
        .feed("GET /static/logo.png 200 image/png \u{1}\u{2}")
        .feed("POST /login 302 text/html")
        .feed("GET /favicon.ico 404 text/html not")
        .prints(OutputStream::Stdout, b"looking up basket 7")
        .prints(OutputStream::Stderr, b"WARNING slow query")
        .begins(&request("GET", "/basket/7?full=1"), Source::Client)
        .called()
        .passes(40)
        .step(
            5,
            ExchangeEvent::Raised(traceback(
                "ZeroDivisionError",
                "division by zero",
                "shop.py",
            )),
        )
        .step(5, ExchangeEvent::Hint(Arc::new(hint)))
        .responds(500, "text/plain")
        .sends(b"Internal Server Error\n")
        .ends(Outcome::Complete)
        .begins(&request("GET", "/"), Source::Replay(ExchangeId(1)))
        .called()
        .responds(200, "application/json")
        .sends(br#"{"items": ["spade", "bucket"], "total": 12}"#)
        .ends(Outcome::Complete)
        .begins(&request("GET", "/events"), Source::Client)
        .called()
        .responds(200, "text/event-stream")
        .sends(b"data: 1\n\ndata: 2\n\n")
        .begins(&request("DELETE", "/basket/7"), Source::Client)
        .step(8, ExchangeEvent::Held)
        .begins("GET /a b HTTP/1.1\n\n", Source::Client)
        .responds(400, "text/plain")
        .ends(Outcome::Refused)
        .passes(2300)
}

/// An exchange with something in every tab.
pub(super) fn rich(width: u16, height: u16) -> App {
    let hint = Hint {
        problem: "the response body has str items, and WSGI wants bytes".to_owned(),
        mend: "return [text.encode()]".to_owned(),
        quoted: None,
    };
    let post = "POST /goods?x=1 HTTP/1.1\nHost: localhost:8888\nContent-Type: \
                application/json\nX-A-Name-That-Is-Long: 1\nContent-Length: 15\n\n";
    let app = App::ready(width, height).begins(post, Source::Client);
    let app = app.uploads(br#"{"name": "tea"}"#).step(1, ExchangeEvent::Held).passes(20);
    let began = app.now;
    let after = |millis| Some(began + SignedDuration::from_millis(millis));
    let timing = Timing {
        accepted: None,
        queued: after(0),
        entered: after(3),
        started: after(43),
        body_wait: None,
        first_byte: after(44),
        last_byte: after(60),
        closed: after(61),
    };
    let own = OutputLine {
        stream: OutputStream::Stderr,
        generation: GenerationId(1),
        exchange: Some(ExchangeId(1)),
        text: b"[shop] no \x1b[31mtea".to_vec(),
    };
    let at = began;
    app.passes(2)
        .called()
        .prints(OutputStream::Stdout, b"looking up tea")
        .tell(Event::Output { at, line: own })
        .passes(40)
        .step(1, ExchangeEvent::Raised(chained()))
        .step(1, ExchangeEvent::Hint(Arc::new(hint)))
        .responds(500, "text/html")
        .sends(b"<h1>no tea</h1>\n")
        .passes(19)
        .step(1, ExchangeEvent::Timed(Arc::new(timing)))
        .ends(Outcome::Complete)
        .passes(50)
        .prints(OutputStream::Stdout, b"long after")
}

/// A login with secrets, answered by JSON.
pub(super) fn login(width: u16, height: u16) -> App {
    logged_in(App::ready(width, height))
}

pub(super) const FORK: Rung = Rung::Fork { modules: 5 };

pub(super) fn ready(took: Duration) -> GenerationEvent {
    GenerationEvent::Ready { took, rung: Rung::Cold }
}

pub(super) fn chosen(rung: Rung, why: &str) -> GenerationEvent {
    let no_checkpoint = (rung == FORK).then(|| {
        "the one begun beforehand had read shop.py before that changed".to_owned()
    });
    let (why, unmet) = (why.to_owned(), None);
    GenerationEvent::Chosen(Arc::new(Making { rung, why, no_checkpoint, unmet }))
}

/// Some that were in memory and some that were not.
pub(super) fn libraries() -> Arc<Libraries> {
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let modules = ["flask", "flask.app", "werkzeug", "werkzeug.http", "jinja2"];
    let warm = Preload {
        modules: modules.map(str::to_owned).to_vec(),
        left_out: vec![pair("zmq", "starts a thread")],
        surroundings: vec![pair("jinja2", "the environment: MODE")],
    };
    let fresh = vec![
        pair("zmq", "starts a thread"),
        pair("zmq.green", "starts a thread"),
        pair("yaml", "was not imported by the generations before"),
    ];
    Arc::new(Libraries { warm: Arc::new(warm), fresh })
}

/// An exception with a cause, in the user's code and below it.
pub(super) fn chained() -> Arc<Traceback> {
    let frame = |file: &str, line, function: &str, source: &str| Frame {
        file: file.to_owned(),
        line,
        function: function.to_owned(),
        source: source.to_owned(),
        own: !file.contains("site-packages"),
    };
    let library = "/usr/lib/python3/site-packages/flask/app.py";
    let cause = Raised {
        kind: "KeyError".to_owned(),
        message: "'tea'".to_owned(),
        frames: vec![frame(
            "/home/ada/shop/models.py",
            2,
            "price",
            "return PRICES[name]",
        )],
        link: Link::First,
        members: Vec::new(),
    };
    let raised = Raised {
        kind: "shop.NoSuchThing".to_owned(),
        message: "no tea here\nask again".to_owned(),
        frames: vec![
            frame(library, 1511, "wsgi_app", "response = self.full_dispatch_request()"),
            frame(
                "/home/ada/shop/shop.py",
                4,
                "goods",
                "raise NoSuchThing(name) from error",
            ),
        ],
        link: Link::Cause,
        members: Vec::new(),
    };
    let text = "Traceback (most recent call last):\n".to_owned();
    Arc::new(Traceback { chain: vec![cause, raised], text })
}

/// What two exchanges and nobody print in colours, some of which are left open.
pub(super) fn printing_in_colours() -> App {
    let app = App::ready(120, 36).feed("GET /a").feed("GET /b");
    let (one, two) = (Some(1), Some(2));
    let (out, err) = (OutputStream::Stdout, OutputStream::Stderr);
    let lines: [(OutputStream, Option<u64>, &str); 9] = [
        (out, one, "\x1b[32mINFO\x1b[0m \x1b[1;38;5;208mtea\x1b[0m \x1b[3;91mred, open"),
        (err, one, "plain, of the other stream"),
        (out, two, "plain, of another exchange"),
        (out, None, "plain, of nobody \x1b[7mreversed, open"),
        (out, one, "still red\x1b[39m and still italic\x1b[0m, plain"),
        (out, None, "still reversed\x1b[27m, \x1b[4;38;2;10;200;30munderlined\x1b[m"),
        (err, one, "\x1b[2mdim\x1b[22m \x1b[97;44mwhite on blue\x1b[49;39m"),
        (
            err,
            one,
            "\x1b[2J\x1b]0;title\x07 seen \x1b[8mseen\x1b[31;41m seen, too\x1b[0m",
        ),
        (out, one, "plain \x1b[3"),
    ];
    lines.into_iter().fold(app, |app, (stream, exchange, text)| {
        let line = OutputLine {
            stream,
            generation: GenerationId(1),
            exchange: exchange.map(ExchangeId),
            text: text.as_bytes().to_vec(),
        };
        let at = app.now;
        app.tell(Event::Output { at, line })
    })
}

pub(super) fn logged_in(app: App) -> App {
    let head = "POST /login?token=t0psecret HTTP/1.1\nHost: shop\nAuthorization: Bearer \
                t0psecret\nContent-Type: application/x-www-form-urlencoded\n\
                Content-Length: 30\n\n";
    app.begins(head, Source::Client)
        .uploads(b"name=ada&password=t0psecret%21")
        .called()
        .responds(200, "application/json")
        .sends(br#"{"user":{"name":"ada","tags":[],"id":12345678901234567890},"#)
        .sends(br#" "access_token": "t0psecret", "ok": [true, null]}"#)
        .ends(Outcome::Complete)
}
