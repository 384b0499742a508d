//! Frame statistics: the cost and the smoothness of frames, for the report of a scripted run.

use bevy::{
    ecs::{
        schedule::{ScheduleLabel, SingleThreadedExecutor},
        system::SystemParam,
    },
    prelude::*,
    time::TimeSystems,
};
use framehouse_client::stats::{ClientStats, Distribution};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::session::Shutdown;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Smoothness>().init_resource::<FrameCost>();
    run_on_one_thread(app);
    app.add_systems(First, begin_frame.before(TimeSystems));
    app.add_systems(Last, end_frame.after(Shutdown));
}

/// Runs all systems on one thread: a frame has hundreds of small systems, and passing them between threads costs more.
fn run_on_one_thread(app: &mut App) {
    fn single(app: &mut App, label: impl ScheduleLabel) {
        app.edit_schedule(label, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
    }
    single(app, First);
    single(app, PreUpdate);
    single(app, Update);
    single(app, PostUpdate);
    single(app, Last);
}

/// Smoothness of the player's own body in the picture. Views write it.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Smoothness {
    /// The largest deviation of its drawn position from its own motion within 1/60 s, in the game's units.
    pub largest_jump: f32,
}

impl Smoothness {
    /// Records a deviation in units, in a frame of `seconds`.
    pub fn note(&mut self, units: f32, seconds: f32) {
        // A slow frame contains the deviations of several normal ones.
        self.largest_jump = self.largest_jump.max(units / (seconds * 60.0).max(1.0));
    }
}

/// Processor time of a frame, from the first system to the last. All systems run on one thread, whose time is measured;
/// the graphics card and its driver are not included.
#[derive(Resource)]
struct FrameCost {
    begun_ms: Option<f64>,
    hundredth_ms: Distribution,
}

impl Default for FrameCost {
    fn default() -> Self {
        Self { begun_ms: None, hundredth_ms: Distribution::new(0, 100_000) }
    }
}

fn begin_frame(mut cost: ResMut<FrameCost>) {
    cost.begun_ms = Some(thread_ms());
}

/// Processor time of this thread so far, in milliseconds.
fn thread_ms() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn end_frame(mut cost: ResMut<FrameCost>) {
    if let Some(begun_ms) = cost.begun_ms.take() {
        cost.hundredth_ms.record(((thread_ms() - begun_ms) * 100.0) as i64);
    }
}

/// Measurements for a script.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Measured {
    /// Median processor time of a frame, in milliseconds.
    cpu_ms_p50: f64,
    /// 99th percentile of the processor time of a frame, in milliseconds.
    cpu_ms_p99: f64,
    /// The largest distance that a rollback moved an object in the state, in the game's units.
    largest_correction: f32,
    /// The largest deviation of the player's own body from its own motion within 1/60 s, in the game's units.
    largest_own_jump: f32,
}

/// Access to the measurements.
#[derive(SystemParam)]
pub struct Measuring<'w> {
    cost: Res<'w, FrameCost>,
    smoothness: Res<'w, Smoothness>,
}

impl Measuring<'_> {
    /// The measurements so far.
    pub fn so_far(&self, stats: Option<&ClientStats>) -> Measured {
        let cost_ms = |part| self.cost.hundredth_ms.quantile(part) as f64 / 100.0;
        Measured {
            cpu_ms_p50: cost_ms(0.5),
            cpu_ms_p99: cost_ms(0.99),
            largest_correction: stats.map_or(0.0, |stats| stats.largest_correction),
            largest_own_jump: self.smoothness.largest_jump,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_in_a_slow_frame_counts_by_the_sixtieth() {
        let mut smoothness = Smoothness::default();
        smoothness.note(3.0, 0.001);
        assert_eq!(smoothness.largest_jump, 3.0);
        smoothness.note(9.0, 0.1);
        assert_eq!(smoothness.largest_jump, 3.0);
        smoothness.note(9.0, 1.0 / 60.0);
        assert!((smoothness.largest_jump - 9.0).abs() < 1e-3);
    }
}
