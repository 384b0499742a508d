//! The server program: from the command line to a running server.

mod file_limit;
mod game_files;
mod listen;
mod logging;
mod lookup;
mod signals;

use std::{
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Parser;
use framehouse_shared::{game::Game, text::Printable};
use rustix::time::{ClockId, clock_gettime};

use game_files::{read_game_files, refusal};
use listen::{bind_endpoints, cannot_listen, lock_data_dir};
use logging::start_logging;
use signals::{HangUps, stop_on_signals};

use crate::{
    config::{Cli, Command, ConfigAction, ReplayAction, Settings},
    net::{endpoint::Endpoint, udp::UdpEndpoint},
    ops::{
        backend::LocalBackend,
        http::{self, HttpOptions, TlsKeys},
        reload::RulesQueue,
    },
    replay::{command, folder::FOLDER_NAME, writer::ReplayWriter},
    results::ResultStore,
    schedule::TickRate,
    server::{Server, ServerSetup},
    tick_loop,
};

/// Longest time to write the last results when the server stops.
const RESULTS_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time to write the last replays when the server stops.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(10);

/// The whole server program for a game: reads the command line and runs until SIGTERM or SIGINT.
///
/// Returns exit code 0 after a normal stop, and 1 when the server cannot start, with one sentence on standard error. A
/// wrong command line exits the process with code 2.
pub fn run(game: impl Game + Clone) -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        None | Some(Command::Serve) => serve(game, &cli),
        Some(Command::Config { action: ConfigAction::Check { file } }) => check_file(file),
        Some(Command::Config { action: ConfigAction::Show }) => show(&cli),
        Some(Command::Replay { action: ReplayAction::Verify { files } }) => command::verify_files(game, files),
        Some(Command::Replay { action: ReplayAction::Info { file } }) => command::show_info(file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // A sentence may quote a file that a stranger wrote.
            sentence.trim_end().lines().for_each(|line| eprintln!("framehouse-server: {}", Printable(line)));
            ExitCode::FAILURE
        }
    }
}

fn check_file(file: &Path) -> Result<(), String> {
    let settings = Settings::from_file(file).map_err(|error| error.to_string())?;
    settings.check().map_err(|error| error.to_string())?;
    println!("{} is good", file.display());
    Ok(())
}

fn show(cli: &Cli) -> Result<(), String> {
    let settings = Settings::load(&cli.flags).map_err(|error| error.to_string())?;
    print!("{}", toml::to_string(&settings).map_err(|error| error.to_string())?);
    Ok(())
}

fn serve(game: impl Game + Clone, cli: &Cli) -> Result<(), String> {
    let settings = Settings::load(&cli.flags).map_err(|error| error.to_string())?;
    let _writes_the_last_lines = start_logging(settings.server.log_format);
    let (stop, hang_ups) = (stop_on_signals()?, HangUps::catch()?);
    let connections_max = file_limit::raise();
    let tls = match (&settings.http.tls_cert, &settings.http.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsKeys::read(certificate, key)?),
        _ => None,
    };
    let game_files = settings.server.game_dir.as_deref().map(read_game_files).transpose()?.unwrap_or_default();
    let listener = http::bind(settings.server.http)
        .map_err(|error| cannot_listen("HTTP", settings.server.http, "--http", &error))?;
    let http_address = listener.local_addr().map_err(|error| error.to_string())?;
    let unix_base = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let endpoints = bind_endpoints(&settings, unix_base)?;
    let _data_lock = lock_data_dir(&settings.server.data_dir)?;
    let results = ResultStore::open(&settings.server.data_dir).map_err(|error| error.to_string())?;
    let replay_folder = settings.server.data_dir.join(FOLDER_NAME);
    let replays = if settings.replays.enabled {
        Some(ReplayWriter::start(replay_folder.clone(), &settings.replays, unix_base.as_secs())?)
    } else {
        None
    };
    let udp_addresses: Vec<SocketAddr> = endpoints.iter().map(UdpEndpoint::public_address).collect();
    let tick_rate = TickRate(settings.server.tick_rate);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let http_options = HttpOptions {
        http: settings.http,
        net: settings.net.clone(),
        public_host: settings.server.public_host,
        connections_max,
        tls: tls.clone(),
    };
    let setup = ServerSetup {
        tick_rate,
        rooms: settings.rooms,
        cleanup: settings.cleanup,
        net: settings.net,
        endpoints: endpoints.into_iter().map(|endpoint| Box::new(endpoint) as Box<dyn Endpoint>).collect(),
        unix_base,
        game_files,
        seed: None,
    };
    let mut server = Server::new(game, setup).map_err(|error| match &settings.server.game_dir {
        Some(folder) => refusal(folder, &error),
        None => error.to_string(),
    })?;
    let (backend, joins) = LocalBackend::new(server.status_board(), replay_folder);
    http::serve(listener, backend, http_options).map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    let (reloads, reloaded) = RulesQueue::new();
    hang_ups.reload_on_each(settings.server.game_dir, server.rules_check(), reloads, tls)?;
    server.keep_results(results);
    server.set_join_queue(joins);
    server.set_rules_queue(reloaded);
    server.set_cpu_clock(process_cpu_time);
    server.set_thread_clock(thread_cpu_time);
    replays.iter().for_each(|writer| server.record_replays(writer.queue()));
    greet(scheme, http_address, &udp_addresses);
    tick_loop::run_until(&mut server, tick_rate, &stop);
    server.close_results(RESULTS_TIME_MAX);
    // Dropping the server closes its end of the replay queue; the writer's thread stops once all is written.
    drop(server);
    if replays.is_some_and(|writer| !writer.close(REPLAY_TIME_MAX)) {
        tracing::warn!(
            "the last replays or reports could not be written in time: the next start completes the replays"
        );
    }
    tracing::info!("stopped");
    Ok(())
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

fn greet(scheme: &str, http: SocketAddr, udp: &[SocketAddr]) {
    let (first, last) = (udp.first().map(ToString::to_string), udp.last().map(SocketAddr::port));
    println!("Framehouse server {} is running.", env!("CARGO_PKG_VERSION"));
    println!("  HTTP   {scheme}://{http}   (rooms: /v1/rooms, status: /v1/status)");
    println!("  UDP    {} to port {}", first.unwrap_or_default(), last.unwrap_or_default());
    println!("  Play   cargo run --release -p framehouse-arena-client -- --server {scheme}://{http} --quick");
    println!("  Bots   cargo run --release -p framehouse-arena-bots -- \\");
    println!("             --server {scheme}://{http} --rooms 1 --players 3 --seconds 300");
    println!("  Stop   Ctrl-C");
}
