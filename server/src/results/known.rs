//! Ids of stored results.

use std::collections::{HashSet, VecDeque};

use framehouse_shared::ids::MatchId;

/// Maximum number of remembered ids, about 5 MB. The oldest are forgotten.
const IDS_MAX: usize = 100_000;

/// Ids of the last results in the file.
#[derive(Debug, Default)]
pub struct KnownIds {
    ids: HashSet<MatchId>,
    oldest_first: VecDeque<MatchId>,
}

impl KnownIds {
    /// Adds an id.
    pub fn insert(&mut self, id: MatchId) {
        if !self.ids.insert(id) {
            return;
        }
        self.oldest_first.push_back(id);
        if self.oldest_first.len() > IDS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    /// Whether the file certainly has this result.
    pub fn contains(&self, id: MatchId) -> bool {
        self.ids.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let mut known = KnownIds::default();
        for id in 0..=IDS_MAX as u128 {
            known.insert(MatchId(id));
            known.insert(MatchId(id));
        }
        assert_eq!((known.ids.len(), known.oldest_first.len()), (IDS_MAX, IDS_MAX));
        assert!(!known.contains(MatchId(0)));
        assert!(known.contains(MatchId(1)) && known.contains(MatchId(IDS_MAX as u128)));
    }
}
