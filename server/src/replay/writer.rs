//! The thread that writes replays: compression and file I/O.
//!
//! A replay is written as `<match id>.fhr.part`, block by block, so that a crash leaves a readable beginning. Files are
//! not kept open between blocks, because there may be more rooms than file descriptors.

use std::{
    collections::HashMap,
    convert::Infallible,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use framehouse_shared::{
    ids::MatchId,
    replay::{Compressor, Header, RawBlock, ReplayEncoder, Trailer},
};

use super::{
    desync::DesyncJob,
    folder::{self, Retention},
    queue::{Job, Jobs, Progress, ReplayQueue, queue},
};
use crate::config::ReplaySettings;

/// Handle of the writer thread.
pub struct ReplayWriter {
    queue: ReplayQueue,
    /// Disconnects when the thread ends; nothing is sent through it.
    thread_end: Receiver<Infallible>,
}

impl ReplayWriter {
    /// Creates the folder and starts the thread. It first completes the replays that an earlier server left unfinished,
    /// and enforces the quotas. `unix_s` is the current time, in seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// With a sentence for the operator, if the folder or the thread cannot be created.
    pub fn start(folder: PathBuf, settings: &ReplaySettings, unix_s: u64) -> Result<Self, String> {
        let shown = folder.display();
        fs::create_dir_all(&folder).map_err(|error| {
            format!("cannot use the folder for replays {shown}: {error}; choose another with --data-dir")
        })?;
        let (queue, jobs) = queue();
        // Nothing is sent through it; only its disconnection matters.
        let (thread_life, thread_end) = mpsc::sync_channel(0);
        let settings = settings.clone();
        let work = move || {
            let _ends_with_the_thread: SyncSender<Infallible> = thread_life;
            run(folder, &settings, unix_s, jobs);
        };
        let spawned = thread::Builder::new().name("replays".into()).spawn(work);
        spawned.map_err(|error| format!("cannot start the thread that writes replays: {error}"))?;
        Ok(Self { queue, thread_end })
    }

    /// The queue to the thread.
    pub fn queue(&self) -> ReplayQueue {
        self.queue.clone()
    }

    /// Waits at most `patience` until everything is written. Returns whether it is. All other queues must be dropped
    /// before.
    pub fn close(self, patience: Duration) -> bool {
        let Self { queue, thread_end } = self;
        drop(queue);
        thread_end.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

fn run(folder: PathBuf, settings: &ReplaySettings, unix_s: u64, jobs: Jobs) {
    let progress = Arc::clone(&jobs.progress);
    match Writer::open(folder.clone(), settings, unix_s, progress) {
        Ok(mut writer) => jobs.for_each(|job| writer.work(job)),
        // Without a receiver the queue refuses everything: recordings are abandoned and counted.
        Err(error) => tracing::error!("replays cannot be written to {}: {error}", folder.display()),
    }
}

struct Writer {
    folder: PathBuf,
    retention: Retention,
    compressor: Compressor,
    open_replays: HashMap<MatchId, OpenReplay>,
    progress: Arc<Progress>,
    is_failing: bool,
}

/// A replay that is being written.
struct OpenReplay {
    encoder: ReplayEncoder,
    bytes: u64,
    started_unix_s: u64,
    tick_rate: u16,
}

impl Writer {
    fn open(folder: PathBuf, settings: &ReplaySettings, unix_s: u64, progress: Arc<Progress>) -> io::Result<Self> {
        let recovered = folder::recover(&folder)?;
        if recovered > 0 {
            tracing::info!(recovered, "completed replays that an earlier server left unfinished");
        }
        let mut retention = Retention::open(&folder, settings)?;
        progress.removed.fetch_add(retention.keep_quotas(unix_s), Relaxed);
        Ok(Self {
            folder,
            retention,
            compressor: Compressor::new(),
            open_replays: HashMap::new(),
            progress,
            is_failing: false,
        })
    }

    fn work(&mut self, job: Job) {
        let (match_id, done) = match job {
            Job::Begin(header, opening) => (header.match_id, self.begin(&header, &opening)),
            Job::Block(match_id, block) => (match_id, self.append(match_id, &block)),
            Job::End(match_id, last, trailer) => (match_id, self.end(match_id, last.as_ref(), &trailer)),
            Job::Abandon(match_id) => return self.forget(match_id),
            Job::Report(job) => return self.report(*job),
        };
        match done {
            Ok(()) => self.is_failing = false,
            Err(error) => self.fail(match_id, &error),
        }
    }

    fn begin(&mut self, header: &Header, opening: &[u8]) -> io::Result<()> {
        let (encoder, bytes) = ReplayEncoder::begin(&mut self.compressor, header, opening);
        fs::write(folder::part_path(&self.folder, header.match_id), &bytes)?;
        let Header { started_unix_s, tick_rate, .. } = *header;
        self.open_replays
            .insert(header.match_id, OpenReplay { encoder, bytes: bytes.len() as u64, started_unix_s, tick_rate });
        Ok(())
    }

    fn append(&mut self, match_id: MatchId, block: &RawBlock) -> io::Result<()> {
        // A failed replay was removed, but its later blocks still arrive.
        let Some(open_replay) = self.open_replays.get_mut(&match_id) else { return Ok(()) };
        let bytes = open_replay.encoder.block(&mut self.compressor, block);
        open_replay.bytes += bytes.len() as u64;
        append_to(&folder::part_path(&self.folder, match_id), &bytes)
    }

    fn end(&mut self, match_id: MatchId, last: Option<&RawBlock>, trailer: &Trailer) -> io::Result<()> {
        if let Some(block) = last {
            self.append(match_id, block)?;
        }
        let Some(OpenReplay { encoder, bytes, started_unix_s, tick_rate }) = self.open_replays.remove(&match_id) else {
            return Ok(());
        };
        let end = encoder.end(trailer);
        append_to(&folder::part_path(&self.folder, match_id), &end)?;
        folder::publish(&self.folder, match_id)?;
        let ended_unix_s = started_unix_s + u64::from(trailer.ticks) / u64::from(tick_rate);
        self.note_written(match_id, bytes + end.len() as u64, ended_unix_s);
        Ok(())
    }

    fn note_written(&mut self, match_id: MatchId, bytes: u64, unix_s: u64) {
        self.progress.written.fetch_add(1, Relaxed);
        self.progress.written_bytes.fetch_add(bytes, Relaxed);
        self.retention.add(match_id, bytes, unix_s);
        self.progress.removed.fetch_add(self.retention.keep_quotas(unix_s), Relaxed);
    }

    /// Writes a report. A failure loses only this report.
    fn report(&mut self, job: DesyncJob) {
        let (match_id, path) = (job.finding.match_id, self.folder.join(job.finding.file_name()));
        let has_replay =
            self.open_replays.contains_key(&match_id) || folder::whole_path(&self.folder, match_id).exists();
        if !has_replay || !self.retention.reports.has_room(match_id, &path) {
            self.progress.reports_lost.fetch_add(1, Relaxed);
            let report = path.display();
            tracing::info!(%report, "a desync is not reported: its match has no replay, too many reports, or this report");
            return;
        }
        match job.write(&self.folder) {
            Ok(bytes) => {
                self.is_failing = false;
                self.progress.reports.fetch_add(1, Relaxed);
                self.retention.reports.add(match_id, path, bytes);
            }
            Err(error) => {
                self.progress.reports_lost.fetch_add(1, Relaxed);
                self.note_failing("report", &error, match_id);
            }
        }
    }

    fn forget(&mut self, match_id: MatchId) {
        self.open_replays.remove(&match_id);
        self.retention.reports.remove(match_id);
        // If this fails, the next start handles the file.
        let _ = fs::remove_file(folder::part_path(&self.folder, match_id));
    }

    fn fail(&mut self, match_id: MatchId, error: &io::Error) {
        self.forget(match_id);
        self.progress.failed.fetch_add(1, Relaxed);
        self.note_failing("replay", error, match_id);
    }

    /// Logs a failure, but only the first one until a write succeeds: a line per file would fill the log's disk too.
    fn note_failing(&mut self, what: &str, error: &io::Error, match_id: MatchId) {
        if !self.is_failing {
            tracing::error!(%match_id, "a {what} cannot be written to {}: {error}", self.folder.display());
        }
        self.is_failing = true;
    }
}

fn append_to(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}
