//! The Request and the Response tab: one message, its fields as a table, its body.

use std::borrow::Cow;

use crate::body::Unpacking;
use crate::exchange::Exchange;
use crate::history::masking::masked_head;
use crate::text;

use super::super::detail::{Document, Side, TextLine, Tone};
use super::super::keymap::Action;
use super::super::picture::Seen;
use super::body::{self, Look};
use super::transcript::{Message, safe};
use super::{Around, BodyView, Secrets, events};

/// Columns that names may take; the values of longer ones are not in line.
const LONGEST_NAME: usize = 24;

/// How a message is to be shown.
#[derive(Clone, Debug)]
pub(in super::super) struct Manner {
    look: (BodyView, Secrets),
    /// The keys that show secrets, and bodies as they were sent.
    reveal: String,
    as_sent: String,
    /// How far a body is unpacked, and up to which size it is laid out.
    unpacking: Unpacking,
    laid_out: u64,
    /// What is known of the picture in it.
    picture: Seen,
    /// Columns of the pane.
    columns: usize,
}

impl Manner {
    pub(in super::super) fn new(
        exchange: &Exchange,
        side: Side,
        around: &Around<'_>,
    ) -> Self {
        let key = |action| around.facts.keymap.key(action);
        Self {
            look: around.look,
            reveal: key(Action::Reveal),
            as_sent: key(Action::BodyView),
            unpacking: around.facts.unpacking(),
            laid_out: around.facts.showing.max_laid_out,
            picture: around.gallery.seen(exchange, side).clone(),
            columns: around.width,
        }
    }
}

pub(in super::super) fn message(
    exchange: &Exchange,
    side: Side,
    mut before: Document,
    manner: &Manner,
) -> Document {
    let (view, secrets) = manner.look;
    let mut document = Document::default();
    let lines = before.take_lines(side);
    let (raw, headers, body) = match (side, &exchange.response) {
        (Side::Request, _) => {
            let headers = exchange.request.head.as_ref().map(|head| &head.headers);
            (&exchange.request.raw, headers, &exchange.request_body)
        }
        (Side::Response, Some(response)) => {
            (&response.raw, Some(&response.head.headers), &exchange.response_body)
        }
        (Side::Response, None) => {
            let text = "There is no answer yet.".to_owned();
            document.add(None, vec![(Tone::Remark, text)]);
            return document;
        }
    };
    document.begin_section();
    let head = match secrets {
        Secrets::Masked => Cow::Owned(masked_head(raw)),
        Secrets::Shown => Cow::Borrowed(raw.as_slice()),
    };
    let mut lines_of_head = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let start = lines_of_head.next().unwrap_or_default();
    document.add(None, vec![(Tone::Start, safe(start))]);
    document.add_lines(None, table(lines_of_head.filter(|line| !line.is_empty())));
    let is_masked = *head != **raw;
    let (as_sent, reveal) = (&manner.as_sent, &manner.reveal);
    if is_masked {
        let text = format!("[secrets are masked; {reveal} shows them]");
        document.add(None, vec![(Tone::Remark, text)]);
    }
    if body.total == 0 && body.is_whole() {
        document.add(None, vec![(Tone::Remark, "[no body]".to_owned())]);
        return document;
    }
    document.begin_section();
    document.add(None, vec![(Tone::Plain, String::new())]);
    let is_stream = side == Side::Response && exchange.is_event_stream();
    if is_stream && view == BodyView::Pretty {
        let reveal = (secrets == Secrets::Masked).then_some(reveal.as_str());
        events::add(&mut document, exchange, manner.unpacking, reveal);
        return document;
    }
    let over = exchange.outcome.is_some();
    let message = Message { body, headers, over, unpacking: manner.unpacking };
    let (picture, columns) = (&manner.picture, manner.columns);
    let (is_said, laid_out) = (is_masked, manner.laid_out);
    let look =
        Look { view, secrets, is_said, reveal, as_sent, laid_out, picture, columns };
    body::add(&mut document, side, &message, lines, &look);
    document
}

/// The fields, their values one below the other. A line that is none stays as it is.
fn table<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<TextLine> {
    let field = |line: &[u8]| match memchr::memchr(b':', line) {
        Some(colon) => (safe(&line[..colon]), safe(line[colon + 1..].trim_ascii())),
        None => (String::new(), safe(line)),
    };
    rows(lines.map(field).collect())
}

/// Names, safe to be shown, and their values.
pub(super) fn rows(fields: Vec<(String, String)>) -> Vec<TextLine> {
    let widths = fields.iter().map(|(name, _)| text::width(name));
    let column = widths.filter(|width| *width <= LONGEST_NAME).max().unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, value)| {
            let space = column.saturating_sub(text::width(&name));
            let end = name.len();
            let line = format!("{name}{:space$}  {value}", "");
            TextLine::new(Tone::Plain, line).with(0..end, Tone::Name)
        })
        .collect()
}
