//! A Postgres server in a temporary folder, from the programs of Debian's package, for tests and tools. It can be stopped,
//! killed and started again, and leaves nothing behind, however the process ends.

use std::{env, fs, os::unix::fs::MetadataExt, path::PathBuf, process::Command};

use crate::keeper::{Keeper, is_wanted};

const SCRIPT: &str = r#"
control() { pg_ctl -s -w -D "$folder/data" "$@" >>"$folder/control.log" 2>&1; }
make() {
    initdb -D "$folder/data" -U framehouse --auth=trust --no-sync --locale=C --encoding=UTF8 >"$folder/control.log" 2>&1
}
start() {
    # Processes of a killed one may need a moment to end.
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        control -l "$folder/log" -o "-k '$folder' -c listen_addresses= -c fsync=off -c max_connections=300" start && return
        sleep 0.3
    done
    return 1
}
stop() { control -m fast stop; }
die() { kill -KILL "$(head -n 1 "$folder/data/postmaster.pid")"; }
end() { control -m immediate stop; }
"#;

/// A Postgres server. It ends when this is dropped.
#[derive(Debug)]
pub struct Postgres(Keeper);

impl Postgres {
    /// Starts one, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if its programs are not installed or it does not start.
    pub fn start() -> Result<Self, String> {
        let programs = programs().ok_or("the programs of Postgres are missing: install the package postgresql")?;
        let path = env::var("PATH").unwrap_or_default();
        let mut shell = shell();
        shell.env("PATH", format!("{}:{path}", programs.display()));
        Keeper::start("Postgres", shell, SCRIPT, &[]).map(Self)
    }

    /// Like [`start`](Self::start), for tests: `None` where the programs are not installed, unless
    /// `FRAMEHOUSE_REQUIRE_POSTGRES` is 1.
    ///
    /// # Panics
    /// When it is required, or installed and does not start.
    pub fn for_tests() -> Option<Self> {
        let is_wanted = is_wanted(programs().is_some(), "FRAMEHOUSE_REQUIRE_POSTGRES");
        is_wanted.then(|| Self::start().unwrap_or_else(|sentence| panic!("{sentence}")))
    }

    /// URL of one of its databases; `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://framehouse:hidden@localhost/{database}?host={}", self.0.folder().display())
    }

    /// Stops it, as an operator would. Connections are lost.
    ///
    /// # Errors
    /// A sentence, if it does not stop.
    pub fn stop(&mut self) -> Result<(), String> {
        self.0.order("stop")
    }

    /// Kills it (SIGKILL).
    ///
    /// # Errors
    /// A sentence, if it did not run.
    pub fn kill(&mut self) -> Result<(), String> {
        self.0.order("die")
    }

    /// Starts it again after a stop or a kill, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if it does not start.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.0.order("start")
    }
}

/// The folder with its programs: Debian has one for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, env::split_paths(&path));
    folders.into_iter().rev().find(|folder| ["initdb", "pg_ctl"].iter().all(|program| folder.join(program).exists()))
}

/// A shell that does not run as root, because Postgres does not.
fn shell() -> Command {
    if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    }
}
