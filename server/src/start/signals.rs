//! Signal handling: SIGTERM and SIGINT drain and stop the server, a second one ends it at once. SIGHUP reloads the game
//! files, the TLS certificate and the levels of the log, and never ends the server: the system also sends it when a terminal
//! is closed.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::AtomicBool,
        mpsc::{SendError, SyncSender},
    },
};

use framehouse_shared::{guarded::guarded, sim::GameFile};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::game_files::{read_game_files, refusal};
use crate::{
    ops::{http::TlsKeys, reload::CheckRules},
    threads,
};

/// A flag that is set by the first SIGTERM or SIGINT.
pub(super) fn stop_on_signals() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // A second signal ends the process at once: the operator does not want to wait, or the shutdown hangs.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| format!("cannot handle signals: {error}"))?;
    }
    Ok(stop)
}

/// The caught SIGHUP signals; SIGHUP does not end the process any more.
pub(super) struct HangUps(Signals);

impl HangUps {
    /// Starts catching SIGHUP. A signal that comes before [`reload_on_each`](Self::reload_on_each) is handled by it
    /// later.
    pub fn catch() -> Result<Self, String> {
        Signals::new([SIGHUP]).map(Self).map_err(|error| format!("cannot handle signals: {error}"))
    }

    /// Starts a thread that acts on each SIGHUP.
    pub fn on_each(mut self, act: impl Fn() + Send + 'static) -> Result<(), String> {
        threads::spawn("reload", move || self.0.forever().for_each(|_| act()))
            .map(drop)
            .map_err(|error| format!("cannot start the thread that reloads: {error}"))
    }

    /// Starts a thread that on each SIGHUP reads the folder again, checks the files, and queues them if they are good. It
    /// also reads the TLS files again, and calls `reopen_log`, which says why there was nothing to do.
    pub fn reload_on_each(
        mut self,
        folder: Option<PathBuf>,
        check: CheckRules,
        queue: SyncSender<Vec<GameFile>>,
        tls: Option<TlsKeys>,
        reopen_log: impl Fn() -> Result<(), &'static str> + Send + 'static,
    ) -> Result<(), String> {
        let work = move || {
            for _ in self.0.forever() {
                let reopened = reopen_log();
                if let Some(keys) = &tls {
                    keys.reload();
                }
                let Some(folder) = &folder else {
                    if let (None, Err(reason)) = (&tls, reopened) {
                        tracing::warn!(
                            "SIGHUP: there is nothing to reload: no --game-dir, no --tls-cert and no log file is set, \
                             and {reason}"
                        );
                    }
                    continue;
                };
                match read_checked(folder, &check).map(|files| queue.send(files)) {
                    Ok(Ok(())) => {}
                    // The server has stopped.
                    Ok(Err(SendError(_))) => return,
                    Err(sentence) => tracing::error!("SIGHUP: nothing is reloaded: {sentence}"),
                }
            }
        };
        threads::spawn("reload", work)
            .map(drop)
            .map_err(|error| format!("cannot start the thread that reloads rules: {error}"))
    }
}

fn read_checked(folder: &Path, check: &CheckRules) -> Result<Vec<GameFile>, String> {
    let files = read_game_files(folder)?;
    // This calls the game's code. If it panics, only this reload fails.
    let checked = guarded(|| check(&files));
    checked.map_err(|_| "the game panicked over these files".to_owned())?.map_err(|error| refusal(folder, &error))?;
    Ok(files)
}
