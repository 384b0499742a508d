//! The manager of a machine, with real nodes: what dies is started again, and the next manager goes on.

mod orders;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Child,
};

use framehouse_harness::live::wait_until;
use framehouse_server::control::{ControlRequest, NodeReport, ask};
use framehouse_shared::api::AlertLevel;
use framehouse_tools::replays::Folder;
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    alerts::{Answer, Receiver},
    programs::{server, text},
};

/// A manager and its nodes, which end with it in a test.
struct Manager {
    folder: Folder,
    process: Option<Child>,
    environment: Vec<(&'static str, String)>,
}

impl Manager {
    /// A manager with these settings, on ports that the system chooses.
    fn start(name: &str, settings: &str) -> Self {
        let mut manager = Self::prepare(name, settings);
        manager.begin();
        manager
    }

    /// Like [`start`](Self::start), but it does not run yet.
    fn prepare(name: &str, settings: &str) -> Self {
        let folder = Folder::new(name);
        fs::write(folder.path().join("settings.toml"), settings).expect("a folder of ours");
        Self { folder, process: None, environment: Vec::new() }
    }

    /// Starts the first manager, or the next one.
    fn begin(&mut self) {
        let (settings, data) = (self.path("settings.toml"), self.path("data"));
        let log = File::create(self.path("log")).expect("a folder of ours");
        let mut command =
            server(&["manager", "--node", "game", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--lanes", "1"]);
        command.arg("--config").arg(settings).arg("--data-dir").arg(data);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.process = Some(command.stderr(log).spawn().expect("a program"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the manager with a signal, and returns its exit code.
    fn end(&mut self, signal: Signal) -> Option<i32> {
        let mut process = self.process.take().expect("it runs");
        kill_process(Pid::from_child(&process), signal).expect("it runs");
        process.wait().expect("it is ours").code()
    }

    fn report(&self, number: u32) -> Option<NodeReport> {
        ask(&self.path("data").join("nodes").join(number.to_string()), ControlRequest::Report).ok()
    }

    /// Process id of a node that takes players.
    fn ready(&self, number: u32) -> Option<u32> {
        self.report(number).filter(|report| report.accepting).map(|report| report.pid)
    }

    /// Waits until a node takes players in another process than this one, and returns its id.
    #[track_caller]
    fn wait_for_other(&self, number: u32, old: Option<u32>) -> u32 {
        wait_until("another process takes players", || self.ready(number).is_some_and(|pid| Some(pid) != old));
        self.ready(number).expect("it just did")
    }

    fn log(&self) -> String {
        text(&fs::read(self.path("log")).expect("it has one"))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.kill());
            drop(process.wait());
        }
        for pid in pids_in(&self.path("data").join("nodes")) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes that the files of the nodes name, while they run.
fn pids_in(nodes: &Path) -> Vec<Pid> {
    let folders = fs::read_dir(nodes).into_iter().flatten().flatten().map(|entry| entry.path());
    let read = |folder: PathBuf| {
        let identity: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("process.json")).ok()?).ok()?;
        let pid = identity["pid"].as_i64()?;
        // Its name in its command line: another process may have the id by now.
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        Pid::from_raw(i32::try_from(pid).ok()?).filter(|_| line.contains(&*folder.to_string_lossy()))
    };
    folders.filter_map(read).collect()
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).expect("a process"), signal).expect("it runs");
}

#[test]
fn what_dies_is_started_again_also_by_the_next_manager_and_the_others_live_on() {
    let mut manager = Manager::start("manager", "[manager]\nnodes = 2");
    let (first, second) = (manager.wait_for_other(1, None), manager.wait_for_other(2, None));
    kill(second, Signal::KILL);
    let second = manager.wait_for_other(2, Some(second));
    assert!(manager.log().contains("game-2 ended (signal 9); it is started again in 0.1 s"), "{}", manager.log());
    assert_eq!(manager.ready(1), Some(first));
    manager.end(Signal::KILL);
    assert_eq!([manager.ready(1), manager.ready(2)], [Some(first), Some(second)], "nodes outlive a killed manager");
    manager.begin();
    kill(first, Signal::KILL);
    let first = manager.wait_for_other(1, Some(first));
    assert_eq!(manager.ready(2), Some(second), "the next manager has found it");
    assert_eq!(manager.end(Signal::TERM), Some(0));
    assert_eq!([manager.ready(1), manager.ready(2)], [Some(first), Some(second)], "nodes outlive a manager that stops");
}

#[test]
fn a_node_that_hangs_is_ended_and_started_again() {
    let manager = Manager::start("hanging", "[manager]\nnodes = 1\nhang_limit_s = 2.0");
    let first = manager.wait_for_other(1, None);
    // A stopped process takes SIGABRT only when it goes on, so this also needs the SIGKILL after it.
    kill(first, Signal::STOP);
    manager.wait_for_other(1, Some(first));
    assert!(manager.log().contains("game-1 is ended with SIGABRT: it has not answered"), "{}", manager.log());
}

#[test]
fn nodes_that_do_not_start_are_given_up_with_one_fatal_alert() {
    let receiver = Receiver::start(Answer::Taken);
    let settings = format!(
        "[server]\ngame_dir = \"/nowhere\"\n[manager]\nnodes = 1\n[alerts]\nwebhook_url = \"{}\"",
        receiver.url
    );
    let manager = Manager::start("given-up", &settings);
    let told = || receiver.taken().into_iter().find(|notice| notice.alert.kind == "node_given_up");
    wait_until("the operator is told", || told().is_some());
    let notice = told().expect("it was just there");
    assert_eq!((notice.alert.level, notice.server.as_str()), (AlertLevel::Fatal, "game"));
    assert!(notice.alert.message.contains("game-1 ended five times within a minute"), "{}", notice.alert.message);
    assert!(notice.alert.message.contains("/nowhere"), "the node's own reason: {}", notice.alert.message);
    assert_eq!(manager.log().matches("game-1 starts").count(), 5);
    assert_eq!(manager.report(1), None);
}

#[test]
fn a_process_that_its_manager_could_not_note_is_found_before_another_one_is_given_up() {
    let mut manager = Manager::start("orphan", "[manager]\nnodes = 1");
    let pid = manager.wait_for_other(1, None);
    manager.end(Signal::KILL);
    // As if the manager had died before it wrote the file, and the node had not opened its socket yet.
    let node = manager.path("data").join("nodes").join("1");
    fs::remove_file(node.join("process.json")).expect("it is there");
    fs::rename(node.join("control"), node.join("hidden")).expect("it is there");
    manager.begin();
    wait_until("the folder is in use", || manager.log().contains("game-1 ended"));
    fs::rename(node.join("hidden"), node.join("control")).expect("it is there");
    wait_until("the process is found", || manager.log().contains("game-1 runs already"));
    assert_eq!(manager.ready(1), Some(pid));
    // The file names the last process that was tried, so this test ends the first one itself.
    kill(pid, Signal::KILL);
    manager.wait_for_other(1, Some(pid));
}

#[test]
fn a_second_manager_of_the_same_nodes_is_refused() {
    let manager = Manager::start("two-managers", "[manager]\nnodes = 1");
    manager.wait_for_other(1, None);
    let mut command = server(&["manager", "--node", "game", "--data-dir"]);
    let told = command.arg(manager.path("data")).output().expect("a program");
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains("another server uses the data folder"), "{}", text(&told.stderr));
}
