//! `[server]`: the process, its addresses and folders.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use framehouse_shared::tick::SimRate;
use serde::{Deserialize, Serialize};

use super::{IdentityKind, Violation, catalogue::Ranges};

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
    pub public_host: Option<String>,
    /// Port that clients of the first UDP endpoint connect to, 1 to 65535, where a NAT maps it to the bound one; endpoint
    /// i is at this port + i. `None` means the bound ports.
    pub public_udp_port: Option<u16>,
    /// Whether addresses other than loopback may be used, where anybody can play without an account. Where players need
    /// tokens, they may be used in any case.
    pub open_to_public: bool,
    /// Ticks per second, 10 to 120.
    pub tick_rate: u16,
    /// Folder with the game's rules and maps. `None` means the embedded ones.
    pub game_dir: Option<PathBuf>,
    /// Folder for results, replays and reports.
    pub data_dir: PathBuf,
    /// Name of this server among others, in its log and in a fleet, 1 to 63 letters, digits, `.`, `-` and `_`. `None` means the host name.
    pub node: Option<String>,
    /// Whether Agones runs this server, and is told its state.
    pub agones: bool,
    /// Seconds for which running matches go on when the server is asked to stop, 0 to 3600.
    pub drain_limit_s: f64,
    /// Whether a server that is asked to stop waits for all running matches, whatever `drain_limit_s` is.
    pub until_empty: bool,
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
            agones: false,
            drain_limit_s: 150.0,
            until_empty: false,
        }
    }
}

/// Whether a name fits into labels, log lines and file names.
fn is_node_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    (1..=63).contains(&name.len()) && name.bytes().all(fits)
}

impl ServerSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("tick_rate", SimRate::HZ_MIN as f64, SimRate::HZ_MAX as f64),
        ("lanes", 1.0, 64.0),
        ("public_udp_port", 1.0, 65_535.0),
        ("drain_limit_s", 0.0, 3600.0),
    ];

    /// Checks the name, and that the addresses are usable together, by players of this kind.
    pub(super) fn check(&self, players: IdentityKind) -> Result<(), Violation> {
        if self.node.as_ref().is_some_and(|node| !is_node_name(node)) {
            let sentence = "`server.node` must be 1 to 63 letters, digits, `.`, `-` and `_`".to_owned();
            return Err(Violation::new(["server.node"], sentence));
        }
        self.check_reach(players)?;
        if self.agones && self.lanes > 1 {
            let sentence = "Agones maps one port of the machine to a server: set `server.lanes` = 1".to_owned();
            return Err(Violation::new(["server.agones", "server.lanes"], sentence));
        }
        let has_room = |port: u16| port.checked_add(self.lanes - 1).is_some();
        let ports = [("server.udp", self.udp.port()), ("server.public_udp_port", self.public_udp_port.unwrap_or(0))];
        match ports.into_iter().find(|(_, port)| !has_room(*port)) {
            Some((path, port)) => {
                let lanes = self.lanes;
                let sentence = format!("`{path}` must be a port with room for all {lanes} lanes, not {port}");
                Err(Violation::new([path, "server.lanes"], sentence))
            }
            None => Ok(()),
        }
    }

    /// Checks that whoever can reach the server may, and that clients can reach it.
    fn check_reach(&self, players: IdentityKind) -> Result<(), Violation> {
        let may_have_strangers = self.open_to_public || players == IdentityKind::Jwt;
        let has_strangers = |address: SocketAddr| !address.ip().is_loopback() && !may_have_strangers;
        let addresses = [("server.http", self.http), ("server.udp", self.udp)];
        if let Some((path, address)) = addresses.into_iter().find(|(_, address)| has_strangers(*address)) {
            let sentence = format!(
                "{address} can be reached from other machines, and anybody there could play without an account: \
                 bind 127.0.0.1, ask for tokens with `identity.kind` = \"jwt\", or allow it with --open-to-public"
            );
            return Err(Violation::new([path], sentence));
        }
        // Agones knows the address of the machine.
        if self.udp.ip().is_unspecified() && self.public_host.is_none() && !self.agones {
            let address = self.udp;
            let sentence =
                format!("clients cannot send to {address}: set the address of this machine with --public-host HOST");
            return Err(Violation::new(["server.udp"], sentence));
        }
        Ok(())
    }

    /// Time for which running matches go on when the server is asked to stop; `None` to wait for all of them.
    pub fn drain_limit(&self) -> Option<Duration> {
        (!self.until_empty).then(|| Duration::from_secs_f64(self.drain_limit_s))
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
