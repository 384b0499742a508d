//! Clients that connect and leave while the rooms play.

use std::{collections::BTreeMap, fmt};

use framehouse_shared::api::Status;
use serde::Serialize;

use super::{Span, ratio};
use crate::{
    allocations::STEPS,
    load::{
        args::Args,
        drive::Driven,
        measure::{Measured, Visited},
        status::{Quantiles, Ticks},
    },
};

/// Processor time between two readings of the status page, in microseconds: all of it, and by stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// Seconds between the readings.
    pub seconds: f64,
    /// All stages together.
    pub total_us: u64,
    /// By stage.
    pub by_stage_us: BTreeMap<String, u64>,
}

impl Costs {
    fn between(Span { before, after }: &Span) -> Self {
        let of_stage = |status: &Status, stage: &str| status.cpu_us_by_stage.get(stage).copied().unwrap_or(0);
        let between = |stage: &str| of_stage(after, stage).saturating_sub(of_stage(before, stage));
        Self {
            seconds: after.uptime_s - before.uptime_s,
            total_us: after.cpu_us_total - before.cpu_us_total,
            by_stage_us: STEPS.into_iter().map(|stage| (stage.to_owned(), between(stage))).collect(),
        }
    }
}

/// Microseconds of a connection: what was used in a second with them, less what was used without, for each of those in a
/// second. All stages, and each one.
pub fn us_per_connect(without: &Costs, with: &Costs, connects_per_s: f64) -> (f64, BTreeMap<String, f64>) {
    let per_s = |us: u64, costs: &Costs| if costs.seconds > 0.0 { us as f64 / costs.seconds } else { 0.0 };
    let each = |with_us: u64, without_us: u64| ratio(per_s(with_us, with) - per_s(without_us, without), connects_per_s);
    let stage_us = |costs: &Costs, stage: &str| costs.by_stage_us.get(stage).copied().unwrap_or(0);
    let stages = with.by_stage_us.keys();
    let by_stage = stages.map(|stage| (stage.clone(), each(stage_us(with, stage), stage_us(without, stage))));
    (each(with.total_us, without.total_us), by_stage.collect())
}

/// What clients that connect and leave cost, and what they did to the ticks of the rooms.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ConnectReport {
    pub asked_per_s: u32,
    pub connects_per_s: f64,
    pub failed: u64,
    pub us_per_connect: f64,
    pub us_per_connect_by_stage: BTreeMap<String, f64>,
    pub server_cpu_pct_before: f64,
    pub server_cpu_pct: f64,
    pub seat_ms_p50: f64,
    pub seat_ms_p99: f64,
    pub connect_ms_p50: f64,
    pub connect_ms_p99: f64,
    pub tick_ms: Quantiles,
    pub tick_start_ms: Quantiles,
    pub late_ticks: u64,
    pub dropped_ticks: u64,
}

impl ConnectReport {
    pub(in crate::load) fn new(args: &Args, measured: &Measured, visited: &Visited, driven: &Driven) -> Self {
        let visits = &driven.visits;
        let Visited { span, time } = visited;
        let (without, with) = (Costs::between(&measured.span), Costs::between(span));
        let connects_per_s = ratio(visits.made as f64, time.as_secs_f64());
        let (us_per_connect, us_per_connect_by_stage) = us_per_connect(&without, &with, connects_per_s);
        let pct = |costs: &Costs| ratio(costs.total_us as f64 / 10_000.0, costs.seconds);
        let ticks = Ticks::between(&span.before, &span.after);
        let ms = |tenth_ms: i64| tenth_ms as f64 / 10.0;
        Self {
            asked_per_s: args.connects_per_s,
            connects_per_s,
            failed: visits.failed.count(),
            us_per_connect,
            us_per_connect_by_stage,
            server_cpu_pct_before: pct(&without),
            server_cpu_pct: pct(&with),
            seat_ms_p50: ms(visits.seat_tenth_ms.quantile(0.5)),
            seat_ms_p99: ms(visits.seat_tenth_ms.quantile(0.99)),
            connect_ms_p50: ms(visits.connect_tenth_ms.quantile(0.5)),
            connect_ms_p99: ms(visits.connect_tenth_ms.quantile(0.99)),
            tick_ms: ticks.took,
            tick_start_ms: ticks.started_late,
            late_ticks: ticks.late,
            dropped_ticks: ticks.dropped,
        }
    }
}

impl fmt::Display for ConnectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "connects  {:.0}/s of {}/s, {} failed; {:.1} us of the server each (it used {:.1} % of one core, then {:.1} %)",
            self.connects_per_s,
            self.asked_per_s,
            self.failed,
            self.us_per_connect,
            self.server_cpu_pct_before,
            self.server_cpu_pct
        )?;
        let dear = self.us_per_connect_by_stage.iter().filter(|(_, us)| **us >= 1.0);
        let stages: Vec<_> = dear.map(|(stage, us)| format!("{stage} {us:.1}")).collect();
        writeln!(f, "          us by stage: {}", stages.join(", "))?;
        writeln!(
            f,
            "          seat after {:.1} ms (p50), {:.1} (p99); welcome {:.1} ms later (p50), {:.1} (p99)",
            self.seat_ms_p50, self.seat_ms_p99, self.connect_ms_p50, self.connect_ms_p99
        )?;
        write!(
            f,
            "          ticks took {:.2} ms (p50), {:.2} (p99), {:.2} (max) and started {:.2} ms late (p99); {} took longer \
             than a tick, {} were given up",
            self.tick_ms.p50,
            self.tick_ms.p99,
            self.tick_ms.max,
            self.tick_start_ms.p99,
            self.late_ticks,
            self.dropped_ticks
        )
    }
}
