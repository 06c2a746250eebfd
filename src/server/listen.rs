//! Who can reach the listening socket.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address that other machines can reach this one at, if they can: that listened on,
/// or where that is every address, the one that the route to other networks begins at.
/// `None` where nobody but this machine is heard.
pub fn reachable_at(bound: SocketAddr) -> Option<SocketAddr> {
    let ip = bound.ip().to_canonical();
    if ip.is_loopback() {
        return None;
    }
    let outward = if ip.is_unspecified() { outward(bound) } else { None };
    Some(outward.unwrap_or(bound))
}

fn outward(bound: SocketAddr) -> Option<SocketAddr> {
    let socket = UdpSocket::bind((bound.ip(), 0)).ok()?;
    // Connecting chooses the route and sends nothing; the networks are those for examples
    // (RFC 5737, RFC 3849).
    let far: SocketAddr = if bound.is_ipv4() {
        (Ipv4Addr::new(192, 0, 2, 1), 9).into()
    } else {
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into()
    };
    socket.connect(far).ok()?;
    let local = socket.local_addr().ok()?;
    Some(SocketAddr::new(local.ip(), bound.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_for_this_machine_alone() {
        let reached = |text: &str| reachable_at(text.parse().unwrap());
        assert_eq!(reached("127.0.0.1:80"), None);
        assert_eq!(reached("[::1]:80"), None);
        assert_eq!(reached("[::ffff:127.0.0.1]:80"), None);
        assert_eq!(reached("192.0.2.7:80"), "192.0.2.7:80".parse().ok());
        assert!(reached("0.0.0.0:80").is_some_and(|address| address.port() == 80));
    }
}
