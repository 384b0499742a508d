//! Schedules and steps of a tick, in running order. Read this file first.
//!
//! One `app.update()` is one tick. The runner or a test calls [`Receive`] any number of times while it waits for the
//! tick, then `app.update()` for [`FixedUpdate`], then [`Send`].
//!
//! ```text
//! Receive      endpoints in parallel: datagrams -> events;  then ingest: inputs, pings, messages
//! FixedUpdate  Control      joins, control messages, phases
//!              MatchEnd     matches that are over: leaderboard, replay, result, cleanup
//!              Commit       input buffers -> this tick's frame; snapshots for new members, of the state before it
//!              Simulate     SimTick: Apply -> Move -> Collide -> Score
//!              Record       hashes of compared states, history, replays, score buffers
//!              Broadcast    one encoding per room, a small header per client
//!              Leaderboard  every 2.0 s
//!              Cleanup      faulted and empty rooms, expired reservations
//!              Metrics      the status page
//! Send         endpoints in parallel: encrypt, send, flush the reliable path where due
//! ```
//!
//! Plugins place a system with `.in_set(..)`. Order between two systems of one plugin is a `.chain()`; a system of a
//! higher layer runs `.after(..)` one of a lower layer in the same step.

use std::time::Duration;

use bevy::{
    ecs::schedule::{ScheduleLabel, SingleThreadedExecutor},
    prelude::*,
};
use framehouse_shared::{
    sim::SimTick,
    tick::{SimRate, Tick},
};

/// Schedule that processes arrived datagrams. Runs many times a tick, at the time in [`Now`].
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receive;

/// Schedule that sends what the tick has queued. Runs once a tick, right after it.
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
    /// Endpoints decode datagrams into events.
    Endpoints,
    /// Events are routed to sessions, players and rooms.
    Ingest,
}

/// The current time, as passed in by the caller of the server. Nothing below the runner reads a clock.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Now {
    /// Time since the server started.
    pub elapsed: Duration,
    /// When this tick was due, since the server started. Rooms calculate with it, so that a late start of one tick
    /// shifts nothing.
    pub scheduled: Duration,
    /// Wall-clock time of the server's start, since 1970-01-01 UTC, by the clock as it is now: it moves when the
    /// system's clock is set.
    pub unix_base: Duration,
    /// Wall-clock time of the server's start, as it was then. Connections and their tokens use it, because a clock that
    /// is set must not end them.
    pub transport_base: Duration,
    /// Number of ticks completed since the server started.
    pub tick: u64,
}

impl Now {
    /// Wall-clock time, since 1970-01-01 UTC.
    pub fn unix(&self) -> Duration {
        self.unix_base + self.elapsed
    }

    /// Time for transports, since about 1970-01-01 UTC. It never jumps.
    pub fn transport(&self) -> Duration {
        self.transport_base + self.elapsed
    }
}

/// Tick rate in ticks per second, 10 to 120.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRate(pub u16);

impl TickRate {
    /// Ticks in `milliseconds`, rounded down, at least 1. Intervals are tick counts, never timers.
    pub const fn ticks_in(self, milliseconds: u64) -> u32 {
        let ticks = milliseconds * self.0 as u64 / 1000;
        if ticks == 0 { 1 } else { ticks as u32 }
    }

    /// Ticks in `seconds`, rounded down, at least 1.
    pub const fn ticks_in_seconds(self, seconds: f64) -> u32 {
        self.ticks_in((seconds * 1000.0) as u64)
    }

    /// The tick rate as the simulation's type.
    ///
    /// # Panics
    /// When the rate is outside 10 to 120. The settings are checked for this at the start.
    pub fn of_simulation(self) -> SimRate {
        SimRate::new(self.0).expect("a server's tick rate is 10 to 120")
    }

    /// Time from tick 0 to `tick`.
    pub fn time_of(self, tick: Tick) -> Duration {
        Duration::from_nanos(u64::from(tick.0) * 1_000_000_000 / u64::from(self.0))
    }
}

/// Orders the steps of the schedules and runs the simulation.
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

/// Makes all schedules, also Bevy's own, run on the calling thread. Parallel work happens inside systems, across rooms
/// or endpoints; for small systems, handing them to other threads would cost more than running them.
pub fn run_on_one_thread(app: &mut App) {
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}

fn simulate(world: &mut World) {
    world.run_schedule(SimTick);
}
