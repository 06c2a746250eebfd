//! What was found of what is searched for: how much, and its light.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;

use super::super::search::{Count, Search};
use super::super::theme::Styles;

/// Columns that what is searched for may take in a heading.
const LONGEST_PATTERN: usize = 20;

/// `/tea 3/17`.
pub(super) fn found(search: &Search) -> Option<String> {
    let typed = text::printable(search.text()?.as_bytes());
    let typed = text::clip(&text::expand_tabs(&typed), LONGEST_PATTERN);
    let Count { place, found, more } = search.count();
    let more = if more { "…" } else { "" };
    Some(match (place, found) {
        (Some(place), _) => format!("/{typed} {place}/{found}{more}"),
        (None, 0) if more.is_empty() => format!("/{typed} not found"),
        (None, 0) => format!("/{typed} …"),
        (None, _) => format!("/{typed} {found}{more} found"),
    })
}

/// Lights what was found in one row of a line, which is that range of it.
pub(super) fn light(
    lit: &[(Range<usize>, bool)],
    (text, row): (&str, Range<usize>),
    sign: u16,
    place: Rect,
    styles: &Styles,
    buffer: &mut Buffer,
) {
    for (range, is_here) in lit {
        let style = if *is_here { styles.matched_here } else { styles.matched };
        paint((range.clone(), style), (text, row.clone()), sign, place, buffer);
    }
}

/// Gives a part of one row of a line a look.
pub(super) fn paint(
    (part, look): (Range<usize>, Style),
    (text, row): (&str, Range<usize>),
    sign: u16,
    place: Rect,
    buffer: &mut Buffer,
) {
    let columns = |text: &str| u16::try_from(text::width(text)).unwrap_or(u16::MAX);
    let (start, end) = (part.start.max(row.start), part.end.min(row.end));
    let (Some(before), Some(part)) = (text.get(row.start..start), text.get(start..end))
    else {
        return;
    };
    let x = place.x.saturating_add(sign).saturating_add(columns(before));
    let cells = Rect { x, width: columns(part), ..place };
    buffer.set_style(cells.intersection(place).intersection(buffer.area), look);
}
