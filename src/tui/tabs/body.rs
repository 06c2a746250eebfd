//! A body in the Request or the Response tab: laid out by its type, as it was sent, or
//! byte by byte; without its secrets unless they are to be seen.

use std::sync::Arc;

use crate::body::{Kind, Reading, essence, read};
use crate::exchange::{Body, Size};
use crate::history::extent;
use crate::history::masking::masked_body;
use crate::http::Headers;
use crate::text;

use super::super::detail::{
    BodyLines, Decoded, Document, Dump, Part, Side, TextLine, Tone,
};
use super::super::picture::Seen;
use super::super::syntax::Language;
use super::form;
use super::json::{self, Flaw, LaidOut, Values};
use super::markup;
use super::transcript::{Message, add_body, decoded_from, misfit, safe};
use super::{BodyView, Secrets};

/// Bytes up to which a body that still grows is laid out anew whenever it does.
pub(super) const LAID_OUT_WHILE_GROWING: usize = 256 << 10;

/// How a body is to be shown.
pub(super) struct Look<'a> {
    pub(super) view: BodyView,
    pub(super) secrets: Secrets,
    /// Whether it was said already that secrets are masked.
    pub(super) is_said: bool,
    /// The key that shows them.
    pub(super) reveal: &'a str,
    /// The key that shows bodies as they were sent.
    pub(super) as_sent: &'a str,
    /// Bytes up to which it is laid out.
    pub(super) laid_out: u64,
    /// What is known of the picture in it.
    pub(super) picture: &'a Seen,
    /// Columns of the pane.
    pub(super) columns: usize,
}

pub(super) fn add(
    document: &mut Document,
    side: Side,
    message: &Message<'_>,
    before: BodyLines,
    look: &Look<'_>,
) {
    let &Look { view, secrets, is_said, reveal, as_sent, laid_out, .. } = look;
    let body = message.body;
    let reading = read(&body.kept, message.headers, message.unpacking);
    if let Some(damage) = &reading.damage {
        let text = format!("[{}]", safe(damage.to_string().as_bytes()));
        document.add(None, vec![(Tone::Fault, text)]);
    }
    let grows = !message.over && body.kept.len() > LAID_OUT_WHILE_GROWING;
    let hidden = match secrets {
        Secrets::Masked if !grows => {
            masked_body(body, message.headers, message.unpacking)
        }
        Secrets::Masked | Secrets::Shown => None,
    };
    let mut before = before;
    let folded = before.outline.take();
    let mut remark = |text: String| document.add(None, vec![(Tone::Remark, text)]);
    if hidden.is_some() && !is_said {
        remark(format!("[secrets are masked; {reveal} shows them]"));
    }
    if grows && secrets == Secrets::Masked && may_have_secrets(message.headers, body) {
        return remark(not_yet(reveal));
    }
    let shown = hidden.as_ref().unwrap_or(body);
    let is_text = matches!(reading.kind, Kind::Text(_));
    let fits = reading.content.len() as u64 <= laid_out;
    let lays_out = view == BodyView::Pretty && !grows && fits;
    if lays_out && let Some(lines) = as_form(shown, hidden.is_some(), message) {
        document.add(None, undone(body, &reading));
        document.add_lines(None, lines);
        return add_rest(document, None, shown.size());
    }
    match view {
        BodyView::Hex if hidden.is_none() => {
            return add_hex(document, side, body, look.columns);
        }
        BodyView::Hex => remark("[bytes are seen once the secrets are]".to_owned()),
        BodyView::Pretty if !is_text => {
            remark(format!("[{}{}]", image(body), text::byte_count(body.total)));
            if is_labelled_json(message.headers) {
                remark("[labelled JSON, but it is no text]".to_owned());
            }
            return add_picture(document, side, body, look);
        }
        BodyView::Raw if !is_text && hidden.is_none() => {
            add_as_sent(document, (side, None, message), None, before, false);
            return add_dump(document, side, body, look.columns);
        }
        BodyView::Pretty | BodyView::Raw => {}
    }
    if view == BodyView::Pretty && !fits {
        let most = text::byte_count(laid_out);
        remark(format!("[larger than {most}, so not laid out; --max-laid-out]"));
    }
    if lays_out {
        // What is masked is in UTF-8 and not packed, whatever its head says.
        let headers = if hidden.is_some() { None } else { message.headers };
        match pretty(shown, headers, message) {
            Some(Ok(LaidOut { text, outline, flaw })) => {
                let mut lines = BodyLines::of(Decoded::new(text, shown.kept.len()));
                let mut outline = outline.finish(&lines.index);
                outline.take_over(folded.unwrap_or_default());
                lines.outline = Some(outline);
                document.has_cursor = true;
                document.add(None, json_from(body, &reading, flaw));
                return add_text(document, side, shown.size(), lines);
            }
            Some(Err(why)) => document.add(None, vec![(Tone::Fault, why)]),
            None => {}
        }
        if let Some(mut lines) = as_markup(shown, headers, message) {
            let text = format!("[laid out; {as_sent} shows it as sent]");
            document.add(None, undone(body, &reading));
            document.add(None, vec![(Tone::Remark, text)]);
            lines.paint(message.headers, body);
            return add_text(document, side, shown.size(), lines);
        }
    }
    let has_colours = view == BodyView::Pretty;
    let mark = None;
    add_as_sent(document, (side, mark, message), hidden, before, has_colours);
}

/// The text of the body as it was sent, but decoded, or what is left of it without its
/// secrets.
///
/// `mark` is the side whose sign stands before the lines.
pub(super) fn add_as_sent(
    document: &mut Document,
    (side, mark, message): (Side, Option<Side>, &Message<'_>),
    hidden: Option<Body>,
    before: BodyLines,
    has_colours: bool,
) {
    let body = message.body;
    if let Some(hidden) = hidden {
        let size = hidden.size();
        let mut lines = BodyLines::of(Decoded::new(hidden.kept, body.kept.len()));
        if has_colours {
            lines.paint(message.headers, body);
        }
        let reading = read(&body.kept, message.headers, message.unpacking);
        document.add(mark, undone(body, &reading));
        document.parts.push(Part::Body { side, mark, lines: Box::new(lines) });
        add_rest(document, mark, size);
    } else {
        // What was made for another view is not to be gone on with.
        let made = before.decoded.as_ref().is_some_and(|decoded| decoded.from.is_empty());
        let before = if made { BodyLines::default() } else { before };
        add_body(document, side, mark, message, before);
        if !has_colours {
            document.bleach();
        }
    }
}

/// What was done to the bytes of a body to make a text of it, where anything was.
fn undone(body: &Body, reading: &Reading<'_>) -> Vec<(Tone, String)> {
    let sizes = (body.kept.len(), reading.content.len());
    let text = reading.decoded_from().map(|names| decoded_from(&names, sizes));
    misfit(reading).into_iter().chain(text).map(|text| (Tone::Remark, text)).collect()
}

/// The same of JSON, and where it is none.
fn json_from(
    body: &Body,
    reading: &Reading<'_>,
    flaw: Option<Flaw>,
) -> Vec<(Tone, String)> {
    let flaw = flaw.map(|flaw| {
        let tone = if matches!(flaw, Flaw::Lax) { Tone::Remark } else { Tone::Fault };
        (tone, format!("[{flaw}]"))
    });
    undone(body, reading).into_iter().chain(flaw).collect()
}

/// The fields of a form.
fn as_form(
    shown: &Body,
    is_masked: bool,
    message: &Message<'_>,
) -> Option<Vec<TextLine>> {
    let label = message.headers?.get("content-type")?;
    // What is masked is not packed any more.
    let headers = message.headers.filter(|_| !is_masked);
    form::table(&read(&shown.kept, headers, message.unpacking).content, label)
}

/// The picture, as far as it is known; what is none is a dump.
fn add_picture(document: &mut Document, side: Side, body: &Body, look: &Look<'_>) {
    let columns = look.columns;
    match look.picture {
        Seen::Nothing => add_hex(document, side, body, columns),
        Seen::Decoding => {}
        Seen::Picture(shown) => document.parts.push(match shown.graphic(columns) {
            Some(graphic) => Part::Graphic(Arc::clone(graphic)),
            None => Part::Picture { rows: shown.picture.rows(columns) },
        }),
        Seen::Refused(why) => {
            let why = format!("[{}]", safe(why.as_bytes()));
            document.add(None, vec![(Tone::Remark, why)]);
            add_hex(document, side, body, columns);
        }
    }
}

/// What there is to know of a picture: `PNG, 640×480, `.
fn image(body: &Body) -> String {
    let kept = &body.kept;
    let size = imagesize::blob_size(kept);
    match (imagesize::image_type(kept), size) {
        (Ok(kind), Ok(size)) => {
            let kind = format!("{kind:?}").to_uppercase();
            let kind = kind.split(['(', ' ']).next().unwrap_or_default().to_owned();
            format!("{kind}, {}×{}, ", size.width, size.height)
        }
        _ => String::new(),
    }
}

/// The body laid out, if it is of a type for which there is a way, and where it is not of
/// that; an error is why that failed although its label promises it.
fn pretty(
    body: &Body,
    headers: Option<&Headers>,
    message: &Message<'_>,
) -> Option<Result<LaidOut, String>> {
    let reading = read(&body.kept, headers, message.unpacking);
    let label = message.headers.and_then(|headers| headers.get("content-type"));
    let promised = is_labelled_json(message.headers);
    let begins = reading.content.trim_ascii_start().first();
    if !promised && !matches!(begins, Some(b'{' | b'[')) || !message.over {
        return None;
    }
    match json_laid_out(&reading.content, label.unwrap_or_default()) {
        Ok(laid_out) => Some(Ok(laid_out)),
        Err(why) if promised && body.is_whole() => {
            Some(Err(format!("[labelled JSON, but it is none: {why}]")))
        }
        Err(_) => None,
    }
}

/// JSON laid out; line by line where there are lines, and not all of them are JSON.
fn json_laid_out(
    content: &[u8],
    content_type: &[u8],
) -> Result<LaidOut, serde_json::Error> {
    json::laid_out(content, Values::of(content_type)).or_else(|why| {
        let lines = is_json_lines(content_type).then(|| json::laid_out_lines(content));
        lines.flatten().ok_or(why)
    })
}

/// As NDJSON and JSON Lines are labelled; there is no type that was registered.
fn is_json_lines(content_type: &[u8]) -> bool {
    let kind = essence(content_type);
    ["ndjson", "jsonl", "jsonlines", "json-lines"].iter().any(|end| kind.ends_with(end))
}

fn is_labelled_json(headers: Option<&Headers>) -> bool {
    let label = headers.and_then(|headers| headers.get("content-type"));
    label.is_some_and(|label| essence(label).ends_with("json") || is_json_lines(label))
}

/// A text of that type laid out, where there is a way.
pub(in super::super) fn readable(content: &[u8], content_type: &[u8]) -> Option<Vec<u8>> {
    if let Ok(json) = json_laid_out(content, content_type) {
        return Some(json.text);
    }
    markup::laid_out(content, Language::of(content_type, content)?)
}

/// The lines of HTML or XML that was sent without.
fn as_markup(
    body: &Body,
    headers: Option<&Headers>,
    message: &Message<'_>,
) -> Option<BodyLines> {
    let label = message.headers.and_then(|headers| headers.get("content-type"));
    let content = read(&body.kept, headers, message.unpacking).content;
    let language = Language::of(label.unwrap_or_default(), &content);
    let text = markup::laid_out(&content, language.filter(|_| message.over)?)?;
    Some(BodyLines::of(Decoded::new(text, body.kept.len())))
}

/// What is said of a body that grows, in which secrets cannot be told yet.
pub(super) fn not_yet(reveal: &str) -> String {
    format!("[shown once it is whole and secrets are masked; {reveal} shows it]")
}

/// Whether it is of a type in which secrets are looked for.
pub(in super::super) fn may_have_secrets(headers: Option<&Headers>, body: &Body) -> bool {
    let label = headers.and_then(|headers| headers.get("content-type"));
    let label = essence(label.unwrap_or_default());
    let begins = body.kept.trim_ascii_start().first();
    label.ends_with("json")
        || label.ends_with("xml")
        || label == "text/event-stream"
        || label == "application/x-www-form-urlencoded"
        || label.starts_with("multipart/")
        || matches!(begins, Some(b'{' | b'['))
}

fn add_text(document: &mut Document, side: Side, size: Size, lines: BodyLines) {
    document.parts.push(Part::Body { side, mark: None, lines: Box::new(lines) });
    add_rest(document, None, size);
}

fn add_hex(document: &mut Document, side: Side, body: &Body, columns: usize) {
    add_dump(document, side, body, columns);
    add_rest(document, None, body.size());
}

fn add_dump(document: &mut Document, side: Side, body: &Body, columns: usize) {
    let length = body.kept.len();
    let dump = Dump::fitting(columns, length);
    document.parts.push(Part::Bytes { side, length, dump });
}

/// How much of it there is.
fn add_rest(document: &mut Document, mark: Option<Side>, size: Size) {
    if let Some(extent) = extent(size) {
        document.add(mark, vec![(Tone::Remark, format!("[{extent}]"))]);
    }
}
