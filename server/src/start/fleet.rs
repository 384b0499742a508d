//! A node of a fleet, and the subcommand `gateway`.

use std::{net::SocketAddr, process::ExitCode, sync::atomic::Ordering, thread, time::Duration};

use super::{
    complain, failure::Failure, file_limit, listen::cannot_listen, logging::Log, node::node_name, print::print,
    signals::stop_on_signals, wall_clock,
};
use crate::{
    config::{Cli, Environment, Layers, Settings},
    fleet::{
        FleetKey,
        gateway::{FleetBackend, GatewayOptions},
        node::{NodeOptions, NodeThread, start},
        registry::class_of,
        routes,
    },
    ops::{
        backend::LocalBackend,
        http::{self, Documented, HttpOptions, TlsKeys},
    },
    room::{
        codes::CodePool,
        directory::LocalHello,
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
    key: FleetKey,
    roster: RosterBoard,
}

impl Membership {
    /// The membership that these settings ask for, if they do.
    ///
    /// # Errors
    /// When a node cannot have these settings.
    pub fn of(settings: &Settings) -> Result<Option<Self>, String> {
        let Some((_, secret)) = settings.fleet.registry()? else { return Ok(None) };
        if settings.http.tls_cert.is_some() {
            return Err(
                "gateways call the nodes of a fleet over HTTP without TLS: take --tls-cert and --tls-key away \
                        here, and give them to the gateways"
                    .to_owned(),
            );
        }
        Ok(Some(Self { key: FleetKey::new(secret), roster: RosterBoard::default() }))
    }

    /// The key of the server: that of the fleet.
    pub const fn key(&self) -> &FleetKey {
        &self.key
    }

    /// The routes for gateways.
    pub fn routes(&self, backend: LocalBackend) -> Documented {
        routes(backend, self.roster.clone(), &self.key)
    }

    /// Registers a server that listens on these addresses.
    ///
    /// # Errors
    /// When gateways could not reach it, or the thread cannot be started.
    pub fn join(
        self,
        server: &mut Server,
        settings: &Registered,
        http: SocketAddr,
        udp: &[SocketAddr],
    ) -> Result<NodeThread, String> {
        let (codes, (evicted, evictions)) = (CodePool::default(), Evictions::queue());
        server.join_fleet(codes.clone(), self.roster.clone(), evictions);
        let hello = server.world().resource::<LocalHello>().0.clone();
        let Registered { name, redis, build, channel, zone, address, public_host, rooms_max, room_size, load_max } =
            settings.clone();
        let http = match (address, public_host) {
            (Some(address), _) => address,
            (None, Some(host)) if http.ip().is_unspecified() => format!("{host}:{}", http.port()),
            _ => http.to_string(),
        };
        let options = NodeOptions {
            redis,
            key: self.key,
            name,
            build,
            class: class_of(&hello),
            hello,
            channel,
            zone,
            http,
            udp: udp.iter().map(ToString::to_string).collect(),
            rooms_max,
            room_size,
            load_max,
            status: server.status_board(),
            roster: self.roster,
            codes,
            evictions: evicted,
        };
        start(options).map_err(|error| format!("cannot start the thread for the fleet: {error}"))
    }
}

/// The settings that a node is registered with.
#[derive(Clone)]
pub(super) struct Registered {
    name: String,
    redis: String,
    build: String,
    channel: String,
    zone: String,
    address: Option<String>,
    public_host: Option<String>,
    rooms_max: u32,
    room_size: u8,
    load_max: f64,
}

impl Registered {
    /// Those of these settings.
    pub fn of(settings: &Settings) -> Self {
        let fleet = settings.fleet.clone();
        Self {
            name: node_name(&settings.server),
            redis: fleet.redis.map(|url| url.reveal().to_owned()).unwrap_or_default(),
            build: fleet.build.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            channel: fleet.channel,
            zone: fleet.zone,
            address: fleet.address,
            public_host: settings.server.public_host.clone(),
            rooms_max: settings.rooms.rooms_max,
            room_size: settings.rooms.size,
            load_max: settings.rooms.load_max,
        }
    }
}

/// Runs a gateway until SIGTERM or SIGINT.
pub(super) fn run_gateway(cli: &Cli) -> ExitCode {
    match serve_gateway(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(&sentence);
            Failure::Start(sentence).exit_code()
        }
    }
}

fn serve_gateway(cli: &Cli) -> Result<(), String> {
    let environment = Environment::of_program();
    let settings = Layers::of(&cli.flags, &environment).settings()?;
    let name = node_name(&settings.server);
    // Dropped first, when nothing more is logged: it writes the last lines.
    let _log = Log::start(&settings, &name)?;
    environment.warnings().iter().for_each(|sentence| tracing::warn!("{sentence}"));
    let (redis, secret) =
        settings.fleet.registry()?.ok_or("a gateway needs the Redis of its fleet: set it with --redis URL")?;
    let stop = stop_on_signals()?;
    let connections_max = file_limit::raise().http;
    let tls = match (&settings.http.tls_cert, &settings.http.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsKeys::read(certificate, key)?),
        _ => None,
    };
    let listener = http::bind(settings.server.http)
        .map_err(|error| cannot_listen("HTTP", settings.server.http, "--http", &error))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let database = settings.store.database.as_ref().map(|url| store::start_reader(url.reveal(), wall_clock));
    let backend = FleetBackend::start(GatewayOptions {
        redis: redis.to_owned(),
        key: FleetKey::new(secret),
        channel: settings.fleet.channel.clone(),
        zone: settings.fleet.zone.clone(),
        pack: settings.fleet.pack,
        net: settings.net.clone(),
        store: database.transpose().map_err(|error| error.to_string())?,
    })
    .map_err(|error| format!("cannot start the thread for the fleet: {error}"))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let options = HttpOptions {
        http: settings.http,
        net: settings.net,
        public_host: settings.server.public_host,
        connections_max,
        tls,
        ..HttpOptions::default()
    };
    http::serve(listener, backend, options).map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    let version = env!("CARGO_PKG_VERSION");
    print(format_args!(
        "Framehouse gateway {version} is running.\n  HTTP   {scheme}://{address}   (rooms: /v1/rooms, status: /v1/status)\n"
    ))?;
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(STOP_INTERVAL);
    }
    thread::sleep(GOODBYE_TIME);
    tracing::info!("stopped");
    Ok(())
}
