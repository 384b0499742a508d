//! The server program: from the command line to a running server.

mod agones;
mod archive;
mod control;
mod data_dir;
mod failure;
mod file_limit;
mod fleet;
mod game_files;
mod health;
mod listen;
mod logging;
mod lookup;
mod manager;
mod node;
mod print;
mod replays;
mod signals;
mod store;

use std::{
    mem::ManuallyDrop,
    net::{Ipv6Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

use clap::{CommandFactory, Parser};
use framehouse_shared::{game::Game, guarded::guarded};
use rustix::time::{ClockId, clock_gettime};

use agones::{Agones, Capacity};
use control::Control;
use data_dir::DataDir;
use failure::Failure;
use fleet::{Membership, Registered, run_gateway};
use game_files::{read_game_files, refusal};
use listen::{bind_endpoints, cannot_listen};
use logging::Log;
use node::node_name;
use print::{complain, print};
use replays::{Known, show_info, verify_files};
use signals::{HangUps, stop_on_signals};

use crate::{
    config::{
        self, AlertSettings, Cli, Command, ConfigAction, Environment, Layers, ReplayAction, Settings, WsSettings,
    },
    disk::FreeSpace,
    fleet::registry::class_of,
    key,
    net::{endpoint::Endpoint, udp::UdpEndpoint, ws::WsEndpoint},
    ops::{
        alerts::{Alerts, Sources, reading::ErrorStreaks},
        backend::LocalBackend,
        http::{self, Documented, HttpOptions, HttpTimes, TlsKeys},
        reload::RulesQueue,
    },
    replay::{folder::FOLDER_NAME, writer::ReplayWriter},
    results::ResultStore,
    room::{caller_days::CallerLimits, message_log},
    schedule::TickRate,
    server::{Server, ServerSetup},
    store::{Prover, StoreOptions, start as start_store},
    threads, tick_loop,
};

/// Longest time to write the last results when the server stops.
const RESULTS_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time to write the last replays when the server stops.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest time to store the last results in the database when the server stops.
const STORE_TIME_MAX: Duration = Duration::from_secs(2);

/// The whole server program for a game: reads the command line and runs until SIGTERM or SIGINT, and then until running
/// matches have ended or the drain limit is reached.
///
/// Returns exit code 0 after a normal stop, 1 when the server cannot start or could not write all results before it
/// stopped, and 101 after a panic of the tick thread or while it starts or stops, each with one sentence on standard error.
/// A wrong command line exits the process with code 2.
pub fn run(game: impl Game + Clone) -> ExitCode {
    run_with_hints(game, &[])
}

/// Like [`run`], and prints these lines below the addresses of a started server: how to join it, for example. `{url}` in
/// a line becomes the server's URL.
pub fn run_with_hints(game: impl Game + Clone, hints: &[&str]) -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        None | Some(Command::Serve) => return serve(game, &cli, hints),
        Some(Command::Gateway) => return run_gateway(&cli),
        Some(Command::Config { action: ConfigAction::Check { file } }) => check_file(file),
        Some(Command::Config { action: ConfigAction::Show }) => show(&cli),
        Some(Command::Config { action: ConfigAction::Env }) => print(config::list_variables()),
        Some(Command::Health) => settings(&cli).and_then(|settings| health::ask(&settings)),
        Some(Command::Replay { action: ReplayAction::Verify { files, key } }) => {
            settings(&cli).and_then(|settings| verify_files(game, files, &Known::of(&settings.server.data_dir, *key)))
        }
        Some(Command::Replay { action: ReplayAction::Info { file } }) => show_info(file),
        Some(Command::Manager) => return manager::run(&cli.flags),
        Some(Command::Fleet { action }) => settings(&cli).and_then(|settings| manager::order(action, &settings)),
        Some(Command::Archive) => settings(&cli).and_then(|settings| archive::run(&settings)),
        Some(Command::Store { action }) => settings(&cli).and_then(|settings| store::run(action, &settings)),
    };
    exit_code(done)
}

fn exit_code(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(&sentence);
            ExitCode::FAILURE
        }
    }
}

/// The command line of the server program, for manual pages and completions.
pub fn command() -> clap::Command {
    <Cli as CommandFactory>::command()
}

fn check_file(file: &Path) -> Result<(), String> {
    Layers::of_file(file).settings()?;
    print(format_args!("{} is good\n", file.display()))
}

fn settings(cli: &Cli) -> Result<Settings, String> {
    Layers::of(&cli.flags, &Environment::of_program()).settings()
}

fn show(cli: &Cli) -> Result<(), String> {
    let environment = Environment::of_program();
    environment.warnings().iter().for_each(|sentence| complain(sentence));
    print(config::show(&Layers::of(&cli.flags, &environment))?)
}

/// Runs the server, and tells the operator if it does not start or ends by itself.
fn serve(game: impl Game + Clone, cli: &Cli, hints: &[&str]) -> ExitCode {
    let environment = Environment::of_program();
    let layers = Layers::of(&cli.flags, &environment);
    let usable = layers.usable_settings();
    let node = node_name(&usable.server);
    // Before the log, so that a log that does not start is told.
    let alerts = match Alerts::start(&usable.alerts, &node) {
        Ok(alerts) => alerts,
        Err(error) => return exit_code(Err(format!("cannot start the thread that sends alerts: {error}"))),
    };
    // Dropped first, when nothing more is logged: it writes the last lines.
    let log = match Log::start(&usable, &node) {
        Ok(log) => log,
        Err(sentence) => return end(&alerts, &Failure::Start(sentence)),
    };
    environment.warnings().iter().for_each(|sentence| tracing::warn!("{sentence}"));
    let run = || run_server(game, cli, layers.settings()?, &log, &alerts, hints);
    match guarded(run).unwrap_or(Err(Failure::Panic)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&alerts, &failure),
    }
}

/// Tells the operator why the program ends. This is the last thing that it does.
fn end(alerts: &Alerts, failure: &Failure) -> ExitCode {
    alerts.raise_fatal(failure.kind(), failure.notice());
    complain(&failure.to_string());
    failure.exit_code()
}

fn run_server(
    game: impl Game + Clone,
    cli: &Cli,
    mut settings: Settings,
    log: &Log,
    alerts: &Alerts,
    hints: &[&str],
) -> Result<(), Failure> {
    let (stop, hang_ups) = (stop_on_signals()?, HangUps::catch()?);
    let connections = file_limit::raise();
    let tls = match (&settings.http.tls_cert, &settings.http.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsKeys::read(certificate, key)?),
        _ => None,
    };
    let game_files = settings.server.game_dir.as_deref().map(read_game_files).transpose()?.unwrap_or_default();
    let listener = http::bind(settings.server.http)
        .map_err(|error| cannot_listen("HTTP", settings.server.http, "--http", &error))?;
    let http_address = listener.local_addr().map_err(|error| error.to_string())?;
    if settings.server.agones {
        agones::learn_address(&mut settings.server)?;
    }
    let unix_base = wall_clock();
    let mut errors = ErrorStreaks::default();
    let endpoints = bind_endpoints(&settings, unix_base, &errors.lookup)?;
    let data_dir = DataDir::lock(&settings.server.data_dir)?;
    let membership = Membership::of(&settings)?;
    let registered = Registered::of(&settings);
    let own_key = key::open(&settings.server.data_dir).map_err(|error| error.to_string())?;
    // All nodes of a fleet sign with its key, and make the same ids.
    let (key, players_key) = match &membership {
        Some(membership) => (membership.key().of_server().clone(), membership.key().of_server().clone()),
        None => {
            let players = key::open_players(&settings.server.data_dir, &own_key).map_err(|error| error.to_string())?;
            (own_key.clone(), players)
        }
    };
    let public_key = key.public();
    let results = ResultStore::open(&settings.server.data_dir).map_err(|error| error.to_string())?;
    let replay_folder = settings.server.data_dir.join(FOLDER_NAME);
    let prover = || Prover::new(game.clone(), replay_folder.clone(), public_key);
    let (message_queue, messages) = message_log::queue();
    let is_shared = settings.store.database.is_some();
    let (store, store_thread) = start_store(StoreOptions {
        data_dir: settings.server.data_dir.clone(),
        url: settings.store.database.map(|url| url.reveal().to_owned()),
        // Archivers store nothing in the SQLite of this server.
        stream: settings.fleet.redis.filter(|_| is_shared).map(|url| url.reveal().to_owned()),
        // Names its results files, so no two servers have the same.
        key: own_key.public(),
        clock: wall_clock,
        prover: settings.replays.enabled.then(prover),
        boards_unproven: settings.store.boards_unproven,
        messages: settings.store.messages.then_some(messages),
        message_days: settings.store.message_days,
    })
    .map_err(|error| error.to_string())?;
    let replays = if settings.replays.enabled {
        Some(ReplayWriter::start(replay_folder.clone(), &settings.replays, key)?)
    } else {
        None
    };
    let udp_addresses: Vec<SocketAddr> = endpoints.iter().map(UdpEndpoint::public_address).collect();
    let (tick_rate, drain_limit) = (TickRate(settings.server.tick_rate), settings.server.drain_limit());
    let scheme = if tls.is_some() { "https" } else { "http" };
    let http_times = HttpTimes::default();
    let connections_max = settings.ws.connections_max.min(connections.sockets);
    let ws = WsSettings { connections_max, ..settings.ws };
    let (ws_endpoint, link) = WsEndpoint::new(tick_rate, &settings.net, &ws);
    let http_options = HttpOptions {
        http: settings.http,
        net: settings.net.clone(),
        public_host: settings.server.public_host.clone(),
        connections_max: connections.http,
        tls: tls.clone(),
        times: http_times.clone(),
        ws,
        link: Some(link),
        view_module: game.web_module(),
        more: Documented::new(),
    };
    let players_max = endpoints.iter().map(Endpoint::capacity).sum::<usize>() as u64;
    let capacity = Capacity { rooms: settings.rooms.rooms_max.into(), players: players_max };
    let setup = ServerSetup {
        tick_rate,
        rooms: settings.rooms,
        cleanup: settings.cleanup,
        net: settings.net,
        endpoints: endpoints.into_iter().map(boxed).chain([boxed(ws_endpoint)]).collect(),
        unix_base,
        game_files,
        seed: None,
    };
    let mut server = Server::new(game, setup).map_err(|error| match &settings.server.game_dir {
        Some(folder) => refusal(folder, &error),
        None => error.to_string(),
    })?;
    let (backend, joins) = LocalBackend::new(server.status_board(), replay_folder);
    let backend = backend.with_key(public_key).with_store(store.clone()).with_ratings(players_key.clone());
    let backend = backend.with_alerts(alerts.clone());
    let node = membership.map(|membership| {
        let routes = membership.routes(backend.clone());
        membership.join(&mut server, &registered, http_address, &udp_addresses).map(|node| (node, routes))
    });
    let (node, more) = node.transpose()?.unzip();
    let backend = match &node {
        Some(node) => backend.with_fleet(node.progress.clone()),
        None => backend,
    };
    let http_options = HttpOptions { more: more.unwrap_or_else(Documented::new), ..http_options };
    http::serve(listener, backend, http_options).map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    errors.results = results.error_streak();
    errors.store = store.error_streak();
    replays.iter().for_each(|writer| errors.replays = writer.queue().error_streak());
    tls.iter().for_each(|keys| errors.tls = keys.error_streak());
    let disk = FreeSpace::default();
    let (board, store) = (server.status_board(), Some(store));
    let sources = Sources { board, http: http_times, disk: disk.clone(), errors, store };
    let (reloads, reloaded) = RulesQueue::new();
    let (log, flags) = (log.control(), cli.flags.clone());
    let reopen_log = move || log.hang_up(&flags);
    hang_ups.reload_on_each(settings.server.game_dir, server.rules_check(), reloads, tls, reopen_log)?;
    server.set_key(players_key);
    server.set_web_url(web_url(scheme, settings.server.public_host.as_deref(), http_address));
    server.keep_results(results);
    server.set_join_queue(joins);
    if settings.store.messages {
        server.archive_messages(message_queue);
    }
    server.set_rules_queue(reloaded);
    let AlertSettings { joins_per_day_max, matches_per_day_max, .. } = settings.alerts;
    server.set_caller_limits(CallerLimits { joins: joins_per_day_max, matches: matches_per_day_max });
    server.set_cpu_clock(process_cpu_time);
    server.set_thread_clock(thread_cpu_time);
    let is_lost = Arc::new(AtomicBool::new(false));
    let watched = data_dir.watch(Arc::clone(&is_lost), disk);
    let _ends_the_lock = watched.map_err(|error| format!("cannot start the thread that watches data: {error}"))?;
    server.set_data_dir_lost(is_lost);
    replays.iter().for_each(|writer| server.record_replays(writer.queue()));
    let (board, move_out, class) = (server.status_board(), server.move_out(), class_of(server.hello()));
    let fleet = node.as_ref().map(|node| node.progress.clone());
    if fleet.is_some() {
        move_out.join_fleet();
    }
    let control = Arc::new(Control { board, move_out, http: http_address, class, fleet });
    control.serve(&settings.server.data_dir);
    let agones = settings.server.agones.then(|| Agones::start(control, capacity)).transpose();
    let agones = agones.map_err(|error| format!("cannot start the thread for Agones: {error}"))?;
    greet(hints, scheme, http_address, &udp_addresses)?;
    let watching = alerts.watch(sources).map_err(|error| format!("cannot start the thread for alerts: {error}"))?;
    let ended = guarded(|| tick_loop::run_until(&mut server, tick_rate, &stop, drain_limit));
    drop(watching);
    if let Some(node) = node {
        node.close();
    }
    if ended.is_err() {
        return Err(Failure::TickPanic { results_lost: save_results(server) });
    }
    let results_lost = server.close_results(RESULTS_TIME_MAX);
    // Dropping the server closes its end of the replay queue; the writer's thread stops once all is written.
    drop(server);
    if replays.is_some_and(|writer| !writer.close(REPLAY_TIME_MAX)) {
        tracing::warn!(
            "the last replays or reports could not be written in time: the next start completes the replays"
        );
    }
    if !store_thread.close(STORE_TIME_MAX) {
        tracing::warn!("the last results are not in the database yet: the next start stores them");
    }
    drop(agones);
    if results_lost > 0 {
        return Err(Failure::ResultsLost(results_lost));
    }
    alerts.close();
    tracing::info!("stopped");
    Ok(())
}

fn boxed(endpoint: impl Endpoint + 'static) -> Box<dyn Endpoint> {
    Box::new(endpoint)
}

/// Time since 1970-01-01 UTC.
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Writes the results that wait in memory after a panic of the tick thread. Returns the number of those that are lost.
fn save_results(server: Server) -> u64 {
    // Its drop could panic again, which would end the process without a word.
    let mut server = ManuallyDrop::new(server);
    // How many are lost is unknown if this panics, too: the log has both panics.
    guarded(|| server.close_results(RESULTS_TIME_MAX)).unwrap_or(0)
}

/// CPU time of this process, over all its threads.
fn process_cpu_time() -> Duration {
    cpu_time(ClockId::ProcessCPUTime)
}

/// CPU time of the calling thread.
fn thread_cpu_time() -> Duration {
    cpu_time(ClockId::ThreadCPUTime)
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// URL of the web pages, as other machines see it.
fn web_url(scheme: &str, public_host: Option<&str>, http: SocketAddr) -> String {
    let port = http.port();
    match public_host {
        Some(host) if host.parse::<Ipv6Addr>().is_ok() => format!("{scheme}://[{host}]:{port}"),
        Some(host) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{http}"),
    }
}

/// Prints where the server is and how to join it. Standard output may be a pipe that nobody reads, so the calling thread
/// does not wait.
fn greet(hints: &[&str], scheme: &str, http: SocketAddr, udp: &[SocketAddr]) -> Result<(), String> {
    let (first, last) = (udp.first().map(ToString::to_string), udp.last().map(SocketAddr::port));
    let (first, last, version) = (first.unwrap_or_default(), last.unwrap_or_default(), env!("CARGO_PKG_VERSION"));
    let url = format!("{scheme}://{http}");
    let mut text = format!(
        "Framehouse server {version} is running.\n  \
           HTTP   {url}   (rooms: /v1/rooms, status: /v1/status)\n  \
           Web    {url}/r/CODE   (watch and play a room in a browser)\n  \
           UDP    {first} to port {last}\n"
    );
    hints.iter().for_each(|hint| text += &format!("  {}\n", hint.replace("{url}", &url)));
    text += "  Stop   Ctrl-C\n";
    let work = move || print(text).unwrap_or_else(|sentence| tracing::warn!("{sentence}"));
    threads::spawn("greeting", work).map(drop).map_err(|error| format!("cannot start the thread that prints: {error}"))
}
