//! A Postgres server in a temporary folder, from the programs of Debian's package, for tests and tools. It can be stopped,
//! killed and started again, and leaves nothing behind, however the process ends.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Obeys orders until its standard input is closed, as when this process ends, and then removes everything. It ignores
/// Ctrl-C, which the terminal sends to it, too.
const SCRIPT: &str = r#"
trap '' INT HUP
folder=$1
control() { pg_ctl -s -w -D "$folder/data" "$@" >>"$folder/control.log" 2>&1; }
start() {
    # Processes of a killed one may need a moment to end.
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        control -l "$folder/log" -o "-k '$folder' -c listen_addresses= -c fsync=off -c max_connections=300" start && return
        sleep 0.3
    done
    return 1
}
mkdir "$folder" &&
    initdb -D "$folder/data" -U framehouse --auth=trust --no-sync --locale=C --encoding=UTF8 >"$folder/initdb.log" 2>&1 &&
    start && echo done || echo failed
while read -r order; do
    case $order in
    start) start ;;
    stop) control -m fast stop ;;
    kill) kill -KILL "$(head -n 1 "$folder/data/postmaster.pid")" ;;
    esac && echo done || echo failed
done
control -m immediate stop
rm -rf "$folder"
"#;

/// A Postgres server. It ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    keeper: Child,
    /// `None` ends it.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Postgres {
    /// Starts one, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if its programs are not installed or it does not start.
    pub fn start() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let programs = programs().ok_or("the programs of Postgres are missing: install the package postgresql")?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("framehouse-postgres-{}-{number}", std::process::id()));
        let mut keeper = keep(&programs, &folder).map_err(|error| format!("cannot start Postgres: {error}"))?;
        let (orders, answers) = (keeper.stdin.take(), keeper.stdout.take().expect("it was asked for"));
        let mut started = Self { folder, keeper, orders, answers: BufReader::new(answers) };
        started.wait("start")?;
        Ok(started)
    }

    /// Like [`start`](Self::start), for tests: `None` where the programs are not installed, unless
    /// `FRAMEHOUSE_REQUIRE_POSTGRES` is 1.
    ///
    /// # Panics
    /// When it is required, or installed and does not start.
    pub fn for_tests() -> Option<Self> {
        let is_required = env::var_os("FRAMEHOUSE_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
        let is_wanted = is_required || programs().is_some();
        is_wanted.then(|| Self::start().unwrap_or_else(|sentence| panic!("{sentence}")))
    }

    /// URL of one of its databases; `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://framehouse:hidden@localhost/{database}?host={}", self.folder.display())
    }

    /// Stops it, as an operator would. Connections are lost.
    ///
    /// # Errors
    /// A sentence, if it does not stop.
    pub fn stop(&mut self) -> Result<(), String> {
        self.order("stop")
    }

    /// Kills it (SIGKILL).
    ///
    /// # Errors
    /// A sentence, if it did not run.
    pub fn kill(&mut self) -> Result<(), String> {
        self.order("kill")
    }

    /// Starts it again after a stop or a kill, and waits until it answers.
    ///
    /// # Errors
    /// A sentence, if it does not start.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.order("start")
    }

    fn order(&mut self, order: &str) -> Result<(), String> {
        let orders = self.orders.as_mut().expect("it lasts until the end");
        writeln!(orders, "{order}").map_err(|error| format!("Postgres cannot be reached: {error}"))?;
        self.wait(order)
    }

    fn wait(&mut self, order: &str) -> Result<(), String> {
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(_) if answer == "done\n" => Ok(()),
            answered => {
                let log = ["initdb.log", "control.log", "log"].map(|name| fs::read_to_string(self.folder.join(name)));
                let log: Vec<_> = log.into_iter().flatten().collect();
                let last = log.iter().flat_map(|text| text.lines()).next_back().unwrap_or("nothing");
                Err(format!("Postgres did not {order} ({answered:?}); the last that it logged is: {last}"))
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.orders = None;
        // An error means that it has ended already.
        let _ = self.keeper.wait();
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

fn keep(programs: &Path, folder: &Path) -> io::Result<Child> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
    // Postgres does not run as root.
    let (program, before): (_, &[_]) =
        if is_root { ("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]) } else { ("sh", &[]) };
    let path = env::var("PATH").unwrap_or_default();
    Command::new(program)
        .args(before)
        .args(["-c", SCRIPT, "postgres"])
        .arg(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .current_dir(env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}
