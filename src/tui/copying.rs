//! What of an exchange is copied: what there is in the menu, and the bytes of it.

use crate::body::{Kind, Unpacking, read};
use crate::exchange::{Body, Exchange, Fate, Notice, Severity};
use crate::history::Store;
use crate::history::copy_as::{CopyError, Form, copy_as};
use crate::history::extent;
use crate::history::masking::{masked_body, masked_head};
use crate::http::Headers;

use super::detail::Side;
use super::folding;
use super::json_path::{path, places};
use super::keymap::{Action, Context};
use super::message::{Clipping, Effect};
use super::state::{Modal, State};
use super::subject::Subject;
use super::tabs::{Tab, value_at};
use super::taking::{self, side};

/// Bytes of a body in which no secrets are looked for while a key waits.
const LARGE: usize = 512 << 10;

/// What can be copied of any request.
const AS_IT_WAS: Action = Action::Copy(Copied::As(Form::Raw));

/// Something to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    As(Form),
    Head(Side),
    Body(Side),
    /// The value under the cursor, and the path to it.
    Value,
    Path,
    Traceback,
}

/// Does what a key asks for.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Copy(copied) => copy(state, copied),
        Action::CopyAgain => again(state),
        _ => open(state),
    }
}

/// Opens the menu, where there is something to be copied. Of an import that failed it is
/// the traceback alone.
fn open(state: &mut State) -> Vec<Effect> {
    if state.shown().is_some() {
        state.modals.push(Modal::Copy);
        return Vec::new();
    }
    if let Some(clipping) = failure(state) {
        return vec![Effect::Copy(clipping)];
    }
    state.prompt.inform("there is no exchange to copy from".to_owned());
    Vec::new()
}

/// The traceback of the selected import, if that has failed.
fn failure(state: &State) -> Option<Clipping> {
    let Subject::Generation(id) = state.detail.subject else { return None };
    let Fate::Failed(traceback) = &state.store.generation(id)?.fate else { return None };
    Some(Clipping {
        what: format!("{} of generation {id}", name(Copied::Traceback)),
        has_secrets: false,
        suffix: suffix(Copied::Traceback),
        bytes: traceback.text.clone().into_bytes(),
    })
}

/// Copies the same thing as the last time, of another exchange.
fn again(state: &mut State) -> Vec<Effect> {
    match state.prompt.copied {
        Some(copied) if state.shown().is_some() => copy(state, copied),
        _ => open(state),
    }
}

fn copy(state: &mut State, copied: Copied) -> Vec<Effect> {
    state.modals.pop_if(|modal| matches!(modal, Modal::Copy));
    state.prompt.copied = Some(copied);
    let Some(exchange) = state.shown() else {
        let is_traceback = copied == Copied::Traceback;
        let failure = if is_traceback { failure(state) } else { None };
        return failure.map(Effect::Copy).into_iter().collect();
    };
    match bytes(state, exchange, copied) {
        Ok((bytes, rest)) => {
            let what = format!("{} of #{}{rest}", name(copied), exchange.id);
            let has_secrets = has_secrets(state.detail.tab, exchange, copied);
            let suffix = suffix(copied);
            vec![Effect::Copy(Clipping { what, has_secrets, suffix, bytes })]
        }
        Err(why) => {
            let text = format!("#{} {why}", exchange.id);
            state.prompt.say(Notice { severity: Severity::Warning, text });
            Vec::new()
        }
    }
}

/// Whether there is something in it that is masked elsewhere, or may be in a large body.
fn has_secrets(tab: Tab, exchange: &Exchange, copied: Copied) -> bool {
    let side = match copied {
        Copied::Path | Copied::Traceback => return false,
        Copied::As(_) => Side::Request,
        Copied::Head(side) | Copied::Body(side) => side,
        Copied::Value => side(tab, exchange),
    };
    let (body, headers) = taking::body(exchange, side);
    let head = match side {
        Side::Request => Some(&exchange.request.raw),
        Side::Response => exchange.response.as_ref().map(|response| &response.raw),
    };
    let first = |head: &[u8]| head.iter().position(|byte| *byte == b'\n');
    let in_head = head.is_some_and(|head| {
        let shown = match copied {
            Copied::As(Form::Url) => &head[..first(head).unwrap_or(head.len())],
            _ => head,
        };
        masked_head(shown) != shown
    });
    let in_body = || {
        body.kept.len() > LARGE || masked_body(body, headers, Unpacking::USUAL).is_some()
    };
    match copied {
        Copied::Head(_) | Copied::As(Form::Url) => in_head,
        Copied::Body(_) | Copied::Value => in_body(),
        _ => in_head || in_body(),
    }
}

/// What was copied, before ` of #42`.
fn name(copied: Copied) -> &'static str {
    match copied {
        Copied::As(Form::Url) => "URL",
        Copied::As(Form::Curl) => "curl command",
        Copied::As(Form::Httpie) => "httpie command",
        Copied::As(Form::PythonRequests) => "requests program",
        Copied::As(Form::Pytest) => "test",
        Copied::As(Form::Raw) => "raw request",
        Copied::Head(Side::Request) => "request fields",
        Copied::Head(Side::Response) => "response fields",
        Copied::Body(Side::Request) => "request body",
        Copied::Body(Side::Response) => "response body",
        Copied::Value => "value",
        Copied::Path => "path",
        Copied::Traceback => "traceback",
    }
}

/// What the name of a file with it ends in.
fn suffix(copied: Copied) -> &'static str {
    match copied {
        Copied::As(Form::Curl | Form::Httpie) => ".sh",
        Copied::As(Form::PythonRequests | Form::Pytest) => ".py",
        Copied::Value => ".json",
        _ => ".txt",
    }
}

/// The bytes, and a word where they are not all; an error is what to say behind `#42 `.
fn bytes(
    state: &State,
    exchange: &Exchange,
    copied: Copied,
) -> Result<(Vec<u8>, String), String> {
    let whole = |bytes: Vec<u8>| Ok((bytes, String::new()));
    let unpacking = state.facts.unpacking();
    let response = exchange.response.as_ref();
    let unanswered = || "has no answer yet".to_owned();
    let nothing_here = || "has no JSON under the cursor".to_owned();
    match copied {
        Copied::As(form) => {
            let application = state.facts.application.as_ref();
            let text = copy_as(form, exchange, application).map_err(|why| match why {
                CopyError::Malformed => {
                    let key = state.facts.keymap.key_in(Context::Copy, AS_IT_WAS);
                    format!("was malformed; {key} in this menu copies its bytes")
                }
                _ => format!("cannot be copied: {why}"),
            })?;
            // The end of a line would run what is pasted into a shell.
            let is_line = matches!(form, Form::Url | Form::Curl | Form::Httpie);
            let end = if is_line { text.trim_ascii_end().len() } else { text.len() };
            whole(text[..end].to_vec())
        }
        Copied::Head(Side::Request) => whole(fields(&exchange.request.raw)),
        Copied::Head(Side::Response) => {
            whole(fields(&response.ok_or_else(unanswered)?.raw))
        }
        Copied::Body(Side::Request) => {
            let headers = exchange.request.head.as_ref().map(|head| &head.headers);
            body(&exchange.request_body, headers, unpacking)
        }
        Copied::Body(Side::Response) => {
            let headers = &response.ok_or_else(unanswered)?.head.headers;
            body(&exchange.response_body, Some(headers), unpacking)
        }
        Copied::Value => whole(value(state, exchange).ok_or_else(nothing_here)?),
        Copied::Path => {
            let path = folding::here(state).and_then(|(it, line)| path(it, line));
            whole(path.ok_or_else(nothing_here)?.into_bytes())
        }
        Copied::Traceback => match &exchange.traceback {
            Some(traceback) => whole(traceback.text.clone().into_bytes()),
            None => Err("raised nothing".to_owned()),
        },
    }
}

/// The JSON value under the cursor as it was sent, whatever is masked of it on the screen.
fn value(state: &State, exchange: &Exchange) -> Option<Vec<u8>> {
    let (lines, line) = folding::here(state)?;
    let (body, headers) = taking::body(exchange, side(state.detail.tab, exchange));
    let content = read(&body.kept, headers, state.facts.unpacking()).content;
    let range = value_at(&content, &places(lines, line)?)?;
    content.get(range).map(<[u8]>::to_vec)
}

/// The lines of a head as they were sent, without the first and with the ends of lines
/// that one pastes.
fn fields(head: &[u8]) -> Vec<u8> {
    let lines = head.split(|&byte| byte == b'\n').skip(1).map(<[u8]>::trim_ascii_end);
    let mut out = Vec::with_capacity(head.len());
    for line in lines.filter(|line| !line.is_empty()) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// A body as text, decoded where it was packed.
fn body(
    body: &Body,
    headers: Option<&Headers>,
    unpacking: Unpacking,
) -> Result<(Vec<u8>, String), String> {
    if body.total == 0 {
        return Err("has no such body".to_owned());
    }
    let reading = read(&body.kept, headers, unpacking);
    if reading.kind == Kind::Binary {
        return Err("has a body that is no text".to_owned());
    }
    let rest = match reading.stop {
        _ if let Some(extent) = extent(body.size()) => format!(" ({extent})"),
        Some(stop) => format!(" ({stop})"),
        None => String::new(),
    };
    Ok((reading.content.into_owned(), rest))
}
