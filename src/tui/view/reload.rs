//! The row of a generation: a line across the list, with what became of a reload.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::exchange::{Fate, Generation};
use crate::text;

use super::super::generation::reason;
use super::super::state::State;
use super::super::tabs::origin;
use super::super::theme::Styles;
use super::cells::put;
use super::list::elapsed;

/// The rank of what the generation was made for, where that matters, and the columns below
/// which it is better left out.
const REASON: u8 = 1;
const LEAST_REASON: usize = 9;

/// A piece of the row. Those with a high rank go first when there is no room.
struct Piece {
    rank: u8,
    text: String,
    style: Style,
}

pub(super) fn draw(
    generation: &Generation,
    state: &State,
    line: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    let mut pieces = pieces(generation, state, styles);
    let width = |pieces: &[Piece]| -> usize {
        pieces.iter().map(|piece| text::width(&piece.text) + 2).sum()
    };
    // The gutter with the dashes before, a dash behind.
    let room = usize::from(line.width).saturating_sub(6);
    while width(&pieces) > room && pieces.iter().any(|piece| piece.rank > 0) {
        let highest = pieces.iter().map(|piece| piece.rank).max().unwrap_or(0);
        let excess = width(&pieces).saturating_sub(room);
        let clipped = pieces.iter_mut().find(|piece| piece.rank == REASON).filter(|it| {
            highest == REASON && text::width(&it.text) >= excess + LEAST_REASON
        });
        match clipped {
            Some(piece) => {
                piece.text = text::clip(&piece.text, text::width(&piece.text) - excess);
            }
            None => pieces.retain(|piece| piece.rank != highest),
        }
    }
    for column in 1..line.width {
        put(buffer, line, column, "─", styles.faint);
    }
    let mut column = 3;
    for piece in &pieces {
        let spaced = format!(" {} ", piece.text);
        column = put(buffer, line, column, &spaced, piece.style);
    }
}

fn pieces(generation: &Generation, state: &State, styles: &Styles) -> Vec<Piece> {
    let is_newest = state.newest().is_some_and(|newest| newest.id == generation.id);
    let quiet = |style| if is_newest { style } else { styles.faint };
    let mut pieces = Vec::new();
    let mut add = |rank, text, style| pieces.push(Piece { rank, text, style });
    add(0, format!("gen {}", generation.id), quiet(styles.strong));
    let (fate, style) = fate(generation, state, styles);
    let is_bad = matches!(generation.fate, Fate::Failed(_) | Fate::Died(_));
    add(
        if is_bad { 3 } else { REASON },
        reason(&generation.reason, &state.facts),
        Style::new(),
    );
    add(0, fate, if is_bad { style } else { quiet(style) });
    if let Fate::Failed(traceback) = &generation.fate
        && let Some(place) = origin(traceback, &state.facts.root)
    {
        let file = text::path_below(&place.file, &state.facts.root);
        add(2, format!("{}:{}", text::expand_tabs(&file), place.line), Style::new());
    }
    if let Some(making) = generation.making.as_ref().filter(|_| !is_bad) {
        add(2, making.rung.name().to_owned(), styles.faint);
    }
    let share = generation.libraries.as_ref().map(|libraries| libraries.share());
    if let Some((warm, all)) = share.filter(|(warm, _)| *warm > 0) {
        add(3, format!("{warm}/{all} warm"), styles.faint);
    }
    pieces
}

/// What became of it, with a sign, so that colour is not needed to tell.
fn fate(generation: &Generation, state: &State, styles: &Styles) -> (String, Style) {
    let decided = generation.elapsed(state.now).as_secs_f64();
    match &generation.fate {
        Fate::Importing => {
            let elapsed = elapsed(generation.began, state.now);
            (format!("… importing {elapsed}"), styles.pending)
        }
        Fate::Failed(traceback) => {
            (format!("✗ {}", safe(&traceback.summary())), styles.server_error)
        }
        Fate::Died(how) => (format!("✗ died: {}", safe(how)), styles.server_error),
        Fate::Discarded if generation.doubt.is_some() => {
            (format!("made again after {}", text::duration(decided)), styles.faint)
        }
        Fate::Discarded => {
            (format!("overtaken after {}", text::duration(decided)), styles.faint)
        }
        Fate::Ready | Fate::Retired => match generation.took {
            Some(took) => {
                let took = text::duration(took.as_secs_f64());
                (format!("✓ {took}"), styles.success)
            }
            None => ("ended".to_owned(), styles.faint),
        },
    }
}

fn safe(text: &str) -> String {
    text::expand_tabs(&text::printable(text.as_bytes()))
}
