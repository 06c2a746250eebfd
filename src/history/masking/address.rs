//! Addresses: passwords before the host, parameters of the path, the query and the
//! fragment, and the addresses that these hold in turn.

use memchr::memmem;

use super::MASK;
use super::fields::is_secret;
use super::form::{decoded, mask_urlencoded_within};

/// How deep addresses within addresses are looked through.
pub(super) const DEPTH: usize = 3;

/// Whether a text may be an address.
pub(super) fn is_one(text: &[u8]) -> bool {
    text.starts_with(b"/") || memmem::find(text, b"://").is_some()
}

/// An address without its secrets.
pub(super) fn mask(address: &[u8]) -> Vec<u8> {
    mask_within(address, DEPTH)
}

/// The same of one that lies within another; so many may lie within it.
pub(super) fn mask_within(address: &[u8], depth: usize) -> Vec<u8> {
    let query = address.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let (base, rest) = address.split_at(query.unwrap_or(address.len()));
    let mut out = mask_parameters(&mask_user(base));
    if let Some((sign, rest)) = rest.split_first() {
        out.push(*sign);
        let parts = rest.split(|&byte| byte == b'#').map(|part| {
            mask_urlencoded_within(part, depth).unwrap_or_else(|| part.to_vec())
        });
        out.extend(parts.collect::<Vec<_>>().join(&b'#'));
    }
    out
}

/// `/cart;token=***` of `/cart;token=s3cret`.
pub(super) fn mask_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|&byte| byte == b'/').map(|segment| {
        let parts = segment.split(|&byte| byte == b';').enumerate();
        let parts = parts.map(|(place, part)| match memchr::memchr(b'=', part) {
            Some(equals) if place > 0 && names_a_secret(&part[..equals]) => {
                [&part[..=equals], MASK.as_bytes()].concat()
            }
            _ => part.to_vec(),
        });
        parts.collect::<Vec<_>>().join(&b';')
    });
    segments.collect::<Vec<_>>().join(&b'/')
}

fn names_a_secret(name: &[u8]) -> bool {
    is_secret(&String::from_utf8_lossy(&decoded(name)))
}

/// `http://ada:***@host/` of `http://ada:secret@host/`.
fn mask_user(base: &[u8]) -> Vec<u8> {
    let Some(begin) = memmem::find(base, b"://").map(|at| at + 3) else {
        return base.to_vec();
    };
    let authority = base[begin..].split(|&byte| byte == b'/').next().unwrap_or_default();
    let Some(at) = memchr::memrchr(b'@', authority) else { return base.to_vec() };
    let colon = memchr::memchr(b':', &authority[..at]).map_or(0, |colon| colon + 1);
    [&base[..begin + colon], MASK.as_bytes(), &base[begin + at..]].concat()
}
