//! How the nodes of a manager are started: all with its settings, each with addresses, a name and a folder of its own.

use std::{fs, io, net::SocketAddr, path::PathBuf};

use toml::Table;

use super::supervisor::NUMBERS_MAX;
use crate::config::{Flags, FleetSettings, ServerSettings};

/// Folder of the nodes' data folders, in that of the manager.
const FOLDER_NAME: &str = "nodes";
/// Flags of the manager that its nodes get others for.
const OWN_FLAGS: [&str; 5] = ["http", "udp", "node", "data_dir", "public_udp_port"];
/// Variable of the address at which gateways reach a node, as in `fleet.address`.
const ADDRESS_VARIABLE: &str = "FRAMEHOUSE_FLEET_ADDRESS";

/// The settings of the nodes.
pub(super) struct NodeSettings {
    name: String,
    server: ServerSettings,
    /// Host and port for gateways, of which each node gets its own.
    address: Option<(String, u16)>,
    /// Flags that all nodes get.
    shared: Vec<String>,
}

impl NodeSettings {
    /// Nodes of the manager of this name, which was started with these settings and flags.
    ///
    /// # Errors
    /// With a sentence, when there are no ports for them.
    pub fn new(name: String, server: ServerSettings, fleet: &FleetSettings, flags: &Flags) -> Result<Self, String> {
        let last = NUMBERS_MAX;
        let address = fleet.host_and_port().map(|(host, port)| (host.to_owned(), port));
        let fits = |base: u16, last: u32| base == 0 || u32::from(base) + last <= u32::from(u16::MAX);
        let is_told_well = address.as_ref().is_none_or(|(_, port)| fits(*port, last));
        if !is_told_well || !fits(server.http.port(), last) || !fits(server.udp.port(), last * u32::from(server.lanes))
        {
            return Err(format!(
                "there are no ports for {last} nodes above `server.http`, `server.udp` and `fleet.address`: choose lower ones"
            ));
        }
        let given = Table::try_from(flags).expect("flags are text, numbers and switches");
        let own = |flag: &String| OWN_FLAGS.contains(&flag.as_str());
        let shared = given.into_iter().filter(|(flag, _)| !own(flag)).map(|(flag, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("--{}={value}", flag.replace('_', "-"))
        });
        let config = flags.config.iter().map(|file| format!("--config={}", file.display()));
        Ok(Self { name, shared: config.chain(shared).collect(), server, address })
    }

    /// Data folder of the node of this number.
    pub fn folder(&self, number: u32) -> PathBuf {
        self.server.data_dir.join(FOLDER_NAME).join(number.to_string())
    }

    /// Makes the data folder of a node.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_folder(&self, number: u32) -> io::Result<PathBuf> {
        let folder = self.folder(number);
        fs::create_dir_all(&folder).map(|()| folder)
    }

    /// Variables of the node of this number, beside those of the manager.
    pub fn variables(&self, number: u32) -> Vec<(&'static str, String)> {
        let told = |(host, port): &(String, u16)| (ADDRESS_VARIABLE, format!("{host}:{}", u32::from(*port) + number));
        self.address.iter().map(told).collect()
    }

    /// Command line of the node of this number, from 1.
    pub fn arguments(&self, number: u32) -> Vec<String> {
        let ServerSettings { http, udp, lanes, public_udp_port, .. } = &self.server;
        let udp_offset = (number - 1) * u32::from(*lanes);
        let mut arguments = vec!["serve".to_owned()];
        arguments.extend(self.shared.iter().cloned());
        arguments.extend([
            format!("--http={}", moved(*http, number)),
            format!("--udp={}", moved(*udp, udp_offset)),
            format!("--node={}-{number}", self.name),
            format!("--data-dir={}", self.folder(number).display()),
        ]);
        arguments.extend(public_udp_port.map(|port| format!("--public-udp-port={}", u32::from(port) + udp_offset)));
        arguments
    }
}

/// An address some ports further. Port 0 stays: the system chooses.
fn moved(address: SocketAddr, by: u32) -> SocketAddr {
    let port = if address.port() == 0 { 0 } else { u32::from(address.port()) + by };
    SocketAddr::new(address.ip(), u16::try_from(port).expect("the ports were checked at the start"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ServerSettings {
        ServerSettings { data_dir: "d".into(), public_udp_port: Some(9000), ..Default::default() }
    }

    #[test]
    fn nodes_share_settings_and_have_ports_names_and_folders_of_their_own() {
        let flags = Flags {
            config: Some("my.toml".into()),
            tick_rate: Some(60),
            until_empty: Some(true),
            node: Some("game".to_owned()),
            http: Some(([127, 0, 0, 1], 1).into()),
            ..Default::default()
        };
        let fleet = FleetSettings { address: Some("[fd00::5]:9000".to_owned()), ..Default::default() };
        let nodes = NodeSettings::new("game".to_owned(), settings(), &fleet, &flags).expect("ports are free");
        let expected = "serve --config=my.toml --tick-rate=60 --until-empty=true --http=127.0.0.1:7780 --udp=127.0.0.1:7808 \
                        --node=game-3 --data-dir=d/nodes/3 --public-udp-port=9008";
        assert_eq!(nodes.arguments(3).join(" "), expected);
        assert_eq!(nodes.variables(3), [("FRAMEHOUSE_FLEET_ADDRESS", "[fd00::5]:9003".to_owned())]);
    }

    #[test]
    fn ports_that_the_system_chooses_stay_so_and_others_have_to_be_there() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = ServerSettings { http: any, udp: any, public_udp_port: None, ..settings() };
        let new = |server, address: Option<&str>| {
            let fleet = FleetSettings { address: address.map(str::to_owned), ..Default::default() };
            NodeSettings::new("game".to_owned(), server, &fleet, &Flags::default())
        };
        let nodes = new(server, None).expect("no ports are needed");
        assert!(nodes.variables(9).is_empty());
        assert!(nodes.arguments(9).join(" ").contains("--http=127.0.0.1:0 --udp=127.0.0.1:0"));
        let high = ServerSettings { udp: ([127, 0, 0, 1], 65_000).into(), ..settings() };
        assert!(new(high, None).is_err() && new(settings(), Some("10.0.0.5:65000")).is_err());
    }
}
