//! Body of `GET /v1/key`: the key with which the server signs replays.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::replay::PublicKey;

/// Answer to `GET /v1/key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyInfo {
    /// Kind of the key: `ed25519`.
    pub algorithm: String,
    /// The public key: 64 hexadecimal digits.
    pub key: String,
}

impl KeyInfo {
    /// Describes an Ed25519 key.
    pub fn ed25519(key: &PublicKey) -> Self {
        Self { algorithm: "ed25519".to_owned(), key: key.to_string() }
    }
}
