//! Match ids as 32 hexadecimal digits, for `#[serde(with = "match_id")]`.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::ids::MatchId;

pub(super) fn serialize<S: Serializer>(id: &MatchId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MatchId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// For a field that may be missing, together with `#[serde(default)]`.
pub(super) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MatchId>, D::Error> {
    deserialize(deserializer).map(Some)
}
