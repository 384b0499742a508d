//! Metrics of ticks.

use std::fmt;

use framehouse_shared::api::Status;

use super::families::Families;

/// Bounds for times within a tick, which is 8 to 100 ms long.
const BOUNDS_S: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.033, 0.05, 0.1, 0.25, 1.0];

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauge("tick_rate_hertz", "Ticks that are due in a second", i64::from(status.tick_rate))?;
    families.counter("ticks", "Ticks since the server's start", status.tick)?;
    families.counter("ticks_dropped", "Ticks skipped because the server was too far behind", status.dropped_ticks)?;
    families.histogram("tick_duration_seconds", "Time that a tick took", &status.tick_us_all, &BOUNDS_S)?;
    families.histogram(
        "tick_start_delay_seconds",
        "Delay between the scheduled and the actual start of a tick",
        &status.tick_start_us,
        &BOUNDS_S,
    )?;
    families.gauge(
        "tick_load_ratio",
        "Share of its time that the tick thread is busy, over about two seconds; beyond load_max nobody new gets in",
        status.tick_load,
    )?;
    families.counter(
        "tick_thread_cpu_seconds",
        "Processor time of the tick thread; its rate is the share of a core",
        status.tick_thread_us as f64 / 1e6,
    )?;
    let stages = status.cpu_us_by_stage.iter().map(|(stage, us)| (stage.as_str(), *us as f64 / 1e6));
    families.counters("stage_cpu_seconds", "Processor time of the process by stage of the tick", "stage", stages)?;
    families.counter("room_ticks", "Simulated ticks of all rooms", status.rooms_ticks)
}
