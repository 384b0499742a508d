//! A Redis server of a test. With `FRAMEHOUSE_TEST_REDIS=required` it is a failure that its programs are missing.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
};

use framehouse_harness::live::wait_until;
use framehouse_tools::replays::Folder;

/// A running or stopped server. It keeps its data over a stop.
pub struct Redis {
    folder: Folder,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Starts a server without data; no other test of this process may use the same name. `None` if Redis is not installed.
    pub fn start(name: &str) -> Option<Self> {
        if super::program("redis-server").is_none() {
            let is_required = env::var_os("FRAMEHOUSE_TEST_REDIS").is_some_and(|value| value == "required");
            assert!(!is_required, "the programs of Redis are missing: install the package redis-server");
            eprintln!("left out, because Redis is not installed (package redis-server)");
            return None;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut redis = Self { folder: Folder::new(&format!("redis-{name}")), port, child: None };
        redis.start_again();
        Some(redis)
    }

    /// Starts it with the data that it has.
    pub fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--appendfsync", "always", "--dir"]).arg(self.folder.path());
        self.child = Some(command.stdout(Stdio::null()).spawn().expect("a program"));
        wait_until("Redis has started", || self.ask(&["PING"]) == "PONG");
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Kills it, and what it had in its memory is lost.
    pub fn stop_and_forget(&mut self) {
        self.stop();
        for entry in fs::read_dir(self.folder.path()).into_iter().flatten().flatten() {
            drop(fs::remove_dir_all(entry.path()));
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The answer to a command.
    pub fn ask(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let told = Command::new("redis-cli").args(["-p", &port]).args(words).output().expect("a program");
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    /// All keys. Only a test may ask so.
    pub fn keys(&self) -> Vec<String> {
        self.ask(&["KEYS", "*"]).lines().map(str::to_owned).collect()
    }

    /// Everything that lies in it, as text.
    pub fn dump(&self) -> String {
        let script = "local all = {} \
                      local function add(found) \
                          if type(found) == 'table' then for _, one in ipairs(found) do all[#all + 1] = one end \
                          else all[#all + 1] = found end \
                      end \
                      local read = {string = 'GET', hash = 'HGETALL', set = 'SMEMBERS'} \
                      for _, key in ipairs(redis.call('KEYS', '*')) do \
                          local command = read[redis.call('TYPE', key).ok] \
                          add(key) if command then add(redis.call(command, key)) end \
                      end \
                      return all";
        self.ask(&["EVAL", script, "0"])
    }

    /// Number of entries in a stream.
    pub fn length(&self, stream: &str) -> usize {
        self.ask(&["XLEN", stream]).parse().unwrap_or(usize::MAX)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
