//! An exchange as a document: what curl -v would have shown of it, then what went wrong.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::exchange::{Body, Exchange, Outcome, Source, Traceback};
use crate::http::Headers;
use crate::text;

use super::detail::{Document, LineIndex, Part, Side, Tone};

/// Lines shown of a traceback or of an exchange's own output; each may be endless.
const MOST_LINES: usize = 2000;
/// Bytes looked at to tell text from something else.
const SAMPLE: usize = 1024;

/// The transcript of an exchange. What is known of its bodies' lines is taken over from
/// the document shown before, if that was of the same exchange.
pub(super) fn transcript(
    exchange: &Exchange,
    mut before: Document,
    zone: &TimeZone,
) -> Document {
    let mut document = Document::default();
    let request_index = before.take_index(Side::Request);
    let response_index = before.take_index(Side::Response);
    document.begin_section();
    document.add(None, introduction(exchange, zone));

    document.add(Some(Side::Request), head(&exchange.request.raw));
    let headers = exchange.request.head.as_ref().map(|head| &head.headers);
    add_body(
        &mut document,
        Side::Request,
        &exchange.request_body,
        headers,
        request_index,
    );

    if let Some(response) = &exchange.response {
        document.begin_section();
        document.add(Some(Side::Response), head(&response.raw));
        let headers = Some(&response.head.headers);
        let body = &exchange.response_body;
        add_body(&mut document, Side::Response, body, headers, response_index);
    }
    add_faults(&mut document, exchange);
    document.add(None, state(exchange));
    document
}

/// A traceback alone, of an import that failed.
pub(super) fn failure(traceback: &Traceback) -> Document {
    let mut document = Document::default();
    document.begin_section();
    document.add(None, traceback_lines(traceback));
    document
}

fn add_faults(document: &mut Document, exchange: &Exchange) {
    if let Some(traceback) = &exchange.traceback {
        document.begin_section();
        let mut lines = vec![(Tone::Plain, String::new())];
        lines.extend(traceback_lines(traceback));
        document.add(None, lines);
    }
    if !exchange.hints.is_empty() {
        document.begin_section();
        let mut lines = heading("Hints");
        for hint in &exchange.hints {
            lines.extend(remark("! ", Tone::Fault, &hint.problem));
            lines.extend(remark("  ", Tone::Plain, &hint.mend));
        }
        document.add(None, lines);
    }
    if !exchange.output.is_empty() {
        document.begin_section();
        let skipped = exchange.output.len().saturating_sub(MOST_LINES);
        let mut lines = heading("Output");
        if skipped > 0 {
            lines.push((Tone::Remark, format!("[{skipped} lines before]")));
        }
        let shown = exchange.output[skipped..].iter();
        lines.extend(shown.map(|line| (Tone::Plain, safe(&line.text))));
        document.add(None, lines);
    }
}

/// rdev's own words about the exchange, as curl writes its own behind `*`.
fn introduction(exchange: &Exchange, zone: &TimeZone) -> Vec<(Tone, String)> {
    let time = exchange.began.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string();
    let mut words = vec![format!("* {time}")];
    match exchange.source {
        Source::Client => {
            words.push(format!("from {}", safe(exchange.client.as_bytes())));
        }
        Source::Replay(of) => words.push(format!("#{of} sent again")),
    }
    if let Some(generation) = exchange.generation {
        words.push(format!("generation {generation}"));
    }
    if let (Some(held), Some(called)) = (exchange.held, exchange.called) {
        let waited = text::duration(called.duration_since(held).as_secs_f64());
        words.push(format!("waited {waited} for it"));
    }
    vec![(Tone::Remark, words.join(", "))]
}

/// How things stand, where there is more to say than that all is done.
fn state(exchange: &Exchange) -> Vec<(Tone, String)> {
    let line = match &exchange.outcome {
        Some(Outcome::Complete) => return Vec::new(),
        Some(Outcome::ClientGone) => {
            (Tone::Fault, "* the client went away before the end".to_owned())
        }
        Some(Outcome::Refused) => {
            (Tone::Fault, "* refused by rdev; the application never saw it".to_owned())
        }
        Some(Outcome::Cut(why)) => {
            (Tone::Fault, format!("* cut short: {}", safe(why.as_bytes())))
        }
        None if exchange.called.is_none() && exchange.held.is_some() => {
            (Tone::Remark, "* held until the new code is there".to_owned())
        }
        None if exchange.response.is_none() => {
            (Tone::Remark, "* no answer yet".to_owned())
        }
        None => (Tone::Remark, "* the answer goes on".to_owned()),
    };
    vec![line]
}

/// The lines of a head with the empty one that ends it.
fn head(raw: &[u8]) -> Vec<(Tone, String)> {
    let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
    raw.split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(number, line)| {
            let tone = if number == 0 { Tone::Start } else { Tone::Plain };
            (tone, safe(line.strip_suffix(b"\r").unwrap_or(line)))
        })
        .collect()
}

fn add_body(
    document: &mut Document,
    side: Side,
    body: &Body,
    headers: Option<&Headers>,
    mut index: LineIndex,
) {
    if body.total == 0 {
        return;
    }
    if let Some(named) = unreadable(body, headers) {
        let size = text::byte_count(body.total);
        let lines = vec![(Tone::Remark, format!("[{named}, {size}]"))];
        return document.add(Some(side), lines);
    }
    index.extend(&body.kept);
    document.parts.push(Part::Body { side, index });
    if !body.is_whole() {
        let kept = text::byte_count(body.kept.len() as u64);
        let total = text::byte_count(body.total);
        let lines = vec![(Tone::Remark, format!("[{kept} of {total} kept]"))];
        document.add(Some(side), lines);
    }
}

/// What to call a body that is not shown as text; `None` where it is.
fn unreadable<'a>(body: &Body, headers: Option<&'a Headers>) -> Option<Cow<'a, str>> {
    let named = |name| {
        let value = headers.and_then(|headers| headers.get(name)).unwrap_or_default();
        let value = value.split(|&byte| byte == b';').next().unwrap_or_default();
        text::printable(value.trim_ascii()).to_ascii_lowercase()
    };
    let (kind, coding) = (named("content-type"), named("content-encoding"));
    if !matches!(coding.as_str(), "" | "identity") {
        return Some(
            format!("{coding}, {kind}").trim_end_matches(", ").to_owned().into(),
        );
    }
    if is_text(&kind) || !is_media(&kind) && looks_like_text(&body.kept) {
        return None;
    }
    Some(if kind.is_empty() { "binary".into() } else { kind.into() })
}

fn is_text(kind: &str) -> bool {
    const TEXTS: [&str; 8] = [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "application/yaml",
        "application/graphql",
        "application/toml",
    ];
    kind.starts_with("text/")
        || TEXTS.contains(&kind)
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

fn is_media(kind: &str) -> bool {
    ["image/", "audio/", "video/", "font/"].iter().any(|start| kind.starts_with(start))
}

/// Whether the beginning is UTF-8 without NUL.
fn looks_like_text(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let valid = match std::str::from_utf8(sample) {
        Ok(_) => true,
        // The sample may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    valid && !sample.contains(&0)
}

/// The beginning of a section, apart from the one before.
fn heading(text: &str) -> Vec<(Tone, String)> {
    vec![(Tone::Plain, String::new()), (Tone::Heading, text.to_owned())]
}

fn traceback_lines(traceback: &Traceback) -> Vec<(Tone, String)> {
    let mut lines: Vec<(Tone, String)> =
        traceback.text.lines().map(|line| (Tone::Plain, safe(line.as_bytes()))).collect();
    if lines.len() > MOST_LINES {
        let cut = lines.len() - MOST_LINES;
        // The end says what was raised, the beginning where it started.
        lines.splice(
            MOST_LINES / 2..MOST_LINES / 2 + cut,
            [(Tone::Remark, format!("[{cut} lines]"))],
        );
    }
    if let Some(first) = lines.first_mut() {
        first.0 = Tone::Heading;
    }
    if let Some(last) = lines.iter_mut().rev().find(|(_, line)| !line.starts_with(' ')) {
        last.0 = Tone::Fault;
    }
    lines
}

fn remark(sign: &str, tone: Tone, text: &str) -> Vec<(Tone, String)> {
    text.lines().map(|line| (tone, format!("{sign}{}", safe(line.as_bytes())))).collect()
}

/// Ready for the screen.
fn safe(bytes: &[u8]) -> String {
    text::expand_tabs(&text::printable(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_is_shown_as(kind: &str, coding: &str, bytes: &[u8]) -> Option<String> {
        let mut headers = Headers::default();
        headers.push("Content-Type", kind);
        headers.push("Content-Encoding", coding);
        let mut body = Body::default();
        body.push(bytes, usize::MAX);
        unreadable(&body, Some(&headers)).map(Cow::into_owned)
    }

    #[test]
    fn text_is_told_by_its_label_and_where_there_is_none_by_its_look() {
        assert_eq!(body_is_shown_as("text/html; charset=x", "", b"\0"), None);
        assert_eq!(body_is_shown_as("application/vnd.api+json", "identity", b"{}"), None);
        assert_eq!(body_is_shown_as("", "", "ü".as_bytes()), None);
        assert_eq!(body_is_shown_as("application/octet-stream", "", b"abc"), None);
        assert_eq!(body_is_shown_as("", "", b"a\0"), Some("binary".into()));
        assert_eq!(body_is_shown_as("image/png", "", b"abc"), Some("image/png".into()));
        assert_eq!(
            body_is_shown_as("text/html", "gzip", b"abc"),
            Some("gzip, text/html".into())
        );
        assert_eq!(body_is_shown_as("", "br", b"abc"), Some("br".into()));
    }

    #[test]
    fn a_head_ends_in_one_empty_line() {
        let lines = head(b"GET / HTTP/1.1\r\nA: \tb\r\n\r\n");
        let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["GET / HTTP/1.1", "A:      b", ""]);
    }

    #[test]
    fn long_tracebacks_keep_both_ends() {
        let text: String = (0..5000).map(|number| number.to_string() + "\n").collect();
        let lines = traceback_lines(&Traceback { chain: Vec::new(), text });
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert_eq!(lines[0].1, "0");
        assert_eq!(lines[MOST_LINES / 2].1, "[3000 lines]");
        assert_eq!(lines.last().map(|line| line.1.as_str()), Some("4999"));
    }
}
