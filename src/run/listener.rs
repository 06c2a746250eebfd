//! The address that is served: bound, and told where others can reach it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context;

use super::warn;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::reachable_at;

/// Binds the address; the error names it and the way out.
pub(super) fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let (host, port) = (config.host.as_str(), config.port);
    let listener = bind(host, port)?;
    // Listening once more sets the length of the queue, which the standard library fixes.
    rustix::net::listen(&listener, config.limits.backlog)
        .context("the queue of connections cannot be made that long")?;
    Ok(listener)
}

fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} on {host} is taken by another program\n\
             choose another with --port, or any free one with --port 0"
        ),
        ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {port} on {host} may not be used ({error})\n\
             ports below 1024 are for the administrator: choose another with --port"
        ),
        _ => anyhow::anyhow!(
            "{host} port {port} cannot be listened on ({error})\n\
             --host takes an address of this machine: 127.0.0.1, ::1, 0.0.0.0"
        ),
    })
}

/// Says that others than this machine can reach the application, if they can.
pub(super) fn warn_of_others(address: SocketAddr, bus: &Bus, clock: Clock) {
    let reachable = reachable_at(address);
    if reachable.is_empty() {
        return;
    }
    let urls: Vec<String> = reachable.iter().map(|at| format!("http://{at}")).collect();
    let text = format!(
        "--host {} lets everybody who reaches this machine use the application, at {}",
        address.ip(),
        urls.join(" and ")
    );
    warn(bus, clock, text);
}
