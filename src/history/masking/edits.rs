//! Places of a text, and what takes them.

use std::ops::Range;

pub(super) type Edit = (Range<usize>, Vec<u8>);

/// The text with places of it replaced; `None` where there are none. What lies within
/// another is replaced with that.
pub(super) fn edited(text: &[u8], mut edits: Vec<Edit>) -> Option<Vec<u8>> {
    edits.sort_by_key(|(place, _)| (place.start, usize::MAX - place.end));
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    for (place, masked) in &edits {
        if place.start < copied {
            continue;
        }
        out.extend_from_slice(&text[copied..place.start]);
        out.extend_from_slice(masked);
        copied = place.end;
    }
    out.extend_from_slice(&text[copied..]);
    (!edits.is_empty()).then_some(out)
}
