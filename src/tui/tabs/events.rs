//! An event stream in the Response tab: its events with the times at which they came.

use jiff::Timestamp;

use crate::body::{Block, Unpacking, block_after, event_stream, read};
use crate::exchange::Exchange;
use crate::history::extent;
use crate::history::masking::masked_event;
use crate::text;

use super::super::detail::{Document, TextLine, Tone};
use super::transcript::safe;

/// How much of a stream is laid out, its end: streams go on and on, and are laid out anew
/// whenever something comes.
const LAID_OUT: usize = 512 << 10;
/// Columns of a time.
const TIMES: usize = 10;
/// The type of an event that names none.
const MESSAGE: &str = "message";

/// Adds the response's body. `reveal` is the key that shows secrets, where these are masked.
pub(super) fn add(
    document: &mut Document,
    exchange: &Exchange,
    unpacking: Unpacking,
    reveal: Option<&str>,
) {
    let body = &exchange.response_body;
    let headers = exchange.response.as_ref().map(|response| &response.head.headers);
    let reading = read(&body.kept, headers, unpacking);
    let is_packed = !reading.undone.is_empty();
    let mut remark = |text: String| document.add(None, vec![(Tone::Remark, text)]);
    if is_packed {
        remark("[sent packed, so that the times of its events are not known]".to_owned());
    }
    // Its bytes as they came, since times are known by their number.
    let stream = if is_packed { &*reading.content } else { &body.kept };
    let start = match stream.len().checked_sub(LAID_OUT) {
        Some(place) if place > 0 => block_after(stream, place).unwrap_or(place),
        _ => 0,
    };
    if start > 0 {
        let before = text::byte_count(start as u64);
        remark(format!("[{before} before; m shows the stream as it was sent]"));
    }
    let (mut blocks, rest) = event_stream(&stream[start..]);
    if let Some(reveal) = reveal
        && mask(&mut blocks)
    {
        remark(format!("[secrets are masked; {reveal} shows them]"));
    }
    let time = |block: &Block| {
        let bytes = (start + block.end) as u64;
        let came = exchange.arrivals.of(bytes).filter(|_| !is_packed)?;
        Some(since(exchange.began, came))
    };
    let lines = blocks.iter().flat_map(|block| lines(block, time(block))).collect();
    document.add_lines(None, lines);
    let rest = stream.len() - start - rest;
    if rest > 0 {
        let over = exchange.outcome.is_some();
        document.add(None, vec![(Tone::Remark, unfinished(rest, over))]);
    }
    if let Some(extent) = extent(body.size()) {
        document.add(None, vec![(Tone::Remark, format!("[{extent}]"))]);
    }
}

/// Masks the secrets in the data of events. Returns whether there were any.
fn mask(blocks: &mut [Block]) -> bool {
    let mut found = false;
    for data in blocks.iter_mut().filter_map(|block| block.data.as_mut()) {
        if let Some(masked) = masked_event(data) {
            *data = masked;
            found = true;
        }
    }
    found
}

/// What stands behind the last empty line.
fn unfinished(bytes: usize, over: bool) -> String {
    let bytes = text::byte_count(bytes as u64);
    if over {
        format!("[{bytes} without an empty line behind: clients drop them]")
    } else {
        format!("[{bytes} of an event that is not complete]")
    }
}

/// `+12.345 s`, from the request on.
fn since(began: Timestamp, at: Timestamp) -> String {
    format!("+{:.3} s", at.duration_since(began).as_secs_f64().max(0.0))
}

fn lines(block: &Block, time: Option<String>) -> Vec<TextLine> {
    let start = format!("{:>TIMES$}  ", time.unwrap_or_default());
    let comments = block.comments.iter().map(|comment| format!(": {comment}"));
    let mut comments: Vec<String> = comments.map(|text| safe(text.as_bytes())).collect();
    let mut lines = Vec::new();
    let is_silent = block.data.is_none() && block.name.is_none() && block.id.is_none();
    if !(is_silent && block.retry.is_none()) {
        lines.push(heading(&start, block));
    } else if !comments.is_empty() {
        let first = comments.remove(0);
        lines.push(TextLine::new(Tone::Remark, format!("{start}{first}")));
    }
    let indented = |tone, text: &str| {
        let indent = " ".repeat(TIMES + 2);
        TextLine::new(tone, indent + &safe(text.as_bytes()))
    };
    lines.extend(comments.iter().map(|text| indented(Tone::Remark, text)));
    let data = block.data.iter().flat_map(|data| data.split('\n'));
    lines.extend(data.map(|line| indented(Tone::Plain, line)));
    let ignored = block.ignored.iter();
    lines.extend(
        ignored.map(|line| indented(Tone::Fault, &format!("not understood: {line}"))),
    );
    lines
}

/// The time, the type and what else there is beside the data.
fn heading(start: &str, block: &Block) -> TextLine {
    let name = block.name.as_deref().unwrap_or(MESSAGE);
    let is_told = block.data.is_some();
    let name = if is_told || block.name.is_some() {
        safe(name.as_bytes())
    } else {
        String::new()
    };
    let mut words = Vec::new();
    words.extend(block.id.as_ref().map(|id| format!("id {}", safe(id.as_bytes()))));
    words.extend(block.retry.map(|millis| format!("retry {millis} ms")));
    if !is_told && block.name.is_some() {
        words.push("no data: no client hears of it".to_owned());
    }
    let words = words.join("  ");
    let gap = if name.is_empty() || words.is_empty() { "" } else { "  " };
    let end = start.len() + name.len();
    let line = format!("{start}{name}{gap}{words}");
    TextLine::new(if is_told { Tone::Plain } else { Tone::Remark }, line)
        .with(start.len()..end, Tone::Name)
}
