//! Heads: credentials in fields, secrets in addresses, and what is said of a body that
//! was masked.

use crate::body::{in_utf_8, is_utf_8};
use crate::exchange::Body;

use super::fields::is_secret_header;
use super::{MASK, address};

/// Fields whose values are addresses, also where these do not look it.
const ADDRESSES: [&str; 4] = ["referer", "location", "content-location", "refresh"];
/// Authentication schemes (IANA's registry), which are no secret themselves.
const SCHEMES: [&str; 6] = ["basic", "bearer", "digest", "negotiate", "ntlm", "token"];

/// The head without its secrets; also of one that is malformed.
pub(super) fn mask(raw: &[u8]) -> Vec<u8> {
    let first = memchr::memchr(b'\n', raw).map_or(raw.len(), |end| end + 1);
    let (line, fields) = raw.split_at(first);
    let text = line.trim_ascii_end();
    let words = text.split(|&byte| byte == b' ').map(address::mask);
    let mut out = words.collect::<Vec<_>>().join(&b' ');
    out.extend_from_slice(&line[text.len()..]);
    out.extend(mask_fields(fields));
    out
}

/// Field lines without their secrets.
pub(super) fn mask_fields(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        let text = line.trim_ascii_end();
        if let Some((name, value)) = field(text) {
            out.extend_from_slice(&text[..text.len() - value.len()]);
            out.extend(mask_value(&name, value));
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    out
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

/// The name of a field line in lower case, and its value, which is the end of the line.
fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let name = String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase();
    Some((name, line[colon + 1..].trim_ascii_start()))
}

fn mask_value(name: &str, value: &[u8]) -> Vec<u8> {
    match name {
        "authorization" | "proxy-authorization" => mask_credentials(value),
        "cookie" => mask_pairs(value, usize::MAX),
        "set-cookie" => mask_pairs(value, 1),
        _ if is_secret_header(name) && !value.is_empty() => MASK.into(),
        _ if ADDRESSES.contains(&name) || address::is_one(value) => address::mask(value),
        _ => value.to_vec(),
    }
}

/// `Bearer ***`.
fn mask_credentials(value: &[u8]) -> Vec<u8> {
    let scheme = value.split(|&byte| byte == b' ').next().unwrap_or_default();
    if scheme.len() < value.len()
        && SCHEMES.iter().any(|name| scheme.eq_ignore_ascii_case(name.as_bytes()))
    {
        return [scheme, b" ", MASK.as_bytes()].concat();
    }
    MASK.into()
}

/// The values of the first so many `name=value` of a cookie field. One without a name is
/// all value.
fn mask_pairs(value: &[u8], most: usize) -> Vec<u8> {
    let pairs = value.split(|&byte| byte == b';').enumerate().map(|(number, pair)| {
        match memchr::memchr(b'=', pair) {
            _ if number >= most => pair.to_vec(),
            Some(equals) => [&pair[..=equals], MASK.as_bytes()].concat(),
            None if pair.trim_ascii().is_empty() => pair.to_vec(),
            None => MASK.into(),
        }
    });
    pairs.collect::<Vec<_>>().join(&b';')
}
