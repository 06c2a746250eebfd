//! Header fields, in the order they were sent.

use serde::{Deserialize, Serialize};

/// One field line. The value is bytes, since obs-text (0x80 to 0xFF) is legal in it
/// (RFC 9110 section 5.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name as sent.
    pub name: String,
    /// The value without the white space around it.
    pub value: Vec<u8>,
}

/// The fields of a head. Names compare without case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers(pub Vec<Header>);

impl Headers {
    /// Adds a field line at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push(Header { name: name.into(), value: value.into() });
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_slice())
    }

    /// The first field of that name as text, with bytes beyond ASCII replaced.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Every field of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_slice())
    }

    /// Whether there is a field of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a comma-separated list field of that name holds a member, compared
    /// without case: `Connection: keep-alive, close`.
    pub fn lists(&self, name: &str, member: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(member.as_bytes()))
    }
}

/// Whether these bytes are a token (RFC 9110 section 5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Fields that describe one connection rather than the message, which an application
/// must not send (PEP 3333, "Other HTTP Features"; RFC 9110 section 7.6.1).
pub fn is_hop_by_hop(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Why a field of a request must not become a variable of CGI's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hazard {
    /// Its variable would be that of another field, with a hyphen for the underscore:
    /// whoever strips or sets that one would be deceived (CVE-2015-0219).
    Alias,
    /// `Proxy` would be `HTTP_PROXY`, which many programs read as a setting (httpoxy,
    /// CVE-2016-5385).
    Setting,
}

/// What there is against a variable for the field of that name.
pub fn hazard(name: &str) -> Option<Hazard> {
    if name.contains('_') {
        Some(Hazard::Alias)
    } else {
        name.eq_ignore_ascii_case("proxy").then_some(Hazard::Setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_lists_are_split() {
        let mut headers = Headers::default();
        headers.push("Connection", "Keep-Alive, Close");
        assert!(headers.contains("connection"));
        assert!(headers.lists("connection", "close"));
        assert!(!headers.lists("connection", "upgrade"));
    }
}
