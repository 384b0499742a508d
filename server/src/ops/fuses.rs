//! Features that switch themselves off when their service fails again and again, and on again after a while.

use std::time::Duration;

use framehouse_shared::api::{Feature, OffBy};

use super::alerts::reading::Errors;
use crate::{config::FeatureSettings, features::Features};

/// The features with a service that can fail, and their errors.
#[derive(Debug)]
pub(super) struct Fuses {
    settings: FeatureSettings,
    replays: Fuse,
    leaderboards: Fuse,
    new_rooms: Fuse,
}

impl Fuses {
    pub(super) fn new(settings: FeatureSettings) -> Self {
        Self { settings, replays: Fuse::default(), leaderboards: Fuse::default(), new_rooms: Fuse::default() }
    }

    pub(super) fn set_settings(&mut self, settings: FeatureSettings) {
        self.settings = settings;
    }

    /// Switches features by the errors in a row, and by the rooms lost to a panic in the last minute.
    pub(super) fn judge(
        &mut self,
        errors: &Errors,
        rooms_faulted: u32,
        features: &Features,
        now: Duration,
        unix_s: u64,
    ) {
        for (feature, fuse, count) in [
            (Feature::Replays, &mut self.replays, errors.replays),
            (Feature::Leaderboards, &mut self.leaderboards, errors.store),
            (Feature::NewRooms, &mut self.new_rooms, rooms_faulted),
        ] {
            let retry_after = Duration::from_secs_f64(self.settings.retry_after_s);
            let is_on = fuse.judge(count, self.settings.errors_max, retry_after, now);
            features.set(feature, is_on, OffBy::Errors, unix_s);
        }
    }
}

/// One of them.
#[derive(Debug, Default)]
struct Fuse {
    off_since: Option<Duration>,
    /// Errors before the feature was tried again. Only those beyond count.
    forgiven: u32,
}

impl Fuse {
    /// Whether the feature is on with this number of errors.
    fn judge(&mut self, count: u32, errors_max: u32, retry_after: Duration, now: Duration) -> bool {
        self.forgiven = self.forgiven.min(count);
        match self.off_since {
            Some(since) if now.saturating_sub(since) >= retry_after => {
                *self = Self { off_since: None, forgiven: count };
            }
            None if count - self.forgiven > errors_max => self.off_since = Some(now),
            _ => {}
        }
        self.off_since.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_feature_goes_off_after_many_errors_and_is_tried_again() {
        let mut fuse = Fuse::default();
        let mut judge = |count, at| fuse.judge(count, 20, 60 * S, at * S);
        assert!(judge(20, 1));
        assert!(!judge(21, 2) && !judge(0, 61));
        assert!(judge(0, 62), "tried again");
        assert!(judge(20, 63) && !judge(21, 64) && judge(25, 124));
        assert!(judge(45, 125), "only new errors count");
        assert!(!judge(46, 126));
    }

    #[test]
    fn only_the_feature_of_the_service_that_fails_goes_off() {
        let (features, mut fuses) = (Features::default(), Fuses::new(FeatureSettings::default()));
        fuses.judge(&Errors { replays: 21, results: 99, ..Default::default() }, 0, &features, S, 7);
        let off: Vec<Feature> = Feature::ALL.into_iter().filter(|feature| !features.is_on(*feature)).collect();
        assert_eq!(off, [Feature::Replays]);
        fuses.judge(&Errors { store: 21, ..Default::default() }, 21, &features, 100 * S, 8);
        let off: Vec<Feature> = Feature::ALL.into_iter().filter(|feature| !features.is_on(*feature)).collect();
        assert_eq!(off, [Feature::NewRooms, Feature::Leaderboards]);
    }
}
