//! Secrets by which a server knows players again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::AccountId;

/// Secret of a player: 128 random bits that its client makes once and keeps. In JSON 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9a-fA-F]{32}$")]
pub struct PlayerSecret(u128);

impl PlayerSecret {
    /// The secret of these bits, which must be random.
    pub const fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The secret as text: 32 hexadecimal digits.
    pub fn reveal(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl FromStr for PlayerSecret {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The error must not show the text.
        text.parse::<AccountId>()
            .map(|AccountId(bits)| Self(bits))
            .map_err(|_| "a player secret has 32 hexadecimal digits")
    }
}

impl TryFrom<String> for PlayerSecret {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PlayerSecret> for String {
    fn from(secret: PlayerSecret) -> Self {
        secret.reveal()
    }
}

// Whoever knows it is the player, so it must not appear in logs.
impl fmt::Debug for PlayerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayerSecret(..)")
    }
}
