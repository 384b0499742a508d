//! Sockets and the data folder: what one server takes for itself.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use crate::{
    config::Settings,
    net::udp::{UdpDatagrams, UdpEndpoint, UdpSettings},
    tick::TickRate,
};

/// Binds the UDP endpoints' sockets; each tells clients its public address.
pub(super) fn bind_endpoints(settings: &Settings, unix_now: Duration) -> Result<Vec<UdpEndpoint>, String> {
    let public_ip = settings.server.public_ip()?;
    let udp_settings = UdpSettings::new(TickRate(settings.server.tick_rate), &settings.net);
    let mut endpoints = Vec::new();
    let mut has_full_buffers = true;
    for index in 0..settings.server.lanes {
        let address = settings.server.endpoint_address(index);
        let socket = UdpDatagrams::bind(address).map_err(|error| cannot_listen("UDP", address, "--udp", &error))?;
        has_full_buffers &= socket.has_full_buffer();
        let public_address = SocketAddr::new(public_ip, socket.local_address().port());
        endpoints.push(UdpEndpoint::new(Box::new(socket), public_address, udp_settings.clone(), unix_now));
    }
    if !has_full_buffers {
        tracing::warn!("the kernel gives small receive buffers; for many players: sysctl -w net.core.rmem_max=4194304");
    }
    Ok(endpoints)
}

/// Why an address cannot be bound, and what to do.
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

/// Takes the data folder for this process; the lock ends with it, however it ends.
pub(super) fn lock_data_dir(folder: &Path) -> Result<File, String> {
    let shown = folder.display();
    let lock = fs::create_dir_all(folder)
        .and_then(|()| File::create(folder.join("lock")))
        .map_err(|error| format!("cannot use the data folder {shown}: {error}; choose another with --data-dir"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(format!("another server uses the data folder {shown}: stop it, or choose another with --data-dir"))
        }
        Err(TryLockError::Error(error)) => Err(format!("cannot lock the data folder {shown}: {error}")),
    }
}
