//! Features of a server that can be switched off while it runs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A feature that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Joining any room with a free seat.
    QuickMatch,
    /// Watching.
    Spectating,
    /// Lines of chat.
    Chat,
    /// Recording of matches that begin, and downloads.
    Replays,
    /// Rooms that are not open yet.
    NewRooms,
    /// Pages of the leaderboards.
    Leaderboards,
}

impl Feature {
    /// All features.
    pub const ALL: [Self; 6] =
        [Self::QuickMatch, Self::Spectating, Self::Chat, Self::Replays, Self::NewRooms, Self::Leaderboards];

    /// Name in settings and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuickMatch => "quick_match",
            Self::Spectating => "spectating",
            Self::Chat => "chat",
            Self::Replays => "replays",
            Self::NewRooms => "new_rooms",
            Self::Leaderboards => "leaderboards",
        }
    }

    /// What somebody is told who asks for it while it is off.
    pub const fn refusal(self) -> &'static str {
        match self {
            Self::QuickMatch => "quick match is switched off on this server: join a room by its code, or open one",
            Self::Spectating => "watching is switched off on this server: take a seat to see the match",
            Self::Chat => "chat is switched off on this server",
            Self::Replays => "replays are switched off on this server",
            Self::NewRooms => "new rooms are switched off on this server: join one that is open",
            Self::Leaderboards => "leaderboards are switched off on this server",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Feature {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|feature| feature.name() == text);
        found.ok_or_else(|| format!("the features are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// State of a feature, in `GET /v1/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeatureStatus {
    /// The feature.
    pub feature: Feature,
    /// Whether it is on.
    pub on: bool,
    /// Why it is off.
    pub off_by: Option<OffBy>,
    /// Since when it is on or off, in seconds since 1970-01-01 UTC; 0 for the server's start.
    pub since_unix_s: u64,
}

/// Why a feature is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OffBy {
    /// A setting or an admin call.
    Operator,
    /// Its service has failed again and again. It is tried again later.
    Errors,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_has_one_name_everywhere() {
        for feature in Feature::ALL {
            assert_eq!(serde_json::to_value(feature).expect("text"), feature.name());
            assert_eq!(feature.name().parse(), Ok(feature));
            assert!(feature.refusal().contains("switched off"));
        }
        assert!("quick".parse::<Feature>().is_err_and(|told| told.contains("quick_match, spectating")));
    }
}
