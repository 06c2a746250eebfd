//! What clients are held to: sizes, times, hosts, and what they get to see of errors.

use std::net::IpAddr;

use super::hosts::AllowedHosts;
use crate::config::{Access, Limits};
use crate::http;
use crate::lane::Peer;

/// The options that concern clients.
#[derive(Debug)]
pub struct Terms {
    pub(super) limits: Limits,
    /// Those of the limits that requests are parsed by.
    pub(super) http: http::Limits,
    pub(super) hosts: AllowedHosts,
    exposes_errors: bool,
}

impl Terms {
    /// `bound` is the name or address listened on.
    pub fn new(limits: Limits, access: &Access, bound: &str) -> Self {
        Self {
            http: http_limits(&limits),
            limits,
            hosts: AllowedHosts::new(bound, &access.allow_host),
            exposes_errors: access.expose_errors,
        }
    }

    /// Whether this client may see source and traceback: it is on the same machine, or
    /// everybody may.
    pub(super) fn shows_errors_to(&self, client: &Peer, server: &Peer) -> bool {
        let is_loopback =
            client.host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        self.exposes_errors || is_loopback || client.host == server.host
    }
}

fn http_limits(limits: &Limits) -> http::Limits {
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    http::Limits {
        request_line: bytes(limits.max_request_line),
        field_line: bytes(limits.max_field_line),
        head: bytes(limits.max_head),
        fields: limits.max_fields,
        trailers: bytes(limits.max_trailers),
        chunk_line: bytes(limits.max_chunk_line),
        chunk_extensions: bytes(limits.max_chunk_extensions),
        body: if limits.max_request_body == 0 {
            u64::MAX
        } else {
            limits.max_request_body
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_typed_nowhere_are_those_of_the_parser_and_no_limit_is_none() {
        let limits = Limits::default();
        assert_eq!(http_limits(&limits), http::Limits::default());
        let any = Limits { max_request_body: 0, ..limits };
        assert_eq!(http_limits(&any).body, u64::MAX);
    }

    #[test]
    fn errors_are_for_the_same_machine_unless_exposed() {
        let peer = |host: &str| Peer { host: host.to_owned(), port: 1 };
        let here = peer("192.0.2.1");
        for expose_errors in [false, true] {
            let access = Access { expose_errors, ..Access::default() };
            let terms = Terms::new(Limits::default(), &access, "0.0.0.0");
            for same in ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.1"] {
                assert!(terms.shows_errors_to(&peer(same), &here), "{same}");
            }
            for other in ["192.0.2.2", "10.0.0.1", "fe80::1", ""] {
                let shown = terms.shows_errors_to(&peer(other), &here);
                assert_eq!(shown, expose_errors, "{other}");
            }
        }
    }
}
