//! Who can reach the listening socket, and where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// The address that this machine's own clients can use: that listened on, or where that
/// is every address, the loopback.
pub fn local_at(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// The addresses that other machines may reach this one at: that listened on, or where
/// that is every address, those of the network interfaces. None where nobody but this
/// machine is heard.
pub fn reachable_at(bound: SocketAddr) -> Vec<SocketAddr> {
    let ip = bound.ip().to_canonical();
    if ip.is_loopback() {
        return Vec::new();
    }
    if !ip.is_unspecified() {
        return vec![bound];
    }
    let mut found: Vec<IpAddr> = interface_addresses();
    // One that listens on every address of IPv6 gets the connections of IPv4, too.
    found.retain(|address| address.is_ipv4() || bound.is_ipv6());
    if found.is_empty() {
        found.push(bound.ip());
    }
    found.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

/// Those of interfaces that are up, without what is of this machine alone, and without
/// link-local ones of IPv6, which no URL can name (RFC 9844).
fn interface_addresses() -> Vec<IpAddr> {
    // Where they cannot be listed, the address bound is named instead.
    let interfaces = getifaddrs().into_iter().flatten();
    let up = interfaces.filter(|it| it.flags.contains(InterfaceFlags::IFF_UP));
    let addresses = up.filter_map(|interface| {
        let address = interface.address?;
        let four = address.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
        four.or_else(|| address.as_sockaddr_in6().map(|found| IpAddr::V6(found.ip())))
    });
    let mut found: Vec<IpAddr> = addresses.filter(|ip| !is_local(*ip)).collect();
    // The shorter ones first: those are what is typed into a telephone.
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

fn is_local(ip: IpAddr) -> bool {
    let link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    ip.is_loopback() || link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_is_for_this_machine_alone() {
        for address in ["127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(reachable_at(at(address)), []);
        }
        assert_eq!(reachable_at(at("192.0.2.7:80")), [at("192.0.2.7:80")]);
    }

    #[test]
    fn what_is_named_can_be_opened() {
        let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let bound = listener.local_addr().unwrap();
        assert_eq!(local_at(bound), at(&format!("127.0.0.1:{}", bound.port())));
        let everywhere = reachable_at(bound);
        assert!(!everywhere.is_empty());
        for address in everywhere {
            std::net::TcpStream::connect(address).unwrap();
        }
    }

    #[test]
    fn every_address_of_ipv6_has_a_loopback_of_its_own() {
        assert_eq!(local_at(at("[::]:80")), at("[::1]:80"));
        assert_eq!(local_at(at("192.0.2.7:80")), at("192.0.2.7:80"));
    }
}
