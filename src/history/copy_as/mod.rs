//! A request in a form that can be pasted somewhere else: a command, a program, a test.
//!
//! Invariant: what is pasted sends what was sent: method, target, fields and body, less
//! the fields that belong to a connection. A request whose body is not all here
//! is not copied at all.

mod literal;
mod pytest;
mod python;
mod shell;

use thiserror::Error;

use crate::exchange::{Exchange, Outcome};
use crate::history::{NotWhole, request_arrived};
use crate::http::{Header, RequestHead, is_hop_by_hop, request_framing};

pub use pytest::Application;

/// What to make of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Curl,
    Httpie,
    PythonRequests,
    Pytest,
    /// The exact bytes.
    Raw,
    Url,
}

/// Why a request cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CopyError {
    #[error("it was malformed; --as raw copies its bytes")]
    Malformed,
    #[error(transparent)]
    NotWhole(#[from] NotWhole),
    #[error("it names no host to send it to")]
    NoHost,
    #[error("the application that answered is not known")]
    NoApplication,
    #[error("only --as curl and raw can ask for `*`, which is no path")]
    NoPath,
    /// Of a client that takes a path for another.
    #[error("{0} would ask for another path; --as curl and raw ask for this one")]
    OtherPath(&'static str),
    #[error("rdev answered it itself: the application would answer something else")]
    NotAnswered,
}

/// Makes the text, or for [`Form::Raw`] the bytes. `application` is what a test imports.
pub fn copy_as(
    form: Form,
    exchange: &Exchange,
    application: Option<&Application>,
) -> Result<Vec<u8>, CopyError> {
    if form != Form::Url {
        request_arrived(exchange)?;
    }
    if form == Form::Raw {
        return Ok(match &exchange.request.head {
            Some(head) if request_framing(head, u64::MAX).is_ok() => raw(exchange),
            // It was refused for what it is.
            _ => [&*exchange.request.raw, &exchange.request_body.kept].concat(),
        });
    }
    let head = exchange.request.head.as_ref().ok_or(CopyError::Malformed)?;
    if form != Form::Url && request_framing(head, u64::MAX).is_err() {
        return Err(CopyError::Malformed);
    }
    let sent = Sent::new(head, &exchange.request_body.kept)?;
    if sent.is_of_the_server() && !matches!(form, Form::Curl | Form::Url) {
        return Err(CopyError::NoPath);
    }
    let mut text = match form {
        Form::Curl => shell::curl(&sent),
        Form::Httpie if sent.looks_like_a_host() => {
            return Err(CopyError::OtherPath("HTTPie"));
        }
        Form::Httpie => shell::httpie(&sent),
        Form::PythonRequests if sent.looks_like_a_host() || sent.has_dots() => {
            return Err(CopyError::OtherPath("requests"));
        }
        Form::PythonRequests => python::requests(&sent),
        Form::Pytest if !reached_the_application(exchange) => {
            return Err(CopyError::NotAnswered);
        }
        Form::Pytest => {
            let application = application.ok_or(CopyError::NoApplication)?;
            pytest::test(&sent, exchange, application)
        }
        Form::Url | Form::Raw => sent.url,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// Whether the application was called, as far as that is known: archives of others do not
/// tell, and neither does a call that has not ended.
fn reached_the_application(exchange: &Exchange) -> bool {
    let is_known =
        exchange.timing.accepted.is_some() && exchange.outcome == Some(Outcome::Complete);
    exchange.outcome != Some(Outcome::Refused)
        && (!is_known || exchange.timing.entered.is_some())
}

/// Head and body as they were sent. What came in chunks has its length instead, since the
/// chunks themselves are not kept.
fn raw(exchange: &Exchange) -> Vec<u8> {
    let raw = &exchange.request.raw;
    let body = &exchange.request_body.kept;
    let mut out = Vec::with_capacity(raw.len() + body.len());
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            out.extend_from_slice(
                format!("Content-Length: {}\r\n", body.len()).as_bytes(),
            );
        } else {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(body);
    out
}

/// A request as a client sees it.
struct Sent<'a> {
    method: &'a str,
    url: String,
    /// The path with its query, or the `*` of `OPTIONS`.
    target: &'a str,
    host: String,
    /// Less those that the client makes itself: of the connection, `Host`, the length.
    headers: Vec<&'a Header>,
    body: &'a [u8],
}

impl<'a> Sent<'a> {
    fn new(head: &'a RequestHead, body: &'a [u8]) -> Result<Self, CopyError> {
        let host =
            head.host().filter(|host| !host.is_empty()).ok_or(CopyError::NoHost)?;
        let target = match head.origin() {
            "" => "/",
            target => target,
        };
        // RFC 9112 section 3.3: with `*` the address ends behind the authority.
        let path = if target == "*" { "" } else { target };
        let own = |header: &&Header| {
            !is_hop_by_hop(&header.name)
                && !["host", "content-length", "expect"]
                    .iter()
                    .any(|name| header.name.eq_ignore_ascii_case(name))
        };
        Ok(Self {
            method: &head.method,
            url: format!("http://{host}{path}"),
            target,
            host,
            headers: head.headers.0.iter().filter(own).collect(),
            body,
        })
    }

    /// Whether it asks about the server as a whole (RFC 9112 section 3.2.4).
    fn is_of_the_server(&self) -> bool {
        self.target == "*"
    }

    /// Whether its path begins as a reference to another host does (RFC 3986 section 4.2).
    fn looks_like_a_host(&self) -> bool {
        self.target.starts_with("//")
    }

    /// Whether its path has segments that clients take for steps (RFC 3986 section 5.2.4).
    fn has_dots(&self) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        path.split('/').any(|segment| matches!(segment, "." | ".."))
    }

    /// Fields of one name as one, for what has a name once (RFC 9110 section 5.3).
    fn merged(&self) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = Vec::new();
        for field in &self.headers {
            let same =
                out.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
            let Some((name, value)) = same else {
                out.push((field.name.clone(), field.value.clone()));
                continue;
            };
            let joint = if name.eq_ignore_ascii_case("cookie") { "; " } else { ", " };
            value.extend_from_slice(joint.as_bytes());
            value.extend_from_slice(&field.value);
        }
        out
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests;
