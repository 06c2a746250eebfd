//! What statements can ask of bytes, which `SQLite` itself cannot judge.

use std::sync::Arc;

use regex::bytes::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::body::{MOST_UNPACKED, is_plain, read};
use crate::http::{RequestHead, ResponseHead};

use super::super::filter::searched_expression;

/// Lets the statements of a connection call `body_may_have(expression, side, head, body,
/// kept)`: whether the expression is found in the body once that is unpacked and decoded,
/// or may be, since not all that is kept of it is in `body`. The side is 0 for a request.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("body_may_have", 5, flags, body_may_have)
}

fn body_may_have(context: &Context<'_>) -> rusqlite::Result<bool> {
    let regex: Arc<Regex> = context.get_or_create_aux(0, |expression| {
        let text = expression.as_str().map_err(|error| error.to_string())?;
        searched_expression(text)
    })?;
    let body = context.get_raw(3).as_blob_or_null()?.unwrap_or_default();
    let kept: i64 = context.get(4)?;
    if (body.len() as u64) < u64::try_from(kept).unwrap_or(0) {
        return Ok(true);
    }
    let head = context.get_raw(2).as_blob_or_null()?.unwrap_or_default();
    if is_plain(head, body) {
        return Ok(regex.is_match(body));
    }
    let headers = match context.get::<i64>(1)? {
        0 => RequestHead::parse(head).map(|head| head.headers),
        _ => ResponseHead::parse(head).map(|head| head.headers),
    };
    Ok(regex.is_match(&read(body, headers.as_ref(), MOST_UNPACKED).content))
}
