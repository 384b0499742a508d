//! Alerts: a part of `GET /v1/status`, and the JSON body that the server sends to a webhook.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The alerts of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertStatus {
    /// Alerts whose cause lasts, at most one of each kind.
    pub firing: Vec<Alert>,
    /// The last 100 alerts whose cause is over, newest first.
    pub recent: Vec<Alert>,
    /// Alerts that have begun since the server's start.
    #[serde(default)]
    pub begun: AlertCounts,
}

/// Number of alerts by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names are those of the levels")]
pub struct AlertCounts {
    pub warning: u64,
    pub critical: u64,
    pub fatal: u64,
}

impl AlertCounts {
    /// Counts one alert.
    pub const fn count(&mut self, level: AlertLevel) {
        match level {
            AlertLevel::Warning => self.warning += 1,
            AlertLevel::Critical => self.critical += 1,
            AlertLevel::Fatal => self.fatal += 1,
        }
    }
}

/// Something that an operator should look at. While the cause lasts it is one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Name of the rule, such as `tick_max` or `room_panic`.
    pub kind: String,
    /// How bad it is.
    pub level: AlertLevel,
    /// Whether the cause lasts.
    pub state: AlertState,
    /// One sentence for people: the newest value, and what to do.
    pub message: String,
    /// How often the cause was seen; a rule looks once a second.
    pub count: u64,
    /// When it was seen first, in seconds since 1970-01-01 UTC.
    pub since_unix_s: u64,
    /// When it was seen last, in seconds since 1970-01-01 UTC.
    pub seen_unix_s: u64,
}

/// Level of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// It will become a problem.
    Warning,
    /// Players notice it, or data is at risk.
    Critical,
    /// The server ends, or does not start.
    Fatal,
}

impl AlertLevel {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Fatal => "fatal",
        }
    }
}

/// State of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// The cause lasts.
    Firing,
    /// The cause is over.
    Resolved,
}

/// A notice about an alert, as a webhook of the format `json` gets it: one when the alert begins, one when it is
/// resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNotice {
    /// Id of the notice. A notice whose answer was lost is sent again with the same id.
    pub id: String,
    /// Name of the machine that the server runs on.
    pub server: String,
    /// Version of the server.
    pub version: String,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}
