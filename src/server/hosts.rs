//! Which hosts requests may ask for.
//!
//! A page of a foreign site can have its own name resolved to this machine, and then talk
//! to the application as to itself (DNS rebinding: CVE-2018-14505, CVE-2024-34069,
//! CVE-2025-24010). It cannot choose the `Host` of its requests: those are of that name.

use std::net::IpAddr;

use crate::http::host_name;

/// Names that requests may be for.
#[derive(Debug)]
pub(super) struct AllowedHosts {
    /// In small letters, without the dot at the end.
    names: Vec<String>,
    /// What a name may end in: `.example.org`.
    endings: Vec<String>,
    all: bool,
}

impl AllowedHosts {
    /// The name that is listened on, and what the developer allows: names, `*.name` for
    /// all below it, `.name` for that and itself, `*` for every name.
    pub(super) fn new(bound: &str, allowed: &[String]) -> Self {
        let mut hosts = Self {
            names: vec!["localhost".to_owned(), plain(bound)],
            // Nobody can have these in the public DNS (RFC 6761).
            endings: vec![".localhost".to_owned(), ".test".to_owned()],
            all: false,
        };
        for pattern in allowed {
            hosts.allow(&plain(pattern));
        }
        hosts
    }

    fn allow(&mut self, pattern: &str) {
        if pattern == "*" {
            self.all = true;
        } else if let Some(below) = pattern.strip_prefix('*') {
            self.endings.push(below.to_owned());
        } else if let Some(name) = pattern.strip_prefix('.') {
            self.names.push(name.to_owned());
            self.endings.push(pattern.to_owned());
        } else {
            self.names.push(host_name(pattern).to_owned());
        }
    }

    /// Whether a valid `Host` value may be asked for. One that is missing or empty does
    /// not come from a browser.
    pub(super) fn admit(&self, host: Option<&str>) -> bool {
        let name = plain(host_name(host.unwrap_or_default()));
        self.all
            || name.is_empty()
            || name.parse::<IpAddr>().is_ok()
            || self.names.contains(&name)
            || self.endings.iter().any(|ending| name.ends_with(ending.as_str()))
    }
}

/// Why a request is not answered, and what to do. The name is told only where it is made
/// of nothing but letters, digits, dots and hyphens.
pub(super) fn not_allowed(host: &str) -> String {
    let name = plain(host_name(host));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let name = if name.bytes().all(is_plain) { name.as_str() } else { "NAME" };
    format!(
        "requests for this host are not answered: a page of a foreign site could have \
         sent them (DNS rebinding)\nto allow it: rdev --allow-host {name}"
    )
}

/// Names compare without case, and without the dot that ends an absolute one.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(hosts: &AllowedHosts, table: &[(&str, bool)]) {
        for (host, expected) in table {
            assert_eq!(hosts.admit(Some(host)), *expected, "{host}");
        }
    }

    #[test]
    fn this_machine_goes_without_saying_and_others_are_named() {
        let hosts = AllowedHosts::new(
            "Dev.Box",
            &["one.org".into(), ".two.org".into(), "*.three.org".into()],
        );
        admitted(
            &hosts,
            &[
                ("localhost:8888", true),
                ("LOCALHOST.", true),
                ("a.localhost", true),
                ("a.test:80", true),
                ("192.168.1.7:80", true),
                ("[fe80::1]:80", true),
                ("dev.box", true),
                ("one.org", true),
                ("two.org", true),
                ("a.two.org", true),
                ("a.three.org", true),
                ("", true),
            ],
        );
        admitted(
            &hosts,
            &[
                ("evil.example", false),
                ("localhost.evil.example", false),
                ("notlocalhost", false),
                ("evil.test.example", false),
                ("127.0.0.1.evil.example", false),
                ("a.one.org", false),
                ("nottwo.org", false),
                ("three.org", false),
                ("0x7f000001", false),
                ("localhos%74", false),
                ("dev.box.evil.example", false),
                ("test", false),
            ],
        );
        assert!(hosts.admit(None));
    }

    #[test]
    fn all_may_be_allowed() {
        assert!(AllowedHosts::new("", &["*".into()]).admit(Some("evil.example")));
    }

    #[test]
    fn the_way_out_names_nothing_strange() {
        assert!(not_allowed("a.example:80").ends_with("--allow-host a.example"));
        assert!(not_allowed("a';reboot").ends_with("--allow-host NAME"));
    }
}
