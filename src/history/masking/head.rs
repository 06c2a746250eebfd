//! Heads: credentials in fields, secrets in addresses, and what is said of a body that
//! was masked.
//!
//! Heads that were refused are masked as the most lenient reader would take them: lines end
//! with LF or CR alone, too, and go on with a blank (`obs-fold`, RFC 9112 section 5.2).

use crate::body::{in_utf_8, is_utf_8};
use crate::exchange::Body;
use crate::http::Headers;

use super::fields::{is_count, is_secret_header};
use super::{MASK, address, json, words};

/// Fields whose values are an address as a whole, also where these do not look it.
const ADDRESSES: [&str; 4] = ["referer", "location", "content-location", "refresh"];
/// Fields that name features by what would be secret elsewhere.
const FEATURES: [&str; 2] = ["permissions-policy", "feature-policy"];
/// Authentication schemes (IANA's registry), which are no secret themselves.
const SCHEMES: [&str; 8] =
    ["apikey", "basic", "bearer", "digest", "dpop", "negotiate", "ntlm", "token"];

/// The head without its secrets; also of one that is malformed.
pub(super) fn mask(raw: &[u8]) -> Vec<u8> {
    let first = end_of_line(raw, 0);
    let (line, fields) = raw.split_at(first);
    let (text, end) = line.split_at(line.trim_ascii_end().len());
    let mut out = mask_start(text);
    out.extend_from_slice(end);
    let folded = is_folded(fields) && !has_version(text);
    let target = if folded { end_of_field(fields) } else { 0 };
    if target > 0 {
        // Of an address that was broken within what is secret.
        out.extend_from_slice(format!(" {MASK}\r\n").as_bytes());
    }
    out.extend(mask_fields(&fields[target..]));
    out
}

/// The first line. Blanks within the address are taken for a part of it.
fn mask_start(line: &[u8]) -> Vec<u8> {
    let method = memchr::memchr(b' ', line).unwrap_or(0);
    let (method, rest) = line.split_at(method);
    let (blank, rest) = rest.split_at(usize::from(rest.starts_with(b" ")));
    let target = if has_version(rest) {
        memchr::memrchr(b' ', rest).unwrap_or(rest.len())
    } else {
        rest.len()
    };
    let (target, version) = rest.split_at(target);
    let masked = match method {
        b"CONNECT" => address::mask_authority(target),
        _ => address::mask(target),
    };
    [&address::mask(method), blank, &masked, version].concat()
}

fn has_version(line: &[u8]) -> bool {
    let last = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    let number = last.strip_prefix(b"HTTP/");
    number.is_some_and(|number| number.iter().all(|byte| b"0123456789.".contains(byte)))
}

/// Field lines without their secrets.
pub(super) fn mask_fields(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let (field, behind) = rest.split_at(end_of_field(rest));
        let (text, end) = field.split_at(field.trim_ascii_end().len());
        out.extend(mask_field(text));
        out.extend_from_slice(end);
        rest = behind;
    }
    out
}

/// The fields without their secrets.
pub(super) fn mask_headers(headers: &Headers) -> Headers {
    let mut masked = headers.clone();
    for header in &mut masked.0 {
        header.value = mask_value(&header.name.to_ascii_lowercase(), &header.value);
    }
    masked
}

/// A field with the lines that it goes on in.
fn mask_field(text: &[u8]) -> Vec<u8> {
    let Some((name, value)) = field(text) else {
        return words::mask_value(text).unwrap_or_else(|| text.to_vec());
    };
    let masked = mask_value(&name, value);
    let (own, more) = masked.split_at(end_of_line(&masked, 0));
    [&text[..text.len() - value.len()], own, &mask_more(more)].concat()
}

/// The lines that a field goes on in: each may have been meant for one of its own.
fn mask_more(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(end_of_line(rest, 0));
        let (text, end) = line.split_at(line.trim_ascii_end().len());
        let (blanks, text) = text.split_at(text.len() - text.trim_ascii_start().len());
        out.extend_from_slice(blanks);
        out.extend(mask_field(text));
        out.extend_from_slice(end);
        rest = behind;
    }
    out
}

/// Behind the line that begins there.
fn end_of_line(raw: &[u8], from: usize) -> usize {
    match memchr::memchr2(b'\n', b'\r', &raw[from..]).map(|end| from + end) {
        Some(end) if raw[end..].starts_with(b"\r\n") => end + 2,
        Some(end) => end + 1,
        None => raw.len(),
    }
}

/// Behind the line, and those that it goes on in.
fn end_of_field(raw: &[u8]) -> usize {
    let mut end = end_of_line(raw, 0);
    while end > 0 && is_folded(&raw[end..]) {
        end = end_of_line(raw, end);
    }
    end
}

fn is_folded(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(b' ' | b'\t'))
}

/// The head for a body that was unpacked and masked: its length, no coding, its charset.
pub(super) fn with_body(raw: &[u8], body: &Body) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        let text = line.trim_ascii_end();
        match field(text) {
            Some((name, _)) if name == "content-encoding" => continue,
            Some((name, value)) if name == "content-length" => {
                out.extend_from_slice(&text[..text.len() - value.len()]);
                out.extend_from_slice(body.total.to_string().as_bytes());
            }
            Some((name, value)) if name == "content-type" => {
                out.extend_from_slice(&text[..text.len() - value.len()]);
                let value = String::from_utf8_lossy(value);
                out.extend_from_slice(
                    if is_utf_8(value.as_bytes()) {
                        value.into_owned()
                    } else {
                        in_utf_8(&value)
                    }
                    .as_bytes(),
                );
            }
            _ => out.extend_from_slice(text),
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    out
}

/// The name of a field line in lower case, and its value, which is the end of the line. Of
/// one without a colon the first word is the name.
fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let end = memchr::memchr(b':', line)
        .or_else(|| line.iter().position(u8::is_ascii_whitespace))?;
    let name = String::from_utf8_lossy(&line[..end]).trim().to_ascii_lowercase();
    Some((name, line[end + 1..].trim_ascii_start()))
}

/// The value of the field of that name, in lower case.
pub(super) fn mask_value(name: &str, value: &[u8]) -> Vec<u8> {
    match name {
        _ if value.is_empty() || FEATURES.contains(&name) => value.to_vec(),
        "cookie" => mask_pairs(value, usize::MAX),
        "set-cookie" => mask_pairs(value, 1),
        _ if name.ends_with("authorization") => mask_credentials(value),
        _ if is_secret_header(name) && !is_count(name, value) => MASK.into(),
        _ if bears_credentials(value) && !name.ends_with("authenticate") => {
            mask_credentials(value)
        }
        "host" => address::mask_authority(value),
        _ if ADDRESSES.contains(&name) => {
            let masked = words::mask(value);
            address::mask(masked.as_deref().unwrap_or(value))
        }
        _ => {
            let json = memchr::memchr(b'"', value).and_then(|_| json::mask(value));
            let value = json.unwrap_or_else(|| value.to_vec());
            words::mask_value(&value).unwrap_or(value)
        }
    }
}

/// Whether a value is what `Authorization` would have.
fn bears_credentials(value: &[u8]) -> bool {
    let mut words = value.split(u8::is_ascii_whitespace);
    let Some(scheme) = words.next().filter(|word| is_scheme(word)) else { return false };
    // Words as in `Basic plan` are not what Base64 makes of a name and a password.
    let is_word = |word: &[u8]| {
        word.first().is_none_or(u8::is_ascii_alphabetic)
            && word.iter().skip(1).all(u8::is_ascii_lowercase)
    };
    let is_prose = scheme.eq_ignore_ascii_case(b"basic") && words.clone().all(is_word);
    !is_prose && words.next().is_some()
}

fn is_scheme(word: &[u8]) -> bool {
    SCHEMES.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

/// `Bearer ***`.
fn mask_credentials(value: &[u8]) -> Vec<u8> {
    let scheme = value.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if scheme.len() < value.len() && is_scheme(scheme) {
        return [scheme, b" ", MASK.as_bytes()].concat();
    }
    MASK.into()
}

/// Whether something is what a cookie has behind its value (RFC 6265 section 4.1.1), and
/// not another cookie that was joined to it, as `Path=/, b=s3cret`.
fn is_attribute(pair: &[u8]) -> bool {
    /// With those that browsers have added: cookies that have independent partitioned
    /// state, and priorities.
    const NAMES: [&[u8]; 9] = [
        b"domain",
        b"expires",
        b"httponly",
        b"max-age",
        b"partitioned",
        b"path",
        b"priority",
        b"samesite",
        b"secure",
    ];
    let mut parts = pair.splitn(2, |byte| *byte == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    let value = parts.next().unwrap_or_default();
    let is_known = NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_known && !value.contains(&b'=')
}

/// The values of `name=value` of a cookie field, but for attributes behind the first so
/// many. One without a name is all value.
fn mask_pairs(value: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    for number in 0.. {
        let (pair, behind) = rest.split_at(end_of_pair(rest));
        match memchr::memchr(b'=', pair) {
            _ if number >= most && is_attribute(pair) => out.extend_from_slice(pair),
            Some(equals) => {
                out.extend_from_slice(&pair[..=equals]);
                out.extend_from_slice(MASK.as_bytes());
            }
            None if pair.trim_ascii().is_empty() => out.extend_from_slice(pair),
            None => out.extend_from_slice(MASK.as_bytes()),
        }
        let Some((semicolon, behind)) = behind.split_first() else { break };
        out.push(*semicolon);
        rest = behind;
    }
    out
}

/// The quote that ends a value, which may have escaped ones in it.
fn end_of_quotes(value: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + memchr::memchr2(b'"', b'\\', &value[from..])?;
        if value[place] == b'"' {
            return Some(place);
        }
        from = place + 2;
        value.get(from..)?;
    }
}

/// The semicolon behind a pair. Python's `http.cookies` takes one within quotes for a part
/// of the value.
fn end_of_pair(rest: &[u8]) -> usize {
    let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let equals = memchr::memchr(b'=', &rest[..end]).map_or(end, |equals| equals + 1);
    let quoted = rest[equals..].strip_prefix(b"\"");
    let closed = quoted.and_then(end_of_quotes);
    let Some(closed) = closed else { return end };
    let behind = equals + closed + 2;
    memchr::memchr(b';', &rest[behind..]).map_or(rest.len(), |place| behind + place)
}
