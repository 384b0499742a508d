//! The server under load: a process of its own, with settings of its own, that never outlives this one's measurement.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use super::{args::Args, status::Status};

/// The server's program.
const PROGRAM: &str = "framehouse-server";
/// How long the server may take to say where it listens.
const START_TIME_MAX: Duration = Duration::from_secs(20);
/// How long an answer over HTTP may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Clients a lane takes, and the fewest lanes: a server's usual number.
const LANE_CLIENTS: u32 = 256;
const LANES_MIN: u32 = 4;

/// A running server. It is killed when this goes out of scope, and its folder goes with it.
pub(super) struct ServerProcess {
    child: Child,
    folder: PathBuf,
    url: String,
    agent: ureq::Agent,
}

impl ServerProcess {
    /// Starts the server on free ports and in an empty folder.
    pub fn start(args: &Args) -> Result<Self, String> {
        let program = server_program()?;
        let folder = env::temp_dir().join(format!("framehouse-load-{}", std::process::id()));
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        fs::write(folder.join("server.toml"), settings(args)).map_err(failed)?;
        let log = fs::File::create(folder.join("log")).map_err(failed)?;
        let child = Command::new(&program)
            .args(["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--config"])
            .arg(folder.join("server.toml"))
            .arg("--data-dir")
            .arg(folder.join("data"))
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).build().into();
        // From here on the process ends with this value, also when what follows fails.
        let mut server = Self { child, folder, url: String::new(), agent };
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
    pub fn status(&self) -> Result<Status, String> {
        let lost = |error: ureq::Error| format!("the server does not answer ({error}): {}", self.log());
        let url = format!("{}/v1/status", self.url);
        let body = self.agent.get(url).call().and_then(|mut answer| answer.body_mut().read_to_vec()).map_err(lost)?;
        serde_json::from_slice(&body).map_err(|error| {
            format!(
                "the server beside this program is of another version ({error}): cargo build --release -p {PROGRAM}"
            )
        })
    }

    /// Its resident memory now, in KiB.
    pub fn rss_kb(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("{path} does not say how much memory the server has"))
    }

    /// The end of what it logged: warnings and errors.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().last().unwrap_or("it logged nothing").to_owned()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Either it is gone already, or there is nothing more to be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Many rooms, hardly a pause between two matches, and as many room messages as are asked for.
fn settings(args: &Args) -> String {
    let lanes = args.clients().div_ceil(LANE_CLIENTS).max(LANES_MIN);
    format!(
        "[server]\nlanes = {lanes}\n\
         [rooms]\nrooms_max = {}\ncountdown = 1.0\nresults = 0.1\n\
         [net]\nroom_messages_per_s = {}\nroom_message_bytes = 64\n",
        args.all_rooms(),
        (2 * args.messages).max(1)
    )
}

/// Reads what the server prints, to its end: a full pipe would stop it. Gives the first address.
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

/// The server next to this program; built when there is none.
fn server_program() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|error| format!("cannot find the folder of this program: {error}"))?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let beside = folder.join(PROGRAM);
    if beside.exists() {
        return Ok(beside);
    }
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo).args(["build", "--release", "-p", PROGRAM]).stdout(Stdio::null()).status();
    let release = folder.with_file_name("release").join(PROGRAM);
    if built.is_ok_and(|status| status.success()) && release.exists() {
        return Ok(release);
    }
    Err(format!("there is no {}: cargo build --release -p {PROGRAM}", beside.display()))
}
