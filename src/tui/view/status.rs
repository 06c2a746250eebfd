//! The first line, which tells how things stand, and the last, which tells what was just
//! said or which keys there are.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::{Fate, Severity};
use crate::history::Store;
use crate::text;

use super::super::state::State;
use super::super::theme::Styles;
use super::cells::{put, put_right};
use super::hints;
use super::list::elapsed;
use super::typed_line;

/// Columns that a failure may take, so that something else fits beside it.
const LONGEST_FAILURE: usize = 60;

/// A piece of the status line. Those with a high rank go first when there is no room.
struct Piece {
    rank: u8,
    text: String,
    style: Style,
}

/// How much is said about what is there.
#[derive(Clone, Copy)]
enum Wording {
    Full,
    Short,
}

pub(super) fn draw(state: &State, line: Rect, styles: &Styles, buffer: &mut Buffer) {
    let fits = |pieces: &[Piece]| {
        let width: usize = pieces.iter().map(|piece| text::width(&piece.text) + 2).sum();
        width <= usize::from(line.width) + 1
    };
    let mut pieces = pieces(state, Wording::Full, styles);
    if !fits(&pieces) {
        pieces = self::pieces(state, Wording::Short, styles);
    }
    while !fits(&pieces) && pieces.len() > 1 {
        let highest = pieces.iter().map(|piece| piece.rank).max().unwrap_or(0);
        pieces.retain(|piece| piece.rank != highest);
    }
    let mut column = 1;
    for piece in &pieces {
        column = put(buffer, line, column, &piece.text, piece.style) + 2;
    }
}

fn pieces(state: &State, wording: Wording, styles: &Styles) -> Vec<Piece> {
    let server = &state.server;
    let plain = Style::new();
    let mut pieces = Vec::new();
    let mut add = |rank, text, style| pieces.push(Piece { rank, text, style });
    add(3, safe(&state.facts.target), styles.strong);
    add(2, safe(&state.facts.address), plain);
    let (generation, style) = generation(state, wording, styles);
    add(0, generation, style);
    if !state.facts.reloads {
        add(4, "no --reload".to_owned(), styles.faint);
    }
    add(5, counted(server.exchanges, "exchange"), plain);
    if server.errors > 0 {
        add(1, format!("✗ {}", counted(server.errors, "error")), styles.server_error);
    }
    if !server.held.is_empty() {
        add(1, format!("‖ {} held", server.held.len()), styles.pending);
    }
    if server.in_flight > 0 {
        add(6, format!("{} in flight", server.in_flight), styles.pending);
    }
    if let Some(missing) = missing(state) {
        add(1, missing, styles.client_error);
    }
    pieces
}

fn generation(state: &State, wording: Wording, styles: &Styles) -> (String, Style) {
    let Some(generation) = state.newest() else {
        return ("starting …".to_owned(), styles.pending);
    };
    let id = generation.id;
    let rung = generation.making.as_ref().map(|making| making.rung.name());
    match &generation.fate {
        // The next one follows at once.
        Fate::Importing | Fate::Discarded => {
            let elapsed = elapsed(generation.began, state.now);
            (format!("gen {id} … importing {elapsed}"), styles.pending)
        }
        Fate::Ready | Fate::Retired => {
            let took = generation.took.unwrap_or_default().as_secs_f64();
            let (took, rung) = (text::duration(took), rung.unwrap_or_default());
            let words = match wording {
                Wording::Full => format!("imported in {took}, {rung}"),
                Wording::Short => format!("{took} {rung}"),
            };
            (format!("gen {id} ✓ {words}"), styles.success)
        }
        Fate::Failed(traceback) => {
            let what = text::clip(&safe(&traceback.summary()), LONGEST_FAILURE);
            (format!("gen {id} ✗ failed: {what}"), styles.server_error)
        }
        Fate::Died(how) => {
            let how = text::clip(&safe(how), LONGEST_FAILURE);
            let next = generation
                .held_back
                .map(|(since, pause)| next_try(since, pause, state.now));
            let next = next.unwrap_or_default();
            (format!("gen {id} ✗ died: {how}{next}"), styles.server_error)
        }
    }
}

/// When a generation that keeps dying is tried again.
fn next_try(since: Timestamp, pause: Duration, now: Timestamp) -> String {
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    let left = pause.saturating_sub(passed).as_secs_f64();
    format!(", keeps dying: next try in {left:.1} s")
}

/// What is not there any more, or never was.
fn missing(state: &State) -> Option<String> {
    let (dropped, lost) = (state.of_this_run().dropped(), state.server.losses);
    let mut parts = Vec::new();
    if dropped.exchanges > 0 {
        parts.push(format!("oldest {} dropped", dropped.exchanges));
    }
    let events = lost.exchanges + lost.body_pieces + lost.output_lines + lost.other;
    if events > 0 {
        parts.push(format!("{} lost", counted(events, "event")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Paints the last line.
pub(super) fn draw_hints(
    state: &State,
    line: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    if typed_line::draw(state, line, styles, buffer) {
        return;
    }
    if let Some(notice) = &state.prompt.notice {
        let style = match notice.severity {
            Severity::Info => styles.strong,
            Severity::Warning => styles.client_error,
            Severity::Error => styles.server_error,
        };
        put(buffer, line, 1, &safe(&notice.text), style);
        return;
    }
    hints::draw(state, line, styles, buffer);
    if let Some(count) = state.prompt.count {
        put_right(buffer, line, &format!(" {count} "), styles.strong);
    }
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}
