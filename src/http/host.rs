//! The `Host` field: `uri-host [ ":" port ]` (RFC 9110 section 7.2).

use std::net::Ipv6Addr;

/// Whether a value is a host with an optional port. The empty value is one
/// (RFC 9112 section 3.2 has clients send it when the target has no authority).
pub(super) fn is_host(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| {
        split(text).is_some_and(|(host, port)| is_uri_host(host) && is_port(port))
    })
}

/// Whether a text is the authority of an `http` URI: a host that is not empty (RFC 9110
/// section 4.2.1) with an optional port, and no user's name before it, which is bait
/// (section 4.2.4).
pub(super) fn is_authority(text: &str) -> bool {
    is_host(text.as_bytes()) && split(text).is_some_and(|(host, _)| !host.is_empty())
}

/// The host in a valid `Host` value, without the port; an IPv6 address without brackets.
pub fn host_name(value: &str) -> &str {
    let (host, _) = split(value).unwrap_or((value, ""));
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

/// Host, with the brackets of an IPv6 address, and port. `None` where a bracket is
/// misplaced.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, rest) = text.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) => Some((host, port)),
        None => rest.is_empty().then_some((host, "")),
    }
}

fn is_uri_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_reg_name(host.as_bytes()),
    }
}

/// `reg-name` of RFC 3986 section 3.2.2, which IPv4 addresses are too, but for the comma,
/// with which two fields would have been joined.
fn is_reg_name(mut host: &[u8]) -> bool {
    loop {
        host = match host {
            [] => return true,
            [b'%', high, low, rest @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest
            }
            [byte, rest @ ..]
                if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(byte) =>
            {
                rest
            }
            _ => return false,
        };
    }
}

fn is_port(port: &str) -> bool {
    port.is_empty()
        || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_other_text() {
        for good in ["", "a", "a.b:80", "127.0.0.1:8888", "[::1]", "[::1]:80", "a:"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "a b", "a,b", "u@a", "a/b", "a:b", "a:99999", "[::1", "[x]", "[::1]x", "a%2",
            "a]", "a%2g",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn the_name_is_told_from_the_port() {
        let table =
            [("a", "a"), ("a:80", "a"), ("[::1]:80", "::1"), (":80", ""), ("", "")];
        for (value, name) in table {
            assert_eq!(host_name(value), name);
            assert_eq!(is_authority(value), !name.is_empty(), "{value}");
        }
    }
}
