//! `[alerts]`: when an operator is told, and where.

use std::fmt;

use axum::http::Uri;
use serde::{Deserialize, Serialize, Serializer};

use super::{Violation, catalogue::Ranges};
use crate::address::is_this_machine;

/// Settings of the alerts. A limit is reached when the value is beyond it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertSettings {
    /// Where notices of alerts are sent, with POST. `None` means nowhere: they are in the log and in `/v1/status` only.
    pub webhook_url: Option<WebhookUrl>,
    /// Form of the notices.
    pub webhook_format: WebhookFormat,
    /// Largest mean duration of the last 100 ticks, in milliseconds, 0.1 to 1000.
    pub tick_mean_max_ms: f64,
    /// Largest duration of one tick, in milliseconds, 0.1 to 10,000. A tick that fits into its interval is good.
    pub tick_max_ms: f64,
    /// Largest share of a core that the tick thread uses, 0.1 to 1.
    pub tick_load_max: f64,
    /// Largest median of the round trips to players in the last minute, in milliseconds, 1 to 10,000. It has only the
    /// network in it: the longest wait for a client's next datagram is subtracted.
    pub round_trip_median_max_ms: f64,
    /// Largest duration of 99 % of the HTTP requests in the last minute, in milliseconds, 1 to 60,000.
    pub http_p99_max_ms: f64,
    /// Longest time without a tick, in seconds, 1 to 600.
    pub tick_stopped_max_s: f64,
    /// Number of ticks skipped in a minute that are no alert yet, 0 to 1,000,000.
    pub ticks_dropped_per_minute_max: u32,
    /// Number of errors of one kind in a row that are no alert yet, 1 to 10,000.
    pub errors_in_a_row_max: u32,
    /// Largest resident memory of the process, in bytes, 1,000,000 to 10^15.
    pub memory_max_bytes: u64,
    /// Smallest free space on the disk of the data folder, in bytes, 0 to 10^15.
    pub disk_free_min_bytes: u64,
    /// Largest number of results that wait to be written, 1 to 5,000.
    pub results_waiting_max: u32,
    /// Largest number of jobs that wait for the thread that writes replays, 1 to 16,000.
    pub replays_waiting_max: u32,
    /// Longest time that a result waits, or that nothing is done while replays wait, in seconds, 1 to 3600.
    pub writes_stalled_max_s: f64,
    /// Longest time for which results wait for the database without a break, in seconds, 1 to 86400.
    pub store_behind_max_s: f64,
    /// Number of times in a minute that players may gain more points than the rules allow, 0 to 1,000,000.
    pub score_rate_exceeded_per_minute_max: u32,
    /// Number of desyncs in a minute that are no alert yet, 0 to 1,000,000.
    pub desyncs_per_minute_max: u32,
    /// Largest number of joins of one address in a day (UTC), 1 to 10^9.
    pub joins_per_day_max: u32,
    /// Largest number of matches of one address in a day (UTC), all of its players together, 1 to 10^9.
    pub matches_per_day_max: u32,
    /// Seconds that a value has to be good again until its alert is resolved, 1 to 600.
    pub recover_s: f64,
    /// Seconds without a further event until the alert of an event, such as a room's panic, is resolved, 1 to 86,400.
    pub quiet_s: f64,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            webhook_url: None,
            webhook_format: WebhookFormat::Json,
            tick_mean_max_ms: 30.0,
            tick_max_ms: 50.0,
            tick_load_max: 0.8,
            round_trip_median_max_ms: 100.0,
            http_p99_max_ms: 500.0,
            tick_stopped_max_s: 5.0,
            ticks_dropped_per_minute_max: 0,
            errors_in_a_row_max: 10,
            memory_max_bytes: 4 << 30,
            disk_free_min_bytes: 1 << 30,
            results_waiting_max: 100,
            replays_waiting_max: 8000,
            writes_stalled_max_s: 30.0,
            store_behind_max_s: 300.0,
            score_rate_exceeded_per_minute_max: 0,
            desyncs_per_minute_max: 10,
            joins_per_day_max: 2000,
            matches_per_day_max: 1000,
            recover_s: 10.0,
            quiet_s: 600.0,
        }
    }
}

impl AlertSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("tick_mean_max_ms", 0.1, 1000.0),
        ("tick_max_ms", 0.1, 10_000.0),
        ("tick_load_max", 0.1, 1.0),
        ("round_trip_median_max_ms", 1.0, 10_000.0),
        ("http_p99_max_ms", 1.0, 60_000.0),
        ("tick_stopped_max_s", 1.0, 600.0),
        ("ticks_dropped_per_minute_max", 0.0, 1e6),
        ("errors_in_a_row_max", 1.0, 10_000.0),
        ("memory_max_bytes", 1e6, 1e15),
        ("disk_free_min_bytes", 0.0, 1e15),
        ("results_waiting_max", 1.0, 5000.0),
        ("replays_waiting_max", 1.0, 16_000.0),
        ("writes_stalled_max_s", 1.0, 3600.0),
        ("store_behind_max_s", 1.0, 86_400.0),
        ("score_rate_exceeded_per_minute_max", 0.0, 1e6),
        ("desyncs_per_minute_max", 0.0, 1e6),
        ("joins_per_day_max", 1.0, 1e9),
        ("matches_per_day_max", 1.0, 1e9),
        ("recover_s", 1.0, 600.0),
        ("quiet_s", 1.0, 86_400.0),
    ];

    /// Checks that the webhook is a whole URL. The sentence does not repeat it, because it is a secret.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let Some(url) = &self.webhook_url else { return Ok(()) };
        let sentence = match url.origin() {
            None => "`alerts.webhook_url` must be an http:// or https:// URL",
            Some(_) if url.is_shortened() => {
                "`alerts.webhook_url` must be the whole URL: `/***` stands for the secret that is not shown"
            }
            Some(_) => return Ok(()),
        };
        Err(Violation::new(["alerts.webhook_url"], sentence.to_owned()))
    }
}

/// Form of a webhook's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// [`AlertNotice`](framehouse_shared::api::AlertNotice).
    Json,
    /// An incoming webhook of Slack, and of services that take the same: `{"text":".."}`.
    Slack,
    /// A custom robot of DingTalk. Its keyword can be `Framehouse`.
    Dingtalk,
}

/// What a URL is shown with instead of its secret path.
const SHORTENED: &str = "/***";

/// URL of a webhook. Its path is a secret: whoever knows it can send to the channel, so it is shown without.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// The whole URL, secrets included.
    pub fn reveal(&self) -> &str {
        self.0.trim()
    }

    /// Scheme, host and port, which the log may have. `None` if this is no http:// or https:// URL.
    pub fn origin(&self) -> Option<String> {
        let url = self.parsed()?;
        let (scheme, host) = (url.scheme_str()?, url.host()?);
        let port = url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let is_http = matches!(scheme, "http" | "https") && !host.is_empty();
        is_http.then(|| format!("{scheme}://{host}{port}"))
    }

    /// Whether it is a URL as it is shown, and no URL of a receiver.
    fn is_shortened(&self) -> bool {
        self.reveal().ends_with(SHORTENED)
    }

    /// Whether the receiver is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.parsed().is_some_and(|url| is_this_machine(&url))
    }

    fn parsed(&self) -> Option<Uri> {
        self.reveal().parse().ok()
    }
}

impl From<&str> for WebhookUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SHORTENED}", self.origin().unwrap_or_default())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AlertSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_webhook_is_shown_without_its_secrets() {
        let settings =
            read("webhook_url = \"https://ada:pw@hooks.example.org:8443/T0/B1/secret?key=k\"").expect("good");
        let url = settings.webhook_url.clone().expect("a URL");
        assert!(settings.check().is_ok());
        assert_eq!(url.reveal(), "https://ada:pw@hooks.example.org:8443/T0/B1/secret?key=k");
        let shown =
            [toml::to_string(&settings).expect("it serialises"), format!("{settings:?}"), url.origin().expect("a URL")];
        for text in shown {
            assert!(text.contains("hooks.example.org:8443"), "{text}");
            for secret in ["ada", "pw", "secret", "key=", "T0"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        let shown = "https://hooks.example.org/***";
        let ftp = "ftp://hooks.example.org/secret";
        for text in ["hooks.example.org/secret", ftp, "", "https:///secret", "/secret", shown] {
            let settings = AlertSettings { webhook_url: Some(text.into()), ..Default::default() };
            let error = settings.check().expect_err("no URL of a webhook").sentence;
            assert!(error.contains("webhook_url`") && !error.contains("/secret"), "{error}");
        }
    }

    #[test]
    fn formats_have_the_names_of_their_services() {
        for (name, format) in
            [("json", WebhookFormat::Json), ("slack", WebhookFormat::Slack), ("dingtalk", WebhookFormat::Dingtalk)]
        {
            assert_eq!(read(&format!("webhook_format = \"{name}\"")).expect("good").webhook_format, format);
        }
        assert!(read("webhook_format = \"teams\"").is_err());
    }
}
