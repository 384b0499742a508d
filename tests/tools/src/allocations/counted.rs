//! The arena, with systems that read the count of allocations after each step of a tick.

use bevy::{
    ecs::{schedule::ScheduleConfigs, system::ScheduleSystem},
    prelude::*,
};
use framehouse_server::schedule::{Receive, ReceiveSet, TickSet};
use framehouse_shared::sim::SimRoom;

use super::{Allocated, PUBLISHED, STEPS, Step, Totals};
use crate::extended_arena::ExtendedArena;

/// The arena, counted.
pub const COUNTED_ARENA: ExtendedArena = ExtendedArena(add_marks);

/// Totals so far, and the counts at the last mark.
#[derive(Resource, Default)]
struct Counts {
    totals: Totals,
    marked: Step,
}

impl Counts {
    fn mark(&mut self, step: usize) {
        let now = Step { tick_thread: Allocated::by_this_thread(), all_threads: Allocated::by_all_threads() };
        let sum = &mut self.totals.steps[step];
        sum.tick_thread += now.tick_thread - self.marked.tick_thread;
        sum.all_threads += now.all_threads - self.marked.all_threads;
        self.marked = now;
    }
}

const RECEIVE: usize = 0;
const SEND: usize = STEPS.len() - 2;
const OTHER: usize = STEPS.len() - 1;

fn add_marks(app: &mut App) {
    app.init_resource::<Counts>()
        .add_systems(Receive, (mark(SEND), publish).chain().before(ReceiveSet::Endpoints))
        .add_systems(Receive, mark(RECEIVE).after(ReceiveSet::Ingest))
        .add_systems(FixedUpdate, mark(OTHER).before(TickSet::Control))
        .add_systems(FixedUpdate, count_room_ticks.in_set(TickSet::Metrics));
    for (index, set) in TickSet::ORDER.into_iter().enumerate() {
        let after = mark(1 + index).after(set);
        match TickSet::ORDER.get(index + 1) {
            Some(next) => app.add_systems(FixedUpdate, after.before(*next)),
            None => app.add_systems(FixedUpdate, after),
        };
    }
}

fn mark(step: usize) -> ScheduleConfigs<ScheduleSystem> {
    (move |mut counts: ResMut<Counts>| counts.mark(step)).into_configs()
}

/// Between two ticks, so that a reader gets whole ticks.
fn publish(counts: Res<Counts>) {
    let totals = counts.totals.clone();
    *PUBLISHED.lock().expect("nothing panics while holding this lock") = Some(totals);
}

fn count_room_ticks(mut counts: ResMut<Counts>, rooms: Query<&SimRoom>) {
    counts.totals.room_ticks += rooms.iter().filter(|room| room.stepping && !room.is_faulted()).count() as u64;
}
