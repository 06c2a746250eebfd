//! Exchanges of other runs, looked up in the history.

use super::*;

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
