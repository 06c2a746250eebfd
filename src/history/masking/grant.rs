//! What a login service hands a browser to be traded for a token: secrets under names that
//! tell nothing, but by what stands beside them or by how they begin.

use super::MASK;
use super::form::decoded;

/// What stands beside an authorization code: in a redirect (RFC 6749 section 4.1.2, RFC 9207,
/// `OpenID` Connect Session Management) and where it is traded (RFC 6749 section 4.1.3).
const COMPANIONS: [&[u8]; 6] =
    [b"client_id", b"grant_type", b"iss", b"redirect_uri", b"session_state", b"state"];
/// Tickets of CAS begin so (CAS Protocol 3.0, sections 3.1 to 3.6).
const TICKETS: [&[u8]; 4] = [b"ST-", b"PT-", b"PGT-", b"TGT-"];

/// Whether a `code` among these fields would be one of OAuth's, and no other.
pub(super) fn is_one(fields: &[u8]) -> bool {
    let mut names = fields.split(|&byte| byte == b'&').map(|field| parts(field).0);
    names.any(|name| COMPANIONS.contains(&decoded(name).as_slice()))
}

/// A field without the code or ticket that it holds; `None` where it holds none.
pub(super) fn mask(field: &[u8], is_grant: bool) -> Option<Vec<u8>> {
    let (name, value) = parts(field);
    let is_secret = match decoded(name).as_slice() {
        b"code" => is_grant && !value.is_empty(),
        b"ticket" => TICKETS.iter().any(|begins| decoded(value).starts_with(begins)),
        _ => false,
    };
    is_secret.then(|| [name, b"=", MASK.as_bytes()].concat())
}

/// Name and value; the latter is empty where there is none.
fn parts(field: &[u8]) -> (&[u8], &[u8]) {
    let equals = memchr::memchr(b'=', field).unwrap_or(field.len());
    (&field[..equals], field.get(equals + 1..).unwrap_or_default())
}
