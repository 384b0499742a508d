//! `[server]`: the process, its addresses and folders.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

use framehouse_shared::tick::SimRate;
use serde::{Deserialize, Serialize};

use super::{ConfigError, error::in_range};

/// Settings of the process: addresses, tick rate and folders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address of the HTTP gateway.
    pub http: SocketAddr,
    /// Address of the first UDP endpoint; endpoint i listens on port + i. Port 0 lets the system choose all ports.
    pub udp: SocketAddr,
    /// Number of UDP endpoints, 1 to 64.
    pub lanes: u16,
    /// Host name or address that clients connect to. `None` means the bound address. A name is looked up again every
    /// minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_host: Option<String>,
    /// Port that clients of the first UDP endpoint connect to, 1 to 65535, where a NAT maps it to the bound one; endpoint
    /// i is at this port + i. `None` means the bound ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_udp_port: Option<u16>,
    /// Whether addresses other than loopback may be used, where anybody can play without an account.
    pub open_to_public: bool,
    /// Ticks per second, 10 to 120.
    pub tick_rate: u16,
    /// Folder with the game's rules and maps. `None` means the embedded ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub game_dir: Option<PathBuf>,
    /// Folder for results, replays and reports.
    pub data_dir: PathBuf,
    /// Name of this server among others, 1 to 63 letters, digits, `.`, `-` and `_`. `None` means the host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            http: SocketAddr::from(([127, 0, 0, 1], 7777)),
            udp: SocketAddr::from(([127, 0, 0, 1], 7800)),
            lanes: 4,
            public_host: None,
            public_udp_port: None,
            open_to_public: false,
            tick_rate: 30,
            game_dir: None,
            data_dir: PathBuf::from("data"),
            node: None,
        }
    }
}

/// Whether a name fits into labels, log lines and file names.
fn is_node_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    (1..=63).contains(&name.len()) && name.bytes().all(fits)
}

impl ServerSettings {
    /// Checks that every value is in its range and that the addresses are usable together.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        in_range("tick_rate", "10 to 120", self.tick_rate, SimRate::HZ_MIN, SimRate::HZ_MAX)?;
        in_range("lanes", "1 to 64", self.lanes, 1, 64)?;
        if let Some(node) = self.node.as_ref().filter(|node| !is_node_name(node)) {
            let range = "1 to 63 letters, digits, `.`, `-` and `_`";
            return Err(ConfigError::Range { name: "node", range, value: format!("{node:?}") });
        }
        self.check_addresses()
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        for address in [self.http, self.udp] {
            if !address.ip().is_loopback() && !self.open_to_public {
                return Err(ConfigError::Public { address });
            }
        }
        if self.udp.ip().is_unspecified() && self.public_host.is_none() {
            return Err(ConfigError::NoPublicHost { address: self.udp });
        }
        let has_room = |port: u16| port.checked_add(self.lanes - 1).is_some();
        let error = |name, port| {
            let value = format!("{port} with {} lanes", self.lanes);
            Err(ConfigError::Range { name, range: "a port with room for all lanes", value })
        };
        if self.udp.port() != 0 && !has_room(self.udp.port()) {
            return error("udp", self.udp.port());
        }
        match self.public_udp_port {
            Some(port) if port == 0 || !has_room(port) => error("public_udp_port", port),
            _ => Ok(()),
        }
    }

    /// The address that UDP endpoint `index` binds.
    pub fn endpoint_address(&self, index: u16) -> SocketAddr {
        let port = if self.udp.port() == 0 { 0 } else { self.udp.port() + index };
        SocketAddr::new(self.udp.ip(), port)
    }

    /// The port that clients of UDP endpoint `index` connect to, if it is bound to `bound`.
    pub fn public_port(&self, index: u16, bound: u16) -> u16 {
        self.public_udp_port.map_or(bound, |first| first + index)
    }

    /// The IP addresses that clients connect to, those of the bound kind; `[::]` serves both. Looks up `public_host`,
    /// which may take seconds.
    ///
    /// # Errors
    /// When the host has no address of the right kind.
    pub fn public_addresses(&self) -> Result<Vec<IpAddr>, String> {
        let Some(host) = &self.public_host else { return Ok(vec![self.udp.ip()]) };
        let serves_both = self.udp.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED);
        let found = (host.as_str(), 0).to_socket_addrs().ok().into_iter().flatten().map(|address| address.ip());
        let mut served: Vec<IpAddr> = found.filter(|ip| serves_both || ip.is_ipv4() == self.udp.is_ipv4()).collect();
        served.dedup();
        if served.is_empty() {
            return Err(format!("--public-host {host} has no address of the same kind as {}", self.udp.ip()));
        }
        Ok(served)
    }
}
