//! The number of nodes by the number of free seats. Time is a parameter.

use std::time::Duration;

use crate::config::ManagerSettings;

/// Since when a node can be spared.
#[derive(Debug, Default)]
pub(super) struct Spare(Option<Duration>);

impl Spare {
    /// The number of nodes that there should be, when `nodes` have `players` at `now`. At most one more or one less: call it
    /// often.
    pub fn nodes_wanted(&mut self, settings: &ManagerSettings, nodes: u32, players: usize, now: Duration) -> u32 {
        let (nodes_max, free_min) = (settings.nodes_max, i64::from(settings.free_seats_min));
        // An operator who wants none gets none.
        if nodes_max == 0 || nodes == 0 {
            return nodes;
        }
        let free_with = |nodes: u32| i64::from(nodes) * i64::from(settings.seats_per_node) - players as i64;
        if free_with(nodes) < free_min || nodes < settings.nodes {
            self.0 = None;
            return (nodes + 1).min(nodes_max.max(nodes));
        }
        let can_spare_one = nodes > settings.nodes && free_with(nodes - 1) >= free_min;
        if !can_spare_one {
            self.0 = None;
        } else if now.saturating_sub(*self.0.get_or_insert(now)) >= settings.scale_in_after() {
            self.0 = None;
            return nodes - 1;
        }
        nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ManagerSettings {
        ManagerSettings { nodes: 1, nodes_max: 4, seats_per_node: 100, free_seats_min: 50, ..Default::default() }
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nodes_are_added_at_once_up_to_the_largest_number() {
        let (mut spare, settings) = (Spare::default(), settings());
        let mut wanted = |nodes, players| spare.nodes_wanted(&settings, nodes, players, s(0));
        assert_eq!([wanted(1, 50), wanted(1, 51), wanted(2, 151), wanted(4, 400)], [1, 2, 3, 4]);
    }

    #[test]
    fn one_is_taken_away_after_a_quiet_time_and_not_sooner() {
        let (mut spare, settings) = (Spare::default(), settings());
        let mut wanted = |players, second| spare.nodes_wanted(&settings, 3, players, s(second));
        assert_eq!([wanted(150, 0), wanted(150, 299)], [3, 3]);
        assert_eq!([wanted(151, 299), wanted(150, 300), wanted(150, 599)], [3, 3, 3], "a busy moment in between");
        assert_eq!([wanted(150, 600), wanted(150, 601)], [2, 3]);
    }

    #[test]
    fn without_a_largest_number_it_stays() {
        let settings = ManagerSettings { nodes_max: 0, ..settings() };
        assert_eq!(Spare::default().nodes_wanted(&settings, 2, 10_000, s(0)), 2);
    }

    #[test]
    fn an_operator_can_end_all_nodes() {
        assert_eq!(Spare::default().nodes_wanted(&settings(), 0, 0, s(0)), 0);
    }
}
