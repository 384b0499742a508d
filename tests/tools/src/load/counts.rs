//! A distribution of tenths of milliseconds as JSON: pairs of a number and how often it was counted.

use framehouse_client::stats::Distribution;
use serde::{Deserialize, Deserializer, Serializer};

use super::room::tenths_of_ms;

pub(super) fn serialize<S: Serializer>(distribution: &Distribution, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(distribution.counts())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Distribution, D::Error> {
    let mut distribution = tenths_of_ms();
    for (number, count) in Vec::<(i64, u32)>::deserialize(deserializer)? {
        distribution.record_many(number, count);
    }
    Ok(distribution)
}
