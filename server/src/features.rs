//! Features that are switched off while the server runs: by an operator, or by themselves when their service fails again
//! and again. Every thread reads them, and nobody waits.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
};

use bevy::prelude::*;
use framehouse_shared::api::{Feature, FeatureStatus, OffBy};

/// Bits of a switch: why it is off.
const BY_OPERATOR: u8 = 1;
const BY_ERRORS: u8 = 2;

/// The switches of a server, all on at first. Clones are the same switches.
#[derive(Resource, Clone, Debug, Default)]
pub struct Features(Arc<[Switch; Feature::ALL.len()]>);

#[derive(Debug, Default)]
struct Switch {
    off: AtomicU8,
    since_unix_s: AtomicU64,
}

impl Features {
    /// Whether a feature is on.
    pub fn is_on(&self, feature: Feature) -> bool {
        self.switch(feature).off.load(Relaxed) == 0
    }

    /// Switches a feature for this reason: it is on when it is off for no reason. Returns whether that has changed.
    pub fn set(&self, feature: Feature, is_on: bool, reason: OffBy, unix_s: u64) -> bool {
        let bit = match reason {
            OffBy::Operator => BY_OPERATOR,
            OffBy::Errors => BY_ERRORS,
        };
        let switch = self.switch(feature);
        let before = if is_on { switch.off.fetch_and(!bit, Relaxed) } else { switch.off.fetch_or(bit, Relaxed) };
        let has_changed = (before == 0) != self.is_on(feature);
        if has_changed {
            switch.since_unix_s.store(unix_s, Relaxed);
            tracing::info!(%feature, is_on, ?reason, "feature switched");
        }
        has_changed
    }

    /// Number of features that have switched themselves off.
    pub fn off_by_errors(&self) -> usize {
        self.0.iter().filter(|switch| switch.off.load(Relaxed) & BY_ERRORS != 0).count()
    }

    /// All features, for the status page.
    pub fn status(&self) -> Vec<FeatureStatus> {
        let status = |feature| {
            let switch = self.switch(feature);
            let off_by = match switch.off.load(Relaxed) {
                0 => None,
                bits if bits & BY_OPERATOR != 0 => Some(OffBy::Operator),
                _ => Some(OffBy::Errors),
            };
            FeatureStatus { feature, on: off_by.is_none(), off_by, since_unix_s: switch.since_unix_s.load(Relaxed) }
        };
        Feature::ALL.map(status).to_vec()
    }

    fn switch(&self, feature: Feature) -> &Switch {
        &self.0[feature as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_on_when_nothing_keeps_it_off() {
        let features = Features::default();
        let of_chat = || features.status()[Feature::Chat as usize];
        assert!(Feature::ALL.into_iter().all(|feature| features.is_on(feature)));
        assert!(features.set(Feature::Chat, false, OffBy::Errors, 7));
        assert!(!features.set(Feature::Chat, false, OffBy::Operator, 8), "it was off before");
        assert_eq!((of_chat().on, of_chat().off_by, of_chat().since_unix_s), (false, Some(OffBy::Operator), 7));
        assert_eq!(features.off_by_errors(), 1);
        assert!(!features.set(Feature::Chat, true, OffBy::Operator, 9));
        assert!(!features.is_on(Feature::Chat) && features.is_on(Feature::Replays));
        assert!(features.set(Feature::Chat, true, OffBy::Errors, 10));
        assert_eq!((of_chat().on, of_chat().off_by, of_chat().since_unix_s), (true, None, 10));
    }
}
