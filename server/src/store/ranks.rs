//! Ranks in a list: how many entries have more points, at some of its points. To count the entries before one of them takes
//! as long as there are many; from the nearest step on there are few.

/// Number of entries from one step to the next, at least.
const STEP_ENTRIES: u64 = 64;

/// Steps of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps(Vec<Step>);

/// A number of points in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The points.
    pub points: i64,
    /// Number of entries with more.
    pub better: u64,
}

impl Steps {
    /// The steps of a list, from all of its points, most first, and the number of entries with each.
    pub fn of(counts: impl IntoIterator<Item = (i64, u64)>) -> Self {
        let (mut steps, mut better) = (Vec::<Step>::new(), 0);
        for (points, count) in counts {
            if steps.last().is_none_or(|last| better - last.better >= STEP_ENTRIES) {
                steps.push(Step { points, better });
            }
            better += count;
        }
        Self(steps)
    }

    /// The last step that is not behind these points.
    pub fn before(&self, points: i64) -> Step {
        let behind = self.0.partition_point(|step| step.points >= points);
        behind.checked_sub(1).map_or(Step { points: i64::MAX, better: 0 }, |last| self.0[last])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_a_step_on_there_are_few_entries_to_count() {
        // A list of 3,000 entries: three with each of 0 to 999 points.
        let steps = Steps::of((0..1000).rev().map(|points| (points, 3)));
        assert!(steps.0.len() < 50);
        for points in 0..1000 {
            let (step, better) = (steps.before(points), 3 * (999 - points as u64));
            let between = 3 * (step.points - points) as u64;
            assert_eq!(step.better + between, better, "{points}");
            assert!(between < STEP_ENTRIES + 3, "{points}");
        }
    }

    #[test]
    fn an_entry_that_is_newer_than_the_steps_is_before_all_of_them() {
        let first = Step { points: i64::MAX, better: 0 };
        assert_eq!(Steps::of([(7, 1000), (5, 1)]).before(8), first);
        assert_eq!(Steps::default().before(0), first);
    }
}
