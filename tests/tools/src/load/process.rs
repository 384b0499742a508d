//! Server process with its own settings. It never outlives the value that represents it.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use framehouse_shared::api::Status;
use rustix::process::{Pid, Signal, kill_process};

use crate::allocations::{FILE_VARIABLE, Totals};

/// The server's program, and the package that it is built from.
pub(crate) const SERVER: Program = Program { name: "framehouse-server", package: "framehouse-arena-server" };
/// The same server with an allocator that counts.
const COUNTING_SERVER: Program = Program { name: "counting_server", package: "framehouse-tools" };
/// Name of the file that it writes its counts into.
const ALLOCATIONS_FILE: &str = "allocations.json";
/// The most time until the server prints its addresses.
const START_TIME_MAX: Duration = Duration::from_secs(20);
/// The most time for an HTTP response.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// A temporary folder, removed when this goes out of scope.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty one for this purpose.
    ///
    /// # Errors
    /// A sentence, if it cannot be made.
    pub fn new(purpose: &str) -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("framehouse-{purpose}-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps the folder and returns its path.
    pub fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.0 != Path::new("") {
            // It is in a temporary folder, so a failure to remove it does no harm.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A running server. It is killed when this goes out of scope.
pub struct ServerProcess {
    child: Child,
    log: PathBuf,
    allocations: PathBuf,
    url: String,
    agent: ureq::Agent,
}

impl ServerProcess {
    /// Starts the server beside this program on free ports, with these settings and arguments; it keeps its data in this
    /// folder.
    ///
    /// # Errors
    /// A sentence, if there is no such server or it does not start.
    pub fn start(folder: &Path, settings: &str, arguments: &[&OsStr]) -> Result<Self, String> {
        Self::start_program(&SERVER.find()?, folder, settings, arguments)
    }

    /// Starts the server that counts its allocations in the same way.
    ///
    /// # Errors
    /// A sentence, if there is no such server or it does not start.
    pub fn start_counting(folder: &Path, settings: &str) -> Result<Self, String> {
        Self::start_program(&COUNTING_SERVER.find()?, folder, settings, &[])
    }

    /// Starts this server program in the same way.
    ///
    /// # Errors
    /// A sentence, if it does not start.
    pub fn start_program(program: &Path, folder: &Path, settings: &str, arguments: &[&OsStr]) -> Result<Self, String> {
        Self::listen(program, Ipv4Addr::LOCALHOST, folder, settings, arguments)
    }

    /// Starts the server beside this program in the same way as [`start`](Self::start), but for everybody who reaches this
    /// address of the machine.
    ///
    /// # Errors
    /// A sentence, if there is no such server or it does not start.
    pub fn start_public(address: Ipv4Addr, folder: &Path, settings: &str) -> Result<Self, String> {
        Self::listen(&SERVER.find()?, address, folder, settings, &["--open-to-public".as_ref()])
    }

    fn listen(
        program: &Path,
        address: Ipv4Addr,
        folder: &Path,
        settings: &str,
        arguments: &[&OsStr],
    ) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        fs::write(folder.join("server.toml"), settings).map_err(failed)?;
        let log_path = folder.join("log");
        let log = fs::File::create(&log_path).map_err(failed)?;
        let child = Command::new(program)
            .args(["--http", &format!("{address}:0"), "--udp", &format!("{address}:0"), "--config"])
            .arg(folder.join("server.toml"))
            .arg("--data-dir")
            .arg(folder.join("data"))
            .args(arguments)
            .env("RUST_LOG", "warn")
            // A measurement that is over waits for no match. A flag among the arguments says otherwise.
            .env("FRAMEHOUSE_DRAIN_LIMIT", "0")
            .env(FILE_VARIABLE, folder.join(ALLOCATIONS_FILE))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        // A new connection for each request: the server may close an idle one in the moment of the next request.
        let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).max_idle_connections(0);
        let agent = config.build().into();
        // From here on the process ends with this value, also if the following steps fail.
        let allocations = folder.join(ALLOCATIONS_FILE);
        let mut server = Self { child, log: log_path, allocations, url: String::new(), agent };
        let output = server.child.stdout.take().expect("it was asked for");
        let said = read_url(output).recv_timeout(START_TIME_MAX).ok();
        server.url = said.ok_or_else(|| format!("the server did not start: {}", server.log()))?;
        Ok(server)
    }

    /// Where its gateway is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A reading of its status page, at most half a second old.
    ///
    /// # Errors
    /// A sentence, if it does not answer or has another version.
    pub fn status(&self) -> Result<Status, String> {
        serde_json::from_slice(&self.load("/v1/status")?).map_err(|error| {
            format!("the server beside this program is of another version ({error}): {}", SERVER.command())
        })
    }

    /// The body of one of its pages.
    ///
    /// # Errors
    /// A sentence, if it does not answer with success.
    pub fn load(&self, path: &str) -> Result<Vec<u8>, String> {
        let answer = self.agent.get(format!("{}{path}", self.url)).call();
        answer
            .and_then(|mut answer| answer.body_mut().read_to_vec())
            .map_err(|error| format!("the server does not answer to {path} ({error}): {}", self.log()))
    }

    /// Its allocations since the start, at most 0.1 s old, if it was [started to count](Self::start_counting).
    ///
    /// # Errors
    /// A sentence, if it has not told them.
    pub fn allocations(&self) -> Result<Totals, String> {
        Totals::read(&self.allocations).map_err(|error| format!("the server has not told its allocations ({error})"))
    }

    /// Its resident memory now, in KiB.
    ///
    /// # Errors
    /// A sentence, if the system does not tell.
    pub fn rss_kb(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("{path} does not say how much memory the server has"))
    }

    /// Time for which the tick thread has waited for a processor that others used; zero if the kernel does not tell.
    pub fn starved(&self) -> Duration {
        self.tick_thread_times()[1]
    }

    /// Processor time of the tick thread since the start; zero if the kernel does not tell.
    pub fn tick_thread_ran(&self) -> Duration {
        self.tick_thread_times()[0]
    }

    /// Times for which the tick thread, the first one of the process, has run and has waited for a processor.
    fn tick_thread_times(&self) -> [Duration; 2] {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap_or_default();
        let mut times = text.split_whitespace().map(|ns| Duration::from_nanos(ns.parse().unwrap_or(0)));
        [(); 2].map(|()| times.next().unwrap_or_default())
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends SIGHUP, as an operator does who has changed the game's files.
    ///
    /// # Errors
    /// A sentence, if the system refuses.
    pub fn hang_up(&self) -> Result<(), String> {
        self.signal(Signal::HUP)
    }

    /// Asks it to stop, as an operator would, and waits until it has.
    ///
    /// # Errors
    /// A sentence, if it did not exit with 0.
    pub fn stop(self) -> Result<(), String> {
        self.terminate()?;
        self.wait()
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    /// A sentence, if the system refuses.
    pub fn terminate(&self) -> Result<(), String> {
        self.signal(Signal::TERM)
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// A sentence, if it did not exit with 0.
    pub fn wait(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| format!("cannot stop the server: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the server stopped with {status}: {}", self.log())) }
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        kill_process(Pid::from_child(&self.child), signal).map_err(|error| format!("cannot signal the server: {error}"))
    }

    /// The end of what it logged: warnings and errors.
    pub fn log(&self) -> String {
        self.log_lines().pop().unwrap_or_else(|| "it logged nothing".to_owned())
    }

    /// All warnings and errors that it logged.
    pub fn log_lines(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // An error means that it has ended already, or cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the server's output to its end, because a full pipe would stop it. Sends the first address.
fn read_url(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let url = line.split_whitespace().find(|word| word.starts_with("http://"));
            if let Some(url) = url {
                // The start may have been given up; the reading goes on.
                let _ = sender.send(url.to_owned());
            }
        }
    });
    receiver
}

/// A program of this workspace.
pub(crate) struct Program {
    name: &'static str,
    package: &'static str,
}

impl Program {
    /// The program next to this one; built when there is none.
    pub fn find(&self) -> Result<PathBuf, String> {
        let own = env::current_exe().map_err(|error| format!("cannot find the folder of this program: {error}"))?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let beside = folder.join(self.name);
        if beside.exists() {
            return Ok(beside);
        }
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo).args(self.build()).stdout(Stdio::null()).status();
        let release = folder.with_file_name("release").join(self.name);
        if built.is_ok_and(|status| status.success()) && release.exists() {
            return Ok(release);
        }
        Err(format!("there is no {}: {}", beside.display(), self.command()))
    }

    /// Arguments of cargo.
    const fn build(&self) -> [&'static str; 6] {
        ["build", "--release", "-p", self.package, "--bin", self.name]
    }

    /// What builds it, for people.
    fn command(&self) -> String {
        format!("cargo {}", self.build().join(" "))
    }
}
