//! `[fleet]`: several servers as one.

use serde::{Deserialize, Serialize};

use super::SecretUrl;

/// Settings of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FleetSettings {
    /// URL of the Redis of the fleet. `None` means that this server is alone.
    pub redis: Option<SecretUrl>,
}
