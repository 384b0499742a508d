//! Reload of a running server: settings, rules and maps, certificate. All of them are read and checked first, and refused
//! together.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        mpsc::{SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

use framehouse_shared::{
    api::{Feature, InForce, OffBy},
    guarded::guarded,
    sim::GameFile,
};

use super::{
    game_files::{game_paths, read_game_files, refusal},
    logging::LogControl,
    wall_clock,
};
use crate::{
    config::{AlertSettings, Environment, Flags, Layers, Settings},
    features::Features,
    ops::{
        admin::Desk,
        alerts::Alerts,
        http::{HttpLimits, TlsKeys},
        reload::{Change, CheckRules},
    },
    room::caller_days::CallerLimits,
    threads,
};

/// Interval between two looks at the files. One that changes is read when it has been the same in two looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Number of times that a change is offered to the tick thread, which takes one between two ticks, and the pause between two.
const OFFERS: (u32, Duration) = (100, Duration::from_millis(10));
/// What is told when there was nothing to reload.
const NOTHING: &str = "nothing has changed";

/// What changes when a file is written or another one takes its place: number of the file, seconds and nanoseconds of the last
/// change of its entry, which nobody can set, and its size.
type FileMark = (u64, i64, i64, u64);
/// Files with the mark of each.
pub(super) type FileMarks = Vec<(PathBuf, Option<FileMark>)>;

/// What a reload reads and changes.
pub(super) struct Reloader {
    /// The command line, which names the settings file.
    pub flags: Flags,
    pub log: LogControl,
    pub tls: Option<TlsKeys>,
    pub check: CheckRules,
    /// To the tick thread.
    pub queue: SyncSender<Change>,
    pub alerts: Alerts,
    pub features: Features,
    pub http: HttpLimits,
    /// Set when it is open: it reloads, too.
    pub desk: OnceLock<Desk>,
    /// Shown in the status page.
    pub in_force: Arc<Mutex<InForce>>,
    pub state: Mutex<State>,
}

/// What is in force.
pub(super) struct State {
    settings: Settings,
    files: Vec<GameFile>,
    /// The files as they were when they were read last, good or bad.
    read: FileMarks,
    /// The files as they were in the last look.
    looked: FileMarks,
    certificates: u64,
}

impl State {
    /// The state of a server that was started with these settings and files of its game, which had these marks then.
    pub fn new(settings: Settings, files: Vec<GameFile>, read: FileMarks) -> Self {
        Self { settings, files, read, looked: Vec::new(), certificates: 0 }
    }
}

impl Reloader {
    /// Reloads whenever files have changed, on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn follow_files(self: Arc<Self>) -> Result<(), String> {
        let work = move || {
            loop {
                thread::sleep(LOOK_INTERVAL);
                self.look();
            }
        };
        threads::spawn("files", work)
            .map(drop)
            .map_err(|error| format!("cannot start the thread that looks at files: {error}"))
    }

    /// Handles a SIGHUP.
    pub fn hang_up(&self) {
        self.log.reopen();
        if self.reload().is_ok_and(|told| told == NOTHING) {
            tracing::warn!("SIGHUP: {NOTHING} since the files were read last");
        }
    }

    /// Reads and checks everything again, and changes what is different. Returns a sentence that says what.
    ///
    /// # Errors
    /// With a sentence, when anything is refused. Nothing changes then.
    pub fn reload(&self) -> Result<String, String> {
        let mut state = lock(&self.state);
        let done = self.try_reload(&mut state);
        match &done {
            Ok(told) => tracing::info!("reload: {told}"),
            Err(sentence) => tracing::error!("nothing is reloaded: {sentence}"),
        }
        lock(&self.in_force).refused = done.as_ref().err().cloned();
        done
    }

    fn try_reload(&self, state: &mut State) -> Result<String, String> {
        state.read = marks(&self.flags, &state.settings);
        let read = Layers::of(&self.flags, &Environment::of_program()).settings()?;
        let (settings, mut after_restart) = state.settings.reloaded(&read);
        if self.log.are_levels_fixed() && settings.log != state.settings.log {
            after_restart.push("log.level (RUST_LOG decides it)".to_owned());
        }
        let folder = settings.server.game_dir.as_deref();
        let files = folder.map(|folder| self.read_checked(folder)).transpose()?.unwrap_or_default();
        self.tls.as_ref().map_or(Ok(()), TlsKeys::check)?;
        let (has_settings, has_files) = (settings != state.settings, files != state.files);
        if has_settings || has_files {
            let change = change(&settings, has_files.then(|| files.clone()));
            // What was not used is read again at the next look.
            self.offer(change).inspect_err(|_| state.read.clear())?;
        }
        // From here on nothing is refused.
        self.tls.iter().for_each(TlsKeys::reload);
        let has_certificate = self.note_certificate(state);
        if has_settings {
            self.apply(&state.settings, &settings);
        }
        (state.settings, state.files) = (settings, files);
        let mut in_force = lock(&self.in_force);
        let now = wall_clock().as_secs();
        if has_settings {
            in_force.settings_unix_s = now;
        }
        if has_files {
            in_force.rules_unix_s = now;
        }
        in_force.after_restart.clone_from(&after_restart);
        let parts = [
            (has_settings, "settings are in force"),
            (has_files, "rules and maps are in force for matches that begin from now on"),
            (has_certificate, "a new certificate is in use"),
        ];
        Ok(told(&parts, &after_restart))
    }

    /// Passes a change on to the tick thread, which may not have taken the one before yet.
    fn offer(&self, mut change: Change) -> Result<(), String> {
        for _ in 0..OFFERS.0 {
            change = match self.queue.try_send(change) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(change)) => change,
                Err(TrySendError::Disconnected(_)) => return Err("the server is stopping".to_owned()),
            };
            thread::sleep(OFFERS.1);
        }
        Err("the reload before is not in force yet: this one is tried again in a second".to_owned())
    }

    /// Changes what is not on the tick thread.
    fn apply(&self, old: &Settings, new: &Settings) {
        self.alerts.set_limits(new.alerts.clone(), new.features.clone());
        self.http.change(&new.http, &new.net, &new.ws, &new.queue);
        self.desk.get().into_iter().for_each(|desk| desk.set_bans_per_hour_max(new.admin.bans_per_hour_max));
        let now = wall_clock().as_secs();
        // A switch whose setting is the same stays as an admin call has left it.
        let changed = |feature: &Feature| new.features.is_on(*feature) != old.features.is_on(*feature);
        for feature in Feature::ALL.into_iter().filter(changed) {
            self.features.set(feature, new.features.is_on(feature), OffBy::Operator, now);
        }
        if (new.log.level, &new.log.levels) != (old.log.level, &old.log.levels) {
            match self.log.set_levels(&new.log) {
                Ok(levels) => tracing::info!("the log levels are {levels} now"),
                Err(sentence) => tracing::warn!("the log levels stay as they are: {sentence}"),
            }
        }
    }

    fn read_checked(&self, folder: &Path) -> Result<Vec<GameFile>, String> {
        let files = read_game_files(folder)?;
        // This calls the game's code. If it panics, only this reload fails.
        let checked = guarded(|| (self.check)(&files));
        checked
            .map_err(|_| "the game panicked over these files".to_owned())?
            .map_err(|error| refusal(folder, &error))?;
        Ok(files)
    }

    /// Reloads if a file has changed and is not being written any more.
    fn look(&self) {
        let mut state = lock(&self.state);
        self.note_certificate(&mut state);
        let marks = marks(&self.flags, &state.settings);
        let is_settled = marks == state.looked;
        state.looked = marks;
        if state.looked != state.read && is_settled {
            drop(state);
            // What it says is in the log.
            let _ = self.reload();
        }
    }

    /// Notes whether another certificate has come into use, by this or by the gateway, which looks at its files, too.
    fn note_certificate(&self, state: &mut State) -> bool {
        let changes = self.tls.as_ref().map_or(0, TlsKeys::changes);
        let is_new = changes != state.certificates;
        if is_new {
            state.certificates = changes;
            lock(&self.in_force).certificate_unix_s = wall_clock().as_secs();
        }
        is_new
    }
}

/// The files that a reload reads: settings, certificate and key, and those of the game.
pub(super) fn marks(flags: &Flags, settings: &Settings) -> FileMarks {
    let config = flags.config.clone().or_else(|| Environment::of_program().file());
    let of_tls = [&settings.http.tls_cert, &settings.http.tls_key].into_iter().flatten().cloned();
    let of_game = settings.server.game_dir.as_deref().map(game_paths).unwrap_or_default();
    config.into_iter().chain(of_tls).chain(of_game).map(|file| (file.clone(), mark_of(&file))).collect()
}

/// The mark of a file; nothing if it cannot be looked at.
fn mark_of(file: &Path) -> Option<FileMark> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.len()))
}

fn change(settings: &Settings, files: Option<Vec<GameFile>>) -> Change {
    let callers = caller_limits(&settings.alerts);
    let Settings { rooms, cleanup, net, .. } = settings.clone();
    Change { files, rooms, cleanup, net, callers }
}

/// The numbers above which the log names a caller.
pub(super) const fn caller_limits(alerts: &AlertSettings) -> CallerLimits {
    CallerLimits { joins: alerts.joins_per_day_max, matches: alerts.matches_per_day_max }
}

fn told(parts: &[(bool, &str)], after_restart: &[String]) -> String {
    let told: Vec<&str> = parts.iter().filter(|(has_changed, _)| *has_changed).map(|(_, told)| *told).collect();
    let told = if told.is_empty() { NOTHING.to_owned() } else { told.join("; ") };
    if after_restart.is_empty() { told } else { format!("{told}; only after a restart: {}", after_restart.join(", ")) }
}

/// The lock, also after a panic: whoever held it left whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
