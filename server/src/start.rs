//! From the command line to a running server.

use std::{
    fs::{self, File, TryLockError},
    io::{self, IsTerminal},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

use clap::Parser;
use framehouse_shared::{game::Game, sim::GameFile};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGINT, SIGTERM};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Cli, Command, ConfigAction, LogFormat, ReplayAction, ServerSettings, Settings},
    net::datagrams::{Datagrams, UdpDatagrams},
    ops::{http, replays::ReplayFiles},
    replay::{command, folder::FOLDER_NAME, writer::ReplayWriter},
    results::ResultStore,
    room::directory::JoinQueue,
    runner,
    server::{Server, ServerSetup},
    tick::TickRate,
};

/// The files of a game's folder, at most, and the bytes of each.
const GAME_FILES_MAX: usize = 256;
const GAME_FILE_BYTES_MAX: u64 = 1 << 20;
/// Log lines that wait to be written, at most.
const LOG_LINES_MAX: usize = 10_000;
/// How long the last results may take to be written when the server stops.
const RESULTS_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the last replays may take to be written.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(10);

/// A whole server program for this game: reads the command line, runs until SIGTERM or SIGINT.
///
/// Exits 0 after a stop that was asked for, 1 with one sentence on standard error when it cannot start, and 2 for a wrong
/// command line.
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
            sentence.trim_end().lines().for_each(|line| eprintln!("framehouse-server: {line}"));
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
    let stop = stop_on_signals()?;
    let game_files = settings.server.game_dir.as_deref().map(read_game_files).transpose()?.unwrap_or_default();
    let listener = http::bind(settings.server.http)
        .map_err(|error| cannot_listen("HTTP", settings.server.http, "--http", &error))?;
    let http_address = listener.local_addr().map_err(|error| error.to_string())?;
    let lanes = bind_lanes(&settings.server)?;
    let _data_lock = lock_data_dir(&settings.server.data_dir)?;
    let results = ResultStore::open(&settings.server.data_dir).map_err(|error| error.to_string())?;
    let unix_base = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let replay_folder = settings.server.data_dir.join(FOLDER_NAME);
    let replays = if settings.replays.enabled {
        Some(ReplayWriter::start(replay_folder.clone(), &settings.replays, unix_base.as_secs())?)
    } else {
        None
    };
    let lane_addresses: Vec<SocketAddr> = lanes.iter().map(|(_, address)| *address).collect();
    let tick_rate = TickRate(settings.server.tick_rate);
    let joins_per_s = settings.net.joins_per_s as f32;
    let setup = ServerSetup {
        tick_rate,
        rooms: settings.rooms,
        cleanup: settings.cleanup,
        net: settings.net,
        lanes,
        unix_base,
        game_files,
        seed: None,
    };
    let mut server = Server::new(game, setup).map_err(|error| match &settings.server.game_dir {
        Some(folder) => format!("the game's files cannot be used: {}", folder.join(error.to_string()).display()),
        None => error.to_string(),
    })?;
    let queue = http::serve(listener, server.status_board(), ReplayFiles::new(replay_folder), joins_per_s)
        .map_err(|error| format!("cannot start the HTTP thread: {error}"))?;
    server.keep_results(results);
    server.set_join_queue(JoinQueue(Mutex::new(queue)));
    server.set_cpu_clock(process_cpu_time);
    server.set_thread_clock(thread_cpu_time);
    replays.iter().for_each(|writer| server.record_replays(writer.queue()));
    greet(http_address, &lane_addresses);
    runner::run_until(&mut server, tick_rate, &stop);
    server.close_results(RESULTS_TIME_MAX);
    // With the server goes its end of the queue of replays, and with that, when all is written, the thread.
    drop(server);
    if replays.is_some_and(|writer| !writer.close(REPLAY_TIME_MAX)) {
        tracing::warn!(
            "the last replays or reports could not be written in time: the next start completes the replays"
        );
    }
    tracing::info!("stopped");
    Ok(())
}

/// The processor time that this process has used, on all its threads.
fn process_cpu_time() -> Duration {
    cpu_time(ClockId::ProcessCPUTime)
}

/// The processor time that the calling thread has used.
fn thread_cpu_time() -> Duration {
    cpu_time(ClockId::ThreadCPUTime)
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn greet(http: SocketAddr, lanes: &[SocketAddr]) {
    let (first, last) = (lanes.first().map(ToString::to_string), lanes.last().map(SocketAddr::port));
    println!("Framehouse server {} is running.", env!("CARGO_PKG_VERSION"));
    println!("  HTTP   http://{http}   (rooms: /v1/rooms, status: /v1/status)");
    println!("  UDP    {} to port {}", first.unwrap_or_default(), last.unwrap_or_default());
    println!("  Play   cargo run --release -p framehouse-client -- --server http://{http} --quick");
    println!("  Bots   cargo run --release -p framehouse-client --no-default-features --bin framehouse-bots -- \\");
    println!("             --server http://{http} --rooms 1 --players 3 --seconds 300");
    println!("  Stop   Ctrl-C");
}

/// Lines go to a thread that writes them: standard error may be a pipe that nobody reads, and no tick waits for that. What
/// does not fit into its queue is dropped. The guard, at its end, writes what is left.
fn start_logging(format: LogFormat) -> WorkerGuard {
    // The transport libraries log a line for every hostile datagram; those are counted instead.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let silent = ["renetcode=off", "renet=off"].map(|directive| directive.parse().expect("a valid directive"));
    let filter = silent.into_iter().fold(filter, EnvFilter::add_directive);
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES_MAX).finish(io::stderr());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    guard
}

fn stop_on_signals() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // A second signal ends the process at once, should the goodbyes hang.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    Ok(stop)
}

fn bind_lanes(settings: &ServerSettings) -> Result<Vec<(Box<dyn Datagrams>, SocketAddr)>, String> {
    let public_ip = settings.public_ip()?;
    let mut lanes: Vec<(Box<dyn Datagrams>, SocketAddr)> = Vec::new();
    let mut has_full_buffers = true;
    for index in 0..settings.lanes {
        let address = settings.lane_address(index);
        let socket = UdpDatagrams::bind(address).map_err(|error| cannot_listen("UDP", address, "--udp", &error))?;
        has_full_buffers &= socket.has_full_buffer();
        let public_address = SocketAddr::new(public_ip, socket.local_address().port());
        lanes.push((Box::new(socket), public_address));
    }
    if !has_full_buffers {
        tracing::warn!("the kernel gives small receive buffers; for many players: sysctl -w net.core.rmem_max=4194304");
    }
    Ok(lanes)
}

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

/// Takes the data folder for this process; the lock ends with it, however it ends.
fn lock_data_dir(folder: &Path) -> Result<File, String> {
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

/// Reads `rules.ron` and the other `*.ron` files of a game's folder, one folder deep.
fn read_game_files(folder: &Path) -> Result<Vec<GameFile>, String> {
    let mut files = Vec::new();
    read_ron_files(folder, "", &mut files).map_err(|(path, error)| format!("cannot read {path}: {error}"))?;
    files.sort_by(|a: &GameFile, b| a.path.cmp(&b.path));
    if files.is_empty() {
        return Err(format!("the game folder {} has no rules.ron", folder.display()));
    }
    Ok(files)
}

fn read_ron_files(folder: &Path, prefix: &str, files: &mut Vec<GameFile>) -> Result<(), (String, io::Error)> {
    let at = |path: &Path| path.display().to_string();
    for entry in fs::read_dir(folder).map_err(|error| (at(folder), error))? {
        let path = entry.map_err(|error| (at(folder), error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() && prefix.is_empty() {
            read_ron_files(&path, &format!("{name}/"), files)?;
        } else if path.extension().is_some_and(|extension| extension == "ron") && files.len() < GAME_FILES_MAX {
            let size = fs::metadata(&path).map_err(|error| (at(&path), error))?.len();
            if size > GAME_FILE_BYTES_MAX {
                return Err((at(&path), io::Error::other("it is larger than 1 MiB")));
            }
            let text = fs::read_to_string(&path).map_err(|error| (at(&path), error))?;
            files.push(GameFile { path: format!("{prefix}{name}"), text });
        }
    }
    Ok(())
}
