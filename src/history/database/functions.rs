//! What statements can ask of bytes, which `SQLite` itself cannot judge.
//!
//! Invariant: an answer is that of the plain evaluation of a filter, if a body is all in
//! one piece.

use std::sync::Arc;

use regex::bytes::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::body::{Unpacking, is_plain, read};
use crate::exchange::Traceback;
use crate::http::{Headers, RequestHead, ResponseHead};
use crate::text::readable_address;

use super::super::filter::{is_found, is_there, searched_expression};

/// Lets the statements of a connection call these, most with an expression to look for:
///
/// - `readable(address)`: with its letters beyond ASCII, as it is read;
/// - `found(expression, text)`;
/// - `found_in_traceback(expression, json)`;
/// - `found_in_heads(name, expression, request, response)`: in a field of that name, or
///   in any line where it is NULL; a field of that name is enough where there is no
///   expression. A head that is NULL is not looked at;
/// - `found_in_body(expression, side, head, body)`: in the body once that is unpacked and
///   decoded; in an empty one there is nothing. The side is 0 for a request.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("readable", 1, flags, readable)?;
    connection.create_scalar_function("found", 2, flags, found)?;
    connection.create_scalar_function(
        "found_in_traceback",
        2,
        flags,
        found_in_traceback,
    )?;
    connection.create_scalar_function("found_in_heads", 4, flags, found_in_heads)?;
    connection.create_scalar_function("found_in_body", 4, flags, found_in_body)
}

/// The expression that is the argument of that place, made once for a statement.
fn expression(context: &Context<'_>, place: i32) -> rusqlite::Result<Arc<Regex>> {
    context.get_or_create_aux(place, |expression| {
        let text = expression.as_str().map_err(|error| error.to_string())?;
        searched_expression(text)
    })
}

/// The bytes of an argument, be it a text or a blob.
fn bytes<'a>(
    context: &'a Context<'_>,
    place: usize,
) -> rusqlite::Result<Option<&'a [u8]>> {
    let value = context.get_raw(place);
    Ok(value.as_bytes_or_null()?)
}

fn readable(context: &Context<'_>) -> rusqlite::Result<Option<String>> {
    let address: Option<String> = context.get(0)?;
    Ok(address.map(|address| readable_address(&address).into_owned()))
}

fn found(context: &Context<'_>) -> rusqlite::Result<bool> {
    let regex = expression(context, 0)?;
    Ok(bytes(context, 1)?.is_some_and(|text| regex.is_match(text)))
}

fn found_in_traceback(context: &Context<'_>) -> rusqlite::Result<bool> {
    let regex = expression(context, 0)?;
    let json = bytes(context, 1)?.unwrap_or_default();
    let traceback = serde_json::from_slice::<Traceback>(json);
    Ok(traceback.is_ok_and(|traceback| regex.is_match(traceback.text.as_bytes())))
}

fn found_in_heads(context: &Context<'_>) -> rusqlite::Result<bool> {
    let name: Option<String> = context.get(0)?;
    let value = match bytes(context, 1)? {
        Some(_) => Some(expression(context, 1)?),
        None => None,
    };
    let request = bytes(context, 2)?.and_then(request_headers);
    let response = bytes(context, 3)?.and_then(response_headers);
    let mut all = [request, response].into_iter().flatten();
    Ok(all.any(|headers| is_there(&headers, name.as_deref(), value.as_deref())))
}

fn found_in_body(context: &Context<'_>) -> rusqlite::Result<bool> {
    let body = bytes(context, 3)?.unwrap_or_default();
    if body.is_empty() {
        return Ok(false);
    }
    let regex = expression(context, 0)?;
    let head = bytes(context, 2)?.unwrap_or_default();
    if is_plain(head, body) {
        return Ok(is_found(&regex, body));
    }
    let headers = match context.get::<i64>(1)? {
        0 => request_headers(head),
        _ => response_headers(head),
    };
    Ok(is_found(&regex, &read(body, headers.as_ref(), Unpacking::USUAL).content))
}

fn request_headers(head: &[u8]) -> Option<Headers> {
    RequestHead::parse(head).map(|head| head.headers)
}

fn response_headers(head: &[u8]) -> Option<Headers> {
    ResponseHead::parse(head).map(|head| head.headers)
}
