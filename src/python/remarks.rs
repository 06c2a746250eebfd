//! What is odd about a response's head and can be answered for all the same; what the
//! values it was made of had about them is in `oddities.rs`.
//!
//! Invariant: pure. Told once the head is settled, by `start_response.rs`.

use crate::exchange::Deed;
use crate::exchange::rules::{self, Rule};
use crate::http::ResponseHead;

/// The rules it breaks, each with what the application did.
pub(super) fn remarks(head: &ResponseHead) -> Vec<(&'static Rule, Deed)> {
    let mut found = Vec::new();
    for header in &head.headers.0 {
        let (name, value) = (header.name.as_str(), header.value.as_slice());
        let quoting = |intro: &str| {
            Deed::quoting(intro, Some(name), &String::from_utf8_lossy(value))
        };
        if name.eq_ignore_ascii_case("status") {
            found
                .push((&rules::STATUS_HEADER, format!("the headers have {name}").into()));
        }
        if name.eq_ignore_ascii_case("connection") {
            let what = quoting(&format!("the headers have {name}: "));
            found.push((&rules::CONNECTION_CLOSE, what));
        }
        if is_odd_name(name) {
            let what = format!("a header is called {name}");
            found.push((&rules::HEADER_NAME_ENDING, what.into()));
        }
        if name.eq_ignore_ascii_case("etag") && !is_etag(value) {
            found.push((&rules::ETAG_FORM, quoting("the ETag is ")));
        }
        if name.eq_ignore_ascii_case("location") && !is_address(value) {
            found.push((&rules::LOCATION_FORM, quoting("the Location is ")));
        }
        if let Some(rule) = misplaced(head, name) {
            let what = format!("the answer is {} and has {name}", head.status);
            found.push((rule, what.into()));
        }
    }
    found
}

/// PEP 3333 wants names "without a trailing colon or other punctuation"; that they begin
/// with a letter is what `wsgiref.validate` makes of it.
fn is_odd_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.starts_with(|first: char| first.is_ascii_alphabetic())
        || name.ends_with(['-', '_'])
        || !name.bytes().all(known)
}

/// RFC 9110 section 8.8.3: `[W/] DQUOTE *etagc DQUOTE`.
fn is_etag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    match opaque {
        [b'"', inner @ .., b'"'] => {
            inner.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))
        }
        _ => false,
    }
}

/// RFC 3986 has ASCII alone, less spaces and a few signs.
fn is_address(value: &[u8]) -> bool {
    let out = |byte: &u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(byte);
    !value.is_empty() && !value.iter().any(out)
}

/// Fields that a status has no place for.
fn misplaced(head: &ResponseHead, name: &str) -> Option<&'static Rule> {
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    match head.status {
        204 if is("content-length") => Some(&rules::LENGTH_OF_NOTHING),
        204 | 304 if is("content-type") => Some(&rules::TYPE_OF_NOTHING),
        304 => {
            let names = [
                "allow",
                "content-encoding",
                "content-language",
                "content-length",
                "content-md5",
                "content-range",
            ];
            // Where there is no ETag it is what guides the cache.
            let modified = is("last-modified") && head.headers.contains("etag");
            (modified || names.iter().any(|name| is(name)))
                .then_some(&rules::UNCHANGED_METADATA)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    fn broken(status: u16, fields: &[(&str, &str)]) -> Vec<&'static str> {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(*name, *value);
        }
        let head = ResponseHead { status, reason: Vec::new(), headers };
        remarks(&head).into_iter().map(|(rule, _)| rule.id).collect()
    }

    #[test]
    fn a_head_as_it_should_be_has_no_remarks() {
        let fields = [
            ("Content-Type", "text/html"),
            ("X-Request_Id", "1"),
            ("ETag", "W/\"v1\""),
            ("Location", "/next?a=b%20c#d"),
            ("Last-Modified", "Sat, 03 Feb 2001 04:05:06 GMT"),
        ];
        assert_eq!(broken(200, &fields), [""; 0]);
        let unchanged = [("ETag", "\"v1\""), ("Cache-Control", "no-cache")];
        assert_eq!(broken(304, &unchanged), [""; 0]);
    }

    #[test]
    fn each_oddity_is_told_by_its_rule() {
        for (status, field, rule) in [
            (200, ("Status", "200 OK"), "status-header"),
            (200, ("connection", "close"), "connection-close"),
            (200, ("X-Odd-", "1"), "header-name-ending"),
            (200, ("1st", "1"), "header-name-ending"),
            (200, ("X-Odd.", "1"), "header-name-ending"),
            (200, ("ETag", "v1"), "etag-form"),
            (200, ("ETag", "w/\"v1\""), "etag-form"),
            (200, ("ETag", "\"v\"1\""), "etag-form"),
            (302, ("Location", "/a b"), "location-form"),
            (302, ("Location", "/\u{e9}"), "location-form"),
            (302, ("Location", ""), "location-form"),
            (204, ("Content-Length", "0"), "length-of-nothing"),
            (204, ("Content-Type", "text/plain"), "type-of-nothing"),
            (304, ("Content-Type", "text/plain"), "type-of-nothing"),
            (304, ("Content-Length", "5"), "unchanged-metadata"),
        ] {
            assert_eq!(broken(status, &[field]), [rule], "{status} {field:?}");
        }
    }
}
