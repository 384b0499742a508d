//! The keys of an issuer, from a file or a URL, read again by a thread of their own.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use axum::http::Uri;
use rustls::crypto::ring;
use ureq::tls::{RootCerts, TlsConfig};

use super::jwks::KeySet;
use crate::{address::is_this_machine, error_streak::ErrorStreak, threads};

/// Maximum size of a set of keys, in bytes.
const BYTES_MAX: u64 = 256 * 1024;
/// Longest time to read them from a URL.
const READ_TIME_MAX: Duration = Duration::from_secs(10);

/// Where the keys are.
pub(super) enum Source {
    /// In this file.
    File(PathBuf),
    /// At this URL.
    Url(String),
}

/// When the keys are read again.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Interval.
    pub refresh: Duration,
    /// Shortest pause after an attempt, also when somebody asks for new keys. A failed attempt is repeated after it.
    pub pause: Duration,
}

/// The newest keys.
pub(super) struct Keys {
    newest: Arc<Mutex<Option<Arc<KeySet>>>>,
    wake: SyncSender<()>,
}

impl Keys {
    /// Reads the keys in a file, and starts the thread that reads them again, or from a URL.
    ///
    /// # Errors
    /// With a sentence, when the file cannot be used, or the thread cannot be started. A URL may answer later.
    pub fn start(source: Source, pace: Pace, streak: ErrorStreak) -> Result<Self, String> {
        let first = match &source {
            Source::File(_) => Some(Arc::new(source.read().map_err(|why| source.complaint(&why))?)),
            Source::Url(_) => None,
        };
        let (wake, woken) = sync_channel(1);
        let newest = Arc::new(Mutex::new(first));
        let keys = Self { newest: Arc::clone(&newest), wake };
        if matches!(source, Source::Url(_)) {
            keys.ask_for_newer();
        }
        let follow = move || Follower { source, newest, streak }.run(&woken, pace);
        threads::spawn("identity", follow).map_err(|error| format!("cannot start the thread for keys: {error}"))?;
        Ok(keys)
    }

    /// The newest keys; `None` before the first ones are here.
    pub fn newest(&self) -> Option<Arc<KeySet>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the keys be read soon, because a token names one that is not here.
    pub fn ask_for_newer(&self) {
        // If the queue is full, somebody has asked.
        let _ = self.wake.try_send(());
    }
}

/// The thread that reads keys.
struct Follower {
    source: Source,
    newest: Arc<Mutex<Option<Arc<KeySet>>>>,
    streak: ErrorStreak,
}

impl Follower {
    /// Reads keys until nobody can ask for them any more.
    fn run(self, woken: &Receiver<()>, pace: Pace) {
        let mut wait = pace.refresh;
        while woken.recv_timeout(wait) != Err(RecvTimeoutError::Disconnected) {
            wait = if self.read() { pace.refresh.saturating_sub(pace.pause) } else { Duration::ZERO };
            thread::sleep(pace.pause);
        }
    }

    /// Returns whether there are new keys.
    fn read(&self) -> bool {
        let read = self.source.read();
        let was_failing = self.streak.count() > 0;
        self.streak.note(read.is_ok());
        match read {
            Ok(keys) => {
                *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keys));
                if was_failing {
                    tracing::info!("the keys of tokens can be read again");
                }
                true
            }
            Err(why) => {
                if !was_failing {
                    tracing::warn!(
                        "{}; those of before stay in use, and it is tried again",
                        self.source.complaint(&why)
                    );
                }
                false
            }
        }
    }
}

impl Source {
    fn read(&self) -> Result<KeySet, String> {
        match self {
            Self::File(file) => {
                fs::read(file).map_err(|error| error.to_string()).and_then(|text| KeySet::parse(&text, false))
            }
            Self::Url(url) => fetch(url).and_then(|text| KeySet::parse(&text, true)),
        }
    }

    fn complaint(&self, why: &str) -> String {
        match self {
            Self::File(file) => format!("cannot use the keys of tokens in {}: {why}", file.display()),
            Self::Url(url) => format!("cannot use the keys of tokens at {url}: {why}"),
        }
    }
}

/// The answer of a URL. No redirect is followed: the settings name the place of the keys. Through a proxy only to other
/// machines.
fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(READ_TIME_MAX))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // The keys are rarely read: a connection would be closed before the next time.
        .max_idle_connections(0)
        .tls_config(tls);
    let is_local = url.parse::<Uri>().is_ok_and(|url| is_this_machine(&url));
    let agent: ureq::Agent = if is_local { config.proxy(None) } else { config }.build().into();
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(format!("the answer has the HTTP status {status}"));
    }
    answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(|error| error.to_string())
}
