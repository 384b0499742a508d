//! `[manager]`: the nodes that the manager of a machine looks after.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Violation, catalogue::Ranges};

/// Settings of the manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManagerSettings {
    /// Number of nodes, 1 to 256; the smallest number if it changes by itself.
    pub nodes: u32,
    /// Largest number of nodes, 0 to 256, if it changes by itself. 0 means that it does not.
    pub nodes_max: u32,
    /// Number of players that a node is meant for, 1 to 65,536.
    pub seats_per_node: u32,
    /// Number of free seats below which a further node is started, 0 to 1,000,000.
    pub free_seats_min: u32,
    /// Seconds for which a node can be spared before one is drained, 1 to 86,400.
    pub scale_in_after_s: f64,
    /// Longest time until a started node ticks, and one of a new build takes players, in seconds, 1 to 3600.
    pub start_limit_s: f64,
    /// Longest time without a tick, in seconds, 2 to 600.
    pub hang_limit_s: f64,
    /// Seconds for which a new build has to work before the old one ends, 1 to 3600.
    pub trial_s: f64,
    /// Folder whose programs may be deployed. `None` means that only the manager's own program may be.
    pub builds_dir: Option<PathBuf>,
}

impl Default for ManagerSettings {
    fn default() -> Self {
        Self {
            nodes: 2,
            nodes_max: 0,
            seats_per_node: 400,
            free_seats_min: 100,
            scale_in_after_s: 300.0,
            start_limit_s: 60.0,
            hang_limit_s: 10.0,
            trial_s: 60.0,
            builds_dir: None,
        }
    }
}

impl ManagerSettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[
        ("nodes", 1.0, 256.0),
        ("nodes_max", 0.0, 256.0),
        ("seats_per_node", 1.0, 65_536.0),
        ("free_seats_min", 0.0, 1e6),
        ("scale_in_after_s", 1.0, 86_400.0),
        ("start_limit_s", 1.0, 3600.0),
        ("hang_limit_s", 2.0, 600.0),
        ("trial_s", 1.0, 3600.0),
    ];

    /// Checks that the numbers of nodes fit together.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let Self { nodes, nodes_max, .. } = self;
        if (1..*nodes).contains(nodes_max) {
            let sentence =
                format!("`manager.nodes_max` must be 0 or at least `manager.nodes`, {nodes}, not {nodes_max}");
            return Err(Violation::new(["manager.nodes_max", "manager.nodes"], sentence));
        }
        Ok(())
    }

    /// Longest time until a started node ticks, and one of a new build takes players.
    pub fn start_limit(&self) -> Duration {
        Duration::from_secs_f64(self.start_limit_s)
    }

    /// Longest time without a tick.
    pub fn hang_limit(&self) -> Duration {
        Duration::from_secs_f64(self.hang_limit_s)
    }

    /// Time for which a new build has to work before the old one ends.
    pub fn trial(&self) -> Duration {
        Duration::from_secs_f64(self.trial_s)
    }

    /// Time for which a node can be spared before one is drained.
    pub fn scale_in_after(&self) -> Duration {
        Duration::from_secs_f64(self.scale_in_after_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_of_nodes_is_not_below_the_smallest() {
        let check = |nodes, nodes_max| ManagerSettings { nodes, nodes_max, ..Default::default() }.check().is_ok();
        assert!(check(3, 0) && check(3, 3) && check(3, 9));
        assert!(!check(3, 1) && !check(3, 2));
    }
}
