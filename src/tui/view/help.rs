//! The help screen, made from the table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::super::commands::COMMANDS;
use super::super::keymap::{Action, Bound, Context};
use super::super::state::Facts;
use super::super::tabs::safe;
use super::super::theme::Styles;
use super::cells::{heading, put, row};

/// Columns of the popup, and of the keys in it.
const WIDTH: u16 = 72;
const KEYS: u16 = 16;
/// Columns beside it below which nothing is left there.
const MARGIN: u16 = 20;

/// What the signs mean.
const SIGNS: [(&str, &str); 10] = [
    ("✓ → !", "answered with 2xx, 3xx, 4xx"),
    ("✗", "answered with 5xx, raised, or was cut short"),
    ("…", "not answered yet; behind a status: the body goes on"),
    ("‖ held", "waits for the new code"),
    ("── gen 3", "a reload: why, how long it took and how it was made"),
    ("g3", "answered by generation 3, the third import of the code"),
    ("↻7", "number 7 sent again"),
    ("* • ;", "beside the cursor: pinned, else marked, else commented on"),
    ("│ ║", "printed to stdout, to stderr"),
    ("*", "in the output: said by rdev"),
];

/// What can be typed besides.
const ANY: &str = "what any key does, by its name; they are listed";

/// A line of the help screen.
enum Line<'a> {
    Heading(String),
    Bound(&'a Bound),
    Command(String, &'a str),
    Sign(&'static str, &'static str),
    View(String, &'a str),
    Empty,
}

/// How many lines there are, and how many of them are seen at a time.
pub(in crate::tui) fn help_size(
    of: Context,
    facts: &Facts,
    area: Rect,
) -> (usize, usize) {
    let lines = lines(of, facts).len();
    (lines, lines.min(area.height.saturating_sub(1).into()))
}

/// What counts only here comes first, then what counts everywhere.
fn lines(of: Context, facts: &Facts) -> Vec<Line<'_>> {
    let keymap = &facts.keymap;
    let general = |bound: &&Bound| bound.row.contexts.contains(&Context::Traffic);
    let (shared, own): (Vec<_>, Vec<_>) = keymap.bindings(of).partition(general);
    let mut lines = Vec::new();
    if !own.is_empty() {
        lines.push(Line::Heading(format!("In the {}", place(of))));
        lines.extend(own.into_iter().map(Line::Bound));
        lines.push(Line::Empty);
    }
    lines.push(Line::Heading("Everywhere".to_owned()));
    lines.extend(shared.into_iter().map(Line::Bound));
    let commands = COMMANDS.iter();
    lines.extend(commands.map(|it| Line::Command(it.usage(), it.help(keymap))));
    lines.push(Line::Command(":NAME".to_owned(), ANY));
    lines.push(Line::Empty);
    lines.push(Line::Heading("On the command line".to_owned()));
    lines.extend(keymap.bindings(Context::CommandLine).map(Line::Bound));
    lines.push(Line::Empty);
    let views = facts.views.iter();
    let views = views.map(|(name, filter)| Line::View(format!("@{name}"), filter));
    let views: Vec<_> = views.collect();
    if !views.is_empty() {
        lines.push(Line::Heading("Views, in a filter".to_owned()));
        lines.extend(views);
        lines.push(Line::Empty);
    }
    lines.push(Line::Heading("Signs".to_owned()));
    lines.extend(SIGNS.map(|(sign, meaning)| Line::Sign(sign, meaning)));
    lines
}

fn place(of: Context) -> String {
    match of {
        Context::List => "list of exchanges".to_owned(),
        other => other.name().to_owned(),
    }
}

pub(super) fn draw(
    (of, top): (Context, usize),
    facts: &Facts,
    area: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let (lines, keymap) = (lines(of, facts), &facts.keymap);
    let height = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min(area.height);
    // Where little would be left beside it, it takes all.
    let width = if area.width < WIDTH + MARGIN { area.width } else { WIDTH };
    let popup = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    // A margin, so that what lies below does not run into the text.
    let around = Rect { x: popup.x.saturating_sub(1), width: width + 2, ..popup };
    Clear.render(around.intersection(buffer.area), buffer);
    let shown = usize::from(height.saturating_sub(1));
    let top = top.min(lines.len().saturating_sub(shown));
    let last = (top + shown).min(lines.len());
    let key = |action| keymap.key_in(Context::Help, action);
    let place = match (top, lines.len()) {
        (0, all) if all == last => format!("{}: close", key(Action::Back)),
        (_, all) if all == last => format!("{}: back  {last}/{all}", key(Action::Up)),
        (_, all) => format!("{}: more  {last}/{all}", key(Action::Down)),
    };
    heading(buffer, row(popup, 0), true, ("Keys", &place), styles);
    for (number, line) in lines.iter().skip(top).take(shown).enumerate() {
        let place = row(popup, number + 1);
        match line {
            Line::Empty => {}
            Line::Heading(text) => {
                put(buffer, place, 1, text, styles.strong);
            }
            Line::Bound(Bound { keys, help, .. }) => {
                put_row(buffer, place, (keys, help), styles);
            }
            Line::Sign(sign, meaning) => {
                put_row(buffer, place, (sign, meaning), styles);
            }
            // Whatever a name is, the filter is to be read.
            Line::View(left, right) => {
                let column =
                    put(buffer, place, 3, &safe(left.as_bytes()), styles.request);
                put(
                    buffer,
                    place,
                    (KEYS + 1).max(column + 2),
                    &safe(right.as_bytes()),
                    Style::new(),
                );
            }
            Line::Command(left, right) => {
                put(buffer, place, 3, left, styles.request);
                put(buffer, place, KEYS + 1, right, Style::new());
            }
        }
    }
}

/// Keys or a sign in a column of their own, and what they mean.
fn put_row(
    buffer: &mut Buffer,
    place: Rect,
    (left, right): (&str, &str),
    styles: &Styles,
) {
    let narrow = Rect { width: KEYS.min(place.width), ..place };
    put(buffer, narrow, 3, left, styles.request);
    put(buffer, place, KEYS + 1, right, Style::new());
}
