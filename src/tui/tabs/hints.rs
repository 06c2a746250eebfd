//! The Hints tab: which rules of WSGI the application broke, and the mends.

use crate::exchange::Exchange;

use super::super::detail::{Document, Tone};
use super::transcript::remark;

pub(super) fn hints(exchange: &Exchange) -> Document {
    let mut document = Document::default();
    for hint in &exchange.hints {
        document.begin_section();
        let mut lines = remark("! ", Tone::Fault, &hint.problem);
        lines.extend(remark("  ", Tone::Plain, &hint.mend));
        lines.push((Tone::Plain, String::new()));
        document.add(None, lines);
    }
    if exchange.hints.is_empty() {
        let text = "The application broke no rule that rdev knows.".to_owned();
        document.add(None, vec![(Tone::Remark, text)]);
    }
    document
}
