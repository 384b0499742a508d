//! Allocations a room-tick, by step of the tick.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::ratio;
use crate::allocations::{Allocated, STEPS, Step, Totals};

/// Allocations and requested bytes a room-tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PerRoomTick {
    pub count: f64,
    pub bytes: f64,
}

impl PerRoomTick {
    fn new(allocated: Allocated, room_ticks: u64) -> Self {
        let per_room_tick = |number: u64| ratio(number as f64, room_ticks as f64);
        Self { count: per_room_tick(allocated.count), bytes: per_room_tick(allocated.bytes) }
    }
}

/// Allocations of the tick thread, and of all threads of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StepReport {
    pub tick_thread: PerRoomTick,
    pub all_threads: PerRoomTick,
}

impl StepReport {
    fn new(step: Step, room_ticks: u64) -> Self {
        let of = |allocated| PerRoomTick::new(allocated, room_ticks);
        Self { tick_thread: of(step.tick_thread), all_threads: of(step.all_threads) }
    }
}

/// Allocations a room-tick.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AllocationReport {
    pub per_room_tick: StepReport,
    pub per_room_tick_by_stage: BTreeMap<&'static str, StepReport>,
}

impl AllocationReport {
    /// The report of what was counted in the measured time.
    pub fn new(totals: &Totals) -> Self {
        let mut sum = Step::default();
        for step in &totals.steps {
            sum.tick_thread += step.tick_thread;
            sum.all_threads += step.all_threads;
        }
        let of = |step: &Step| StepReport::new(*step, totals.room_ticks);
        let by_stage = STEPS.into_iter().zip(&totals.steps).map(|(name, step)| (name, of(step)));
        Self { per_room_tick: of(&sum), per_room_tick_by_stage: by_stage.collect() }
    }
}

impl fmt::Display for AllocationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>12}{:>12}{:>14}{:>12}", "a room-tick", "tick thread", "bytes", "all threads", "bytes")?;
        let stages = STEPS.into_iter().map(|stage| (stage, self.per_room_tick_by_stage[stage]));
        for (name, StepReport { tick_thread, all_threads }) in stages.chain([("total", self.per_room_tick)]) {
            writeln!(
                f,
                "  {name:<20}{:>12.3}{:>12.1}{:>14.3}{:>12.1}",
                tick_thread.count, tick_thread.bytes, all_threads.count, all_threads.bytes
            )?;
        }
        write!(f, "(allocations; the processor time above includes their counting)")
    }
}
