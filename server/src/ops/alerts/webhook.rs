//! Sends notices to a webhook, on a thread of its own: in order, and each until the receiver has taken it.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::api::{Alert, AlertNotice, AlertState};
use rustls::crypto::ring;
use serde_json::{Value, json};
use ureq::tls::{RootCerts, TlsConfig};

use super::outbox::{Notice, Outbox};
use crate::{
    config::{WebhookFormat, WebhookUrl},
    error_streak::ErrorStreak,
    threads,
};

/// Attempts to send a notice, one soon after the other.
const TRIES: u32 = 3;
/// Pause after the first of them; after the second it is twice as long.
const TRY_PAUSE: Duration = Duration::from_millis(100);
/// Longest duration of an attempt.
const TRY_TIME_MAX: Duration = Duration::from_secs(5);
/// Pause after these attempts. It doubles each time, up to a minute.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Maximum number of bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Who the notices come from.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// Name of this server.
    pub server: String,
    /// Start of this process, in milliseconds since 1970-01-01 UTC: notices of two processes have different ids.
    pub started_unix_ms: u64,
}

/// The queue to a webhook.
#[derive(Clone)]
pub(super) struct Webhook(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    is_sending: bool,
    /// Somebody waits until everything is sent: there are no long pauses.
    is_urgent: bool,
}

impl Webhook {
    /// Starts the thread. `streak` counts the notices that could not be sent, in a row.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(url: WebhookUrl, format: WebhookFormat, sender: Sender, streak: ErrorStreak) -> io::Result<Self> {
        let webhook = Self(Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() }));
        let queue = webhook.clone();
        let agent = agent(&url);
        let receiver = Receiver { url, format, sender, agent };
        threads::spawn("webhook", move || queue.send_all(&receiver, &streak))?;
        Ok(webhook)
    }

    /// Queues a notice. Never blocks.
    pub fn push(&self, alert: Alert) {
        self.lock().outbox.push(alert);
        self.0.changed.notify_all();
    }

    /// Waits until everything is sent, at most for `patience`. Returns whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        self.lock().is_urgent = true;
        self.0.changed.notify_all();
        let is_busy = |state: &mut State| state.is_sending || !state.outbox.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.lock(), patience, is_busy);
        let (mut state, waited) = waited.expect("nothing panics while holding this lock");
        state.is_urgent = false;
        !waited.timed_out()
    }

    fn send_all(&self, receiver: &Receiver, streak: &ErrorStreak) {
        let mut pause = PAUSE;
        loop {
            let notice = self.take();
            let sent = receiver.send(&notice);
            let was_failing = streak.count() > 0;
            streak.note(matches!(sent, Sent::Taken));
            match sent {
                Sent::Taken if was_failing => tracing::info!("the webhook at {} takes alerts again", receiver.name()),
                Sent::Taken => {}
                Sent::Refused(why) => {
                    tracing::error!("the webhook at {} refuses a notice, which is dropped: {why}", receiver.name());
                }
                Sent::NotTaken(why) => {
                    if !was_failing {
                        let name = receiver.name();
                        tracing::warn!("the webhook at {name} takes no alerts: {why}; they wait until it does");
                    }
                    self.put_back(notice);
                    self.pause(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                    continue;
                }
            }
            pause = PAUSE;
            self.lock().is_sending = false;
            self.0.changed.notify_all();
        }
    }

    /// Waits for the next notice.
    fn take(&self) -> Notice {
        let mut state = self.lock();
        loop {
            if let Some(notice) = state.outbox.take() {
                state.is_sending = true;
                return notice;
            }
            state = self.0.changed.wait(state).expect("nothing panics while holding this lock");
        }
    }

    fn put_back(&self, notice: Notice) {
        let mut state = self.lock();
        state.outbox.put_back(notice);
        state.is_sending = false;
    }

    /// Waits, unless somebody is in a hurry.
    fn pause(&self, pause: Duration) {
        let waited = self.0.changed.wait_timeout_while(self.lock(), pause, |state| !state.is_urgent);
        drop(waited.expect("nothing panics while holding this lock"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics while holding this lock")
    }
}

/// Outcome of sending a notice.
#[derive(Debug)]
enum Sent {
    Taken,
    /// The receiver will never take it.
    Refused(String),
    /// It may take it later.
    NotTaken(String),
}

/// The other end of a webhook.
struct Receiver {
    url: WebhookUrl,
    format: WebhookFormat,
    sender: Sender,
    agent: ureq::Agent,
}

impl Receiver {
    /// Its name in the log: the rest of the URL is a secret.
    fn name(&self) -> String {
        self.url.origin().unwrap_or_default()
    }

    /// Makes some attempts to send a notice.
    fn send(&self, notice: &Notice) -> Sent {
        let body = body(self.format, &self.sender, notice).to_string();
        let mut sent = self.try_once(&body);
        for tried in 1..TRIES {
            if !matches!(sent, Sent::NotTaken(_)) {
                break;
            }
            thread::sleep(TRY_PAUSE * tried);
            sent = self.try_once(&body);
        }
        sent
    }

    fn try_once(&self, body: &str) -> Sent {
        let began = Instant::now();
        let answered = self.agent.post(self.url.reveal()).content_type("application/json").send(body);
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(error) => return Sent::NotTaken(cause(&error, began.elapsed())),
        };
        let status = answer.status().as_u16();
        let told = || format!("it answers with the HTTP status {status}");
        match status {
            200..=299 if self.format == WebhookFormat::Dingtalk => {
                let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
                dingtalk_verdict(&read.unwrap_or_default())
            }
            200..=299 => Sent::Taken,
            400 | 413 | 422 => Sent::Refused(told()),
            _ => Sent::NotTaken(told()),
        }
    }
}

/// DingTalk tells errors in the body of a good answer.
fn dingtalk_verdict(answer: &[u8]) -> Sent {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    match answer.get("errcode").and_then(Value::as_i64) {
        Some(0) => Sent::Taken,
        Some(code) => Sent::NotTaken(format!("it answers with the error code {code}")),
        None => Sent::NotTaken("its answer is not one of DingTalk".to_owned()),
    }
}

/// What went wrong, without any part of the URL.
fn cause(error: &ureq::Error, took: Duration) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => format!("no answer within {:.1} s", took.as_secs_f64()),
        ureq::Error::HostNotFound => "its host has no address".to_owned(),
        ureq::Error::Tls(what) => (*what).to_owned(),
        ureq::Error::Rustls(error) => error.to_string(),
        _ => "the request failed".to_owned(),
    }
}

/// Requests go to the URL and nowhere else: no redirect is followed. Through a proxy only to other machines.
fn agent(url: &WebhookUrl) -> ureq::Agent {
    let provider = Arc::new(ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TRY_TIME_MAX))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // Notices are rare: a connection would be closed before the next one.
        .max_idle_connections(0)
        .tls_config(tls);
    if url.is_loopback() { config.proxy(None) } else { config }.build().into()
}

fn body(format: WebhookFormat, sender: &Sender, notice: &Notice) -> Value {
    match format {
        WebhookFormat::Json => json!(AlertNotice {
            id: format!("{:x}-{}", sender.started_unix_ms, notice.number),
            server: sender.server.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            alert: notice.alert.clone(),
        }),
        WebhookFormat::Slack => json!({ "text": escape_for_slack(&text(sender, &notice.alert)) }),
        WebhookFormat::Dingtalk => json!({ "msgtype": "text", "text": { "content": text(sender, &notice.alert) } }),
    }
}

/// A notice in a line, for people.
fn text(sender: &Sender, alert: &Alert) -> String {
    let Alert { kind, level, state, message, count, .. } = alert;
    let (server, level) = (&sender.server, level.name());
    match state {
        AlertState::Firing => format!("Framehouse on {server}: {level} {kind}: {message}"),
        AlertState::Resolved => format!("Framehouse on {server}: resolved {kind}, seen {count} times: {message}"),
    }
}

/// In Slack's texts these three letters begin links and names.
fn escape_for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
