//! Timeline: windows of time, each from one status page of the server to another.

use std::{collections::BTreeMap, time::Duration};

use framehouse_client::stats::Distribution;
use framehouse_shared::api::Status;
use serde::Serialize;

use super::{crowd::Seen, player::Group, scene::Scene};
use crate::load::status::{DurationHistogram, Quantiles};

/// A span of time in a scenario. Ticks and processor time are the server's own measurement, times between frames the clients'.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Window {
    pub name: &'static str,
    pub seconds: f64,
    pub ticks: u64,
    /// Durations of ticks, with the time in which other processes used the processor.
    pub tick_ms: Quantiles,
    pub started_late_ms: Quantiles,
    /// Ticks whose work took longer than the length of a tick.
    pub long_ticks: u64,
    /// Ticks that were given up.
    pub dropped_ticks: u64,
    /// Share of the time in which the tick thread waited for a processor that others used, in per cent.
    pub starved_pct: f64,
    /// Processor time of the whole server for each tick, without other processes.
    pub cpu_us_per_tick: f64,
    pub cpu_us_per_tick_by_stage: BTreeMap<String, f64>,
    /// Times between two arrivals of new frames at a client, by group.
    pub frames_ms: BTreeMap<&'static str, Quantiles>,
    /// Times between two updates of a client: the precision of the frames' times.
    pub look_ms: Quantiles,
}

/// Cuts a scenario into windows.
pub(crate) struct Timeline<'a> {
    scene: &'a Scene,
    pages: Vec<Page>,
}

/// Where a window begins.
struct Page {
    name: &'static str,
    status: Status,
    starved: Duration,
}

impl<'a> Timeline<'a> {
    pub const fn new(scene: &'a Scene) -> Self {
        Self { scene, pages: Vec::new() }
    }

    /// Begins a window and ends the previous one, right after the server has made a page.
    pub fn begin(&mut self, name: &'static str) -> Result<(), String> {
        let status = self.scene.next_page()?;
        self.pages.push(Page { name, status, starved: self.scene.server.starved() });
        self.scene.crowd.count_as(self.pages.len());
        Ok(())
    }

    /// Ends the last window.
    pub fn end(mut self) -> Result<Pages, String> {
        self.begin("end")?;
        self.scene.crowd.count_as(0);
        Ok(Pages(self.pages))
    }
}

/// The pages between the windows.
pub(crate) struct Pages(Vec<Page>);

impl Pages {
    /// The last page.
    pub fn last(&self) -> &Status {
        &self.0[self.0.len() - 1].status
    }

    /// The page before the first window.
    pub fn first(&self) -> &Status {
        &self.0[0].status
    }

    /// The server's ticks a second.
    pub fn tick_rate(&self) -> u16 {
        self.last().tick_rate
    }

    /// All windows, with the frames of these groups under these names.
    pub fn windows(&self, seen: &Seen, groups: &[(&'static str, &[Group])]) -> Vec<Window> {
        let frames =
            |number| groups.iter().map(move |(name, of)| (*name, quantiles(&seen.frames(number, of)))).collect();
        let pairs = self.0.windows(2).zip(1..);
        pairs
            .map(|(pair, number)| Window {
                frames_ms: frames(number),
                look_ms: quantiles(&seen.loops(number)),
                ..between(&pair[0], &pair[1])
            })
            .collect()
    }
}

/// The server's numbers for the time between two pages.
fn between(begin: &Page, end: &Page) -> Window {
    let (before, after) = (&begin.status, &end.status);
    let seconds = after.uptime_s - before.uptime_s;
    let ticks = after.tick - before.tick;
    let took = DurationHistogram::between(&before.tick_us_all, &after.tick_us_all);
    let per_tick = |us: u64| us as f64 / ticks.max(1) as f64;
    let stages = after.cpu_us_by_stage.iter();
    let stage_us = |(stage, us): (&String, &u64)| {
        (stage.clone(), per_tick(us - before.cpu_us_by_stage.get(stage).copied().unwrap_or(0)))
    };
    Window {
        name: begin.name,
        seconds,
        ticks,
        tick_ms: took.quantiles(),
        started_late_ms: DurationHistogram::between(&before.tick_start_us, &after.tick_start_us).quantiles(),
        long_ticks: took.longer_than(1_000_000 / u64::from(after.tick_rate)),
        dropped_ticks: after.dropped_ticks - before.dropped_ticks,
        starved_pct: 100.0 * (end.starved - begin.starved).as_secs_f64() / seconds,
        cpu_us_per_tick: per_tick(after.cpu_us_total - before.cpu_us_total),
        cpu_us_per_tick_by_stage: stages.map(stage_us).collect(),
        frames_ms: BTreeMap::new(),
        look_ms: quantiles(&Distribution::new(0, 1)),
    }
}

/// In milliseconds, of tenths of them.
pub(crate) fn quantiles(tenth_ms: &Distribution) -> Quantiles {
    let at = |part| tenth_ms.quantile(part) as f64 / 10.0;
    Quantiles { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1.0) }
}
