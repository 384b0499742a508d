//! A Redis server in a temporary folder, from the programs of Debian's package, for tests and tools. It can be stopped,
//! killed and started again, keeps its data meanwhile, and leaves nothing behind, however the process ends.

use std::{
    env, io,
    net::{Ipv4Addr, TcpListener},
    process::Command,
};

use crate::keeper::{Keeper, is_wanted};

const SCRIPT: &str = r#"
port=$2
make() { :; }
start() {
    # A new session, because it does not ignore Ctrl-C.
    setsid redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly yes --appendfsync always --dir "$folder" \
        >>"$folder/log" 2>&1 &
    server=$!
    for attempt in $(seq 100); do
        [ "$(redis-cli -p "$port" PING 2>&1)" = PONG ] && return
        sleep 0.1
    done
    return 1
}
finish() {
    kill "$1" "$server" 2>>"$folder/log" || return
    wait "$server" 2>>"$folder/log"
    server=
}
stop() { finish -TERM; }
die() { finish -KILL; }
forget() { die && rm -rf "$folder/appendonlydir"; }
end() { finish -KILL; }
"#;

/// Returns all keys and values.
const DUMP: &str = r"
local all = {}
local function add(found)
    if type(found) == 'table' then for _, one in ipairs(found) do all[#all + 1] = one end else all[#all + 1] = found end
end
local read = {string = 'GET', hash = 'HGETALL', set = 'SMEMBERS'}
for _, key in ipairs(redis.call('KEYS', '*')) do
    local command = read[redis.call('TYPE', key).ok]
    add(key)
    if command then add(redis.call(command, key)) end
end
return all
";

/// A Redis server. It ends when this is dropped.
#[derive(Debug)]
pub struct Redis {
    keeper: Keeper,
    port: u16,
}

impl Redis {
    /// Starts one without data, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if its programs are not installed or it does not start.
    pub fn start() -> Result<Self, String> {
        if !is_installed() {
            return Err("the programs of Redis are missing: install the package redis-server".to_owned());
        }
        let port = free_port().map_err(|error| format!("there is no free port for Redis: {error}"))?;
        let keeper = Keeper::start("Redis", Command::new("sh"), SCRIPT, &[port.to_string()])?;
        Ok(Self { keeper, port })
    }

    /// Like [`start`](Self::start), for tests: `None` where the programs are not installed, unless
    /// `FRAMEHOUSE_REQUIRE_REDIS` is 1.
    ///
    /// # Panics
    /// When it is required, or installed and does not start.
    pub fn for_tests() -> Option<Self> {
        let is_wanted = is_wanted(is_installed(), "FRAMEHOUSE_REQUIRE_REDIS");
        is_wanted.then(|| Self::start().unwrap_or_else(|sentence| panic!("{sentence}")))
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The answer to a command; nothing, if it does not run.
    pub fn ask(&self, words: &[&str]) -> String {
        let told = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output();
        told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned()).unwrap_or_default()
    }

    /// All keys. Only a test may ask so.
    pub fn keys(&self) -> Vec<String> {
        self.ask(&["KEYS", "*"]).lines().map(str::to_owned).collect()
    }

    /// Everything that lies in it, as text.
    pub fn dump(&self) -> String {
        self.ask(&["EVAL", DUMP, "0"])
    }

    /// Number of entries in a stream; `usize::MAX`, if it does not run.
    pub fn length(&self, stream: &str) -> usize {
        self.ask(&["XLEN", stream]).parse().unwrap_or(usize::MAX)
    }

    /// Stops it, as an operator would. Connections are lost.
    ///
    /// # Errors
    /// A sentence, if it did not run.
    pub fn stop(&mut self) -> Result<(), String> {
        self.keeper.order("stop")
    }

    /// Kills it (SIGKILL).
    ///
    /// # Errors
    /// A sentence, if it did not run.
    pub fn kill(&mut self) -> Result<(), String> {
        self.keeper.order("die")
    }

    /// Kills it, and what it had is lost.
    ///
    /// # Errors
    /// A sentence, if it did not run.
    pub fn kill_and_forget(&mut self) -> Result<(), String> {
        self.keeper.order("forget")
    }

    /// Starts it again after a stop or a kill, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if it does not start.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.keeper.order("start")
    }
}

fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    ["redis-server", "redis-cli"]
        .iter()
        .all(|program| env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
