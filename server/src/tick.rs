//! The order of everything: read this file first.
//!
//! One `app.update()` is one tick. The runner, or a test, calls [`Receive`] as often as it likes while it waits,
//! [`FixedUpdate`] once a tick through `app.update()`, and [`Send`] right after.
//!
//! ```text
//! Receive      endpoints in parallel: datagrams -> events;  then ingest: inputs, pings, messages
//! FixedUpdate  Control      joins, control messages, phases
//!              MatchEnd     matches that are over: leaderboard, replay, result, cleanup
//!              Commit       input buffers -> this tick's frame; snapshots for newcomers, from the state before it
//!              Simulate     SimTick: Apply -> Move -> Collide -> Score -> Hash
//!              Record       history, replays, score buffers
//!              Broadcast    one encode a room, a small header a client
//!              Leaderboard  every 2.0 s
//!              Cleanup      faulted and empty rooms, expired reservations
//!              Metrics      the status page
//! Send         endpoints in parallel: encrypt, send, flush the reliable path where due
//! ```
//!
//! Plugins say `.in_set(..)`; an order between two systems of one plugin is its `.chain()`, and a system of a higher floor
//! runs `.after(..)` one of a lower floor in the same step.

use std::time::Duration;

use bevy::{
    ecs::schedule::{ScheduleLabel, SingleThreadedExecutor},
    prelude::*,
};
use framehouse_shared::{
    sim::SimTick,
    tick::{SimRate, Tick},
};

/// Takes what has arrived. Runs many times a tick, with the wall time in [`Now`].
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receive;

/// Sends what the tick has queued. Runs once a tick, after it.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Send;

/// The steps of a tick, in [`FixedUpdate`].
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table above says what each step does")]
pub enum TickSet {
    Control,
    MatchEnd,
    Commit,
    Simulate,
    Record,
    Broadcast,
    Leaderboard,
    Cleanup,
    Metrics,
}

impl TickSet {
    /// All steps, in the order they run in.
    pub const ORDER: [Self; 9] = {
        use TickSet::*;
        [Control, MatchEnd, Commit, Simulate, Record, Broadcast, Leaderboard, Cleanup, Metrics]
    };
}

/// The steps of [`Receive`].
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiveSet {
    /// Endpoints take what has arrived.
    Endpoints,
    /// Their events are taken to sessions, players and rooms.
    Ingest,
}

/// The time, as whoever drives the server tells it. Nothing below the runner reads a clock.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Now {
    /// Time since the server started, now.
    pub elapsed: Duration,
    /// When this tick was due: what rooms reckon with, so that a late start of one tick shifts nothing.
    pub scheduled: Duration,
    /// The wall clock at the server's start, since 1970: netcode's tokens expire by it.
    pub unix_base: Duration,
    /// Ticks done since the server started.
    pub tick: u64,
}

/// Ticks a second, 10 to 120.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRate(pub u16);

impl TickRate {
    /// How many ticks fit into `milliseconds`, at least one. Rates are tick counts, never timers.
    pub const fn ticks_in(self, milliseconds: u64) -> u32 {
        let ticks = milliseconds * self.0 as u64 / 1000;
        if ticks == 0 { 1 } else { ticks as u32 }
    }

    /// How many ticks fit into `seconds`, at least one.
    pub const fn ticks_in_seconds(self, seconds: f64) -> u32 {
        self.ticks_in((seconds * 1000.0) as u64)
    }

    /// The same for the simulation.
    ///
    /// # Panics
    /// When it is not 10 to 120: the settings are checked.
    pub fn of_simulation(self) -> SimRate {
        SimRate::new(self.0).expect("a server's tick rate is 10 to 120")
    }

    /// The time from tick 0 to `tick`.
    pub fn time_of(self, tick: Tick) -> Duration {
        Duration::from_nanos(u64::from(tick.0) * 1_000_000_000 / u64::from(self.0))
    }
}

/// Configures the schedules.
pub struct TickPlugin;

impl Plugin for TickPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Now>()
            .configure_sets(Receive, (ReceiveSet::Endpoints, ReceiveSet::Ingest).chain())
            .add_systems(FixedUpdate, simulate.in_set(TickSet::Simulate));
        for steps in TickSet::ORDER.windows(2) {
            app.configure_sets(FixedUpdate, steps[0].before(steps[1]));
        }
    }
}

/// Runs all schedules, Bevy's own ones too, on the thread that asks for them. Work is parallel inside systems, across rooms
/// or endpoints; between small systems, handing it round would cost more than all of it.
pub fn run_on_one_thread(app: &mut App) {
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}

fn simulate(world: &mut World) {
    world.run_schedule(SimTick);
}
