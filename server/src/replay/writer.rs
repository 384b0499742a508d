//! The thread that writes replays: compression and file I/O.
//!
//! A replay is written as `<match id>.fhr.part`, block by block, so that a crash leaves a readable beginning. Files are
//! not kept open between blocks, because there may be more rooms than file descriptors.
//!
//! One bad file or a panic costs one replay. What of it is on the disk stays there, and the next start completes it. A
//! folder that cannot be used is tried again every minute.

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
    time::Duration,
};

use framehouse_shared::{
    guarded::guarded,
    ids::MatchId,
    replay::{Compressor, Header, RawBlock, ReplayEncoder, ServerKey},
};

use super::{
    desync::DesyncJob,
    folder,
    owners::Owner,
    queue::{Ending, Job, Jobs, Progress, ReplayQueue, Times, queue},
    recovery::recover,
    retention::Retention,
};
use crate::{
    config::ReplaySettings,
    disk::{Identity, sync_folder},
    threads,
};

/// Name of a file that is written to see whether the folder takes files, and removed.
const PROBE: &str = "probe.tmp";
/// Its size, in bytes: that of a large block. On a full disk less may fit.
const PROBE_BYTES: usize = 64 << 10;

/// Handle of the writer thread.
pub struct ReplayWriter {
    queue: ReplayQueue,
    /// Disconnects when the thread ends; nothing is sent through it.
    thread_end: Receiver<Infallible>,
}

impl ReplayWriter {
    /// Creates the folder and starts the thread. It first completes the replays that an earlier server left unfinished,
    /// and enforces the quotas. All replays are signed with `key`.
    ///
    /// # Errors
    /// With a sentence for the operator, if the folder or the thread cannot be created.
    pub fn start(folder: PathBuf, settings: &ReplaySettings, key: ServerKey) -> Result<Self, String> {
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
            run(&Setup { folder, settings, key }, jobs);
        };
        threads::spawn("replays", work)
            .map_err(|error| format!("cannot start the thread that writes replays: {error}"))?;
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

/// What the thread was started with.
struct Setup {
    folder: PathBuf,
    settings: ReplaySettings,
    key: ServerKey,
}

fn run(setup: &Setup, jobs: Jobs) {
    let progress = Arc::clone(&jobs.progress);
    let mut writer = open(setup, &progress);
    jobs.for_each(|job| {
        if writer.is_none() && matches!(job, Job::Clock(_)) {
            writer = open(setup, &progress);
        }
        match &mut writer {
            Some(writer) => work(writer, job),
            None => refuse(&progress, &job),
        }
    });
}

fn open(setup: &Setup, progress: &Arc<Progress>) -> Option<Writer> {
    let opened = guarded(|| Writer::open(setup, Arc::clone(progress)));
    let opened = opened.unwrap_or_else(|_| {
        progress.panics.fetch_add(1, Relaxed);
        Err(io::Error::other("reading the folder panicked, which is a bug: please report it"))
    });
    progress.is_failing.store(opened.is_err(), Relaxed);
    progress.streak.note(opened.is_ok());
    let folder = setup.folder.display();
    opened.inspect_err(|error| tracing::error!("no replays are written, because of {folder}: {error}")).ok()
}

/// Does a job. A panic over it loses its replay, and no other.
fn work(writer: &mut Writer, job: Job) {
    let match_id = job.match_id();
    if guarded(|| writer.work(job)).is_err() {
        writer.note_panic(match_id);
    }
}

/// Counts what is lost while there is no usable folder.
fn refuse(progress: &Progress, job: &Job) {
    let lost = match job {
        Job::End(..) => &progress.failed,
        Job::Report(_) => &progress.reports_lost,
        _ => return,
    };
    lost.fetch_add(1, Relaxed);
}

struct Writer {
    folder: PathBuf,
    /// Another folder at this path is not the one that the server has locked.
    identity: Identity,
    key: ServerKey,
    retention: Retention,
    compressor: Compressor,
    open_replays: HashMap<MatchId, OpenReplay>,
    /// Whether something has failed since the last [`Job::Clock`].
    has_failed: bool,
    progress: Arc<Progress>,
}

/// A replay that is being written.
struct OpenReplay {
    encoder: ReplayEncoder,
    bytes: u64,
    /// Whether a whole block is in the file.
    has_block: bool,
    started_unix_s: u64,
    tick_rate: u16,
}

impl Writer {
    fn open(Setup { folder, settings, key }: &Setup, progress: Arc<Progress>) -> io::Result<Self> {
        let identity = Identity::at(folder)?;
        let recovered = recover(folder, key)?;
        if recovered > 0 {
            tracing::info!(recovered, "completed replays that an earlier server left unfinished");
        }
        let mut retention = Retention::open(folder, settings)?;
        progress.removed.fetch_add(retention.keep_quotas(None), Relaxed);
        Ok(Self {
            folder: folder.clone(),
            identity,
            key: key.clone(),
            retention,
            compressor: Compressor::new(),
            open_replays: HashMap::new(),
            has_failed: false,
            progress,
        })
    }

    fn work(&mut self, job: Job) {
        // A replay that failed is not written on, and what is there of it stays, but its later jobs still arrive.
        if let Job::Block(match_id, _) | Job::End(match_id, _) | Job::Abandon(match_id) = &job
            && !self.open_replays.contains_key(match_id)
        {
            return;
        }
        let (match_id, done) = match job {
            Job::Begin(header, opening) => (header.match_id, self.begin(&header, &opening)),
            Job::Block(match_id, block) => (match_id, self.append(match_id, &block)),
            Job::End(match_id, ending) => (match_id, self.end(match_id, *ending)),
            Job::Abandon(match_id) => return self.forget(match_id),
            Job::Hash(job) => return job.run(&self.folder),
            Job::Report(job) => return self.report(*job),
            Job::Copy(job) => return job.run(&self.folder, &mut self.compressor, &self.key),
            Job::Clock(now) => return self.tidy(now),
        };
        if let Err(error) = done {
            self.fail(match_id, &error);
        }
    }

    fn tidy(&mut self, now: Times) {
        let has_failed = std::mem::take(&mut self.has_failed);
        // On a full disk the small beginning of a recording may fit, and its blocks not: one write alone says nothing. A
        // server without matches writes nothing at all.
        if !has_failed && self.progress.streak.count() > 0 && self.probe().is_ok() {
            self.progress.note_working();
        }
        self.progress.removed.fetch_add(self.retention.keep_age(now), Relaxed);
    }

    /// Tries whether the folder takes a file.
    fn probe(&self) -> io::Result<()> {
        self.check_folder()?;
        let path = self.folder.join(PROBE);
        let written = fs::write(&path, [0; PROBE_BYTES]);
        let removed = fs::remove_file(&path);
        written.and(removed)
    }

    fn check_folder(&self) -> io::Result<()> {
        if Identity::at(&self.folder)? == self.identity {
            return Ok(());
        }
        Err(io::Error::other("another folder is there now: restart the server"))
    }

    fn begin(&mut self, header: &Header, opening: &[u8]) -> io::Result<()> {
        self.check_folder()?;
        let (encoder, bytes) = ReplayEncoder::begin(&mut self.compressor, header, opening);
        let Header { match_id, started_unix_s, tick_rate, .. } = *header;
        let length = bytes.len() as u64;
        let open_replay = OpenReplay { encoder, bytes: length, has_block: false, started_unix_s, tick_rate };
        self.open_replays.insert(match_id, open_replay);
        fs::write(folder::part_path(&self.folder, match_id), &bytes)
    }

    fn append(&mut self, match_id: MatchId, block: &RawBlock) -> io::Result<()> {
        let Some(open_replay) = self.open_replays.get_mut(&match_id) else { return Ok(()) };
        let bytes = open_replay.encoder.block(&mut self.compressor, block);
        append_to(&folder::part_path(&self.folder, match_id), &bytes)?;
        open_replay.bytes += bytes.len() as u64;
        open_replay.has_block = true;
        Ok(())
    }

    fn end(&mut self, match_id: MatchId, ending: Ending) -> io::Result<()> {
        let Ending { last, trailer, addresses, fate } = ending;
        if let Some(block) = &last {
            self.append(match_id, block)?;
        }
        let Some(open_replay) = self.open_replays.remove(&match_id) else { return Ok(()) };
        let OpenReplay { encoder, bytes, started_unix_s, tick_rate, .. } = open_replay;
        let end = encoder.end_signed(&trailer, &self.key);
        append_to(&folder::part_path(&self.folder, match_id), &end)?;
        folder::rename_to_whole(&self.folder, match_id)?;
        // Whatever comes now, it is there and counts against the quotas.
        let synced = sync_folder(&self.folder);
        let bytes = bytes + end.len() as u64;
        let ended_unix_s = started_unix_s + u64::from(trailer.ticks) / u64::from(tick_rate);
        let took_part = addresses.into_iter().map(|address| Owner::of(address, &self.key));
        self.retention.add(match_id, bytes, ended_unix_s, took_part);
        self.progress.removed.fetch_add(self.retention.keep_quotas(Some(match_id)), Relaxed);
        synced?;
        fate.tell_written();
        self.progress.written.fetch_add(1, Relaxed);
        self.progress.written_bytes.fetch_add(bytes, Relaxed);
        self.progress.note_working();
        Ok(())
    }

    /// Writes a report. A failure loses only this report.
    fn report(&mut self, job: DesyncJob) {
        let (match_id, path) = (job.finding.match_id, self.folder.join(job.finding.file_name()));
        if !folder::has_replay(&self.folder, match_id) || !self.retention.reports.has_room(match_id, &path) {
            self.progress.reports_lost.fetch_add(1, Relaxed);
            let report = path.display();
            tracing::debug!(%match_id, %report, "a desync is not reported: its match has no replay, too many reports, or this report");
            return;
        }
        match job.write(&self.folder) {
            Ok(bytes) => {
                self.progress.reports.fetch_add(1, Relaxed);
                self.retention.add_report(match_id, path, bytes);
                self.progress.removed.fetch_add(self.retention.keep_quotas(None), Relaxed);
            }
            Err(error) => {
                self.progress.reports_lost.fetch_add(1, Relaxed);
                self.note_failing("report", &error, match_id);
            }
        }
    }

    /// Removes a recording that is not wanted, with its reports.
    fn forget(&mut self, match_id: MatchId) {
        self.open_replays.remove(&match_id);
        self.retention.reports.remove(match_id);
        // If this fails, the next start handles the file.
        let _ = fs::remove_file(folder::part_path(&self.folder, match_id));
    }

    /// Writes no more of a replay. What of it is on the disk stays for the next start, with its reports, unless there is
    /// no whole block. Of a replay that is not open nothing is touched: it is complete, or not this server's.
    fn fail(&mut self, match_id: MatchId, error: &io::Error) {
        let has_block = self.open_replays.remove(&match_id).is_none_or(|open_replay| open_replay.has_block);
        if !has_block {
            self.forget(match_id);
        }
        self.progress.failed.fetch_add(1, Relaxed);
        self.note_failing("replay", error, match_id);
    }

    fn note_panic(&mut self, match_id: Option<MatchId>) {
        self.progress.panics.fetch_add(1, Relaxed);
        // Its buffers may be in any state.
        self.compressor = Compressor::new();
        if let Some(match_id) = match_id {
            self.fail(match_id, &io::Error::other("writing it panicked, which is a bug: please report it"));
        }
    }

    /// Logs a failure, but only the first one until a replay is complete, or after a minute without one the folder takes
    /// a file: a line per file would fill the log's disk too.
    fn note_failing(&mut self, what: &str, error: &io::Error, match_id: MatchId) {
        self.has_failed = true;
        self.progress.streak.note(false);
        if !self.progress.is_failing.swap(true, Relaxed) {
            tracing::error!(%match_id, "a {what} cannot be written to {}: {error}", self.folder.display());
        }
    }
}

fn append_to(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}
