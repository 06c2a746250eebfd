//! Addresses: passwords before the host, parameters of the path, the query and the
//! fragment, and the addresses that these hold in turn.

use memchr::memmem;

use super::MASK;
use super::fields::is_secret_encoded;
use super::form::{mask_nested, mask_urlencoded_within};

/// How deep addresses within addresses are looked through.
pub(super) const DEPTH: usize = 8;

/// Whether a text begins as an address does that is not relative.
pub(super) fn begins_as_one(text: &[u8]) -> bool {
    let is_scheme =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = memmem::find(text, b"://").map(|end| &text[..end]);
    text.starts_with(b"/") || scheme.is_some_and(|scheme| scheme.iter().all(is_scheme))
}

/// An address without its secrets.
pub(super) fn mask(address: &[u8]) -> Vec<u8> {
    mask_within(address, DEPTH)
}

/// The same of one that lies within another; so many may lie within it.
pub(super) fn mask_within(address: &[u8], depth: usize) -> Vec<u8> {
    let address = mask_user(address);
    let query = address.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let (base, rest) = address.split_at(query.unwrap_or(address.len()));
    let mut out = mask_base(base, depth);
    if let Some((sign, rest)) = rest.split_first() {
        out.push(*sign);
        let parts = rest.split(|&byte| byte == b'#').map(|part| {
            mask_urlencoded_within(part, depth).unwrap_or_else(|| part.to_vec())
        });
        out.extend(parts.collect::<Vec<_>>().join(&b'#'));
    }
    out
}

/// What stands before the query; of what is no address at all, the fields that it may be.
fn mask_base(base: &[u8], depth: usize) -> Vec<u8> {
    if begins_as_one(base) {
        return mask_parameters(base, depth);
    }
    mask_urlencoded_within(base, depth).unwrap_or_else(|| base.to_vec())
}

/// `/cart;token=***` of `/cart;token=s3cret`, and addresses in segments of the path.
pub(super) fn mask_parameters(path: &[u8], depth: usize) -> Vec<u8> {
    let segments = path.split(|&byte| byte == b'/').map(|segment| {
        let parts =
            segment.split(|&byte| byte == b';').map(|part| {
                match memchr::memchr(b'=', part) {
                    Some(equals) if is_secret_encoded(&part[..equals]) => {
                        [&part[..=equals], MASK.as_bytes()].concat()
                    }
                    _ => mask_nested(part, depth).unwrap_or_else(|| part.to_vec()),
                }
            });
        parts.collect::<Vec<_>>().join(&b';')
    });
    segments.collect::<Vec<_>>().join(&b'/')
}

/// `http://ada:***@host/` of `http://ada:secret@host/`.
fn mask_user(address: &[u8]) -> Vec<u8> {
    let begin = match memmem::find(address, b"://") {
        Some(scheme) if begins_as_one(address) => scheme + 3,
        None if address.starts_with(b"//") => 2,
        _ => return address.to_vec(),
    };
    let rest = &address[begin..];
    let length = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    // A password that was not encoded may have the sign of a query in it.
    let query = rest[..length].iter().position(|byte| matches!(byte, b'?' | b'#'));
    let query = query.filter(|query| memchr::memchr(b':', &rest[..*query]).is_none());
    let (authority, behind) = rest.split_at(query.unwrap_or(length));
    [&address[..begin], &mask_authority(authority), behind].concat()
}

/// `ada:***@host` of `ada:secret@host`.
pub(super) fn mask_authority(authority: &[u8]) -> Vec<u8> {
    let Some(at) = memchr::memrchr(b'@', authority) else { return authority.to_vec() };
    let colon = memchr::memchr(b':', &authority[..at]).map_or(0, |colon| colon + 1);
    [&authority[..colon], MASK.as_bytes(), &authority[at..]].concat()
}
