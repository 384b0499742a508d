//! A node of a fleet, and the subcommand `gateway`.

use std::{net::SocketAddr, process::ExitCode, sync::atomic::Ordering, thread, time::Duration};

use super::{
    addresses::{Addresses, host_and_port, scheme},
    complain,
    failure::Failure,
    file_limit::{self, Connections},
    listen::{bind_http, read_tls},
    logging::Log,
    node::node_name,
    print::print,
    serve::http_options,
    signals::stop_on_signals,
    wall_clock,
};
use crate::{
    config::{Cli, Environment, Layers, Settings},
    error_streak::ErrorStreak,
    fleet::{
        FleetKey,
        gateway::{FleetBackend, GatewayOptions},
        node::{NodeOptions, NodeThread, start},
        registry::class_of,
        routes,
    },
    identity,
    ops::{
        admin::Desk,
        backend::LocalBackend,
        http::{self, Documented, HttpOptions, HttpTimes, RelayedSockets},
    },
    room::{
        codes::CodePool,
        roster::{Evictions, RosterBoard},
    },
    server::Server,
    store,
};

/// Pause between two looks at the signals of a gateway.
const STOP_INTERVAL: Duration = Duration::from_millis(100);
/// Time for which a gateway that stops answers the requests that it has.
const GOODBYE_TIME: Duration = Duration::from_secs(1);

/// What makes a server a node. Made before the server, and used when it is there.
pub(super) struct Membership {
    /// URL of Redis.
    redis: String,
    key: FleetKey,
    roster: RosterBoard,
}

impl Membership {
    /// The membership that these settings ask for, if they do.
    ///
    /// # Errors
    /// When a node cannot have these settings.
    pub fn of(settings: &Settings) -> Result<Option<Self>, String> {
        let Some((redis, secret)) = settings.fleet.registry()? else { return Ok(None) };
        if settings.http.tls_cert.is_some() {
            return Err(
                "gateways call the nodes of a fleet over HTTP without TLS: take --tls-cert and --tls-key away \
                        here, and give them to the gateways"
                    .to_owned(),
            );
        }
        check_address(settings)?;
        Ok(Some(Self { redis: redis.to_owned(), key: FleetKey::new(secret), roster: RosterBoard::default() }))
    }

    /// The key of the server: that of the fleet.
    pub const fn key(&self) -> &FleetKey {
        &self.key
    }

    /// Registers a server that listens on these addresses. Returns the routes for gateways, which lead to this backend, to
    /// these sockets and to this desk, and the thread that keeps the server registered.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn join(
        self,
        server: &mut Server,
        (backend, sockets, desk): (LocalBackend, RelayedSockets, Desk),
        settings: &Settings,
        addresses: &Addresses,
    ) -> Result<(Documented, NodeThread), String> {
        let (codes, (evicted, evictions)) = (CodePool::default(), Evictions::queue());
        server.join_fleet(codes.clone(), self.roster.clone(), evictions);
        let more = routes(backend, sockets, self.roster.clone(), desk, &self.key);
        let Settings { fleet, rooms, .. } = settings;
        let options = NodeOptions {
            redis: self.redis,
            name: node_name(&settings.server),
            build: fleet.build.clone().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            class: class_of(server.hello()),
            hello: server.hello().clone(),
            channel: fleet.channel.clone(),
            zone: fleet.zone.clone(),
            http: http_for_gateways(settings, addresses.http),
            udp: addresses.udp.iter().map(ToString::to_string).collect(),
            rooms_max: rooms.rooms_max,
            room_size: rooms.size,
            load_max: rooms.load_max,
            key: self.key,
            status: server.status_board(),
            roster: self.roster,
            codes,
            evictions: evicted,
            move_out: server.move_out(),
        };
        let node = start(options).map_err(|error| format!("cannot start the thread for the fleet: {error}"))?;
        Ok((more, node))
    }
}

/// Host and port at which gateways reach a server that listens here.
fn http_for_gateways(settings: &Settings, bound: SocketAddr) -> String {
    match (&settings.fleet.address, &settings.server.public_host) {
        (Some(address), _) => address.clone(),
        (None, Some(host)) if bound.ip().is_unspecified() => host_and_port(host, bound.port()),
        _ => bound.to_string(),
    }
}

/// Checks that gateways can reach the HTTP of a node.
///
/// # Errors
/// With a sentence, when nothing says at which address.
pub(super) fn check_address(settings: &Settings) -> Result<(), String> {
    let (http, is_named) = (settings.server.http, settings.fleet.address.is_some());
    if http.ip().is_unspecified() && !is_named && settings.server.public_host.is_none() {
        return Err(format!(
            "gateways cannot send to {http}: set `fleet.address` to the host and port at which they reach this node"
        ));
    }
    Ok(())
}

/// Runs a gateway until SIGTERM or SIGINT. Its pages draw rooms with this module.
pub(super) fn run_gateway(cli: &Cli, view_module: Option<&'static str>) -> ExitCode {
    match serve_gateway(cli, view_module) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(&sentence);
            Failure::Start(sentence).exit_code()
        }
    }
}

fn serve_gateway(cli: &Cli, view_module: Option<&'static str>) -> Result<(), String> {
    let environment = Environment::of_program();
    let settings = Layers::of(&cli.flags, &environment).settings()?;
    let name = node_name(&settings.server);
    // Dropped first, when nothing more is logged: it writes the last lines.
    let _log = Log::start(&settings, &name)?;
    environment.warnings().iter().for_each(|sentence| tracing::warn!("{sentence}"));
    let (redis, secret) =
        settings.fleet.registry()?.ok_or("a gateway needs the Redis of its fleet: set it with --redis URL")?;
    let stop = stop_on_signals()?;
    let connections = file_limit::raise();
    let tls = read_tls(&settings.http)?;
    let (listener, address) = bind_http(&settings.server)?;
    let database = settings.store.database.as_ref().map(|url| store::start_reader(url.reveal(), wall_clock));
    let key = FleetKey::new(secret);
    let identity = identity::start(&settings.identity, key.of_server(), ErrorStreak::default())?;
    let backend = FleetBackend::start(GatewayOptions {
        redis: redis.to_owned(),
        key,
        channel: settings.fleet.channel.clone(),
        zone: settings.fleet.zone.clone(),
        pack: settings.fleet.pack,
        net: settings.net.clone(),
        store: database.transpose().map_err(|error| error.to_string())?,
    })
    .map_err(|error| format!("cannot start the thread for the fleet: {error}"))?;
    let scheme = scheme(tls.as_ref());
    // A member has a socket here and one to its node.
    let connections = Connections { sockets: connections.sockets / 2, ..connections };
    let options = http_options(&settings, connections, tls, HttpTimes::default(), view_module);
    let options = HttpOptions { identity, ..options };
    http::serve(listener, backend, options).map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    let version = env!("CARGO_PKG_VERSION");
    print(format_args!(
        "Framehouse gateway {version} is running.\n  \
           HTTP   {scheme}://{address}   (rooms: /v1/rooms, status: /v1/status)\n  \
           Web    {scheme}://{address}/r/CODE   (watch and play a room in a browser)\n"
    ))?;
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(STOP_INTERVAL);
    }
    thread::sleep(GOODBYE_TIME);
    tracing::info!("stopped");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServerSettings;

    fn settings(http: &str, public_host: Option<&str>) -> Settings {
        let http = http.parse().expect("an address");
        let server = ServerSettings { http, public_host: public_host.map(str::to_owned), ..Default::default() };
        Settings { server, ..Default::default() }
    }

    #[test]
    fn gateways_are_told_an_address_that_they_can_use() {
        let told = |http: &str, public_host| {
            let settings = settings(http, public_host);
            check_address(&settings).map(|()| http_for_gateways(&settings, settings.server.http))
        };
        assert!(told("0.0.0.0:7777", None).is_err_and(|sentence| sentence.contains("set `fleet.address`")));
        assert!(told("[::]:7777", None).is_err());
        assert_eq!(told("0.0.0.0:7777", Some("play.example.org")), Ok("play.example.org:7777".to_owned()));
        assert_eq!(told("[::]:7777", Some("2001:db8::1")), Ok("[2001:db8::1]:7777".to_owned()));
        assert_eq!(told("10.0.0.5:7777", Some("play.example.org")), Ok("10.0.0.5:7777".to_owned()));
        let mut named = settings("0.0.0.0:7777", None);
        named.fleet.address = Some("10.0.0.5:80".to_owned());
        assert_eq!(http_for_gateways(&named, named.server.http), "10.0.0.5:80");
        assert_eq!(check_address(&named), Ok(()));
    }
}
