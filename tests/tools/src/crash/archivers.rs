//! A Redis and two archivers, which store in a database what a server puts into the stream.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use framehouse_harness::redis::Redis;

/// Number of archivers.
pub(super) const ARCHIVERS: u32 = 2;
/// The stream of results.
const RESULTS: &str = "fh:results";
/// The most time to store what is in the stream. What a dead archiver has taken goes to another one after ten seconds.
const STORE_TIME_MAX: Duration = Duration::from_secs(60);
/// Interval between two looks at the stream.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Redis and archivers. They end when this is dropped.
pub(crate) struct Archivers {
    running: Vec<Archiver>,
    redis: Redis,
    program: PathBuf,
    folder: PathBuf,
    database: String,
}

impl Archivers {
    /// Starts Redis, and archivers of this program for this database, which log into files in this folder.
    pub fn start(program: &Path, folder: &Path, database: String) -> Result<Self, String> {
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut started = Self { running: Vec::new(), redis: Redis::start()?, program, folder, database };
        for number in 0..ARCHIVERS {
            let archiver = started.start_one(number)?;
            started.running.push(archiver);
        }
        Ok(started)
    }

    /// URL of Redis.
    pub fn redis_url(&self) -> String {
        self.redis.url()
    }

    /// Kills an archiver (SIGKILL), counted from 0.
    pub fn kill(&mut self, number: u32) {
        self.running[number as usize].kill();
    }

    /// Starts an archiver again that was killed.
    pub fn start_again(&mut self, number: u32) -> Result<(), String> {
        self.running[number as usize] = self.start_one(number)?;
        Ok(())
    }

    /// Waits until everything in the stream is stored. Blocks.
    ///
    /// # Errors
    /// A sentence, if that takes too long, or an archiver has ended by itself.
    pub fn wait_until_stored(&mut self) -> Result<(), String> {
        let end = Instant::now() + STORE_TIME_MAX;
        loop {
            let waiting = self.redis.length(RESULTS);
            if let Some(ended) = self.running.iter_mut().position(|archiver| !archiver.is_running()) {
                return Err(format!("archiver {ended} ended by itself"));
            } else if waiting == 0 {
                return Ok(());
            } else if Instant::now() > end {
                return Err(format!("the archivers have left {waiting} results in the stream for a minute"));
            }
            thread::sleep(LOOK_INTERVAL);
        }
    }

    fn start_one(&self, number: u32) -> Result<Archiver, String> {
        let failed = |error: io::Error| format!("cannot start an archiver: {error}");
        let folder = self.folder.join(format!("archiver-{number}"));
        let log = OpenOptions::new().append(true).create(true).open(folder.with_extension("log")).map_err(failed)?;
        let mut command = Command::new(&self.program);
        command.args(["archive", "--redis", &self.redis.url(), "--database", &self.database, "--data-dir"]).arg(folder);
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().map(Archiver).map_err(failed)
    }
}

/// An archiver. It is killed when this is dropped.
struct Archiver(Child);

impl Archiver {
    fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Archiver {
    fn drop(&mut self) {
        self.kill();
    }
}
