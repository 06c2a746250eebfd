//! Query strings and URL-encoded bodies.

use super::fields::{is_count, is_secret_encoded};
use super::{MASK, address, grant, json};

/// A query string or URL-encoded body without its secrets; `None` where it has none.
pub(super) fn mask_urlencoded(bytes: &[u8]) -> Option<Vec<u8>> {
    mask_urlencoded_within(bytes, address::DEPTH)
}

/// The same, in whose values so many others may lie within each other.
pub(super) fn mask_urlencoded_within(bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
    let mut found = false;
    let is_grant = grant::is_one(bytes);
    let fields = bytes.split(|&byte| byte == b'&').map(|field| {
        let masked = grant::mask(field, is_grant).or_else(|| mask_field(field, depth));
        found |= masked.is_some();
        masked.unwrap_or_else(|| field.to_vec())
    });
    let fields: Vec<Vec<u8>> = fields.collect();
    found.then(|| fields.join(&b'&'))
}

/// What stands between two `&`. Some take a `;` there for one, too; whether this one does
/// cannot be told, so that a secret goes up to the `&`.
fn mask_field(field: &[u8], depth: usize) -> Option<Vec<u8>> {
    let mut begin = 0;
    for piece in field.split(|&byte| byte == b';') {
        let equals = memchr::memchr(b'=', piece).map(|at| begin + at);
        // What ends with equals signs is base64 rather than a field.
        let is_value = |equals: &usize| field[*equals..].iter().any(|byte| *byte != b'=');
        let equals = equals.filter(is_value);
        if let Some(equals) = equals
            && is_secret_encoded(&field[begin..equals])
            && !is_count(
                &String::from_utf8_lossy(&field[begin..equals]),
                &field[equals + 1..],
            )
        {
            return Some([&field[..=equals], MASK.as_bytes()].concat());
        }
        begin += piece.len() + 1;
    }
    let value = memchr::memchr(b'=', field).map_or(0, |equals| equals + 1);
    let masked = mask_nested(&field[value..], depth)?;
    Some([&field[..value], &masked].concat())
}

/// A value that is an address, a form or JSON, encoded or not, without its secrets; `None`
/// where it has none.
pub(super) fn mask_nested(value: &[u8], depth: usize) -> Option<Vec<u8>> {
    let is_of_them = |byte: &u8| matches!(byte, b'=' | b'%' | b'@' | b'{' | b'[');
    if depth == 0 || !value.iter().any(is_of_them) {
        return None;
    }
    let meant = decoded(value);
    let begins = meant.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != b'+');
    if matches!(begins, Some(b'{' | b'[')) {
        let spaced: Vec<u8> =
            value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        let masked = json::mask(&decoded(&spaced))?;
        return Some(if meant == value { masked } else { encoded(&masked) });
    }
    let masked = address::mask_within(&meant, depth - 1);
    match masked == meant {
        true => None,
        false if meant == value => Some(masked),
        false => Some(encoded(&masked)),
    }
}

/// A name or a value as it is meant: `pass%77ord`.
pub(super) fn decoded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(&byte) = name.get(at) {
        let code =
            name.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|_| byte == b'%');
        let meant = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(meant.unwrap_or(byte));
        at += if meant.is_some() { 3 } else { 1 };
    }
    out
}

/// A value as it is written, with the mask as it is.
fn encoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}
