//! The dashboard driven in prose, and pictures of its screen under `tests/screens/`.

use std::sync::Arc;
use std::time::Duration;

use _rdev::bus::Losses;
use _rdev::config::{Depth, KeySetting, PictureProtocol, Place, Theme, ViewSetting};
use _rdev::exchange::{
    Command, Cut, Event, Exchange, ExchangeEvent, ExchangeId, Frame, GenerationEvent,
    GenerationId, Hint, Libraries, Link, Making, Notice, Outcome, OutputLine,
    OutputStream, Preload, Raised, ReloadReason, Remark, Request, Response, Rung,
    Severity, Source, Timing, Traceback,
};
use _rdev::history::filter::Views;
use _rdev::history::{Live, Store};
use _rdev::http::{Headers, Limits, RequestParser, ResponseHead};
use _rdev::terminal::{Decoder, Typed};
use _rdev::tui::{
    Clipping, Effect, Facts, Keymap, Lookup, Message, Progress, Saved, State, Styles,
    cursor, draw, layout, update,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// A dashboard without a terminal.
struct App {
    state: State,
    size: (u16, u16),
    styles: Styles,
    now: Timestamp,
    newest: u64,
    effects: Vec<String>,
}

impl App {
    fn new(width: u16, height: u16) -> Self {
        let now = Timestamp::constant(1_790_000_000, 0);
        let (target, address) =
            ("shop:app".to_owned(), "http://127.0.0.1:8888".to_owned());
        let mut facts = Facts::new(target, address, TimeZone::UTC);
        facts.root = "/home/ada/shop".into();
        facts.history = Some("/home/ada/history.db".into());
        let mut app = Self {
            state: State::new(facts, now),
            size: (width, height),
            styles: Styles::new(Some(Theme::Terminal)),
            now,
            newest: 0,
            effects: Vec::new(),
        };
        app.frame();
        app
    }

    /// With its first generation ready.
    fn ready(width: u16, height: u16) -> Self {
        Self::new(width, height)
            .generation(1, GenerationEvent::Started(ReloadReason::Start))
            .generation(1, chosen(Rung::Cold, "what it imports is not known yet"))
            .generation(1, ready(Duration::from_millis(31)))
    }

    /// A save of these files, and a fork that is on its way.
    fn saves<const N: usize>(self, id: u32, files: [&str; N]) -> Self {
        let files = files.map(|file| format!("/home/ada/shop/{file}").into()).to_vec();
        self.generation(id, GenerationEvent::Started(ReloadReason::Changed(files)))
            .generation(id, chosen(FORK, "its libraries were in memory"))
    }

    /// The fork is there.
    fn forked(self, id: u32) -> Self {
        let took = Duration::from_micros(8200);
        self.generation(id, GenerationEvent::Ready { took, rung: FORK })
            .generation(id, GenerationEvent::Imported(libraries()))
    }

    /// Time goes by.
    fn passes(mut self, millis: i64) -> Self {
        self.now += SignedDuration::from_millis(millis);
        update(&mut self.state, Message::Tick(self.now));
        self
    }

    fn tell(mut self, event: Event) -> Self {
        let message = Message::Events { events: vec![event], losses: Losses::default() };
        let effects = update(&mut self.state, message);
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Send(_))));
        self.effects.extend(effects.iter().map(describe));
        self.frame();
        self
    }

    /// Something is to be sent, if it is time.
    fn due(mut self) -> Self {
        let effects = update(&mut self.state, Message::Due(self.now));
        self.effects.extend(effects.iter().map(describe));
        self
    }

    fn step(self, id: u64, what: ExchangeEvent) -> Self {
        let at = self.now;
        self.tell(Event::Exchange { id: ExchangeId(id), at, what })
    }

    fn generation(self, id: u32, what: GenerationEvent) -> Self {
        let at = self.now;
        self.tell(Event::Generation { id: GenerationId(id), at, what })
    }

    fn prints(self, stream: OutputStream, text: &[u8]) -> Self {
        let (at, text) = (self.now, text.to_vec());
        let generation = GenerationId(1);
        let line = OutputLine { stream, generation, exchange: None, text };
        self.tell(Event::Output { at, line })
    }

    /// Work that was left over is done, or some of it.
    fn works(mut self) -> Self {
        assert!(update(&mut self.state, Message::Work).is_empty());
        self
    }

    /// The head of a request arrives; its number is the next one.
    fn begins(mut self, raw: &str, source: Source) -> Self {
        self.newest += 1;
        let request = understood(raw);
        let client = "127.0.0.1:50000".to_owned();
        let id = self.newest;
        self.step(id, ExchangeEvent::Began { source, client, request })
    }

    fn called(self) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Called(GenerationId(1)))
    }

    fn responds(self, status: u16, kind: &str) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Responded(answered(status, kind)))
    }

    fn sends(self, body: &[u8]) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::ResponseBody(Arc::from(body)))
    }

    fn uploads(self, body: &[u8]) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::RequestBody(Arc::from(body)))
    }

    fn ends(self, outcome: Outcome) -> Self {
        let id = self.newest;
        self.step(id, ExchangeEvent::Ended(outcome))
    }

    /// A whole exchange: `GET /path 200 text/html body`.
    fn feed(self, line: &str) -> Self {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (method, path) = (word(), word());
        let status = word().parse().unwrap_or(200);
        let (kind, body) = (word(), word());
        let kind = if kind.is_empty() { "text/plain" } else { kind };
        self.begins(&request(method, path), Source::Client)
            .called()
            .passes(12)
            .responds(status, kind)
            .sends(body.as_bytes())
            .passes(1)
            .ends(Outcome::Complete)
    }

    /// A whole exchange, not drawn.
    fn brief(mut self, number: u64) -> Self {
        let (id, at) = (ExchangeId(number), self.now);
        let raw = request("GET", "/brief").into_bytes();
        let (source, client) = (Source::Client, String::new());
        let request = Arc::new(Request { raw, head: None });
        let steps = [
            ExchangeEvent::Began { source, client, request },
            ExchangeEvent::Called(GenerationId(1)),
            ExchangeEvent::Ended(Outcome::Complete),
        ];
        let events = steps.map(|what| Event::Exchange { id, at, what }).to_vec();
        let losses = Losses::default();
        assert!(update(&mut self.state, Message::Events { events, losses }).is_empty());
        self.newest = number;
        self
    }

    /// Keys as a terminal sends them, each drawn.
    fn press(mut self, keys: &str) -> Self {
        for key in keys.split(' ') {
            self.hit(key);
            self.frame();
        }
        self
    }

    /// Keys as a terminal sends them.
    fn hit(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let mut decoder = Decoder::default();
            let mut typed = decoder.feed(bytes_of(key).as_bytes());
            typed.extend(decoder.settle());
            for typed in typed {
                let message = match typed {
                    Typed::Key(key) => Message::Key(key),
                    Typed::Paste(text) => Message::Paste(text),
                    Typed::Mouse(event) => Message::Mouse(event),
                };
                let effects = update(&mut self.state, message);
                self.effects.extend(effects.iter().map(describe));
            }
        }
    }

    fn resized(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        update(&mut self.state, Message::Resized);
        self.frame();
        self
    }

    fn frame(&mut self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let regions = layout(&self.state, area);
        self.state.settle(&regions);
        // What a thread would do meanwhile.
        while let Some(reading) = self.state.take_reading() {
            assert!(update(&mut self.state, reading.finish()).is_empty());
            self.state.settle(&regions);
        }
        let mut buffer = Buffer::empty(area);
        draw(&self.state, &regions, &self.styles, &mut buffer);
        buffer
    }

    /// What is typed, with a bar where the terminal's cursor is.
    fn typed(&mut self) -> String {
        let buffer = self.frame();
        let regions = layout(&self.state, buffer.area);
        let place = cursor(&self.state, &regions).expect("a line that is typed");
        let row = text_of_row(&buffer, place.y);
        assert_eq!(place.y, buffer.area.height - 1, "{row}");
        let padded = format!("{row:<300}");
        // What combines with a character before it is before it, too.
        let mut parts = padded.char_indices().map(|(at, _)| padded.split_at(at)).rev();
        let found =
            parts.find(|(before, _)| _rdev::text::width(before) == usize::from(place.x));
        let (before, behind) = found.expect("a character begins there");
        format!("{}|{}", before.trim_start(), behind.trim_end())
    }

    fn screen(&mut self) -> String {
        let buffer = self.frame();
        let rows = (0..buffer.area.height).map(|y| text_of_row(&buffer, y));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The column, counted from 1, at which a text begins that is seen.
    #[track_caller]
    fn column_of(&mut self, text: &str) -> u16 {
        let screen = self.screen();
        let before = screen.lines().find_map(|line| Some(line.split_once(text)?.0));
        u16::try_from(_rdev::text::width(before.expect(text)) + 1).unwrap()
    }

    /// The row, counted from 1, in which a text is seen.
    #[track_caller]
    fn row_of(&mut self, text: &str) -> u16 {
        let screen = self.screen();
        let found = screen.lines().position(|line| line.contains(text));
        u16::try_from(found.expect(text) + 1).unwrap()
    }

    #[track_caller]
    fn sees(mut self, text: &str) -> Self {
        let screen = self.screen();
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
        self
    }

    #[track_caller]
    fn misses(mut self, text: &str) -> Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} in\n{screen}");
        self
    }

    /// What was asked of the shell since the last time.
    #[track_caller]
    fn effects<const N: usize>(mut self, expected: [&str; N]) -> Self {
        assert_eq!(std::mem::take(&mut self.effects), expected);
        self
    }

    /// A picture of a view, without the last line: that has the keys, which are looked at
    /// on their own, or the picture of every view would change with each new one.
    #[track_caller]
    fn looks_like(mut self, name: &str) -> Self {
        let screen = self.screen();
        let view = screen.rsplit_once('\n').map_or("", |(view, _)| view);
        picture(name, view);
        self
    }

    /// A picture of a view with what is typed or said in its last line.
    #[track_caller]
    fn looks_all_like(mut self, name: &str) -> Self {
        let screen = self.screen();
        picture(name, &screen);
        self
    }
}

const FORK: Rung = Rung::Fork { modules: 5 };

fn ready(took: Duration) -> GenerationEvent {
    GenerationEvent::Ready { took, rung: Rung::Cold }
}

fn chosen(rung: Rung, why: &str) -> GenerationEvent {
    let no_checkpoint = (rung == FORK).then(|| {
        "the one begun beforehand had read shop.py before that changed".to_owned()
    });
    let (why, unmet) = (why.to_owned(), None);
    GenerationEvent::Chosen(Arc::new(Making { rung, why, no_checkpoint, unmet }))
}

/// Some that were in memory and some that were not.
fn libraries() -> Arc<Libraries> {
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

#[track_caller]
fn picture(name: &str, screen: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../screens");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, screen));
}

fn bytes_of(key: &str) -> String {
    match key {
        "enter" => "\r".to_owned(),
        "esc" => "\x1b".to_owned(),
        "tab" => "\t".to_owned(),
        "shift-tab" => "\x1b[Z".to_owned(),
        "space" => " ".to_owned(),
        "up" => "\x1b[A".to_owned(),
        "right" => "\x1b[C".to_owned(),
        "left" => "\x1b[D".to_owned(),
        "ctrl-right" => "\x1b[1;5C".to_owned(),
        "delete" => "\x1b[3~".to_owned(),
        "backspace" => "\x7f".to_owned(),
        "home" => "\x1b[H".to_owned(),
        _ if key.starts_with("alt-") => key.replacen("alt-", "\x1b", 1),
        "f5" => "\x1b[15~".to_owned(),
        "end" => "\x1b[F".to_owned(),
        _ => match key.strip_prefix("ctrl-").and_then(|letter| letter.bytes().next()) {
            Some(letter) => char::from(letter & 0x1f).to_string(),
            None => key.to_owned(),
        },
    }
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Send(Command::Replay { request, source }) => {
            format!("replay {source:?}: {}", String::from_utf8_lossy(request))
        }
        Effect::Send(Command::Remark { id, remark }) => {
            let marked = if remark.marked { "marked" } else { "" };
            let pinned = if remark.pinned { "pinned " } else { "" };
            let comment = remark.comment.as_deref().unwrap_or_default();
            format!("remark {id}: {pinned}{marked}; {comment}")
        }
        Effect::Send(Command::Recall(exchange)) => format!("recall {}", exchange.id),
        Effect::Save(Saved { file, what, bytes, remark }) => {
            let bytes = String::from_utf8_lossy(bytes);
            format!("save the {what} in {}: {bytes} [{remark}]", file.display())
        }
        Effect::View { text, suffix } => format!("view {suffix}: {text}"),
        Effect::Pipe { command, bytes } => {
            format!("pipe to {command}: {}", String::from_utf8_lossy(bytes))
        }
        Effect::Copy(Clipping { what, suffix, bytes, .. }) => {
            format!("copy the {what}, {suffix}: {}", String::from_utf8_lossy(bytes))
        }
        other => format!("{other:?}"),
    }
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\nHost: localhost:8888\nAccept: */*\n\n")
}

fn understood(raw: &str) -> Arc<Request> {
    let raw = raw.replace('\n', "\r\n").into_bytes();
    let parsed = RequestParser::new(Limits::default()).parse(&raw);
    let head = parsed.ok().flatten().map(|(head, _)| head);
    Arc::new(Request { raw, head })
}

fn answered(status: u16, kind: &str) -> Arc<Response> {
    let mut headers = Headers::default();
    headers.push("Content-Type", kind);
    let reason = _rdev::http::reason_phrase(status).as_bytes().to_vec();
    let line = String::from_utf8_lossy(&reason).into_owned();
    let raw = format!("HTTP/1.1 {status} {line}\r\nContent-Type: {kind}\r\n\r\n");
    let head = ResponseHead { status, reason, headers };
    Arc::new(Response { raw: raw.into_bytes(), head })
}

/// A row of cells as text; the cell after a wide character is a part of it.
fn text_of_row(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for x in 0..buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        if covered == 0 {
            text.push_str(symbol);
            covered = _rdev::text::width(symbol).max(1);
        }
        covered -= 1;
    }
    text.trim_end().to_owned()
}

/// The styles of the cells that have any, run by run; the ground where it has a colour.
fn styled(buffer: &Buffer) -> String {
    let mut runs: Vec<(u16, String, String)> = Vec::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let ground = match cell.bg {
                Color::Reset => String::new(),
                colour => format!(" on {colour}"),
            };
            let look = format!("{}{ground} {:?}", cell.fg, cell.modifier);
            match runs.last_mut() {
                Some((row, last, text)) if *row == y && *last == look => {
                    text.push_str(cell.symbol());
                }
                _ => runs.push((y, look, cell.symbol().to_owned())),
            }
        }
    }
    let told = runs.iter().filter(|(_, look, _)| look != "Reset NONE");
    let lines = told.map(|(y, look, text)| format!("{y:2} {look}: {}", text.trim_end()));
    lines.collect::<Vec<_>>().join("\n")
}

fn traceback(kind: &str, message: &str, file: &str) -> Arc<Traceback> {
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
fn mixed(width: u16, height: u16) -> App {
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

#[test]
fn an_empty_dashboard_says_how_to_begin() {
    App::ready(80, 24).sees("curl http://127.0.0.1:8888/").looks_like("empty_80x24");
}

#[test]
fn the_list_shows_exchanges_of_every_kind() {
    mixed(80, 24).looks_like("list_80x24").resized(120, 40).looks_like("list_120x40");
}

#[test]
fn the_list_is_sorted_by_any_column_and_says_so() {
    mixed(120, 40)
        .press("o")
        .sees(" d    duration")
        .looks_like("sort_120x40")
        .press("d")
        .sees("Exchanges 9, by duration ↓")
        .sees("↓took")
        .looks_like("sorted_120x40")
        .press("g")
        .sees("#8 DELETE")
        .press("o o")
        .sees("by duration ↑")
        .press(": s o r t space p a t h enter")
        .sees("by path ↑")
        .press("o n")
        .misses(", by ")
        .sees("── gen 1")
        .press("o n")
        .sees("by number ↓");
}

#[test]
fn a_sorted_list_keeps_the_cursor_where_it_is() {
    mixed(120, 40)
        .press("5 G o z")
        .sees("#5 GET 500")
        .feed("GET /new 200 text/plain 0123456789012345678901234567890123456789012345")
        .sees("1 new")
        .sees("#5 GET 500")
        .press("g")
        .sees("#10 GET 200")
        .press("o n")
        .sees("#10 GET 200")
        .press("o n g")
        .feed("GET /next 404")
        .sees("#11 GET 404")
        .sees("following")
        .press("j")
        .feed("GET /last 404")
        .sees("1 new")
        .sees("#10 GET 200");
}

#[test]
fn a_filter_that_cannot_be_set_says_why() {
    let app = mixed(80, 24).press("f ( enter").sees("˅ ");
    app.press("a").misses("˅ ").press(") enter").sees("filter (a)");
}

#[test]
fn a_filter_that_shows_nothing_gives_the_cursor_back() {
    let app = mixed(120, 40).press("2 G").sees("#2 GET");
    let app = app.press(": f i l t e r space z z z z enter").sees("0 of 9 shown");
    app.press("&").sees("#2 GET").press("&").sees("0 of 9").press("&").sees("#2 GET");
}

#[test]
fn a_filter_shows_what_it_lets_through_and_can_be_switched_off() {
    mixed(120, 40)
        .press("f s t a")
        .sees("filter sta")
        .press("tab 5 x x")
        .sees("404, 5xx, >=400 or 400..404")
        .press("enter")
        .sees("Exchanges 1 of 9, filter status:5xx")
        .sees("#5 GET 500")
        .misses("── gen 1")
        .looks_like("filtered_120x40")
        .feed("GET /fine 200")
        .sees("1 of 10")
        .feed("GET /broken 503")
        .sees("2 of 11")
        .sees("#11 GET 503")
        .press("&")
        .sees("Exchanges 11, filter off: status:5xx")
        .sees("── gen 1")
        .press("&")
        .sees("Exchanges 2 of 11")
        .press("o n")
        .sees("filter status:5xx, by number ↓")
        .press("f ctrl-u enter")
        .sees("Exchanges 11, by number ↓")
        .press("f up")
        .sees("filter status:5xx");
}

#[test]
fn traffic_is_charted_and_told_route_by_route() {
    let mut app = mixed(80, 24);
    for (number, status) in [(7, 200), (8, 200), (9, 500), (10, 200)] {
        app = app.feed(&format!("GET /basket/{number} {status}")).passes(2000);
    }
    app.press("T")
        .sees("GET /basket/*")
        .misses("Exchanges")
        .looks_like("traffic_80x24")
        .resized(200, 60)
        .looks_like("traffic_200x60")
        .passes(400_000)
        .sees("Requests  at most 0")
        .press("j k G g esc")
        .sees("Exchanges 13");
    App::ready(80, 24).press("alt-4").sees("No request has ended yet");
}

#[test]
fn the_table_of_routes_is_read_in_a_narrow_window_too() {
    let mut app = mixed(40, 24).feed("GET /basket/7").feed("GET /basket/8").press("T j");
    for width in [40, 30, 20] {
        app = app.resized(width, 24).looks_like(&format!("traffic_{width}x24"));
    }
}

#[test]
fn a_route_lists_its_exchanges_until_esc_brings_back_what_was_listed() {
    let app = mixed(120, 40).feed("GET /basket/8").feed("GET /basket/9");
    let app = app
        .feed("GET /basket/8/lid")
        .press("f status:2xx enter")
        .sees("filter status:2xx");
    let basket = "only GET /basket/*; esc: what was listed before";
    let app = app.press("T enter").sees(basket).sees("Exchanges 3 of 12, filter method:");
    let app = app.sees("/basket/7?full=1").misses("/static").misses("/lid");
    // From one route to the next it is the filter of before that comes back.
    let app = app.press("T j enter").sees("only ").misses("/basket/7?full=1");
    let app = app.press("esc").sees("the filter is status:2xx again");
    let app = app.sees("filter status:2xx").sees("/static").press("esc").sees("/static");
    // One that was switched off comes back so, and none as none.
    let app = app.press("& T enter esc").sees("filter off: status:2xx");
    let app = app.press("f ctrl-u enter T enter esc").sees("everything is listed again");
    // Who filters by something else has left the route.
    let app = app.press("T enter f ctrl-u tea enter esc").sees("filter tea");
    // What could not be understood is a route as well.
    let app = app.press("f ctrl-u enter T");
    let malformed = "> (malformed)";
    let app = (0..9).fold(app, |mut app, _| {
        let is_there = app.screen().contains(malformed);
        if is_there { app } else { app.press("j") }
    });
    app.sees(malformed).press("enter").sees("Exchanges 1 of 12").sees("#9 - 400");
}

#[test]
fn the_filter_that_is_set_is_selected_and_gives_way_to_another() {
    let selected = |app: &mut App| {
        let buffer = app.frame();
        let last = buffer.area.height - 1;
        let row = (0..buffer.area.width).map(|x| &buffer[(x, last)]);
        let reversed = row.filter(|cell| cell.modifier.contains(Modifier::REVERSED));
        reversed.map(Cell::symbol).collect::<String>()
    };
    let mut app = mixed(120, 40).press("f");
    assert_eq!(selected(&mut app), "");
    let mut app = app.press("status:2xx enter f").sees("filter status:2xx");
    assert_eq!(selected(&mut app), "status:2xx");
    // Typing replaces it, and esc leaves it as it was.
    let mut app = app.press("m").sees(" filter m");
    assert_eq!(selected(&mut app), "");
    let mut app = app.press("esc").sees("filter status:2xx").press("f right");
    assert_eq!(selected(&mut app), "");
    let app = app.press("space method:GET enter").sees("filter status:2xx method:GET");
    // Up is what was before that, and ctrl-u erases all.
    let mut app = app.press("f up");
    let screen = app.screen();
    assert_eq!(screen.lines().last(), Some(" filter status:2xx"));
    let app = app.press("esc");
    app.press("f ctrl-u enter").sees("Exchanges 9  ");
}

#[test]
fn a_filter_that_is_not_understood_is_told_where_and_stays() {
    mixed(80, 24)
        .press("f s t a t u s : 5 x y")
        .looks_all_like("filter_wrong_80x24")
        .press("enter")
        .sees("filter status:5xy")
        .press("esc")
        .sees("Exchanges 9")
        .press(": f i l t e r space i d : x enter")
        .sees("column 4:");
}

#[test]
fn a_line_is_edited_where_its_cursor_is() {
    let mut app = mixed(80, 24).press("f s t a t u s : 4 x x");
    assert_eq!(app.typed(), "filter status:4xx|");
    app = app.press("left left backspace 5");
    assert_eq!(app.typed(), "filter status:5|xx");
    // Completed is what is before the cursor; what is wrong stands where it is.
    app = app.press("home m e tab G E T space");
    assert_eq!(app.typed(), "filter method:GET |status:5xx");
    app = app.press("ctrl-e X enter").sees("˅ ").press("backspace enter");
    app = app.sees("filter method:GET status:5xx");
    // Wide characters and those that combine are one each, also pasted.
    app = app.press(": c o m");
    let pasted = "\u{1b}[200~日e\u{301}本\u{1b}[201~";
    app = app.press("esc ;").press(pasted).press("left left x delete");
    assert_eq!(app.typed(), "comment on #5: 日x|本");
    app = app.press("ctrl-a ctrl-right ctrl-k a alt-b b alt-f c");
    assert_eq!(app.typed(), "comment on #5: b日x本ac|");
    app = app.press("ctrl-w up").press("esc : s o x r t left left left ctrl-d enter");
    app = app.sees("Sort by").press("esc");
    // One that is longer than its box is seen around the cursor.
    let long = "abcdefghij".repeat(20);
    app = app.press("/").press(&long);
    assert!(app.typed().starts_with("/…") && app.typed().ends_with("ghij|"));
    app = app.press("home x");
    assert!(app.typed().starts_with("/x|abcdefghij"));
    let app = app.press("ctrl-e ctrl-u").press("backspace").misses("abcdefghij");
    app.sees("Exchanges 1 of 9");
}

#[test]
fn a_list_that_was_cleared_comes_back() {
    mixed(120, 40)
        .press("z")
        .sees("9 cleared from the list; u brings them back")
        .sees("Exchanges 0")
        .sees("The list was cleared; u brings everything back.")
        .misses("── gen 1")
        .feed("GET /after 200")
        .sees("Exchanges 1")
        .sees("#10 GET 200")
        .press("z f x enter")
        .sees("The list was cleared")
        .press("u f ctrl-u enter z")
        .feed("GET /after 200")
        .press("f / a f t e r enter")
        .sees("Exchanges 1 of 1")
        .press("u")
        .sees("10 brought back")
        .sees("Exchanges 2 of 11")
        .press("& u")
        .sees("nothing was cleared")
        .sees("#11 GET 200")
        .press("z u")
        .sees("#11 GET 200");
}

#[test]
fn an_empty_list_says_why() {
    mixed(80, 24)
        .press("f i s : tab")
        .sees("is:running is:complete is:gone is:refused is:cut")
        .press("c u enter")
        .sees("filter is:cu")
        .press("t enter")
        .sees("0 of 9 shown, filter `is:cut`")
        .sees("& shows all")
        .looks_like("filter_empty_80x24")
        .feed("GET / 200")
        .sees("0 of 10 shown");
}

#[test]
fn a_filter_judges_piece_by_piece_and_never_moves_the_cursor_meanwhile() {
    let mut app = App::ready(120, 40);
    for number in 1..=10_000 {
        app = app.brief(number);
    }
    let app = app.press("7 0 0 0 G f i s : c o m p l e t e enter");
    let mut app = app.sees("to go").sees("#7000");
    while app.screen().contains("to go") {
        app = app.works();
    }
    app.sees("Exchanges 10000 of 10000").sees("#7000");
}

#[test]
fn list_and_detail_are_arranged_as_wanted_until_the_width_decides_again() {
    let app = mixed(80, 24)
        .press("-")
        .sees("layout: side by side")
        .looks_like("side_by_side_80x24")
        .press("-")
        .sees("layout: the list alone")
        .misses("#9 - 400")
        .press("-")
        .sees("layout: the detail alone")
        .sees("#9 - 400")
        .misses("Exchanges 9")
        .press("-")
        .sees("layout by the width: side by side from 100 columns, else stacked")
        .misses("│ #9 - 400")
        .resized(200, 60)
        .looks_like("list_200x60")
        .press("alt-1 -")
        .sees("layout: stacked")
        .looks_like("stacked_200x60");
    // What was chosen does not go by the width.
    app.resized(80, 24).misses("│ #9 - 400").resized(120, 40).misses("│ #9 - 400");
}

#[test]
fn columns_fall_away_as_the_window_narrows_the_least_telling_first() {
    let mut app = mixed(200, 60);
    let titles = |app: &mut App| {
        let screen = app.screen();
        let titles = screen.lines().nth(2).unwrap().split('│').next().unwrap();
        titles.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut before = titles(&mut app);
    let all = "# gen time source method path status type sent size took";
    assert_eq!(before.join(" "), all);
    let mut gone = Vec::new();
    app = app.press("_ - -").sees("layout: the list alone").press("alt-1");
    assert_eq!(titles(&mut app).join(" "), all);
    for width in (20..=200).rev() {
        app = app.resized(width, 24);
        let now = titles(&mut app);
        gone.extend(before.iter().filter(|title| !now.contains(title)).cloned());
        before = now;
    }
    assert_eq!(gone.join(" "), "source sent type gen size time took method status");
}

#[test]
fn a_pane_with_the_keys_can_have_the_whole_window() {
    mixed(120, 40)
        .press("alt-3")
        .sees("+ zoom")
        .press("+")
        .sees("_ all panes")
        .misses("+ zoom")
        .sees("looking up basket 7")
        .misses("Exchanges 9")
        .misses("#9 - 400")
        .press("alt-2")
        .sees("#9 - 400")
        .misses("looking up basket 7")
        .press("_")
        .misses("_ all panes")
        .sees("Exchanges 9")
        .sees("looking up basket 7")
        .resized(40, 12)
        .press("alt-2 +")
        .sees("_ all panes")
        .sees("esc back");
}

#[test]
fn the_detail_shows_the_transcript_and_what_went_wrong() {
    mixed(80, 24)
        .press("5 G enter 4 ]")
        .sees("> GET /basket/7?full=1 HTTP/1.1")
        .press("end")
        .sees("ZeroDivisionError: division by zero")
        .looks_like("detail_80x24")
        .resized(120, 40)
        .looks_like("detail_120x40");
}

/// An exception with a cause, in the user's code and below it.
fn chained() -> Arc<Traceback> {
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

/// A group with another in it, whose first member has a cause.
fn grouped() -> Arc<Traceback> {
    let raised = |kind: &str, file: &str, link, members| Raised {
        kind: kind.to_owned(),
        message: String::new(),
        frames: vec![Frame {
            file: format!("/home/ada/shop/{file}"),
            line: 7,
            function: "fetch".to_owned(),
            source: "raise".to_owned(),
            own: true,
        }],
        link,
        members,
    };
    let one = |kind: &str, file: &str| raised(kind, file, Link::First, Vec::new());
    let wanted = raised("ValueError", "b.py", Link::Cause, Vec::new());
    let inner = vec![vec![one("KeyError", "a.py"), wanted], vec![one("OSError", "c.py")]];
    let inner = raised("ExceptionGroup", "d.py", Link::First, inner);
    let members = vec![vec![one("TypeError", "e.py")], vec![inner]];
    let group = raised("ExceptionGroup", "f.py", Link::First, members);
    Arc::new(Traceback { chain: vec![group], text: "ExceptionGroup\n".to_owned() })
}

#[test]
fn what_is_in_a_group_of_exceptions_is_shown_with_its_causes_and_opened() {
    let app = App::ready(80, 60).begins(&request("GET", "/"), Source::Client).called();
    let app = app.step(1, ExchangeEvent::Raised(grouped())).ends(Outcome::Complete);
    let mut app = app.press("enter +").sees("[below, ): the exceptions in the group]");
    app = app.sees("exception 1 of the group").sees("exception 2.2 of the group");
    app = app.looks_like("group_80x60");
    for file in ["e", "d", "b", "a", "c"] {
        app = app.press(") e");
        let opened = format!("Edit {{ file: \"/home/ada/shop/{file}.py\", line: 7 }}");
        app = app.effects([opened.as_str()]);
    }
    // What is further away is told of where one begins.
    rich(80, 24).press("enter").sees("[below, ): its cause, KeyError]");
}

#[test]
fn views_stand_in_a_filter_by_their_names() {
    let place = Place { file: "c.toml".into(), line: 3 };
    let view = |name: &str, filter: &str| ViewSetting {
        name: name.to_owned(),
        filter: filter.to_owned(),
        place: place.clone(),
    };
    let settings = [view("bad", "status:4xx or status:5xx"), view("posts", "~m POST")];
    let mut app = App::ready(100, 40);
    let mut facts = Facts::new(String::new(), String::new(), TimeZone::UTC);
    facts.views = Views::new(&settings, app.now).unwrap();
    app.state = State::new(facts, app.now);
    let app = app.feed("GET /a 200").feed("GET /b 404").feed("POST /c 500").press("f @");
    let app = app.sees("@bad @posts").press("b").sees("@bad  status:4xx or status:5xx");
    let app = app.press("tab enter").sees("2 of 3, filter @bad").misses("/a");
    let app =
        app.press("f end space @ p o s t s enter").sees("1 of 3, filter @bad @posts");
    let app = app.sees("/c").misses("/b").press("f ctrl-u @ z z");
    let app = app.sees("there is no view @zz; there are @bad, @posts").press("esc");
    let app = app.press(": f i l t e r space ! @ b a d enter").sees("/a").misses("/c");
    let app = app.press("? end").sees("Views, in a filter");
    app.sees("@bad").sees("status:4xx or status:5xx");
}

/// An exchange with something in every tab.
fn rich(width: u16, height: u16) -> App {
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

/// What two exchanges and nobody print in colours, some of which are left open.
fn printing_in_colours() -> App {
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

#[test]
fn what_the_application_prints_has_its_colours_in_its_own_lines() {
    let mut app = printing_in_colours().press("1 G enter ]").sees("│ INFO tea red, open");
    app.styles.depth = Depth::Indexed;
    let buffer = app.frame();
    let styles = styled(&buffer);
    let styles: Vec<&str> = styles.lines().filter(|it| !it.starts_with("35 ")).collect();
    picture("printed_120x36", &styles.join("\n"));
    let app = app.press("/ i n f o space t e a enter").sees("/info tea 1/1");
    // Without them in the transcript, too.
    let app = app.press("esc [").sees("INFO tea red, open").misses("\\x1b[0m");
    let app = app.press("q 2 G enter ]").sees("│ plain, of another exchange");
    app.misses("││ INFO");
}

#[test]
fn a_terminal_gets_the_colours_that_it_has() {
    let mut app = printing_in_colours().press("alt-3 +").sees("│ INFO tea red, open");
    let looks = |app: &mut App| {
        let buffer = app.frame();
        let of = |text: &str| {
            let cell = &buffer[(app.column_of(text) - 1, app.row_of(text) - 1)];
            (cell.fg, cell.bg, cell.modifier)
        };
        ["tea red", "underlined", "white on", "still reversed"].map(of)
    };
    let none = Modifier::empty();
    let (bold, line) = (Modifier::BOLD, Modifier::UNDERLINED);
    let (reset, reversed) = (Color::Reset, Modifier::REVERSED);
    let [white, blue] = [15, 4].map(Color::Indexed);
    let expected = [
        (Depth::True, Color::Indexed(208), Color::Rgb(10, 200, 30)),
        (Depth::Indexed, Color::Indexed(208), Color::Indexed(40)),
        (Depth::Sixteen, Color::Indexed(3), Color::Indexed(2)),
    ];
    for (depth, orange, green) in expected {
        app.styles.depth = depth;
        let expected = [
            (orange, reset, bold),
            (green, reset, line),
            (white, blue, none),
            (reset, reset, reversed),
        ];
        assert_eq!(looks(&mut app), expected, "{depth:?}");
    }
    app.styles = Styles::new(None);
    app.styles.depth = Depth::True;
    let modifiers = [bold, line, none, reversed];
    assert_eq!(looks(&mut app), modifiers.map(|modifier| (reset, reset, modifier)));
}

#[test]
fn an_exchange_is_seen_from_every_side() {
    let mut app = rich(120, 40).press("enter");
    for tab in ["traceback", "overview", "request", "response"] {
        app = match tab {
            "traceback" => app,
            _ => app.press("]"),
        };
        app = app.looks_like(&format!("tab_{tab}_120x40"));
    }
    app.press("2 ]")
        .sees("looking up tea")
        .looks_like("tab_output_120x40")
        .press("]")
        .looks_like("tab_hints_120x40")
        .resized(80, 24)
        .press("2 ]")
        .looks_like("tab_overview_80x24")
        .resized(20, 9)
        .sees("Outcome");
}

#[test]
fn a_tab_stays_when_the_selection_moves_unless_there_is_a_traceback_to_be_seen() {
    rich(80, 24)
        .feed("GET / 200 text/plain hello")
        .press("k enter ] [")
        .sees("shop.NoSuchThing: no tea here")
        .press("space")
        .sees("< hello")
        .press("] ]")
        .sees("Outcome           complete")
        .press("p")
        .sees("shop.NoSuchThing: no tea here")
        .press("] ]")
        .sees("X-A-Name-That-Is-Long  1")
        .misses("> X-A-Name")
        .press("space")
        .sees("GET / HTTP/1.1")
        .press("p")
        .sees("X-A-Name-That-Is-Long  1");
}

#[test]
fn what_suits_an_exchange_is_seen_until_a_tab_is_chosen_or_while_it_is_read() {
    let app = rich(120, 40).sees("shop.NoSuchThing: no tea here").sees("models.py:2");
    let app = app.feed("GET /fine 200 text/plain hello").sees("< hello");
    let app = app.press("k").sees("models.py:2").press("j").sees("< hello");
    // From the list one sees what becomes of it; who reads it is not sent elsewhere.
    let raised = || ExchangeEvent::Raised(chained());
    let app = app.begins(&request("GET", "/slow"), Source::Client).called();
    let app = app.sees("> GET /slow").step(3, raised()).sees("models.py:2");
    let app = app.begins(&request("GET", "/read"), Source::Client).called();
    let app = app.press("enter").sees("> GET /read").step(4, raised());
    let app = app.sees("> GET /read").press("]").sees("Nothing was printed");
    let app = app.press("esc k").sees("#3 GET").sees("models.py:2");
    app.press("j").sees("#4 GET").sees("Nothing was printed");
}

#[test]
fn carets_below_a_line_are_cut_where_there_is_no_room() {
    let text = "Traceback:\n  File \"a.py\", line 1, in app\n    price = price_of(items)\n    \
                \u{20}       ~~~~~~~~^^^^^^^\nKeyError: 'tea'\n";
    let raised = Traceback { chain: Vec::new(), text: text.to_owned() };
    App::ready(24, 24)
        .begins(&request("GET", "/"), Source::Client)
        .called()
        .step(1, ExchangeEvent::Raised(raised.into()))
        .press("enter")
        .sees("    price = price_of(ite\nms)\n            ~~~~~~~~^^^…\nKeyError: 'tea'");
}

/// A login with secrets, answered by JSON.
fn login(width: u16, height: u16) -> App {
    logged_in(App::ready(width, height))
}

fn logged_in(app: App) -> App {
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

#[test]
fn secrets_are_masked_in_the_transcript_until_they_are_to_be_seen() {
    let trailers =
        ExchangeEvent::RequestTrailers(b"X-Auth-Token: t0psecret\r\n"[..].into());
    let app = login(120, 40)
        .press("enter")
        .sees("* secrets are masked; . shows them\n")
        .sees("> POST /login?token=*** HTTP/1.1")
        .sees("> Authorization: Bearer ***")
        .sees("> name=ada&password=***")
        .sees(r#""access_token": "***","#)
        .misses("t0psecret")
        .press(".")
        .misses("secrets are masked")
        .sees("> POST /login?token=t0psecret HTTP/1.1")
        .sees("> Authorization: Bearer t0psecret")
        .sees("> name=ada&password=t0psecret%21")
        .press(".")
        .misses("t0psecret");
    // What comes later, and what has none.
    let app = app.begins(&request("POST", "/"), Source::Client).step(2, trailers);
    let app = app.press("esc j").sees("> X-Auth-Token: ***").sees("* secrets are masked");
    app.feed("GET / 200 text/plain hello").press("j").sees("< hello").misses("secrets");
}

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
fn escaped_characters_are_seen_and_found_in_json() {
    let body = r#"{"name": "\u5bb6 \u0007", "\u00fc": 1}"#;
    let app = App::ready(100, 30)
        .feed("GET /a 200 text/plain nothing")
        .feed(&format!("GET /home 200 application/json {body}"))
        .press("enter [")
        .sees(r#"  "name": "家 \u0007","#)
        .sees(r#"  "ü": 1"#)
        .press("/ 家 enter")
        .sees("/家 1/1")
        .press("esc m")
        .sees(body)
        .press("/ 家")
        .sees("/家 not found")
        .press("esc m m esc");
    app.press("f b o d y : 家 enter").sees("1 of 2").sees("/home").misses("/a ");
}

#[test]
fn secrets_are_masked_until_they_are_to_be_seen() {
    login(120, 40)
        .press("enter [ [")
        .sees("POST /login?token=*** HTTP/1.1")
        .sees("POST    /login?token=***  ")
        .sees("Authorization   Bearer ***")
        .sees("password  ***")
        .misses("t0psecret!")
        .looks_like("masked_120x40")
        .press(".")
        .sees("Authorization   Bearer t0psecret")
        .sees("password  t0psecret!")
        .misses("secrets are masked")
        .press("]")
        .sees(r#"  "access_token": "t0psecret","#)
        .press(".")
        .sees(r#"  "access_token": "***","#)
        .press(".")
        .feed("GET / 200")
        .press("space")
        .sees("#2 GET")
        .press("p")
        .sees(r#"  "access_token": "***","#);
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
fn the_transcript_tells_how_json_in_a_line_is_laid_out() {
    let json = r#"{"items": ["spade", "bucket"], "total": 12}"#;
    let app = App::ready(80, 24).feed("GET /text 200 text/plain {}").press("enter");
    let app =
        app.misses("laid out").feed(&format!("GET /json 200 application/json {json}"));
    let app = app.press("space").sees(json).sees("m laid out").press("m").misses(json);
    let app = app.sees("the body laid out; [ goes back").sees(r#""total": 12"#);
    let app = app.press("]").sees(json);
    // Again, in whichever way bodies were shown meanwhile.
    app.press("[ m ] m").sees(r#"  "total": 12"#);
}

/// An answer of 300 items, in one line.
fn catalogue() -> String {
    let items = (0..300).map(|id| {
        format!(
            r#"{{"id":{id}.50,"tags":["tea","no {id}"],"of":{{"first name":"ada"}}}}"#
        )
    });
    let items = items.collect::<Vec<_>>().join(",");
    format!(r#"{{"items":[{items}],"id":1,"id":12345678901234567890,"empty":[]}}"#)
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
fn json_is_folded_line_by_line_or_level_by_level_and_the_path_is_told() {
    let feed = format!("GET /goods 200 application/json {}", catalogue());
    let mut app = App::ready(100, 30).feed(&feed).press("enter [ + )");
    app = app.press("j").sees(" .  ").press("j").sees(" .items  ").press("3 j");
    app = app.sees(" .items[0].tags  ").press("j").sees(" .items[0].tags[0]  ");
    app = app.press("enter").sees(r#""tags": […] 2 items"#).sees(" .items[0].tags  ");
    app = app.press("j").sees(" .items[0].of  ").press("enter");
    app = app.sees(r#""of": {…} 1 key"#).press("j").sees(" .items[0]  ");
    app = app.press("2 z").sees("    {…} 3 keys");
    app = app.press("G").sees(" .  ").press("2 k").sees(r#"  "empty": []"#);
    app = app
        .sees(" .id  ")
        .press("k 1 0 0 k")
        .sees(".items[201]")
        .press("enter 2 j enter j");
    app = app.looks_like("folded_100x30");
    app = app.sees(" .items[201].tags[0]  ").press("enter k");
    app = app.sees(" .items[201].id  ").press("z").sees(r#""items": […] 300 items"#);
    app = app.press("Z G ctrl-u ctrl-u").sees("\"first name\": \"ada\"");
    // While one searches the path has its place, from the title and then from its own.
    let path = ".items[0].of.\"first name\"";
    app = app.press("g / f i r s t enter").sees(" #1 GET 200 OK").sees(path);
    for columns in [60, 48] {
        app = app.resized(columns, 30).sees(" #1  ").sees(path).sees("/first 1/300");
    }
    app = app.resized(36, 30).sees("f.\"first name\"  /first 1/300").press("esc");
    app = app.resized(100, 30);
    app.press("q k enter z").sees("nothing to fold");
}

#[test]
fn what_is_folded_and_how_far_one_has_read_stays_while_one_looks_at_another_tab() {
    let app = App::ready(100, 30)
        .begins(&request("GET", "/catalogue"), Source::Client)
        .called()
        .responds(200, "application/json")
        .sends(catalogue().as_bytes())
        .ends(Outcome::Complete)
        .press("enter [ z");
    let mut app = app.sees("…] 300 items");
    let before = app.screen();
    app = app.press("] j j [");
    assert_eq!(app.screen(), before);
    // Also when something comes that the tab does not show.
    let remark = Remark { marked: true, ..Remark::default() };
    app = app.step(1, ExchangeEvent::Remarked(remark));
    let marked = app.screen();
    assert!(marked.contains("…] 300 items") && marked.contains(">•"), "{marked}");
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
fn a_search_unfolds_what_it_finds() {
    let feed = format!("GET /goods 200 application/json {}", catalogue());
    let mut app = App::ready(100, 30)
        .feed(&feed)
        .press("enter [ z")
        .sees(r#""items": […] 300 items"#)
        .press("/ n o space 2 7 7")
        .sees("/no 277 1/1")
        .sees(r#""no 277""#);
    assert_eq!(lit(&mut app, Color::Magenta), ["no 277"]);
    app = app.press("enter esc").sees(" …7].tags[1] ");
    app.press("2 z / 3 0 0 space i t e m s").sees("/300 items not found");
}

#[test]
fn the_value_under_the_cursor_and_its_path_are_copied_as_they_were_sent() {
    login(120, 40)
        .press("enter [ )")
        .press("1 1 G")
        .sees(" .access_token")
        .sees(r#""access_token": "***","#)
        .press("y v")
        .effects([r#"copy the value of #1, .json: "t0psecret""#])
        .press("y .")
        .effects(["copy the path of #1, .txt: .access_token"])
        .press("j j Y")
        .effects(["copy the path of #1, .txt: .ok[0]"])
        .press("7 G enter y v")
        .effects([
            r#"copy the value of #1, .json: {"name":"ada","tags":[],"id":12345678901234567890}"#,
        ])
        .press("g y v")
        .sees("#1 has no JSON under the cursor");
}

#[test]
fn a_json_line_taller_than_the_window_is_read_to_its_end() {
    let words = (0..400).map(|number| format!("word{number}")).collect::<Vec<_>>();
    let body = format!(r#"{{"text":"{}","next":1}}"#, words.join(" "));
    let app = App::ready(60, 30).feed(&format!("GET / 200 application/json {body}"));
    let app = app.press("enter [ + ) j j").sees("word0 ").misses("word399");
    let app = app.press("2 0 j").sees(" .text").press("2 0 j 2 0 j").sees("word399");
    let app = app.press("2 0 j").sees(" .  ").press("k k").sees(" .text").sees("word399");
    app.press("2 0 k 2 0 k").sees(" .text").sees("word0 ").press("k").misses(".text");
}

#[test]
fn several_values_in_a_row_are_laid_out_each() {
    let body = "{\"at\": 1, \"level\": \"info\"}\n{\"at\": 2, \"level\": \"error\"}\n";
    App::ready(100, 30)
        .feed(&format!("GET /log 200 application/x-ndjson {body}"))
        .press("enter [ z")
        .sees("{…} 2 keys")
        .misses("level")
        .press("/ e r r o r")
        .sees(" .level ")
        .press("enter m")
        .sees(r#"{"at": 2, "level": "error"}"#);
}

#[test]
fn lines_that_are_no_json_are_marked_among_those_that_are() {
    let body = "{\"at\": 1}\nTraceback: {\n{\"at\": {\"b\": 2}}\n";
    for kind in ["application/x-ndjson", "application/jsonl"] {
        App::ready(100, 30)
            .feed(&format!("GET /log 200 {kind} {body}"))
            .press("enter [")
            .sees("[1 of 3 lines is no JSON, ✗ before it;")
            .sees("line 2: expected value at column 1]")
            .sees("✗ Traceback: {")
            .sees("  \"at\": 1")
            .sees("    \"b\": 2")
            .press("m")
            .sees("{\"at\": {\"b\": 2}}")
            .misses("✗ Traceback");
    }
    App::ready(100, 30)
        .feed(&format!("GET /log 200 application/json {body}"))
        .press("enter [")
        .sees("[labelled JSON, but it is none:")
        .misses("✗ Traceback");
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
fn letters_of_a_path_are_readable_in_the_list_and_as_sent_in_the_detail() {
    App::ready(120, 30)
        .feed("GET /caf%C3%A9%2F%E2%80%AE 200 text/plain ok")
        .sees("/café%2F%E2%80%AE ")
        .press("enter")
        .sees("> GET /caf%C3%A9%2F%E2%80%AE HTTP/1.1");
}

/// The text of the cells of that colour.
fn coloured(app: &mut App, colour: Color) -> Vec<String> {
    runs(&app.frame(), |cell| cell.fg == colour)
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

/// A picture of so many pixels, red above and green below.
fn flag(width: u32, height: u32) -> Vec<u8> {
    let pixel = |_, y| {
        let (red, green) = if y < height / 2 { (255, 0) } else { (0, 255) };
        image::Rgb([red, green, 0])
    };
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, pixel);
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[test]
fn a_picture_is_drawn_below_its_facts_in_half_a_cell_for_each_pixel() {
    let flag = flag(300, 30);
    let mut app = App::ready(80, 30)
        .begins(&request("GET", "/flag.png"), Source::Client)
        .called()
        .responds(200, "image/png")
        .sends(&flag);
    assert!(app.state.wanted_picture().is_none(), "it is not whole yet");
    app = app.ends(Outcome::Complete).press("enter [ +");
    app = app.sees(&format!("[PNG, 300×30, {} B]", flag.len()));
    let decoding = app.state.wanted_picture().unwrap();
    assert!(app.state.wanted_picture().is_none(), "it is on its way");
    assert!(update(&mut app.state, decoding.finish()).is_empty());
    app = app.looks_like("picture_80x30");
    let pixels = |app: &mut App, upper: Color, lower: Color| {
        let is_one =
            |cell: &Cell| cell.symbol() == "▀" && cell.fg == upper && cell.bg == lower;
        runs(&app.frame(), is_one)
    };
    let (red, green) = (Color::Indexed(196), Color::Indexed(46));
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(160)]);
    assert_eq!(pixels(&mut app, green, green), ["▀".repeat(160)]);
    app.styles.depth = Depth::True;
    let red = Color::Rgb(255, 0, 0);
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(160)]);
    app = app.resized(40, 30).press("ctrl-l");
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(40)]);
    app.press("m m").sees("000000  89 50 4e 47 0d 0a 1a 0a");
}

#[test]
fn a_picture_that_the_terminal_shows_is_scrolled_cut_and_covered_as_text() {
    let mut app = App::new(80, 30);
    let mut facts = facts_with_keys(&[]);
    facts.pictures = Some(PictureProtocol::Kitty);
    app.state = State::new(facts, app.now);
    app.state.cell = Some((10, 20));
    app = app
        .begins(&request("GET", "/flag.png"), Source::Client)
        .called()
        .responds(200, "image/png")
        .sends(&flag(300, 200))
        .ends(Outcome::Complete)
        .press("enter [ +");
    let decoding = app.state.wanted_picture().unwrap();
    update(&mut app.state, decoding.finish());
    app = app.sees("▀▀▀▀");
    assert!(app.state.graphic().is_none(), "that it is made for the terminal takes time");
    let painting = app.state.wanted_picture().unwrap();
    assert!(app.state.wanted_picture().is_none(), "it is on its way");
    update(&mut app.state, painting.finish());
    let cells = |app: &mut App| {
        let is_one = |cell: &Cell| cell.symbol().starts_with('\u{10eeee}');
        let found = runs(&app.frame(), is_one);
        found.iter().map(|row| row.matches('\u{10eeee}').count()).sum::<usize>()
    };
    assert_eq!(cells(&mut app), 300);
    let graphic = app.state.graphic().unwrap();
    assert_eq!((graphic.columns, graphic.rows), (30, 10));
    assert!(app.state.wanted_picture().is_none(), "it is there");
    app = app.resized(80, 10);
    let cut = cells(&mut app);
    assert!(cut > 0 && cut < 300 && cut % 30 == 0, "{cut}");
    app = app.press("G");
    let rest = cells(&mut app);
    assert!(rest > cut && rest % 30 == 0, "{rest}");
    app = app.resized(80, 30).press("g ?");
    assert_eq!(cells(&mut app), 0);
    app = app.press("esc");
    assert_eq!(cells(&mut app), 300);
    // For fewer columns it is made anew, with blocks until then.
    app = app.resized(20, 30);
    assert_eq!(cells(&mut app), 0);
    let painting = app.state.wanted_picture().unwrap();
    update(&mut app.state, painting.finish());
    assert_eq!(cells(&mut app), 20 * 7);
    app = app.press("]");
    assert!(app.state.graphic().is_none());
}

#[test]
fn a_picture_that_claims_to_be_enormous_is_told_of_and_not_unpacked() {
    let mut bomb = flag(2, 2);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let mut app = App::ready(80, 30)
        .begins(&request("GET", "/"), Source::Client)
        .responds(200, "image/png")
        .sends(&bomb)
        .ends(Outcome::Complete)
        .press("enter [");
    let decoding = app.state.wanted_picture().unwrap();
    assert!(update(&mut app.state, decoding.finish()).is_empty());
    app.sees("[PNG, 60000×60000, ")
        .sees("[it has too many pixels to be drawn]")
        .sees("000000  89 50 4e 47");
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
fn json_as_python_writes_it_is_laid_out_and_said_to_be_none() {
    App::ready(80, 24)
        .feed("GET / 200 application/json {\"a\":[NaN,1]}")
        .press("enter [")
        .sees("[no strict JSON: NaN, Infinity or a byte order mark]")
        .sees("    NaN,");
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

/// The text of the cells of that colour behind them.
fn lit(app: &mut App, colour: Color) -> Vec<String> {
    runs(&app.frame(), |cell| cell.bg == colour)
}

/// The text of cells in a row of which that is true.
fn runs(buffer: &Buffer, is_one: impl Fn(&Cell) -> bool) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut ended = true;
    for cell in buffer.content() {
        if !is_one(cell) {
            ended = true;
        } else if std::mem::take(&mut ended) {
            runs.push(cell.symbol().to_owned());
        } else if let Some(run) = runs.last_mut() {
            run.push_str(cell.symbol());
        }
    }
    runs
}

#[test]
fn what_is_searched_for_is_lit_while_it_is_typed() {
    let body = "Tea and coffee.\nNo tea here, but 日本茶 tea\n";
    let mut app = App::ready(80, 24)
        .feed(&format!("GET /tea 200 text/plain {body}"))
        .press("/ t e")
        .sees(" /te")
        .sees("/te 1/6")
        .press("a")
        .sees("/tea 1/4")
        .looks_all_like("search_80x24");
    assert_eq!(lit(&mut app, Color::Magenta), ["tea"]);
    assert_eq!(lit(&mut app, Color::Yellow), ["Tea", "tea", "tea"]);
    let mut app = app.press("enter n n").sees("/tea 3/4").press("n n").sees("/tea 1/4");
    app = app.press("2 N").sees("/tea 3/4").press("ctrl-l");
    assert_eq!(lit(&mut app, Color::Yellow).len(), 3);
    app = app.press("/ 茶").sees("/茶 1/1");
    assert_eq!(lit(&mut app, Color::Magenta).concat().trim_end(), "茶");
    app = app.press("esc").misses("/茶").press("/ T e a enter").sees("/Tea 1/1");
    app = app.press("esc").misses("/Tea").sees("esc back");
    assert!(lit(&mut app, Color::Magenta).is_empty());
    app.press("n")
        .sees("nothing is searched for; / does")
        .press("/ n o t h i n g enter")
        .sees("/nothing not found")
        .press("esc esc")
        .sees("enter read");
}

#[test]
fn a_match_comes_into_view_wherever_it_is_and_whoever_leaves_the_line_is_back() {
    let long = "many words in a line that goes on and on ".repeat(60);
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let body = format!("{long} needle {long}\n{}\n", lines.join("\n"));
    let app = App::ready(80, 24)
        .feed(&format!("GET / 200 text/plain {body}"))
        .press("enter j")
        .misses("needle");
    let mut app = app.press("/ n e e d l e").sees(" needle many words");
    assert_eq!(lit(&mut app, Color::Magenta), ["needle"]);
    app = app.press("esc").misses("needle").sees("> GET / HTTP/1.1");
    app = app.press("/ l i n e space 1 9 9 enter").sees("< line 199");
    // From where one is, not from where one was.
    app.press("g / l i n e space \\ d + $ enter n")
        .sees("/line \\d+$ 2/200")
        .press("g n")
        .sees("/line \\d+$ 1/200")
        .press("]")
        .sees("/line \\d+$ not found");
}

#[test]
fn every_tab_can_be_searched_and_the_cursor_of_one_goes_along() {
    let app = rich(120, 40).press("enter 4 ] / n o space t e a enter");
    app.sees("/no tea 1/")
        .press("4 [")
        .sees("/no tea 1 found")
        .press("n e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 4 }"])
        .press("/ p r i c e enter e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"])
        .press("]")
        .sees("/price not found")
        .press("/ o u t c o m e enter")
        .sees("/outcome 1/1");
}

#[test]
fn the_output_is_searched_as_the_detail_is() {
    let mut app = App::ready(80, 24);
    for number in 0..40 {
        app = app.prints(OutputStream::Stdout, format!("plain {number}").as_bytes());
    }
    let long = format!("{}far needle", "x".repeat(200));
    app = app.prints(OutputStream::Stderr, long.as_bytes());
    app = app.prints(OutputStream::Stdout, b"nee\x1b[31mdle \x1b[2J");
    let app = app.press("alt-3 / p l a i n space 7");
    let app = app.sees("/plain 7 1/1").sees("│ plain 7").sees("scrolled up");
    // Who leaves the line is back at the end.
    let app = app.press("esc").misses("/plain").sees("needle \\x1b[2J");
    let app = app.press("/ n e e d l e enter").sees("/needle 1/2").sees("far needle");
    let mut app = app.press("n").sees("/needle 2/2").sees("│ needle");
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["needle"]);
    // What comes is searched, too, and what is searched is what is shown.
    let app = app.prints(OutputStream::Stdout, b"one more needle").works();
    let app = app.sees("/needle 2/3").press("n").sees("/needle 3/3").press("n");
    let app = app.sees("/needle 1/3").press("/ ctrl-u x 1 b enter").sees("/x1b 1/1");
    // The detail has a search of its own.
    let app = app.press("esc").misses("/x1b").press("n");
    let app = app.sees("nothing is searched for; / does").press("esc");
    app.sees("f filter").effects([]);
}

#[test]
fn large_bodies_are_searched_piece_by_piece() {
    let line = "0123456789abcdef".repeat(8) + "\n";
    let body = line.repeat((2 << 20) / line.len());
    let mut app = App::ready(80, 24)
        .begins(&request("GET", "/big"), Source::Client)
        .responds(200, "text/plain")
        .sends(body.as_bytes())
        .sends(b"the end\n")
        .ends(Outcome::Complete)
        .press("/ t h e space e n d")
        .sees("/the end …");
    let mut steps = 0;
    while app.screen().contains("/the end …") {
        app = app.works();
        steps += 1;
    }
    assert!(steps > 1, "{steps}");
    app.sees("< the end").sees("/the end 1/1");
}

#[test]
fn what_is_copied_is_as_it_was_sent() {
    let app = login(80, 24).press("enter y").sees(" c    curl command");
    let app = app.looks_like("copy_80x24").press("c").misses("httpie command");
    let app = app.effects(["copy the curl command of #1, .sh: curl \\\n  \
                            'http://shop/login?token=t0psecret' \\\n  \
                            -H 'Authorization: Bearer t0psecret' \\\n  \
                            -H 'Content-Type: application/x-www-form-urlencoded' \\\n  \
                            -H User-Agent: \\\n  -H Accept: \\\n  \
                            --data-raw 'name=ada&password=t0psecret%21'"]);
    let app = app
        .press("y b")
        .effects(["copy the request body of #1, .txt: name=ada&password=t0psecret%21"]);
    let app = app.press("y F").effects([
        "copy the response fields of #1, .txt: Content-Type: application/json\n",
    ]);
    let app = app
        .press("y u")
        .effects(["copy the URL of #1, .txt: http://shop/login?token=t0psecret"]);
    let app = app.press("y x").effects([]).sees("#1 raised nothing");
    let app =
        app.press("y t").effects([]).sees("the application that answered is not known");
    let app = app.press("y esc").misses("curl command").sees("POST /login");
    let app = app
        .feed("GET /second 200 text/plain hello")
        .press("space y B")
        .effects(["copy the response body of #2, .txt: hello"]);
    app.press("p Y")
        .effects([r#"copy the response body of #1, .txt: {"user":{"name":"ada","tags":[],"id":12345678901234567890}, "access_token": "t0psecret", "ok": [true, null]}"#])
        .press("esc g y")
        .sees("there is no exchange to copy from");
}

#[test]
fn what_no_program_copies_the_terminal_does() {
    let mut app = App::ready(80, 24);
    let (what, bytes) = ("URL of #1".to_owned(), b"http://x/".to_vec());
    let message =
        Message::NotTaken(Clipping { what, has_secrets: false, suffix: ".txt", bytes });
    let effects = update(&mut app.state, message);
    assert!(
        matches!(&effects[..], [Effect::CopyThroughTerminal(it)] if it.bytes == b"http://x/")
    );
}

#[test]
fn a_body_is_saved_where_one_wants_it() {
    let app = login(120, 24)
        .press("enter b")
        .sees(" save response body of #1 in 1-response.json");
    let app = app.press("ctrl-u x . j s o n enter").effects([
        "save the response body of #1 in x.json: {\"user\":{\"name\":\"ada\",\"tags\":[],\"id\":12345678901234567890}, \"access_token\": \"t0psecret\", \"ok\": [true, null]} []",
    ]);
    let app = app.press("[ [ b").sees(" save request body of #1 in 1-request.bin");
    let app = app.press("esc").effects([]).misses("save request");
    app.feed("GET /a/../logo%20.png?x=/y.gif 200 image/png data")
        .press("space b")
        .sees("the request of #2 has no body")
        .press("] b")
        .sees("save response body of #2 in logo20.png")
        .press("ctrl-u up")
        .sees("in x.json")
        .press("ctrl-u enter")
        .effects([]);
}

#[test]
fn a_body_goes_to_a_pager_as_it_is_shown_and_to_a_command_as_it_was_sent() {
    let app = login(120, 24).press("enter v");
    let masked = "view json: {\n  \"user\": {\n    \"name\": \"ada\",\n    \"tags\": [],\n    \
                  \"id\": 12345678901234567890\n  },\n  \"access_token\": \"***\",\n  \"ok\": [\n    \
                  true,\n    null\n  ]\n}";
    let app = app.effects([masked]).press(". v");
    let app = app.effects([&masked.replace("***", "t0psecret")]).press("[ [ m v");
    let app = app.effects(["view bin: name=ada&password=t0psecret%21"]);
    let app = app.press("| w c space - c").sees("request body of #1 | wc -c");
    let app =
        app.press("enter").effects(["pipe to wc -c: name=ada&password=t0psecret%21"]);
    let app = app
        .press("| up enter")
        .effects(["pipe to wc -c: name=ada&password=t0psecret%21"]);
    app.begins(&request("GET", "/png"), Source::Client)
        .responds(200, "image/png")
        .sends(b"\x89PNG\r\n\x1b[31m")
        .ends(Outcome::Complete)
        .press("m m ] ] space v")
        .effects(["view txt: 000000  89 50 4e 47 0d 0a 1b 5b 33 31 6d                 .PNG...[31m\n"])
        .feed("GET /evil 200 text/plain \u{1b}[31mred")
        .press("space v")
        .effects(["view txt: \\x1b[31mred"]);
}

#[test]
fn an_exchange_is_exported_without_its_secrets() {
    let mut app =
        login(120, 24).press("x").sees(" export #1 as HAR to rdev-1.har").press("enter");
    let effects = std::mem::take(&mut app.effects);
    let saved = effects.first().map(String::as_str).unwrap_or_default();
    assert!(
        saved.starts_with("save the exchange #1 in rdev-1.har: {\"log\":"),
        "{saved}"
    );
    assert!(
        saved.contains("/login?token=***") && !saved.contains("t0psecret"),
        "{saved}"
    );
    assert!(saved.ends_with("[secrets masked; rdev export can leave them]"), "{saved}");
}

/// What is asked for comes back as it does from the bus.
fn remarks(mut app: App, id: u64) -> App {
    let asked = std::mem::take(&mut app.effects).concat();
    let (marked, comment) = asked.split_once("; ").unwrap_or_default();
    let comment = Some(comment.to_owned()).filter(|text| !text.is_empty());
    let pinned = marked.contains("pinned");
    let remark = Remark { marked: marked.ends_with("marked"), pinned, comment };
    app.step(id, ExchangeEvent::Remarked(remark))
}

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

/// An exchange as the history has it: `7.42 GET /path 200 body`, of so many hours ago.
fn remembered(line: &str, hours: i64) -> Exchange {
    let mut words = line.splitn(5, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (run, number) = word().split_once('.').unwrap();
    let (method, path, status) = (word(), word(), word().parse().unwrap());
    let id = ExchangeId(number.parse().unwrap()).of_run(run.parse().unwrap());
    let at = App::new(80, 24).now - SignedDuration::from_hours(hours);
    let (source, client) = (Source::Client, "127.0.0.1:50000".to_owned());
    let request = understood(&request(method, path));
    let steps = [
        ExchangeEvent::Began { source, client, request },
        ExchangeEvent::Called(GenerationId(12)),
        ExchangeEvent::Responded(answered(status, "text/plain")),
        ExchangeEvent::ResponseBody(Arc::from(word().as_bytes())),
        ExchangeEvent::Ended(Outcome::Complete),
    ];
    let mut store = Live::default();
    for what in steps {
        store.record(&Event::Exchange { id, at, what });
    }
    store.exchange(id).unwrap().clone()
}

/// Of three runs, newest first.
fn past() -> Vec<Exchange> {
    vec![
        remembered("3.1 GET /now 200 it", 0),
        remembered("2.12 GET /milk 500 no milk", 4),
        remembered("2.3 POST /tea 200 more tea", 5),
        remembered("1.140 GET /tea?cup=1 200 some tea", 40),
    ]
}

impl App {
    /// What is to be looked up: the filter by what of the past it lets through, or
    /// nothing new.
    #[track_caller]
    fn looks_up(mut self, expected: &str) -> Self {
        let found = self.state.take_lookup().map(|lookup| found(&lookup).join(" "));
        assert_eq!(found.as_deref().unwrap_or("nothing"), expected);
        self
    }

    /// The last lookup is answered.
    fn finds(mut self, number: u64, found: Vec<Exchange>, progress: Progress) -> Self {
        let message = Message::Found { number, found, progress };
        assert!(update(&mut self.state, message).is_empty());
        self
    }
}

fn found(lookup: &Lookup) -> Vec<String> {
    let past = past();
    let found = past.iter().filter(|exchange| lookup.filter.lets_through(exchange));
    found.map(|exchange| exchange.id.to_string()).collect()
}

#[test]
fn the_exchanges_of_all_runs_take_the_place_of_those_of_this_one() {
    let app = App::ready(120, 30)
        .feed("GET /first 200")
        .feed("GET /second 200")
        .press("H")
        .sees("History 0, searching")
        .misses("/second")
        .looks_up("3.1 2.12 2.3 1.140")
        .looks_up("nothing");
    let (mut newer, older) = (past(), past().split_off(2));
    newer.truncate(2);
    app.finds(1, newer, Progress::Searching)
        .sees("History 2, searching")
        .finds(1, older, Progress::All)
        .looks_like("history_120x30")
        .sees("#3.1 GET 200 OK")
        .press("k")
        .sees("#2.12 GET 500")
        .sees("< no milk")
        // Of the run that is the last one.
        .press("1 G")
        .sees("#3.1 GET")
        .press("g")
        .sees("#1.140 GET 200 OK")
        .press("y u")
        .effects(["copy the URL of #1.140, .txt: http://localhost:8888/tea?cup=1"])
        // What happens meanwhile happens to the other list.
        .feed("GET /third 200")
        .sees("3 exchanges")
        .sees("History 4")
        .misses("/third")
        .press("H")
        .sees("Exchanges 3")
        .sees("#3 GET 200 OK")
        .sees("── gen 1");
}

#[test]
fn one_goes_back_from_the_history_as_from_anything_that_lies_on_top() {
    let at_once = |keys: &str| {
        let app = App::ready(120, 30).feed("GET /now 200").press("H");
        let app = app.finds(1, past(), Progress::All).sees("History 4");
        app.press(keys).effects([])
    };
    at_once("q").sees("Exchanges 1").press("q").effects(["Quit"]);
    at_once("esc").sees("Exchanges 1");
    at_once("enter").press("q").sees("History 4").press("q").sees("Exchanges 1");
    at_once("alt-3").press("q").sees("History 4");
}

#[test]
fn the_history_offers_no_keys_that_do_nothing_there() {
    let app = App::ready(200, 24).feed("GET /now 200").press("H");
    let app = app.finds(1, past(), Progress::All);
    let offered = |app: App| {
        app.sees("f filter").misses("resend").misses("follow").misses("q quit")
    };
    let app = offered(app).sees("esc this run").press("?").sees("In the history");
    let app = app.misses("send the request again").press("esc enter");
    app.sees("copy")
        .misses("resend")
        .press("r")
        .sees("that is for exchanges of this run");
}

#[test]
fn what_is_for_this_run_is_refused_in_the_history() {
    let mut app = App::ready(120, 30).feed("GET /first 200").press("H");
    app = app.finds(1, past(), Progress::All);
    for key in ["r", "K", "m", "*", ";", "z", "u", "F"] {
        app = app.press(key).sees("that is for exchanges of this run; H goes back");
        app = app.effects([]).sees("History 4");
    }
    app.press("H").effects([]).sees("Exchanges 1");
}

#[test]
fn the_history_answers_while_a_filter_is_typed() {
    App::ready(120, 30)
        .feed("GET /first 200")
        .press("H")
        .looks_up("3.1 2.12 2.3 1.140")
        .finds(1, past(), Progress::All)
        .press("f t e")
        .looks_up("2.3 1.140")
        // Nothing goes before something else is there.
        .sees("History 4, searching, filter te")
        .finds(2, Vec::new(), Progress::All)
        .sees("History 4, searching, filter te")
        .press("a")
        .looks_up("2.3 1.140")
        .finds(4, past().split_off(2), Progress::All)
        .sees("History 2, filter tea")
        .sees("#2.3 POST")
        .press("enter")
        .looks_up("nothing")
        .press("f x")
        .looks_up("")
        .press("ctrl-u")
        .looks_up("3.1 2.12 2.3 1.140")
        // What cannot be understood asks nothing.
        .press("(")
        .looks_up("nothing")
        .press("esc")
        .looks_up("2.3 1.140")
        .sees("History 2, searching, filter tea")
        .press("&")
        .looks_up("3.1 2.12 2.3 1.140")
        .sees("filter off: tea")
        .press("&")
        .looks_up("2.3 1.140")
        .press("f ctrl-u enter H f")
        .misses("tea");
}

#[test]
fn a_history_that_says_nothing_says_why() {
    let nothing = "Nothing in the history for the filter `cocoa`.";
    App::ready(120, 30)
        .press("H")
        .finds(1, Vec::new(), Progress::All)
        .sees("There is nothing in the history yet.")
        .press("f c o c o a enter")
        .misses(nothing)
        .finds(6, Vec::new(), Progress::All)
        .sees(nothing)
        .press("H H")
        .misses(nothing)
        .finds(7, Vec::new(), Progress::Failed("\x1b[2Jnone there".to_owned()))
        .sees("History 0, broken off, filter cocoa")
        .sees("\\x1b[2Jnone there");
    let mut app = App::new(80, 24);
    let mut facts = Facts::new("a:b".to_owned(), "http://a".to_owned(), TimeZone::UTC);
    facts.history = None;
    app.state = State::new(facts, app.now);
    app.press("H")
        .sees("no history is kept in this run")
        .misses("History")
        .looks_up("nothing");
}

#[test]
fn the_history_keeps_its_cursor_and_its_order_when_it_is_looked_up_again() {
    App::ready(120, 30)
        .press("H")
        .finds(1, past(), Progress::Newest)
        .sees("History, the newest 4")
        .press("o n j")
        .sees("by number ↓")
        .sees("#2.12 GET")
        .press("H H")
        .finds(2, past(), Progress::All)
        .sees("History 4, by number ↓")
        .sees("#2.12 GET")
        .press("f / t e a")
        .finds(6, Vec::new(), Progress::All)
        .misses("#2.12 GET");
}

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
fn secrets_in_events_are_masked_until_they_are_to_be_seen() {
    let app = App::ready(120, 40).begins(&request("GET", "/events"), Source::Client);
    app.called()
        .responds(200, "text/event-stream")
        .sends(b"data: {\"token\": \"t0psecret\", \"n\": 1}\n\n")
        .press("enter h")
        .sees("{\"token\": \"***\", \"n\": 1}")
        .sees("[secrets are masked; . shows them]")
        .misses("t0psecret")
        .press(".")
        .sees("t0psecret")
        .misses("secrets are masked");
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

#[test]
fn where_a_request_is_can_be_asked_once_the_application_has_it() {
    let app = App::ready(120, 24).begins(&request("GET", "/report"), Source::Client);
    let app = app.press("S").sees("#1 has not reached the application yet");
    app.called().press("S").sees("asked where #1 is");
}

#[test]
fn who_has_not_begun_to_answer_for_long_is_pointed_out() {
    let app = App::ready(120, 24).begins(&request("GET", "/report"), Source::Client);
    let app = app.called().passes(9900).due().misses("! slow").passes(200).due();
    let app = app.sees("! slow").responds(200, "text/event-stream").misses("! slow");
    app.passes(60_000).due().misses("! slow");
}

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
fn a_traceback_shows_source_that_is_still_what_ran_and_opens_it() {
    let mut app = rich(120, 40).press("enter");
    let file = |name: &str| std::path::PathBuf::from("/home/ada/shop").join(name);
    let shop = "import x\n\ndef goods(name):\n    raise NoSuchThing(name) from error\n";
    let read = vec![
        (file("shop.py"), Some(shop.to_owned())),
        (file("models.py"), Some("edited\nsince\n".to_owned())),
    ];
    assert!(update(&mut app.state, Message::Files(read)).is_empty());
    let app = app
        .sees(">    4     raise NoSuchThing(name) from error")
        .sees("     3 def goods(name):")
        .sees("        return PRICES[name]".trim_start())
        .misses("since")
        .looks_like("tab_source_120x40")
        .press("e")
        .effects(["Edit { file: \"/home/ada/shop/shop.py\", line: 4 }"])
        .press("G e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"])
        .sees("e edit")
        .misses("m view")
        .press("] e")
        .effects([])
        .misses("e edit")
        .sees("there is a file to open in the Traceback tab");
    // On the heading of the cause: its own file, not that of the frame above.
    let app = app.press("[ g ) )").sees("KeyError: 'tea'").press("e");
    app.effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"]);
}

#[test]
fn texts_name_the_keys_that_the_user_has_chosen() {
    let chosen = [
        ("undo", "ctrl-x"),
        ("history", "ctrl-o"),
        ("filter", "a"),
        ("toggle-filter", "A"),
        ("search", "ctrl-s"),
        ("reveal", "w"),
        ("back", "ctrl-g"),
        ("mouse", "ctrl-y"),
        ("down", "ctrl-e"),
    ];
    let mut app = App::ready(80, 24);
    app.state = State::new(facts_with_keys(&chosen), app.now);
    let app = logged_in(app).press("z").sees("1 cleared from the list; ctrl-x brings");
    let app = app.passes(7000).sees("The list was cleared; ctrl-x brings everything");
    let app = app.press("A").sees("there is no filter; a sets one").press("ctrl-x n");
    let app = app.press("? ctrl-e ctrl-e").sees("ctrl-e: more").sees("ctrl-g");
    let app = app.sees("clear what has no mark; ctrl-x brings it back").press("ctrl-g");
    let app = app.press("enter n").sees("nothing is searched for; ctrl-s does");
    let app = app.press("[ [").sees("[secrets are masked; w shows them]").press("w");
    let app = app.misses("[secrets").press("y").sees("ctrl-g: close").press("ctrl-g");
    app.press("ctrl-y").sees("the mouse is the terminal's; ctrl-y takes it again");
}

fn facts_with_keys(chosen: &[(&str, &str)]) -> Facts {
    let setting = |(action, key): &(&str, &str)| KeySetting {
        action: (*action).to_owned(),
        keys: vec![(*key).to_owned()],
        place: Place { file: "config.toml".into(), line: 1 },
    };
    let settings: Vec<KeySetting> = chosen.iter().map(setting).collect();
    let (target, address) = ("shop:app".to_owned(), "http://x".to_owned());
    let mut facts = Facts::new(target, address, TimeZone::UTC);
    facts.keymap = Keymap::new(&settings).unwrap();
    facts
}

#[test]
fn the_last_line_has_the_most_useful_keys_of_the_pane() {
    let mut app = mixed(200, 24);
    let mut lines = Vec::new();
    for pane in ["alt-1", "alt-2", "alt-3", "alt-4"] {
        for width in [40, 80, 200] {
            app = app.resized(width, 24).press(pane);
            let screen = app.screen();
            let line = screen.lines().last().unwrap_or_default();
            lines.push(format!("{pane} {width:3}:{line}"));
        }
    }
    picture("hints", &lines.join("\n"));
}

#[test]
fn a_key_is_told_of_while_it_is_of_use() {
    let last = |app: &mut App| {
        let screen = app.screen();
        screen.lines().last().unwrap_or_default().to_owned()
    };
    let mut app = App::ready(120, 30).passes(7000);
    let line = last(&mut app);
    for key in ["r resend", "F follow", "& on/off", "u undo", "K end", "G newest"] {
        assert!(!line.contains(key), "{key}: {line}");
    }
    let told = |app: App, keys: &str, key: &str, is_told: bool| {
        // What is said in its place goes by itself.
        let mut app = app.press(keys).passes(1).passes(7000);
        let line = last(&mut app);
        assert_eq!(line.contains(key), is_told, "{key}: {line}");
        assert!(line.contains("? help"), "{line}");
        app
    };
    let app =
        app.feed("GET /a").feed("GET /b").begins(&request("GET", "/c"), Source::Client);
    let app = told(app.called(), "G", "K end", true);
    let app = told(app, "k", "K end", false);
    let app = told(app, "k", "F follow", true);
    let app = told(app.feed("GET /d"), "g j", "G newest", true);
    let app = told(app, "f /a enter", "& on/off", true);
    let app = told(app, "f ctrl-u enter", "& on/off", false);
    let app = told(app, "z", "u undo", true);
    let app = told(app, "u", "u undo", false);
    let app = told(app.resized(120, 9), "enter", ") next part", true);
    let app = told(app, "/ t e x t enter", "n match", true);
    let app = told(app, "esc", "n match", false);
    let app = told(app, "G", ") next part", false);
    told(app, "[ [", "m view", true);
}

#[test]
fn tabs_beyond_the_bar_are_told_and_the_chosen_one_is_seen() {
    let bar = |app: &mut App| {
        let screen = app.screen();
        let bar = screen.lines().nth(2).and_then(|line| line.split_once('│'));
        bar.map(|(_, bar)| bar.to_owned()).unwrap_or_default()
    };
    let mut app = rich(120, 40).press("enter");
    assert_eq!(bar(&mut app), " Traceback Over Req Resp Trans Output Hints");
    app = app.press("2 ]");
    assert_eq!(bar(&mut app), " Traceback Over Request Resp Trans Out Hints");
    app = app.feed("GET / 200 text/plain hello").press("space ] ]");
    assert_eq!(bar(&mut app), " Overview Request Response Transcript Output");
    let narrow = |app: &mut App| {
        let screen = app.screen();
        let bar = screen.lines().find(|line| line.contains("Req"));
        bar.map(str::to_owned).unwrap_or_default()
    };
    app = app.press("p ] ]").resized(30, 40);
    assert_eq!(narrow(&mut app), " … Over Req Resp Transcript …");
    app = app.press("5 [");
    assert_eq!(narrow(&mut app), " … Req Resp Trans Out Hints");
}

#[test]
fn the_plain_stream_takes_the_place_of_everything_until_it_is_left() {
    let app = mixed(80, 24).press("s").effects(["Stream"]).press("j r : q");
    let app = app
        .effects(["Retake"])
        .sees("Exchanges 9")
        .press("s esc")
        .effects(["Stream", "Retake"]);
    let mut app = app.press("s ctrl-c").effects(["Stream", "Quit"]);
    update(&mut app.state, Message::Continued);
    app.press("j").sees("Exchanges 9");
}

#[test]
fn the_wheel_moves_the_window_at_once_and_the_cursor_only_as_far_as_it_must() {
    let wheel = |down: bool| format!("\u{1b}[<{};90;10M", 64 + u16::from(down));
    let numbers: Vec<String> = (100..300).map(|number| number.to_string()).collect();
    let body = format!("[{}]", numbers.join(","));
    let line = format!("GET /numbers 200 application/json {body}");
    // Without a step of a key the cursor is on the first line.
    let app =
        App::ready(120, 40).feed(&line).press("[").sees("Content-Type").sees("106,");
    let app = app.press(&wheel(true)).misses("Content-Type").sees("109,");
    let last = |app: &mut App| app.row_of("enter read") - 1;
    let mut app = app.press(&wheel(false)).sees("Content-Type");
    let bottom = last(&mut app);
    let app = app.press("alt-2 G").sees("299").press(&wheel(false)).misses("299");
    let app = app.press(&wheel(true)).sees("299");
    // From the far end the key goes on where the wheel has left the cursor.
    let app =
        app.press("g").press(&wheel(true)).press(&wheel(true)).press("k k k k k k k");
    drop(app.sees("Content-Type"));
    assert!(bottom > 20);
}

#[test]
fn the_wheel_goes_through_lines_that_are_taller_than_the_window() {
    let wheel = |down: bool| format!("\u{1b}[<{};60;10M", 64 + u16::from(down));
    let words = |word: &str| format!("{word} ").repeat(400);
    let body = format!(r#"["{}","{}","end"]"#, words("one"), words("two"));
    let line = format!("GET /long 200 application/json {body}");
    let mut app = App::ready(80, 24).feed(&line).press("[ alt-2 +");
    let mut seen = vec![app.screen()];
    for _ in 0..60 {
        app = app.press(&wheel(true));
        seen.push(app.screen());
    }
    assert!(seen.last().unwrap().contains("\"end\""), "{}", seen.last().unwrap());
    let moves = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(seen[..moves].windows(2).all(|pair| pair[0] != pair[1]), "it stood still");
    for _ in 0..60 {
        app = app.press(&wheel(false));
    }
    app.sees("Content-Type");
}

#[test]
fn a_response_whose_body_still_comes_is_told_from_one_that_has_ended() {
    let app =
        App::ready(100, 30).begins(&request("GET", "/sse"), Source::Client).called();
    let app = app.sees(" … ").responds(200, "text/event-stream").sees("✓ 200…");
    let app = app.sends(b"data: 1\n\n").sees("✓ 200…");
    app.ends(Outcome::Complete).sees("✓ 200 ").misses("✓ 200…");
}

#[test]
fn ctrl_z_stops_the_program_wherever_one_is() {
    for keys in ["alt-1", "alt-2", "?", "o", "y", ": f", "f", "/", ";"] {
        let app = mixed(120, 40).press(keys);
        assert!(
            app.effects(["Suspend"; 0])
                .press("ctrl-z")
                .effects
                .contains(&"Suspend".to_owned())
        );
    }
    // Who comes back finds the dashboard.
    let app = mixed(120, 40).press("s ctrl-z").effects(["Stream", "Suspend"]);
    app.press("s").effects(["Stream"]);
}

#[test]
fn a_click_selects_what_it_hits_and_the_wheel_scrolls_what_is_below_it() {
    let click = |column: u16, row: u16| format!("\u{1b}[<0;{column};{row}M");
    let wheel = |down: bool, column: u16, row: u16| {
        format!("\u{1b}[<{};{column};{row}M", 64 + u16::from(down))
    };
    let app = mixed(120, 40)
        .press("5 G 4 ]")
        .sees("#5 GET")
        .press(&click(10, 6))
        .sees("#2 GET");
    // All of the list is in the window.
    let app = app.press(&wheel(true, 10, 20)).sees("#2 GET");
    // The detail scrolls and the keys stay where they are.
    let app = app.press("5 G").sees("> GET /basket").press(&wheel(true, 90, 20));
    let app = app.resized(120, 20).press(&wheel(true, 90, 10)).misses("> GET /basket");
    let app =
        app.sees("enter read").resized(120, 40).press(&click(85, 3)).sees("Outcome  ");
    let app = app.sees("space next").press(&click(10, 38)).misses("space next");
    // Over what lies on top and beside everything nothing is hit.
    let app = app.press("alt-1 ?").press(&click(10, 6)).sees(">    5 g1");
    let app = app.press("esc : x").press(&click(10, 6)).sees("#5 GET").press("esc");
    app.press(&click(300, 300))
        .press(&click(1, 1))
        .sees("#5 GET")
        .press("alt-m")
        .effects(["Mouse(false)"])
        .press("alt-m")
        .effects(["Mouse(true)"]);
}

/// What a terminal sends while the left button goes down, the pointer moves to places with
/// it, and it comes up at the last.
fn dragged(places: &[(u16, u16)]) -> String {
    let last = places.len() - 1;
    let pressed = places.iter().enumerate().map(|(number, (column, row))| {
        let button = if number == 0 { 0 } else { 32 };
        format!("\u{1b}[<{button};{column};{row}M")
    });
    let released = format!("\u{1b}[<0;{};{}m", places[last].0, places[last].1);
    pressed.chain([released]).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_dragged_over_is_lit_and_copied_as_it_is_shown() {
    let body = r#"{"tea": 1, "password": "t0psecret", "ünï": "日本語"}"#;
    let app = App::ready(120, 40)
        .begins(&request("GET", "/a"), Source::Client)
        .responds(200, "application/json")
        .sends(body.as_bytes())
        .ends(Outcome::Complete)
        .press("enter [");
    let mut app = app.sees("\"password\": \"***\"");
    let screen = app.screen();
    let find = |text: &str| {
        let row = screen.lines().position(|line| line.contains(text)).unwrap();
        let line = screen.lines().nth(row).unwrap();
        let at = line.chars().collect::<Vec<_>>();
        let start = line[..line.find(text).unwrap()].chars().count();
        assert!(start < at.len());
        (u16::try_from(start + 1).unwrap(), u16::try_from(row + 1).unwrap())
    };
    let (tea, password, wide) = (find("\"tea\""), find("***"), find("\"日"));
    // Within a line, either way.
    let one = ["copy the selection of #1, .txt: \"tea\""];
    let app = app.press(&dragged(&[tea, (tea.0 + 4, tea.1)])).effects(one);
    let app = app.press(&dragged(&[(tea.0 + 4, tea.1), tea])).effects(one);
    // Over lines, and half a wide character is a whole one.
    let mut app =
        app.press(&dragged(&[password, (90, wide.1 + 1), (wide.0 + 1, wide.1)]));
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["***\",", "  \"ünï\": \"日 "]);
    let app = app.effects(["copy the selection of #1, .txt: ***\",\n  \"ünï\": \"日"]);
    // Nothing is copied by a click, and a key takes the light away.
    let mut app = app.press(&dragged(&[tea])).effects([]);
    assert_eq!(lit(&mut app, colour), [""; 0]);
    let mut app = app.press(&dragged(&[tea, password])).press("j");
    assert_eq!(lit(&mut app, colour), [""; 0]);
}

#[test]
fn a_drag_beyond_the_window_takes_it_along() {
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}\n")).collect();
    let text = lines.concat();
    let app = App::ready(80, 24)
        .begins(&request("GET", "/a"), Source::Client)
        .responds(200, "text/plain")
        .sends(text.as_bytes())
        .ends(Outcome::Complete)
        .press("enter _ + ) j j j");
    let mut app = app.sees("line 0");
    let screen = app.screen();
    let row = screen.lines().position(|line| line.ends_with("line 3")).unwrap();
    let mut places = vec![(3, u16::try_from(row + 1).unwrap())];
    places.extend(std::iter::repeat_n((8, 24), 30));
    let app = app.press(&dragged(&places)).sees("line 40");
    let copied = app.effects.concat();
    assert!(
        copied.contains("line 3\nline 4\n") && copied.contains("\nline 40\n"),
        "{copied}"
    );
    assert!(!copied.contains("< "), "{copied}");
}

#[test]
fn rows_of_the_list_are_selected_and_copied_as_they_are_shown() {
    let mut app = mixed(120, 40);
    let path = app.column_of("/static");
    let logo = ["copy the selection of the list, .txt: /static/logo.png"];
    let mut app = app.press(&dragged(&[(path, 6), (path + 15, 6)])).effects(logo);
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["/static/logo.png"]);
    app = app.sees("#2 GET").press("j");
    assert_eq!(lit(&mut app, colour), [""; 0]);
    // From a row to the end of the one above, which is cut behind its last sign.
    let app = app.press(&dragged(&[(path, 7), (path + 3, 6)]));
    let copied = app.effects.concat();
    let (first, last) = copied.split_once('\n').unwrap();
    assert!(first.contains(": atic/logo.png") && first.ends_with("13 ms"), "{copied}");
    assert!(last.contains("POST") && last.ends_with(" /"), "{copied}");
    // It is what was lit that is copied, wherever its row is by then.
    let mut app = mixed(120, 40).press("o n");
    app.hit(&format!("\u{1b}[<0;{path};6M"));
    app.hit(&format!("\u{1b}[<32;{};6M", path + 6));
    app = app.brief(10);
    app.hit(&format!("\u{1b}[<0;{};6m", path + 6));
    app = app.effects(["copy the selection of the list, .txt: /events"]);
    assert_eq!(lit(&mut app, colour), ["/events"]);
    // A reload is a row like any other.
    let mut app = App::ready(80, 24).feed("GET /a").saves(2, ["a.py"]).forked(2);
    let reload = app.column_of("── gen 2") + 3;
    let row = app.row_of("── gen 2");
    app.press(&dragged(&[(reload, row), (reload + 4, row)]))
        .effects(["copy the selection of the list, .txt: gen 2"]);
}

#[test]
fn what_the_application_prints_is_selected_and_copied() {
    let app = App::ready(80, 24).prints(OutputStream::Stdout, "tea 日本\tone".as_bytes());
    let app = app.prints(OutputStream::Stderr, b"\x1b[12Jtw\x1b[31mo and three");
    let mut app = app.press("alt-3 alt-1");
    let column = app.column_of("日本");
    let row = app.row_of("日本");
    let places = [(column + 1, row), (8, row + 1)];
    let mut app = app
        .press(&dragged(&places))
        .effects([r"copy the selection of the output, .txt: 日本        one
\x1b[1"]);
    let colour = app.styles.matched_here.bg.unwrap();
    assert_eq!(lit(&mut app, colour), ["日 本         one", r"\x1b[1"]);
    // What is scrolled to the side is what it is.
    let app = app.press("alt-3 L").press(&dragged(&[(3, row + 1), (5, row + 1)]));
    app.effects(["copy the selection of the output, .txt: two"]);
}

#[test]
fn only_the_left_button_selects_and_only_text() {
    let app = mixed(120, 40).press("2 G").sees("#2 GET");
    // The right one and the middle one, over the list.
    let app =
        app.press("\u{1b}[<2;10;8M \u{1b}[<2;10;8m \u{1b}[<1;10;8M \u{1b}[<1;10;8m");
    app.sees("#2 GET")
        .press(&dragged(&[(10, 1), (20, 8)]))
        .effects([])
        .sees("nothing is selected from here; with shift the terminal does it");
}

#[test]
fn a_click_on_the_title_of_a_column_sorts_by_it_and_once_more_turns_that_round() {
    let mut app = mixed(120, 40);
    let screen = app.screen();
    let titles = screen.lines().nth(2).unwrap();
    let column = u16::try_from(titles.find("took").unwrap() + 2).unwrap();
    let click = format!("\u{1b}[<0;{column};3M");
    let app = app.press(&click).sees("by duration ↓").press(&click);
    let number = format!("\u{1b}[<0;{};3M", 6);
    app.sees("by duration ↑").press(&number).sees("Exchanges 9  ").misses(", by ");
}

#[test]
fn a_click_is_for_the_row_that_was_seen_there() {
    let click = "\u{1b}[<0;10;6M";
    let mut app = mixed(120, 40).sees(">    9").press(click).sees(">    2 g1");
    app = app.press("o n").sees("by number ↓").press(click).sees(">    7 g1");
    // The list is another before the next frame, and so is what came meanwhile.
    app.hit("o p");
    app = app.brief(10);
    app.hit("\u{1b}[<0;10;7M");
    app = app.sees("by path").sees(">    6 g1").press("o n");
    // What is not listed any more is not selected.
    app.hit("f status:404 enter");
    app.hit(click);
    app.sees("1 of 10").sees(">    4 g1");
}

#[test]
fn a_click_on_a_frame_is_what_is_opened() {
    let click = |column: u16, row: u16| format!("\u{1b}[<0;{column};{row}M");
    let mut app = rich(120, 40).press("enter");
    let screen = app.screen();
    let row = screen.lines().position(|line| line.contains("models.py:2"));
    let row = u16::try_from(row.unwrap_or_default() + 1).unwrap_or_default();
    app.press(&click(90, row))
        .press("e")
        .effects(["Edit { file: \"/home/ada/shop/models.py\", line: 2 }"]);
}

#[test]
fn a_help_longer_than_the_screen_tells_how_far_one_is() {
    let app = mixed(80, 24).press("?").sees("j: more  ").press("G").sees("k: back  ");
    let app =
        app.misses("j: more").press("k").sees("j: more").press("ctrl-f").sees("k: back");
    app.press("g").sees("In the list of exchanges").press("esc").misses("k: back");
    App::ready(80, 120).press("?").sees("esc: close");
}

#[test]
fn the_help_comes_from_the_table_of_keys() {
    mixed(80, 24)
        .press("?")
        .sees("send the request again")
        .looks_like("help_80x24")
        .press("q")
        .misses("send the request again")
        .effects([])
        .resized(120, 40)
        .press("enter ?")
        .looks_like("help_120x40");
}

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
fn what_is_typed_behind_a_colon_is_a_command() {
    App::ready(80, 24)
        .feed("GET / 200 text/plain body")
        .press(": c o")
        .sees(":co")
        .sees(
            " :cold                       import the code again, with no library in memory",
        )
        .sees(" :copy WHAT          y       copy it as curl, its response body …")
        .looks_all_like("command_80x24")
        .press("l tab enter")
        .effects(["Send(Cold)"])
        .sees("importing the code again, from nothing")
        .press(": up")
        .sees(":cold")
        .press("ctrl-u r e l enter")
        .effects(["Send(Reload)"])
        .press(": q esc")
        .sees("q quit")
        .press(": f o l d enter")
        .sees("there is nothing to fold")
        .press(": z z enter")
        .sees("there is no command \"zz\"")
        .press(": l e f t enter")
        .sees("that is for the output pane")
        .press(": s o r t space")
        .sees("number  generation  time")
        .press("ctrl-u s a v e tab enter")
        .sees("save response body of #1")
        .press("esc : m a r k enter")
        .effects(["remark 1: marked; "])
        .press(": 2 G q")
        .sees(":2Gq")
        .press("ctrl-c")
        .effects([])
        .press(": q u i t enter")
        .effects(["Quit"]);
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

#[test]
fn hostile_bytes_are_shown_and_never_obeyed() {
    let app = App::ready(120, 40)
        .begins(
            "GET /\u{1b}[31m\u{202e}gpj.exe HTTP/1.1\nX: \u{7}\u{9b}2J\n\n",
            Source::Client,
        )
        .responds(200, "text/plain; \u{1b}]0;title\u{7}")
        .sends("a\tb\n\u{1b}[2Jgone\u{202e}txet\u{200b}\nline\rover\n".as_bytes())
        .sends(b"\xff\xfe latin\xe9\n")
        .sends("日本語 ❄️ e\u{301}\n".as_bytes())
        .ends(Outcome::Cut("\u{1b}[31mred".to_owned()))
        .prints(OutputStream::Stdout, b"\x1b[31mred\x1b[0m\ttab \xe2\x80\xae bidi \x00")
        .looks_like("hostile_120x40")
        .resized(80, 24)
        .press("enter")
        .looks_like("hostile_80x24");
    let mut app = app;
    let buffer = app.frame();
    for cell in buffer.content() {
        let deceptive = |character: char| {
            character.is_control() || matches!(character, '\u{200b}' | '\u{202e}')
        };
        assert!(!cell.symbol().contains(deceptive), "{:?}", cell.symbol());
    }
}

#[test]
fn any_window_can_be_drawn() {
    let sizes = [
        (1, 1),
        (1, 30),
        (2, 2),
        (20, 5),
        (30, 1),
        (80, 24),
        (99, 9),
        (120, 40),
        (300, 90),
    ];
    let mut app = mixed(80, 24);
    for (width, height) in sizes {
        app = app.resized(width, height);
        for keys in ["g enter L L", "G", "tab", "?", "j", "esc", "tab ctrl-d ctrl-b"] {
            app = app.press(keys);
        }
    }
    app.resized(80, 24).press("esc").sees("Exchanges 9");
}

#[test]
fn the_cursor_follows_the_newest_until_it_is_moved() {
    App::ready(80, 24)
        .feed("GET /one 200")
        .feed("GET /two 200")
        .sees("#2 GET")
        .sees("following")
        .press("k")
        .sees("#1 GET")
        .feed("GET /three 200")
        .feed("GET /four 200")
        .sees("#1 GET")
        .sees("2 new")
        .press("F")
        .sees("#4 GET")
        .feed("GET /five 200")
        .sees("#5 GET");
}

#[test]
fn whoever_reads_the_detail_is_not_disturbed() {
    App::ready(80, 24)
        .feed("GET /one 200")
        .press("enter")
        .feed("GET /two 200")
        .sees("#1 GET")
        .sees("1 new")
        .press("space")
        .sees("#2 GET")
        .press("p")
        .sees("#1 GET");
}

#[test]
fn digits_are_counts() {
    let mut app = App::ready(80, 24);
    for number in 1..=60 {
        app = app.feed(&format!("GET /{number} 200"));
    }
    app.press("4 2 G")
        .sees("#42 GET")
        .press("1 0 k")
        .sees("#32 GET")
        .press("g")
        .sees("Generation 1")
        .press("1 G")
        .sees("#1 GET");
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
fn q_closes_what_is_open_before_it_quits() {
    App::ready(80, 24)
        .feed("GET / 200")
        .press("enter ?")
        .press("q")
        .press("q")
        .effects([])
        .press("q")
        .effects(["Quit"])
        .press("enter Q")
        .effects(["Quit"])
        .press("ctrl-c")
        .effects(["Quit"])
        .press("ctrl-z f5 ctrl-l")
        .effects(["Suspend", "Send(Reload)", "Redraw"]);
}

#[test]
fn a_paste_presses_no_keys() {
    App::ready(80, 24)
        .press("\x1b[200~q\x1b[201~")
        .effects([])
        .press(": \x1b[200~co\rld\x1b[201~")
        .sees(":cold")
        .effects([]);
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
fn what_took_a_second_is_seen_among_what_did_not() {
    let slow = |app: App, kind: &str| {
        let app = app.begins(&request("GET", "/slow"), Source::Client).called();
        app.passes(1500).responds(200, kind).ends(Outcome::Complete)
    };
    let app = slow(App::ready(120, 24).feed("GET / 200"), "text/html");
    let mut app = slow(app, "text/event-stream");
    let colour = app.styles.client_error.fg.unwrap();
    assert_eq!(coloured(&mut app, colour), ["1.5 s"]);
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
fn what_is_searched_for_in_a_large_body_is_gone_to_once_it_was_read() {
    let body = format!("{}needle\n", "hay\n".repeat(200_000));
    let mut app = App::ready(100, 30)
        .begins(&request("GET", "/hay"), Source::Client)
        .responds(200, "text/plain")
        .sends(body.as_bytes())
        .ends(Outcome::Complete);
    let regions = layout(&app.state, Rect::new(0, 0, 100, 30));
    for key in "enter [ / n e e d l e".split(' ') {
        app.hit(key);
        app.state.settle(&regions);
        update(&mut app.state, Message::Work);
    }
    assert!(!app.state.is_busy(), "there is nothing to be looked through yet");
    let seen = |app: &App| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        draw(&app.state, &regions, &app.styles, &mut buffer);
        (0..30).map(|y| text_of_row(&buffer, y)).collect::<Vec<_>>().join("\n")
    };
    let before = seen(&app);
    assert!(before.contains("/needle …"), "{before}");
    assert!(before.contains("[reading 800 kB …]"), "{before}");
    app.frame();
    while app.state.is_busy() {
        update(&mut app.state, Message::Work);
    }
    app.sees("/needle 1/1").sees("│needle");
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

#[test]
fn long_lines_go_on_below() {
    let words: Vec<String> = (0..200).map(|number| format!("\"{number}\",")).collect();
    let app = App::ready(80, 24).feed(&format!("GET / 200 json {}", words.join(" ")));
    app.press("enter )")
        .sees(r#"< "0", "1", "2","#)
        .misses(r#""199","#)
        .press("G")
        .sees(r#""199","#)
        .misses("…\n")
        .press("k k k k k k k k k k k k k k k k k k k k k k")
        .sees(r#"< "0", "1", "2","#)
        .resized(40, 24)
        .press("G")
        .sees(r#""199","#)
        .misses("…\n");
}

#[test]
fn information_goes_by_itself_and_a_warning_stays() {
    let app = App::ready(80, 24).press("f5").passes(1).sees("importing the code again");
    let app = app.passes(7000).misses("importing the code again").press("r").passes(1);
    let app = app.sees("there is no request to send again").press("?").misses("there is");
    let (severity, text) = (Severity::Warning, "something is odd".to_owned());
    let (at, notice) = (app.now, Notice { severity, text });
    app.press("q")
        .tell(Event::Notice { at, notice })
        .passes(60_000)
        .passes(60_000)
        .sees(" something is odd");
}

#[test]
fn keys_faster_than_frames_mean_the_same() {
    let mut app = App::ready(80, 24).feed("GET /one 200").feed("GET /two 200 a body");
    app.hit("k enter j k ) j ( ) ] [ ctrl-d G");
    let at_once = app.screen();
    let mut app = app.press("esc G").press("k enter j k ) j ( ) ] [ ctrl-d G");
    assert_eq!(app.screen(), at_once);
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

#[test]
fn it_is_said_that_saves_are_not_brought_in() {
    let mut app = App::ready(80, 24).misses("no --reload");
    app.state = {
        let zone = TimeZone::UTC;
        let mut facts = Facts::new("shop:app".to_owned(), "http://x".to_owned(), zone);
        facts.reloads = false;
        State::new(facts, app.now)
    };
    app.sees("no --reload");
}

/// The cheapest of a few frames after each of these keys, in nanoseconds of the processor:
/// those of a clock would count what else the machine does.
fn costs<const N: usize>(
    exchanges: u64,
    body: usize,
    keys: [&'static str; N],
) -> [(&'static str, u64); N] {
    let spent = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split(' ').next().and_then(|spent| spent.parse::<u64>().ok()).unwrap()
    };
    let mut app = App::ready(160, 50);
    for number in 1..=exchanges {
        app = app.brief(number);
    }
    // One endless line, as JSON often is.
    let text = "{\"n\": 12345, \"text\": \"xxxxxxxxxxxxxxxxx\"}, ".repeat(250_000);
    app = app
        .begins(&request("GET", "/big"), Source::Client)
        .responds(200, "application/json")
        .sends(&text.as_bytes()[..body])
        .ends(Outcome::Complete)
        .press("enter")
        .sees(&format!("Exchanges {}", exchanges + 1));
    keys.map(|keys| {
        let frames = (0..5).map(|_| {
            let before = spent();
            app.hit(keys);
            app.frame();
            spent() - before
        });
        (keys, frames.min().unwrap_or_default())
    })
}

#[test]
fn a_frame_costs_little_however_much_is_kept() {
    let keys = ["G", "k", "ctrl-b", "j", "g", "ctrl-f", "esc k", "g", "G"];
    let little = costs(100, 100 << 10, keys);
    let most = little.map(|(_, cost)| cost).into_iter().max().unwrap();
    for (keys, cost) in costs(20_000, 10 << 20, keys) {
        assert!(cost < 4 * most, "{keys}: {cost} ns, and with little {little:?}");
    }
}

#[test]
fn notices_are_said_and_kept_among_the_output() {
    let notice =
        Notice { severity: Severity::Warning, text: "the disk is \u{1b}full".to_owned() };
    let app = App::ready(80, 24);
    let at = app.now;
    app.tell(Event::Notice { at, notice })
        .sees(" the disk is \\x1bfull")
        .press("j")
        .sees("* the disk is \\x1bfull");
}

#[test]
fn colours_and_attributes_have_their_meaning() {
    let mut app = mixed(80, 24).press("5 G enter 4 ] end");
    let buffer = app.frame();
    // But for those of the last line, which has the keys.
    let styles = styled(&buffer);
    let styles: Vec<&str> = styles.lines().filter(|it| !it.starts_with("23 ")).collect();
    picture("styled_80x24", &styles.join("\n"));
}

#[test]
fn the_selection_is_seen_without_colours() {
    let mut app = mixed(80, 24);
    app.styles = Styles::new(None);
    let buffer = app.frame();
    let selected: Vec<u16> = (0..buffer.area.height)
        .filter(|y| buffer[(0, *y)].symbol() == ">" && *y < 9)
        .collect();
    assert_eq!(selected.len(), 1);
    let cell = &buffer[(5, selected[0])];
    assert!(cell.modifier.contains(Modifier::REVERSED));
    for cell in buffer.content() {
        assert_eq!(cell.fg, Color::Reset);
        assert_eq!(cell.bg, Color::Reset);
    }
}
