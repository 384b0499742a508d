//! A Postgres server of a test, which it can stop. With `FRAMEHOUSE_REQUIRE_POSTGRES=1` it is a failure that its programs
//! are missing.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use framehouse_harness::live::wait_until;
use rustix::process::{Pid, Signal, kill_process};

/// User and group `nobody`: Postgres does not run as root.
const NOBODY: u32 = 65_534;

/// A running or stopped server.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
}

impl Postgres {
    /// Starts a server without data; no other test of this process may use the same name. `None` if Postgres is not
    /// installed.
    pub fn start(name: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            let is_required = env::var_os("FRAMEHOUSE_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
            assert!(!is_required, "the programs of Postgres are missing: install the package postgresql");
            eprintln!("left out, because Postgres is not installed (package postgresql)");
            return None;
        };
        // A socket's path is short.
        let folder = env::temp_dir().join(format!("fh-pg-{}-{name}", std::process::id()));
        let mut postgres = Self { programs, folder, child: None };
        let data = postgres.folder.join("data");
        let mut making = postgres.command("initdb");
        making.arg("-D").arg(data).args(["-U", "framehouse", "--auth=trust", "--no-sync", "--locale=C"]);
        let made = making.arg("--encoding=UTF8").output().expect("a program");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        postgres.start_again();
        Some(postgres)
    }

    /// Starts it with the data that it has.
    pub fn start_again(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a program"));
        let is_ready = || {
            let asked = self.command("pg_isready").arg("-h").arg(&self.folder).stdout(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        wait_until("Postgres has started", is_ready);
    }

    /// Stops it at once, as `pg_ctl stop -m immediate`: its next start recovers from its log.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended.
            let _ = kill_process(Pid::from_child(&child), Signal::QUIT);
            let _ = child.wait();
        }
    }

    /// URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://framehouse:hidden@localhost/postgres?host={}", self.folder.display())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
        }
        // It does not outlive the tests.
        command.args(["--pdeathsig", "QUIT"]).arg(self.programs.join(name)).current_dir(env::temp_dir());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        // Errors are ignored: the files are temporary.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder with the programs: Debian has one for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(super::program("initdb").and_then(|file| Some(file.parent()?.to_owned())));
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}
