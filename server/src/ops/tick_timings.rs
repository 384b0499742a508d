//! CPU time by stage of a tick.
//!
//! There is a mark after each stage: the CPU time since the last mark belongs to the stage that ends there. It is the
//! time of the whole process, so it includes a stage's work on other threads. Wall time would include other processes.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::sim::SimRoom;

use crate::schedule::TickSet;

/// Clock of the CPU time that this process has used. Passed in by the caller of the server.
pub type CpuClock = fn() -> Duration;

/// Adds a mark after every step of a tick. [`Server`](crate::server::Server) marks `Receive` and `Send`.
pub struct TickTimingsPlugin;

impl Plugin for TickTimingsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<TickTimings>()
            .add_systems(FixedUpdate, mark(TickStage::Other).before(TickSet::Control))
            .add_systems(FixedUpdate, count_room_ticks.in_set(TickSet::Metrics));
        for (set, next) in TickSet::ORDER.iter().zip(&TickSet::ORDER[1..]) {
            app.add_systems(FixedUpdate, mark(TickStage::Tick(*set)).after(*set).before(*next));
        }
        let [.., last] = TickSet::ORDER;
        app.add_systems(FixedUpdate, mark(TickStage::Tick(last)).after(last));
    }
}

/// A stage whose CPU time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickStage {
    /// Receiving datagrams, at any time during a tick.
    Receive,
    /// A step of the tick.
    Tick(TickSet),
    /// Sending what the tick has queued.
    Send,
    /// The rest: gateway, runner, and Bevy between the systems.
    Other,
}

/// Number of stages.
const STAGES: usize = TickSet::ORDER.len() + 3;

impl TickStage {
    /// Index of the stage, in running order.
    const fn index(self) -> usize {
        match self {
            Self::Receive => 0,
            Self::Tick(set) => 1 + set as usize,
            Self::Send => STAGES - 2,
            Self::Other => STAGES - 1,
        }
    }
}

/// CPU time by stage since the server started.
#[derive(Resource)]
pub struct TickTimings {
    clock: CpuClock,
    marked: Duration,
    spent: [Duration; STAGES],
    room_ticks: u64,
}

impl Default for TickTimings {
    /// Without a clock all times are 0, as in tests with virtual time.
    fn default() -> Self {
        Self { clock: || Duration::ZERO, marked: Duration::ZERO, spent: [Duration::ZERO; STAGES], room_ticks: 0 }
    }
}

impl TickTimings {
    /// Sets the clock, and measures from now on.
    pub fn set_clock(&mut self, clock: CpuClock) {
        self.clock = clock;
        self.marked = clock();
    }

    /// Marks the end of a stage.
    pub fn mark(&mut self, stage: TickStage) {
        let now = (self.clock)();
        self.spent[stage.index()] += now.saturating_sub(self.marked);
        self.marked = now;
    }

    /// Name and microseconds of each stage, in running order.
    pub fn by_stage(&self) -> impl Iterator<Item = (String, u64)> {
        let ticks = TickSet::ORDER.into_iter().map(TickStage::Tick);
        let stages = [TickStage::Receive].into_iter().chain(ticks).chain([TickStage::Send, TickStage::Other]);
        stages.map(|stage| {
            let name = match stage {
                TickStage::Tick(set) => format!("{set:?}"),
                other => format!("{other:?}"),
            };
            (name, self.spent[stage.index()].as_micros() as u64)
        })
    }

    /// Microseconds of all stages together.
    pub fn total_us(&self) -> u64 {
        self.spent.iter().sum::<Duration>().as_micros() as u64
    }

    /// Number of simulated ticks of all rooms since the server started.
    pub const fn room_ticks(&self) -> u64 {
        self.room_ticks
    }
}

fn mark(stage: TickStage) -> bevy::ecs::schedule::ScheduleConfigs<bevy::ecs::system::ScheduleSystem> {
    (move |mut times: ResMut<TickTimings>| times.mark(stage)).into_configs()
}

fn count_room_ticks(mut times: ResMut<TickTimings>, rooms: Query<&SimRoom>) {
    times.room_ticks += rooms.iter().filter(|room| room.stepping && !room.is_faulted()).count() as u64;
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use super::*;

    #[test]
    fn time_belongs_to_the_stage_that_ends_and_nothing_is_lost() {
        static CLOCK: AtomicU64 = AtomicU64::new(1000);
        let mut times = TickTimings::default();
        times.mark(TickStage::Receive);
        times.set_clock(|| Duration::from_micros(CLOCK.load(Ordering::Relaxed)));
        for (us, stage) in [
            (5, TickStage::Receive),
            (7, TickStage::Tick(TickSet::Simulate)),
            (1, TickStage::Send),
            (2, TickStage::Receive),
        ] {
            CLOCK.fetch_add(us, Ordering::Relaxed);
            times.mark(stage);
        }
        let spent: Vec<_> = times.by_stage().filter(|(_, us)| *us > 0).collect();
        let named = |name: &str, us| (name.to_owned(), us);
        assert_eq!(spent, [named("Receive", 7), named("Simulate", 7), named("Send", 1)]);
        assert_eq!((times.total_us(), times.by_stage().count()), (15, STAGES));
    }
}
