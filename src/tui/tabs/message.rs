//! The Request and the Response tab: one message, its fields as a table, its body.

use crate::exchange::Exchange;
use crate::http::Headers;
use crate::text;

use super::super::detail::{Document, Side, TextLine, Tone};
use super::transcript::{Message, add_body, safe};

/// Columns that names may take; the values of longer ones are not in line.
const LONGEST_NAME: usize = 24;

pub(super) fn message(exchange: &Exchange, side: Side, mut before: Document) -> Document {
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
    let start = raw.split(|&byte| byte == b'\n').next().unwrap_or_default();
    document.add(None, vec![(Tone::Start, safe(start.trim_ascii_end()))]);
    if let Some(headers) = headers {
        document.add_lines(None, table(headers));
    } else {
        let text = "It is malformed; the transcript has its bytes.".to_owned();
        document.add(None, vec![(Tone::Fault, text)]);
    }
    if body.total == 0 {
        document.add(None, vec![(Tone::Remark, "[no body]".to_owned())]);
        return document;
    }
    document.begin_section();
    document.add(None, vec![(Tone::Plain, String::new())]);
    let over = exchange.outcome.is_some();
    add_body(&mut document, side, None, &Message { body, headers, over }, lines);
    document
}

/// The fields, their values one below the other.
fn table(headers: &Headers) -> Vec<TextLine> {
    let fields: Vec<(String, String)> = headers
        .0
        .iter()
        .map(|header| (safe(header.name.as_bytes()), safe(&header.value)))
        .collect();
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
