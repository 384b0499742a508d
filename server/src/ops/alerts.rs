//! Alerts: what an operator should look at, judged once a second on a thread of its own.
//!
//! ```text
//! rules.rs     the rules, a table
//! reading.rs   what they read, from the status page and from the process
//! last_minute.rs  growth of counters and histograms
//! watch.rs     judges the rules
//! book.rs      which alerts fire, and which did
//! outbox.rs    notices that wait for the webhook
//! webhook.rs   the thread that sends them
//! ```
//!
//! The tick thread has no part in it: it publishes the status page anyway.

pub mod book;
mod last_minute;
mod outbox;
pub mod reading;
pub mod rules;
pub mod watch;
mod webhook;

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use framehouse_shared::api::{Alert, AlertLevel, AlertState, AlertStatus};

use self::{
    book::Moment,
    reading::{ErrorStreaks, Vitals},
    watch::Watch,
    webhook::{Sender, Webhook},
};
use super::{admin::Desk, fuses::Fuses, http::HttpTimes, metrics::process::resident_bytes, status::StatusBoard};
use crate::{
    config::{AlertSettings, FeatureSettings},
    disk::FreeSpace,
    error_streak::ErrorStreak,
    features::Features,
    store::Store,
    threads,
};

/// Interval between two judgements of all rules.
const INTERVAL: Duration = Duration::from_secs(1);
/// Longest time to send the notices of a server that ends.
const END_TIME_MAX: Duration = Duration::from_secs(3);

/// The alerts of a server.
#[derive(Clone)]
pub struct Alerts(Arc<Shared>);

struct Shared {
    watch: Mutex<Watch>,
    fuses: Mutex<Fuses>,
    webhook: Option<Webhook>,
    webhook_errors: ErrorStreak,
    start: Instant,
}

/// What is watched.
pub struct Sources {
    /// The status page.
    pub board: StatusBoard,
    /// The gateway's requests.
    pub http: HttpTimes,
    /// Free space on the disk of the data folder. Whoever watches that folder measures it.
    pub disk: FreeSpace,
    /// Errors in a row. Those of the webhook are known already.
    pub errors: ErrorStreaks,
    /// The database.
    pub store: Option<Store>,
    /// Features that switch themselves off.
    pub features: Features,
    /// The admin API.
    pub desk: Option<Desk>,
}

/// The rules are judged until it is dropped, which waits for a judgement that runs.
pub struct Watching {
    end: Option<SyncSender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged.
            drop(thread.join());
        }
    }
}

impl Alerts {
    /// Alerts of the server of this name, with these limits. Starts the thread of the webhook, if there is one.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(settings: &AlertSettings, server: &str) -> io::Result<Self> {
        let webhook_errors = ErrorStreak::default();
        let sender = Sender { server: server.to_owned(), started_unix_ms: unix_now().as_millis() as u64 };
        let begin = |url| Webhook::start(url, settings.webhook_format, sender, webhook_errors.clone());
        let webhook = settings.webhook_url.clone().map(begin).transpose()?;
        let watch = Mutex::new(Watch::new(settings.clone()));
        let fuses = Mutex::new(Fuses::new(FeatureSettings::default()));
        Ok(Self(Arc::new(Shared { watch, fuses, webhook, webhook_errors, start: Instant::now() })))
    }

    /// Judges by these limits from now on.
    pub fn set_limits(&self, alerts: AlertSettings, features: FeatureSettings) {
        self.lock().set_settings(alerts);
        self.0.fuses.lock().unwrap_or_else(PoisonError::into_inner).set_settings(features);
    }

    /// Starts the thread that judges the rules.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(&self, sources: Sources) -> io::Result<Watching> {
        let (watching, end) = mpsc::sync_channel(0);
        let (alerts, begun) = (self.clone(), Instant::now());
        let thread = threads::spawn("alerts", move || {
            while end.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                alerts.judge(&sources, begun.elapsed());
            }
        })?;
        Ok(Watching { end: Some(watching), thread: Some(thread) })
    }

    /// Tells that the server ends, or does not start, and waits some seconds until that is sent.
    pub fn raise_fatal(&self, kind: &'static str, message: String) {
        let fatal = self.lock().raise_fatal(kind, message, self.now());
        fatal.into_iter().for_each(|alert| self.tell(alert));
        self.flush();
    }

    /// Tells that the cause of a fatal alert is gone.
    pub fn resolve(&self, kind: &'static str) {
        let resolved = self.lock().resolve(kind, self.now());
        resolved.into_iter().for_each(|alert| self.tell(alert));
    }

    /// Tells that nothing fires any more, because the server ends as it should, and waits some seconds until that is sent.
    /// Nothing may be [watched](Self::watch) any more.
    pub fn close(&self) {
        let resolved = self.lock().resolve_all();
        resolved.into_iter().for_each(|alert| self.tell(alert));
        self.flush();
    }

    fn flush(&self) {
        if self.0.webhook.as_ref().is_some_and(|webhook| !webhook.flush(END_TIME_MAX)) {
            tracing::warn!("the last notices of alerts could not be sent in time: the log has all alerts");
        }
    }

    /// All alerts, for the status page.
    pub fn status(&self) -> AlertStatus {
        self.lock().status()
    }

    fn judge(&self, sources: &Sources, watched_for: Duration) {
        let Sources { board, http, disk, errors, store, features, desk } = sources;
        let vitals = Vitals {
            // Before the first tick there is no heartbeat.
            tick_silence: board.heartbeat().silence().unwrap_or(watched_for),
            memory_bytes: resident_bytes().map_or(0, i64::unsigned_abs),
            disk_free_bytes: disk.bytes(),
            http_us: http.buckets(),
            errors: reading::Errors { webhook: self.0.webhook_errors.count(), ..errors.read() },
            store: store.as_ref().map(Store::status).unwrap_or_default(),
            features_off: features.off_by_errors(),
            bans_over_limit: desk.as_ref().map_or(0, |desk| desk.counts().bans_over_limit),
        };
        let (page, now) = (board.page(), self.now());
        let (notices, rooms_faulted) = self.lock().judge_all(&page, &vitals, now);
        let mut fuses = self.0.fuses.lock().unwrap_or_else(PoisonError::into_inner);
        fuses.judge(&vitals.errors, rooms_faulted, features, now.elapsed, now.unix_s);
        drop(fuses);
        notices.into_iter().for_each(|alert| self.tell(alert));
    }

    /// Logs a notice and queues it for the webhook.
    fn tell(&self, alert: Alert) {
        let Alert { kind, message, count, .. } = &alert;
        match (alert.state, alert.level) {
            (AlertState::Resolved, _) => tracing::info!(kind, count, "alert resolved: {message}"),
            (AlertState::Firing, AlertLevel::Warning) => tracing::warn!(kind, "alert: {message}"),
            (AlertState::Firing, AlertLevel::Fatal) => tracing::error!(fatal = true, kind, "fatal alert: {message}"),
            (AlertState::Firing, level) => tracing::error!(kind, "{} alert: {message}", level.name()),
        }
        if let Some(webhook) = &self.0.webhook {
            webhook.push(alert);
        }
    }

    fn now(&self) -> Moment {
        Moment { elapsed: self.0.start.elapsed(), unix_s: unix_now().as_secs() }
    }

    fn lock(&self) -> MutexGuard<'_, Watch> {
        // Whatever happens to the thread that judges, the status page and the last words of the process come through.
        self.0.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock before 1970 says nothing.
fn unix_now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
