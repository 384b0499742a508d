//! A running server: from its settings to its end.

use std::{
    mem::ManuallyDrop,
    net::TcpListener,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use framehouse_shared::{game::Game, guarded::guarded, sim::GameFile};
use rustix::time::{ClockId, clock_gettime};

use super::{
    addresses::Addresses,
    agones::{Agones, Capacity},
    control::Control,
    data::Data,
    failure::Failure,
    file_limit::Connections,
    fleet::Membership,
    game_files::{read_game_files, refusal},
    listen::Listeners,
    logging::Log,
    operator::Operator,
    reload::{self, caller_limits},
    signals::{HangUps, stop_on_signals},
    wall_clock,
};
use crate::{
    config::{AlertSettings, Flags, Settings, WsSettings},
    disk::FreeSpace,
    fleet::{node::NodeThread, registry::class_of},
    identity,
    net::{
        endpoint::Endpoint,
        ws::{WsEndpoint, WsLink},
    },
    ops::{
        alerts::{Alerts, Sources, reading::ErrorStreaks},
        backend::LocalBackend,
        http::{self, Documented, HttpOptions, HttpTimes, RelayedSockets, TlsKeys},
    },
    schedule::TickRate,
    server::{Server, ServerSetup},
    tick_loop,
};

/// Longest time to write the last results when the server stops.
const RESULTS_TIME_MAX: Duration = Duration::from_secs(5);

/// What a server is started with, beside its game and its settings.
pub(super) struct Context<'a> {
    /// The command line, which names the settings file that is read again at a reload.
    pub flags: &'a Flags,
    /// The log.
    pub log: &'a Log,
    /// Who tells the operator.
    pub alerts: &'a Alerts,
    /// Lines below the addresses.
    pub hints: &'a [&'a str],
}

/// Runs a server until it has stopped.
///
/// # Errors
/// When it does not start, panics, or loses results.
pub(super) fn run_server(
    game: impl Game + Clone,
    mut settings: Settings,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let (stop, hang_ups) = (stop_on_signals()?, HangUps::catch()?);
    let marks = reload::marks(context.flags, &settings);
    let game_files = settings.server.game_dir.as_deref().map(read_game_files).transpose()?.unwrap_or_default();
    // As they were read: listeners may learn more.
    let read = settings.clone();
    let (unix_base, mut errors) = (wall_clock(), ErrorStreaks::default());
    let listeners = Listeners::bind(&mut settings, unix_base, &errors.lookup)?;
    let membership = Membership::of(&settings)?;
    let data = Data::open(&game, &settings, membership.as_ref().map(Membership::key))?;
    data.show_errors(&mut errors);
    let Listeners { http, tls, connections, endpoints, addresses } = listeners;
    tls.iter().for_each(|keys| errors.tls = keys.error_streak());
    let identity = identity::start(&settings.identity, &data.players_key, errors.identity.clone())?;

    let (times, view_module) = (HttpTimes::default(), game.web_module());
    let options = http_options(&settings, connections, tls.clone(), times.clone(), view_module);
    let (ws_endpoint, sockets) = WsEndpoint::new(TickRate(settings.server.tick_rate), &settings.net, &options.ws);
    let endpoints: Vec<_> = endpoints.into_iter().map(boxed).chain([boxed(ws_endpoint)]).collect();
    let capacity = Capacity::of(&settings.rooms, &endpoints);
    let mut server = make_server(game, &settings, endpoints, unix_base, game_files.clone())?;
    let operator = Operator::connect(&mut server, &read, (game_files, marks), tls, context)?;
    let (desk, limits) = (Some(operator.desk.clone()), operator.http.clone());
    let options = HttpOptions { desk, limits, identity, ..options };
    let relayed = RelayedSockets::new(sockets.clone(), options.ws.connections_max);
    let backend = backend(&mut server, sockets, &data, context.alerts).with_in_force(Arc::clone(&operator.in_force));
    let key = data.players_key.clone();
    // In a fleet, gateways look ratings up.
    let backend = if membership.is_some() { backend.with_accounts(key) } else { backend.with_ratings(key) };
    let join = |membership: Membership| {
        let parts = (backend.clone(), relayed, operator.desk.clone());
        membership.join(&mut server, parts, &settings, &addresses)
    };
    let joined = membership.map(join);
    let node = open_http(http, backend, options, joined.transpose()?)?;
    node.iter().for_each(|node| errors.fleet = node.error_streak());

    let (disk, is_lost) = (FreeSpace::default(), Arc::new(AtomicBool::new(false)));
    let (board, store) = (server.status_board(), Some(data.store.clone()));
    let (features, desk) = (server.features(), Some(operator.desk.clone()));
    let sources = Sources { board, http: times, disk: disk.clone(), errors, store, features, desk };
    operator.follow(hang_ups)?;
    set_clocks_and_limits(&mut server, &settings.alerts);
    server.set_web_url(addresses.web_url(settings.server.public_host.as_deref()));
    server.set_data_dir_lost(Arc::clone(&is_lost));
    let (folder, writers) = data.give_to(&mut server);
    let watched = folder.watch(is_lost, disk);
    let _ends_the_lock = watched.map_err(|error| format!("cannot start the thread that watches data: {error}"))?;
    let control = open_control(&server, &settings, &addresses, node.as_ref(), &stop);
    let agones = settings.server.agones.then(|| Agones::start(control, capacity)).transpose();
    let agones = agones.map_err(|error| format!("cannot start the thread for Agones: {error}"))?;
    addresses.greet(context.hints)?;
    let watching = context.alerts.watch(sources);
    let watching = watching.map_err(|error| format!("cannot start the thread for alerts: {error}"))?;

    let (tick_rate, drain_limit) = (TickRate(settings.server.tick_rate), settings.server.drain_limit());
    let ended = guarded(|| tick_loop::run_until(&mut server, tick_rate, &stop, drain_limit));
    drop(watching);
    node.into_iter().for_each(NodeThread::close);
    if ended.is_err() {
        return Err(Failure::TickPanic { results_lost: save_results(server) });
    }
    let results_lost = server.close_results(RESULTS_TIME_MAX);
    // Only when the server's end of the queue is closed does the thread of the replays stop.
    drop(server);
    writers.close();
    drop(agones);
    if results_lost > 0 {
        return Err(Failure::ResultsLost(results_lost));
    }
    context.alerts.close();
    tracing::info!("stopped");
    Ok(())
}

fn boxed(endpoint: impl Endpoint + 'static) -> Box<dyn Endpoint> {
    Box::new(endpoint)
}

/// The options of the HTTP gateway.
pub(super) fn http_options(
    settings: &Settings,
    connections: Connections,
    tls: Option<TlsKeys>,
    times: HttpTimes,
    view_module: Option<&'static str>,
) -> HttpOptions {
    let connections_max = settings.ws.connections_max.min(connections.sockets);
    HttpOptions {
        http: settings.http.clone(),
        net: settings.net.clone(),
        gateways: settings.fleet.gateways.clone(),
        public_host: settings.server.public_host.clone(),
        connections_max: connections.http,
        tls,
        times,
        ws: WsSettings { connections_max, ..settings.ws.clone() },
        queue: settings.queue.clone(),
        view_module,
        ..HttpOptions::default()
    }
}

fn make_server(
    game: impl Game + Clone,
    settings: &Settings,
    endpoints: Vec<Box<dyn Endpoint>>,
    unix_base: Duration,
    game_files: Vec<GameFile>,
) -> Result<Server, String> {
    let setup = ServerSetup {
        tick_rate: TickRate(settings.server.tick_rate),
        rooms: settings.rooms.clone(),
        cleanup: settings.cleanup.clone(),
        net: settings.net.clone(),
        endpoints,
        unix_base,
        game_files,
        seed: None,
    };
    Server::new(game, setup).map_err(|error| match &settings.server.game_dir {
        Some(folder) => refusal(folder, &error),
        None => error.to_string(),
    })
}

/// What answers the requests of players.
fn backend(server: &mut Server, sockets: WsLink, data: &Data, alerts: &Alerts) -> LocalBackend {
    let (backend, joins) = LocalBackend::new(server.status_board(), data.replay_folder.clone(), sockets);
    server.set_join_queue(joins);
    let backend = backend.with_hello(server.hello().clone()).with_key(data.public_key).with_store(data.store.clone());
    backend.with_alerts(alerts.clone()).with_features(server.features())
}

/// Serves the HTTP API, and what a node of a fleet serves for gateways. Returns the thread that keeps a node registered.
fn open_http(
    listener: TcpListener,
    backend: LocalBackend,
    options: HttpOptions,
    joined: Option<(Documented, NodeThread)>,
) -> Result<Option<NodeThread>, String> {
    let (backend, options, node) = match joined {
        Some((more, node)) => (backend.with_fleet(node.progress.clone()), HttpOptions { more, ..options }, Some(node)),
        None => (backend, options, None),
    };
    http::serve(listener, backend, options).map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    Ok(node)
}

fn set_clocks_and_limits(server: &mut Server, alerts: &AlertSettings) {
    server.set_caller_limits(caller_limits(alerts));
    server.set_cpu_clock(|| cpu_time(ClockId::ProcessCPUTime));
    server.set_thread_clock(|| cpu_time(ClockId::ThreadCPUTime));
}

/// Serves the control socket.
fn open_control(
    server: &Server,
    settings: &Settings,
    addresses: &Addresses,
    node: Option<&NodeThread>,
    stop: &Arc<AtomicBool>,
) -> Arc<Control> {
    let (board, move_out, class) = (server.status_board(), server.move_out(), class_of(server.hello()));
    let fleet = node.map(|node| node.progress.clone());
    if fleet.is_some() {
        move_out.join_fleet();
    }
    let control = Arc::new(Control { board, move_out, stop: Arc::clone(stop), http: addresses.http, class, fleet });
    control.serve(&settings.server.data_dir);
    control
}

/// Writes the results that wait in memory after a panic of the tick thread. Returns the number of those that are lost.
fn save_results(server: Server) -> u64 {
    // Its drop could panic again, which would end the process without a word.
    let mut server = ManuallyDrop::new(server);
    // How many are lost is unknown if this panics, too: the log has both panics.
    guarded(|| server.close_results(RESULTS_TIME_MAX)).unwrap_or(0)
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
