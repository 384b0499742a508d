//! Signal handling: SIGTERM and SIGINT drain and stop the server, a second one ends it at once. SIGHUP reloads, and never ends
//! the server: the system also sends it when a terminal is closed.

use std::sync::{Arc, atomic::AtomicBool};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::threads;

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
    /// Starts catching SIGHUP. A signal that comes before [`on_each`](Self::on_each) is handled by it later.
    pub fn catch() -> Result<Self, String> {
        Signals::new([SIGHUP]).map(Self).map_err(|error| format!("cannot handle signals: {error}"))
    }

    /// Starts a thread that acts on each SIGHUP.
    pub fn on_each(mut self, act: impl Fn() + Send + 'static) -> Result<(), String> {
        threads::spawn("reload", move || self.0.forever().for_each(|_| act()))
            .map(drop)
            .map_err(|error| format!("cannot start the thread that reloads: {error}"))
    }
}
