//! The processes of a fleet that a tool starts. They end with it, nodes included.

use std::{
    ffi::OsString,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use framehouse_harness::redis::Redis;
use framehouse_server::results::FILE_NAME;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::load::program::server_program;

/// Number of nodes.
pub(crate) const NODES: u32 = 3;
/// Nodes with higher numbers than this have never been there.
const NUMBERS_MAX: u32 = 4 * NODES;
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Keys that are there without any node.
const LASTING_KEYS: [&str; 8] =
    ["fh:born", "fh:release", "fh:results", "fh:messages", "fh:managers", "fh:manager:", "fh:commands:", "fh:answer:"];

/// A process that is killed when this goes out of scope.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Redis, two gateways, and a manager with its nodes.
pub(crate) struct Fleet {
    folder: PathBuf,
    /// More flags of the manager, which its nodes get.
    flags: Vec<OsString>,
    server: PathBuf,
    pub redis: Redis,
    gateway_ports: [u16; 2],
    gateways: [Option<Process>; 2],
    manager: Option<Process>,
    /// The operator's end of the last deploy.
    deploy: Option<Process>,
}

impl Fleet {
    /// Starts everything, with its files in this folder, the settings of all processes, and more flags of the nodes.
    pub fn start(folder: &Path, settings: &str, flags: Vec<OsString>) -> Result<Self, String> {
        Self::start_on_trial(folder, settings, flags, 60)
    }

    /// Like [`start`](Self::start); new builds are on trial for so many seconds.
    pub fn start_on_trial(folder: &Path, settings: &str, flags: Vec<OsString>, trial_s: u32) -> Result<Self, String> {
        let mut fleet = Self {
            folder: folder.to_owned(),
            flags,
            server: server_program()?,
            redis: Redis::start()?,
            gateway_ports: [free_port()?, free_port()?],
            gateways: [None, None],
            manager: None,
            deploy: None,
        };
        let manager = format!("[manager]\nnodes = {NODES}\nbuilds_dir = {folder:?}\ntrial_s = {trial_s}.0\n");
        fs::write(folder.join("server.toml"), format!("{settings}{manager}"))
            .map_err(|error| format!("cannot write the settings: {error}"))?;
        fleet.restart_manager()?;
        fleet.restart_gateway(0)?;
        fleet.restart_gateway(1)?;
        Ok(fleet)
    }

    /// Addresses of the gateways.
    pub fn gateways(&self) -> Vec<String> {
        self.gateway_ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// Kills a gateway, if it runs, and starts it at the same address.
    pub fn restart_gateway(&mut self, index: usize) -> Result<(), String> {
        self.gateways[index] = None;
        let mut command = self.program("gateway", &format!("gateway-{index}"));
        command.arg("--http").arg(format!("127.0.0.1:{}", self.gateway_ports[index]));
        self.gateways[index] = Some(self.spawn(command, &format!("gateway-{index}.log"))?);
        Ok(())
    }

    /// Kills the manager, if it runs, and starts the next one.
    pub fn restart_manager(&mut self) -> Result<(), String> {
        self.manager = None;
        let mut command = self.program("manager", "manager");
        command.args(["--node", "chaos", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0"]);
        command.args(&self.flags);
        self.manager = Some(self.spawn(command, "manager.log")?);
        Ok(())
    }

    /// Numbers of the nodes that run.
    pub fn running(&self) -> Vec<u32> {
        (1..=NUMBERS_MAX).filter(|number| self.pid(*number).is_some()).collect()
    }

    /// Begins to deploy a copy of the program, and does not wait for the end.
    ///
    /// # Errors
    /// A sentence, when it cannot be copied or the order not be given.
    pub fn begin_deploy(&mut self) -> Result<(), String> {
        let name = "framehouse-server-new";
        // A new file, because the old one may run.
        let file = self.folder.join(name);
        drop(fs::remove_file(&file));
        fs::copy(&self.server, &file).map_err(|error| format!("cannot copy the program: {error}"))?;
        let mut command = self.program("fleet", "operator");
        command.args(["deploy", name]);
        self.deploy = Some(self.spawn(command, "deploy.log")?);
        Ok(())
    }

    /// Kills a node, if it runs.
    pub fn kill_node(&self, number: u32) {
        if let Some(pid) = self.pid(number) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Ends the manager and stops the nodes, which write their last results.
    pub fn stop_nodes(&mut self, time_max: Duration) -> Result<(), String> {
        self.manager = None;
        for pid in self.pids() {
            let _ = kill_process(pid, Signal::TERM);
        }
        let end = Instant::now() + time_max;
        while !self.pids().is_empty() {
            if Instant::now() > end {
                return Err("the nodes do not stop".to_owned());
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// The results of all nodes.
    pub fn results(&self) -> Result<String, String> {
        let files = (1..=NUMBERS_MAX).map(|number| self.node(number).join(FILE_NAME)).filter(|file| file.exists());
        let read = |file: PathBuf| fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()));
        files.map(read).collect()
    }

    /// Players that the fleet counts on its nodes.
    pub fn players_counted(&self) -> Result<u64, String> {
        Ok(self.nodes()?.iter().filter_map(|node| node["players"].as_u64()).sum())
    }

    /// Number of nodes that take players.
    pub fn nodes_ready(&self) -> Result<u32, String> {
        Ok(self.nodes()?.iter().filter(|node| node["state"] == "ready").count() as u32)
    }

    /// The nodes of the fleet, as `fleet status --json` tells them.
    fn nodes(&self) -> Result<Vec<Value>, String> {
        let mut status: Value = serde_json::from_str(&self.order(&["status", "--json"])?)
            .map_err(|error| format!("no status of the fleet: {error}"))?;
        Ok(status["nodes"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Gives an order with `framehouse-server fleet`. Returns what it prints.
    ///
    /// # Errors
    /// What it prints, if it fails.
    pub fn order(&self, words: &[&str]) -> Result<String, String> {
        let told = self.program("fleet", "operator").args(words).output();
        let told = told.map_err(|error| format!("cannot give an order to the fleet: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if told.status.success() { Ok(text(&told.stdout)) } else { Err(text(&told.stderr)) }
    }

    /// Process ids of the nodes that run.
    pub fn pids(&self) -> Vec<Pid> {
        (1..=NUMBERS_MAX).filter_map(|number| self.pid(number)).collect()
    }

    /// The keys in Redis that belong to nodes.
    pub fn keys_of_nodes(&self) -> Result<Vec<String>, String> {
        if self.redis.ask(&["PING"]) != "PONG" {
            return Err("Redis does not answer".to_owned());
        }
        Ok(self
            .redis
            .keys()
            .into_iter()
            .filter(|key| !LASTING_KEYS.iter().any(|lasting| key.starts_with(lasting)))
            .collect())
    }

    fn node(&self, number: u32) -> PathBuf {
        self.folder.join("manager").join("nodes").join(number.to_string())
    }

    /// The process of a node, as its manager has noted it: it may not answer yet, or no more.
    fn pid(&self, number: u32) -> Option<Pid> {
        let folder = self.node(number);
        let identity: Value = serde_json::from_slice(&fs::read(folder.join("process.json")).ok()?).ok()?;
        let pid = i32::try_from(identity["pid"].as_i64()?).ok()?;
        // Another process may have the id by now.
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        Pid::from_raw(pid).filter(|_| line.contains(&*folder.to_string_lossy()))
    }

    /// A role of the server's program, with its data in this folder.
    fn program(&self, role: &str, data: &str) -> Command {
        let mut command = Command::new(&self.server);
        command
            .arg(role)
            .arg("--config")
            .arg(self.folder.join("server.toml"))
            .arg(format!("--redis={}", self.redis.url()))
            .arg("--data-dir")
            .arg(self.folder.join(data))
            .env("FRAMEHOUSE_FLEET_SECRET", "5a".repeat(32));
        command
    }

    fn spawn(&self, mut command: Command, log: &str) -> Result<Process, String> {
        let (output, errors) = (log_file(&self.folder, log)?, log_file(&self.folder, log)?);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let name = command.get_program().to_owned();
        command.spawn().map(Process).map_err(|error| format!("cannot start {}: {error}", name.display()))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.manager = None;
        (1..=NUMBERS_MAX).for_each(|number| self.kill_node(number));
    }
}

/// A port that is free now, for a process that has to have the same one after a restart.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn log_file(folder: &Path, name: &str) -> Result<File, String> {
    let open = fs::OpenOptions::new().append(true).create(true).open(folder.join(name));
    open.map_err(|error| format!("cannot write {name}: {error}"))
}
