//! Resources that only one server can have: UDP sockets.

use std::{io, net::SocketAddr, time::Duration};

use super::lookup;
use crate::{
    config::Settings,
    error_streak::ErrorStreak,
    net::udp::{PublicHost, UdpDatagrams, UdpEndpoint, UdpSettings},
    schedule::TickRate,
};

/// Binds the sockets of the UDP endpoints.
pub(super) fn bind_endpoints(
    settings: &Settings,
    unix_now: Duration,
    lookup_errors: &ErrorStreak,
) -> Result<Vec<UdpEndpoint>, String> {
    let addresses = settings.server.public_addresses()?;
    let (first, host) = (addresses[0], PublicHost::new(addresses).expect("there is a first one"));
    let udp_settings = UdpSettings::new(TickRate(settings.server.tick_rate), &settings.net);
    let mut endpoints = Vec::new();
    let mut has_full_buffers = true;
    for index in 0..settings.server.lanes {
        let address = settings.server.endpoint_address(index);
        let socket = UdpDatagrams::bind(address).map_err(|error| cannot_listen("UDP", address, "--udp", &error))?;
        has_full_buffers &= socket.has_full_buffer();
        let port = settings.server.public_port(index, socket.local_address().port());
        let endpoint = UdpEndpoint::new(Box::new(socket), (first, port).into(), udp_settings.clone(), unix_now);
        endpoints.push(endpoint.at_host(host.clone()));
    }
    lookup::keep_looking_up(&settings.server, host, lookup_errors.clone())?;
    if !has_full_buffers {
        tracing::warn!("the kernel limits receive buffers; for many players run: sysctl -w net.core.rmem_max=4194304");
    }
    Ok(endpoints)
}

/// The error message for an address that cannot be bound, with advice.
pub(super) fn cannot_listen(what: &str, address: SocketAddr, flag: &str, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("the port is in use: stop what uses it, or choose another port with {flag}")
        }
        io::ErrorKind::PermissionDenied => format!("this port is not allowed: choose one above 1023 with {flag}"),
        _ => format!("{error}: choose another address with {flag}"),
    };
    format!("cannot listen on {address} for {what}: {advice}")
}
