//! The `Host` field: `uri-host [ ":" port ]` (RFC 9110 section 7.2).

use std::net::Ipv6Addr;

/// Whether a value is a host with an optional port. The empty value is one
/// (RFC 9112 section 3.2 has clients send it when the target has no authority).
pub(super) fn is_host(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            match port.strip_prefix(':') {
                Some(port) => ("", port),
                None if port.is_empty() => ("", ""),
                None => return false,
            }
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    is_reg_name(host) && is_port(port)
}

/// `reg-name` of RFC 3986 section 3.2.2, which IPv4 addresses are too.
fn is_reg_name(host: &str) -> bool {
    host.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(&byte))
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
        for bad in ["a b", "a,b", "u@a", "a/b", "a:b", "a:99999", "[::1", "[x]", "[::1]x"]
        {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
