//! Resources that only one server can have: the listener of HTTP and UDP sockets.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use super::{
    addresses::{Addresses, scheme},
    agones,
    file_limit::{self, Connections},
    lookup,
};
use crate::{
    config::{HttpSettings, ServerSettings, Settings},
    error_streak::ErrorStreak,
    net::udp::{PublicHost, UdpDatagrams, UdpEndpoint, UdpSettings},
    ops::http::{self, TlsKeys},
    schedule::TickRate,
};

/// Everything that a server listens with.
pub(super) struct Listeners {
    /// The listener of HTTP.
    pub http: TcpListener,
    /// Certificate and key of HTTP.
    pub tls: Option<TlsKeys>,
    /// Connections that the process may have.
    pub connections: Connections,
    /// The UDP endpoints.
    pub endpoints: Vec<UdpEndpoint>,
    /// Where all of these are.
    pub addresses: Addresses,
}

impl Listeners {
    /// Binds everything. Where Agones knows the public address of the server, it becomes that of the settings.
    ///
    /// # Errors
    /// With a sentence, when something cannot be had.
    pub fn bind(settings: &mut Settings, unix_now: Duration, lookup_errors: &ErrorStreak) -> Result<Self, String> {
        let connections = file_limit::raise();
        let tls = read_tls(&settings.http)?;
        let (http, address) = bind_http(&settings.server)?;
        if settings.server.agones {
            agones::learn_address(&mut settings.server)?;
        }
        let endpoints = bind_endpoints(settings, unix_now, lookup_errors)?;
        let udp = endpoints.iter().map(UdpEndpoint::public_address).collect();
        let addresses = Addresses { scheme: scheme(tls.as_ref()), http: address, udp };
        Ok(Self { http, tls, connections, endpoints, addresses })
    }
}

/// Certificate and key of HTTP, if the settings name them.
pub(super) fn read_tls(settings: &HttpSettings) -> Result<Option<TlsKeys>, String> {
    let files = settings.tls_cert.as_ref().zip(settings.tls_key.as_ref());
    files.map(|(certificate, key)| TlsKeys::read(certificate, key)).transpose()
}

/// Binds the listener of HTTP. Also returns its address.
pub(super) fn bind_http(settings: &ServerSettings) -> Result<(TcpListener, SocketAddr), String> {
    let listener = http::bind(settings.http).map_err(|error| cannot_listen("HTTP", settings.http, "--http", &error))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

/// Binds the sockets of the UDP endpoints.
fn bind_endpoints(
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
fn cannot_listen(what: &str, address: SocketAddr, flag: &str, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("the port is in use: stop what uses it, or choose another port with {flag}")
        }
        io::ErrorKind::PermissionDenied => format!("this port is not allowed: choose one above 1023 with {flag}"),
        _ => format!("{error}: choose another address with {flag}"),
    };
    format!("cannot listen on {address} for {what}: {advice}")
}
