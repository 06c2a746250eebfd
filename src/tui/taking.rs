//! What is taken out of the dashboard: a body into a file, a pager or a command, an
//! exchange into an archive.

use std::path::PathBuf;

use crate::body::{Kind, Unpacking, essence, read};
use crate::exchange::{Body, Exchange, ExchangeId, Notice, Severity};
use crate::history::har::Exporter;
use crate::history::masking::{masked, masked_body};
use crate::history::{Store, extent};
use crate::http::Headers;
use crate::text;

use super::asking::Question;
use super::detail::{Side, dump_of};
use super::keymap::Action;
use super::marking;
use super::message::{Effect, Saved};
use super::state::State;
use super::tabs::{BodyView, Secrets, Tab, readable};

/// Bytes of a body that are looked at for the end of a line.
const LOOKED_AT: usize = 4 << 10;
/// Bytes of JSON that is as well read in a line.
const LEAST_LAID_OUT: usize = 40;
/// Characters of a name that is proposed.
const LONGEST_NAME: usize = 60;

/// Does what a key asks for.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(exchange) = state.shown() else {
        state.prompt.inform("there is no exchange".to_owned());
        return Vec::new();
    };
    let (id, side) = (exchange.id, side(state.detail.tab, exchange));
    if action == Action::Export {
        let name = format!("rdev-{id}.har");
        state.prompt.asking.open(Question::Export(id), &name);
        return Vec::new();
    }
    if body(exchange, side).0.total == 0 {
        let text = format!("the {} of #{id} has no body", name(side));
        state.prompt.inform(text);
        return Vec::new();
    }
    match action {
        Action::SaveBody => {
            let name = proposed(exchange, side);
            state.prompt.asking.open(Question::Save(id, side), &name);
        }
        Action::Pipe => state.prompt.asking.open(Question::Pipe(id, side), ""),
        _ => return vec![view(exchange, side, state)],
    }
    Vec::new()
}

/// Acts on the answer to a question.
pub(super) fn run(state: &mut State) -> Vec<Effect> {
    let Some((question, answer)) = state.prompt.asking.take() else { return Vec::new() };
    let answer = answer.trim();
    if answer.is_empty() && !matches!(question, Question::Comment(_)) {
        return Vec::new();
    }
    let unpacking = state.facts.unpacking();
    let done = match question {
        Question::Save(id, side) => {
            exchange(state, id).map(|it| save(it, side, answer, unpacking))
        }
        Question::Pipe(id, side) => exchange(state, id).map(|exchange| {
            let bytes = unpacked(exchange, side, unpacking).0;
            Effect::Pipe { command: answer.to_owned(), bytes }
        }),
        Question::Export(id) => exchange(state, id).and_then(|it| export(it, answer)),
        Question::Comment(id) => return marking::comment(state, id, answer),
    };
    match done {
        Ok(effect) => vec![effect],
        Err(text) => {
            state.prompt.say(Notice { severity: Severity::Warning, text });
            Vec::new()
        }
    }
}

/// The store may have dropped it while the line was typed.
fn exchange(state: &State, id: ExchangeId) -> Result<&Exchange, String> {
    state.store.exchange(id).ok_or_else(|| format!("#{id} is not in memory any more"))
}

/// The side that one looks at; where that is both, the one that has a body.
pub(super) fn side(tab: Tab, exchange: &Exchange) -> Side {
    match tab {
        Tab::Request => Side::Request,
        Tab::Response => Side::Response,
        _ if exchange.response_body.total == 0 && exchange.request_body.total > 0 => {
            Side::Request
        }
        _ => Side::Response,
    }
}

/// Whether a message is looked at that has a body.
pub(super) fn is_body_shown(state: &State) -> bool {
    let tab = state.detail.tab;
    matches!(tab, Tab::Request | Tab::Response)
        && state.shown().is_some_and(|it| body(it, side(tab, it)).0.total > 0)
}

/// Whether the body that one looks at is JSON that came in one line.
pub(super) fn is_json_in_a_line(state: &State) -> bool {
    state.shown().is_some_and(|exchange| {
        let (body, headers) = body(exchange, side(state.detail.tab, exchange));
        let kind = headers.and_then(|headers| headers.get("content-type"));
        let start = &body.kept[..body.kept.len().min(LOOKED_AT)];
        let is_short = start.len() < LEAST_LAID_OUT;
        essence(kind.unwrap_or_default()).ends_with("json")
            && !is_short
            && !start.trim_ascii_end().contains(&b'\n')
    })
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Request => "request",
        Side::Response => "response",
    }
}

/// The body of a side, and the fields that tell of it.
pub(super) fn body(exchange: &Exchange, side: Side) -> (&Body, Option<&Headers>) {
    let (request, response) = (&exchange.request, &exchange.response);
    match side {
        Side::Request => {
            (&exchange.request_body, request.head.as_ref().map(|head| &head.headers))
        }
        Side::Response => {
            let headers = response.as_ref().map(|response| &response.head.headers);
            (&exchange.response_body, headers)
        }
    }
}

/// The bytes as they were sent, unless they were packed; and what is to be said of them.
fn unpacked(exchange: &Exchange, side: Side, unpacking: Unpacking) -> (Vec<u8>, String) {
    let (body, headers) = body(exchange, side);
    let reading = read(&body.kept, headers, unpacking);
    let mut words = Vec::new();
    words.extend(extent(body.size()));
    if reading.undone.is_empty() {
        return (body.kept.clone(), words.join(", "));
    }
    words.extend(reading.decoded_from().map(|from| format!("decoded from {from}")));
    words.extend(reading.stop.map(|stop| stop.to_string()));
    (reading.content.into_owned(), words.join(", "))
}

fn save(exchange: &Exchange, side: Side, file: &str, unpacking: Unpacking) -> Effect {
    let (bytes, remark) = unpacked(exchange, side, unpacking);
    let what = format!("{} body of #{}", name(side), exchange.id);
    Effect::Save(Saved { file: PathBuf::from(file), what, bytes, remark })
}

/// One that leaves the dashboard for somebody else's eyes has no secrets in it.
fn export(exchange: &Exchange, file: &str) -> Result<Effect, String> {
    let mut bytes = Vec::new();
    let written = Exporter::begin(&mut bytes).and_then(|mut exporter| {
        exporter.add(&masked(exchange))?;
        exporter.finish()
    });
    written.map_err(|error| format!("#{} cannot be exported: {error}", exchange.id))?;
    let what = format!("exchange #{}", exchange.id);
    let remark = "secrets masked; rdev export can leave them".to_owned();
    Ok(Effect::Save(Saved { file: PathBuf::from(file), what, bytes, remark }))
}

/// The body as the dashboard shows it, and safe for a pager that shows it as it is.
fn view(exchange: &Exchange, side: Side, state: &State) -> Effect {
    let (view, secrets) = state.detail.look;
    let unpacking = state.facts.unpacking();
    let (body, headers) = body(exchange, side);
    let hidden = match secrets {
        Secrets::Masked => masked_body(body, headers, unpacking),
        Secrets::Shown => None,
    };
    let is_hidden = hidden.is_some();
    let shown = hidden.as_ref().unwrap_or(body);
    let reading = read(&shown.kept, headers.filter(|_| !is_hidden), unpacking);
    let suffix = extension(headers);
    if reading.kind == Kind::Binary || view == BodyView::Hex && !is_hidden {
        let text = dump_of(&shown.kept);
        return Effect::View { text, suffix: "txt" };
    }
    let kind = headers.and_then(|headers| headers.get("content-type"));
    let pretty = match view {
        BodyView::Pretty => readable(&reading.content, kind.unwrap_or_default()),
        BodyView::Raw | BodyView::Hex => None,
    };
    let content = pretty.as_deref().unwrap_or(&reading.content);
    let text = text::printable_lines(&String::from_utf8_lossy(content));
    Effect::View { text, suffix }
}

/// The last part of the path where it names a file, else the exchange and the side.
fn proposed(exchange: &Exchange, side: Side) -> String {
    let path = exchange.request.target().split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let kept = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
    let last: String = last.chars().filter(kept).take(LONGEST_NAME).collect();
    let is_file = last.trim_start_matches('.').contains('.') && !last.ends_with('.');
    if is_file && side == Side::Response {
        return last.trim_start_matches('.').to_owned();
    }
    let extension = extension(body(exchange, side).1);
    format!("{}-{}.{extension}", exchange.id, name(side))
}

/// What the name of a file of that type ends in.
fn extension(headers: Option<&Headers>) -> &'static str {
    let kind = headers.and_then(|headers| headers.get("content-type"));
    match essence(kind.unwrap_or_default()).as_str() {
        "text/html" | "application/xhtml+xml" => "html",
        "text/css" => "css",
        "text/csv" => "csv",
        "text/javascript" | "application/javascript" => "js",
        "text/xml" | "application/xml" => "xml",
        "image/svg+xml" => "svg",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/x-icon" | "image/vnd.microsoft.icon" => "ico",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        kind if kind.ends_with("json") => "json",
        kind if kind.starts_with("text/") => "txt",
        _ => "bin",
    }
}
