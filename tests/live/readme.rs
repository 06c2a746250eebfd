//! README.md and the program in step: the help, the keys, the transcript, the commands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use _rdev::bus::Losses;
use _rdev::exchange::{Event, ExchangeEvent, ExchangeId, Request, Source};
use _rdev::tui::{Facts, Message, State, Styles, draw, layout, update};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::rdev::rdev;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const README: &str = include_str!("../../README.md");

/// The blocks between fences, without their last line end.
fn blocks() -> impl Iterator<Item = &'static str> {
    let fenced = README.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').map_or("", |(_, text)| text.trim_end()))
}

#[test]
fn the_help_in_the_readme_is_that_of_the_program() {
    let output = Command::new(env!("CARGO_BIN_EXE_rdev")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(blocks().any(|block| block == help.trim_end()), "README.md lacks\n{help}");
}

#[test]
fn the_transcript_in_the_readme_is_that_of_the_program() {
    let sample = blocks().find(|block| block.starts_with("rdev: serving ")).unwrap();
    let lines = |prefix| sample.lines().filter_map(move |line| line.strip_prefix(prefix));
    let request: Vec<&str> = lines(">").map(str::trim_start).collect();
    let request = request.join("\r\n") + "\r\n";
    let mut server = rdev(Path::new(ROOT)).arg("examples/hello.py").serve();
    server.connect().ask("GET", request).expect(200);
    server.wait_for("the whole transcript", |program| {
        let lines = program.said().lines().count();
        // `said` has three lines of its own.
        lines >= sample.lines().count() + 3
    });
    let shown = format!("{}{}", server.stderr(), server.stdout());
    assert_eq!(masked(&shown), masked(sample), "{shown}");
}

/// Without what is another at each run: ports, times, the date.
fn masked(transcript: &str) -> Vec<&str> {
    transcript.lines().map(without_chance).collect()
}

fn without_chance(line: &str) -> &str {
    let end = match line {
        _ if line.starts_with("rdev: serving ") => line.rfind(':'),
        _ if line.starts_with("rdev: generation ") => line.find(" in "),
        _ if line.starts_with('#') => line.find([',', ':']),
        _ if line.starts_with("< Date: ") => line.find(": "),
        _ => None,
    };
    line[..end.unwrap_or(line.len())].trim_end()
}

#[test]
fn the_keys_in_the_readme_are_those_of_the_dashboard() {
    let mut places = BTreeMap::<_, Vec<&str>>::new();
    for (tabs, place) in ["list", "detail", "output"].into_iter().enumerate() {
        let help = help_of_pane(tabs, place);
        let end = help.iter().position(|row| row.starts_with(" On the command line"));
        for binding in keys(&help[..end.unwrap()]) {
            places.entry(binding).or_default().push(place);
        }
        for binding in keys(&help[end.unwrap()..]) {
            places.insert(binding, vec!["command line"]);
        }
    }
    let rows = places.into_iter().map(|((keys, help), places)| {
        let is_command =
            keys.starts_with(':') && !keys.starts_with(": ") && keys.len() > 1;
        let keys = if is_command { keys } else { keys.replace(' ', "` `") };
        // A bar would end the cell.
        let keys = keys.replace('|', "\\|");
        let place = places.join(", ").replace("list, detail, output", "everywhere");
        format!("| `{keys}` | {place} | {help} |")
    });
    let expected: BTreeSet<String> = rows.collect();
    let table = README.split("| key | where | |\n|---|---|---|\n").nth(1).unwrap_or("");
    let rows = table.lines().take_while(|line| line.starts_with('|')).map(str::to_owned);
    let rows: BTreeSet<String> = rows.collect();
    assert!(rows == expected, "{rows:#?} instead of {expected:#?}");
}

/// The rows of the help screen, without the signs, in the pane that is reached by so many
/// tabs.
fn help_of_pane(tabs: usize, place: &str) -> Vec<String> {
    let mut state = dashboard_with_an_exchange();
    for key in [vec![KeyCode::Tab; tabs], vec![KeyCode::Char('?')]].concat() {
        screen(&mut state);
        update(&mut state, Message::Key(KeyEvent::new(key, KeyModifiers::NONE)));
    }
    let rows = screen(&mut state);
    let start = rows.iter().position(|row| row.starts_with(" Keys ")).unwrap();
    let end = rows.iter().position(|row| row.starts_with(" Signs")).unwrap();
    assert!(rows[start + 1].contains(place), "{rows:#?}");
    rows[start..end].to_vec()
}

/// Keys, or commands, and their meanings.
fn keys(rows: &[String]) -> Vec<(String, String)> {
    let bindings = rows.iter().filter_map(|row| row.strip_prefix("   "));
    let bindings = bindings.filter(|row| !row.starts_with(' '));
    bindings
        .map(|row| {
            let (keys, help) = row.split_at(14);
            (keys.trim_end().to_owned(), help.trim_end().to_owned())
        })
        .collect()
}

fn dashboard_with_an_exchange() -> State {
    let at = Timestamp::UNIX_EPOCH;
    let facts = Facts::new(String::new(), String::new(), TimeZone::UTC);
    let mut state = State::new(facts, at);
    let request = Arc::new(Request { raw: Vec::new(), head: None });
    let (source, client) = (Source::Client, String::new());
    let what = ExchangeEvent::Began { source, client, request };
    let events = vec![Event::Exchange { id: ExchangeId(1), at, what }];
    update(&mut state, Message::Events { events, losses: Losses::default() });
    state
}

/// The rows of the dashboard in a window as wide as the help.
fn screen(state: &mut State) -> Vec<String> {
    let area = Rect::new(0, 0, 72, 160);
    let regions = layout(state, area);
    state.settle(&regions);
    let mut buffer = Buffer::empty(area);
    draw(state, &regions, &Styles::new(None), &mut buffer);
    let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect()
}

#[test]
fn whatever_the_readme_names_is_there() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let words = blocks().flat_map(str::split_whitespace);
    let words = words.filter(|word| word.starts_with("examples/"));
    for file in files.chain(words) {
        assert!(Path::new(ROOT).join(file).exists(), "{file}");
    }
}
