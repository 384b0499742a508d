//! A server of another program, with a shell script that keeps it: it lives in a temporary folder, can be stopped, killed
//! and started again, and leaves nothing behind, however the process ends.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A script ignores Ctrl-C, which the terminal sends to it, too.
const BEGIN: &str = "trap '' INT HUP\nfolder=$1\n";
/// It obeys orders until its standard input is closed, as when this process ends, and then removes everything.
const OBEY: &str = r#"
mkdir "$folder" && make && start && echo done || echo failed
while read -r order; do
    "$order" && echo done || echo failed
done
end
rm -rf "$folder"
"#;

/// The process that keeps a server. Both end when this is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// Name of the server.
    name: &'static str,
    folder: PathBuf,
    process: Child,
    /// `None` ends it.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts a server, and waits until it answers. `shell` is a command that runs a shell. The script has a function for
    /// each order (`start`, `stop`, `die`), `make`, which prepares the `$folder`, and `end`. They print nothing, and the
    /// server logs to `$folder/log`. The script's arguments begin with `$2`.
    ///
    /// # Errors
    /// A sentence, if it does not start.
    pub fn start(name: &'static str, mut shell: Command, script: &str, arguments: &[String]) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("framehouse-{}-{}-{number}", name.to_lowercase(), process::id());
        let folder = env::temp_dir().join(folder);
        shell.arg("-c").arg(format!("{BEGIN}{script}{OBEY}")).arg(name).arg(&folder).args(arguments);
        shell.current_dir(env::temp_dir()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = shell.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let (orders, answers) = (process.stdin.take(), process.stdout.take().expect("it was asked for"));
        let mut started = Self { name, folder, process, orders, answers: BufReader::new(answers) };
        started.wait("start")?;
        Ok(started)
    }

    /// The folder of the server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until the script has obeyed.
    ///
    /// # Errors
    /// A sentence, if it could not.
    pub fn order(&mut self, order: &str) -> Result<(), String> {
        let orders = self.orders.as_mut().expect("it lasts until the end");
        writeln!(orders, "{order}").map_err(|error| format!("{} cannot be reached: {error}", self.name))?;
        self.wait(order)
    }

    fn wait(&mut self, order: &str) -> Result<(), String> {
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(_) if answer == "done\n" => Ok(()),
            answered => {
                let log = ["control.log", "log"].map(|name| fs::read_to_string(self.folder.join(name)));
                let log: Vec<_> = log.into_iter().flatten().collect();
                let last = log.iter().flat_map(|text| text.lines()).next_back().unwrap_or("nothing");
                Err(format!("{} did not {order} ({answered:?}); the last that it logged is: {last}", self.name))
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.orders = None;
        // An error means that it has ended already.
        let _ = self.process.wait();
    }
}

/// Whether a test needs a server: where it is installed, and where a variable of the environment is 1.
pub(crate) fn is_wanted(is_installed: bool, variable: &str) -> bool {
    is_installed || env::var_os(variable).is_some_and(|value| value == "1")
}
