//! `[features]`: what is switched off, and when something switches itself off.

use framehouse_shared::api::Feature;
use serde::{Deserialize, Serialize};

use super::catalogue::Ranges;

/// Which features are on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureSettings {
    /// Whether players may join any room with a free seat.
    pub quick_match: bool,
    /// Whether rooms can be watched.
    pub spectating: bool,
    /// Whether members can chat.
    pub chat: bool,
    /// Whether matches that begin are recorded, and replays can be downloaded.
    pub replays: bool,
    /// Whether new rooms are opened.
    pub new_rooms: bool,
    /// Whether leaderboards are shown.
    pub leaderboards: bool,
    /// Errors of its service that a feature bears, 1 to 10,000. With more it switches itself off: replays and
    /// leaderboards with errors in a row, new rooms with rooms lost to a panic in a minute.
    pub errors_max: u32,
    /// Seconds after which a feature that has switched itself off is tried again, 1 to 86,400.
    pub retry_after_s: f64,
}

impl Default for FeatureSettings {
    fn default() -> Self {
        Self {
            quick_match: true,
            spectating: true,
            chat: true,
            replays: true,
            new_rooms: true,
            leaderboards: true,
            errors_max: 20,
            retry_after_s: 60.0,
        }
    }
}

impl FeatureSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[("errors_max", 1.0, 10_000.0), ("retry_after_s", 1.0, 86_400.0)];

    /// Whether a feature is on.
    pub const fn is_on(&self, feature: Feature) -> bool {
        match feature {
            Feature::QuickMatch => self.quick_match,
            Feature::Spectating => self.spectating,
            Feature::Chat => self.chat,
            Feature::Replays => self.replays,
            Feature::NewRooms => self.new_rooms,
            Feature::Leaderboards => self.leaderboards,
        }
    }
}
