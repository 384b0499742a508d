//! Report of a load measurement: a table, or one line of JSON.

mod allocations;
mod announce;
mod connects;
mod table;
mod together;
mod watched;

use std::collections::BTreeMap;

use framehouse_shared::api::Status;
use serde::Serialize;

use super::{
    args::Args,
    drive::{Driven, kept_up},
    measure::{Measured, Span},
    status::{Quantiles, Ticks, dropped_between, errors_between},
};
use crate::allocations::STEPS;
pub use allocations::AllocationReport;
pub use announce::AnnounceReport;
pub use connects::{ConnectReport, Costs, us_per_connect};
pub(super) use together::Together;
pub use together::TogetherReport;
pub use watched::WatchedReport;

/// The server's resident memory, in KiB.
pub(super) struct Memory {
    /// Before the first client joined.
    pub idle_kb: u64,
    /// At the end of the measured time.
    pub loaded_kb: u64,
}

/// Result of a run. Rates are per second, bytes include 28 of IP and UDP for every packet, 1 KB is 1000 bytes.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation, and the contract")]
pub struct Report {
    pub rooms: u32,
    pub players: u32,
    pub tick_rate: u16,
    pub real_clients: u32,
    pub clients: u32,
    pub seconds: f64,
    pub room_ticks: u64,
    pub cpu_us_per_room_tick: f64,
    pub cpu_us_per_room_tick_by_stage: BTreeMap<&'static str, f64>,
    pub server_cpu_pct: f64,
    pub tick_thread_cpu_pct: f64,
    pub tick_ms: Quantiles,
    pub tick_start_ms: Quantiles,
    pub late_ticks: u64,
    pub dropped_ticks: u64,
    pub down_kb_per_room_s: f64,
    pub up_kb_per_room_s: f64,
    pub packets_in_per_s: f64,
    pub packets_out_per_s: f64,
    pub rss_idle_mb: f64,
    pub rss_mb: f64,
    pub memory_kb_per_room: f64,
    pub late_inputs_pct: f64,
    pub replaced_inputs_pct: f64,
    pub inputs_lost_pct: f64,
    pub ticks_confirmed: u64,
    pub desyncs: u64,
    pub resyncs: u64,
    pub errors: u64,
    pub failed_clients: u64,
    pub order_violations: u64,
    pub room_messages_in_per_s: f64,
    pub room_messages_out_per_s: f64,
    pub room_messages_received_per_s: f64,
    pub room_message_ms_p50: f64,
    pub room_message_ms_p99: f64,
    pub driver_processes: u32,
    pub driver_cpu_pct: f64,
    pub driver_cpu_pct_max: f64,
    pub driver_loop_ms_p99: f64,
    pub driver_kept_up: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<TogetherReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce: Option<AnnounceReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched: Option<WatchedReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connects: Option<ConnectReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<AllocationReport>,
    pub error_messages: Vec<String>,
}

impl Report {
    pub(super) fn new(args: &Args, measured: &Measured, driven: &Driven) -> Self {
        let Measured { span: Span { before, after }, memory, .. } = measured;
        let seconds = after.uptime_s - before.uptime_s;
        let per_s = |of: fn(&Status) -> u64| ratio((of(after) - of(before)) as f64, seconds);
        let room_ticks = after.rooms_ticks - before.rooms_ticks;
        let per_room_tick = |us: u64| ratio(us as f64, room_ticks as f64);
        let stage_us = |stage: &str| {
            let at = |status: &Status| status.cpu_us_by_stage.get(stage).copied().unwrap_or(0);
            at(after).saturating_sub(at(before))
        };
        let ticks = Ticks::between(before, after);
        let tally = &driven.tally;
        let room_seconds = tally.playing.as_secs_f64() / f64::from(args.players);
        let per_cent = |count: u64| ratio(100.0 * count as f64, tally.ticks_confirmed as f64);
        let cpus = driven.cpus.iter().map(std::time::Duration::as_secs_f64);
        let mut sentences = driven.failed.clone();
        sentences.add(&driven.order);
        sentences.add(&driven.errors);
        sentences.add(&driven.visits.failed);
        dropped_between(before, after).for_each(|sentence| sentences.note(sentence));
        let cpu_us = after.cpu_us_total - before.cpu_us_total;
        Self {
            rooms: args.rooms,
            players: args.players,
            tick_rate: after.tick_rate,
            real_clients: args.real_rooms() * args.players,
            clients: args.clients(),
            seconds: rounded(seconds),
            room_ticks,
            cpu_us_per_room_tick: per_room_tick(cpu_us),
            cpu_us_per_room_tick_by_stage: STEPS.iter().map(|name| (*name, per_room_tick(stage_us(name)))).collect(),
            server_cpu_pct: ratio(cpu_us as f64 / 10_000.0, seconds),
            tick_thread_cpu_pct: rounded(100.0 * measured.tick_thread_share),
            tick_ms: ticks.took,
            tick_start_ms: ticks.started_late,
            late_ticks: ticks.late,
            dropped_ticks: ticks.dropped,
            down_kb_per_room_s: ratio(tally.traffic.down_bytes as f64 / 1000.0, room_seconds),
            up_kb_per_room_s: ratio(tally.traffic.up_bytes as f64 / 1000.0, room_seconds),
            packets_in_per_s: per_s(|status| status.packets_in),
            packets_out_per_s: per_s(|status| status.packets_out),
            rss_idle_mb: rounded(memory.idle_kb as f64 / 1024.0),
            rss_mb: rounded(memory.loaded_kb as f64 / 1024.0),
            memory_kb_per_room: ratio(
                memory.loaded_kb.saturating_sub(memory.idle_kb) as f64 * 1.024,
                f64::from(args.all_rooms()),
            ),
            late_inputs_pct: per_cent(tally.late),
            replaced_inputs_pct: per_cent(tally.replaced),
            // A late input was replaced first.
            inputs_lost_pct: per_cent(tally.late.max(tally.replaced)),
            ticks_confirmed: tally.ticks_confirmed,
            desyncs: driven.desyncs.max(after.errors.desync),
            resyncs: driven.resyncs,
            errors: driven.errors.count() + errors_between(&before.errors, &after.errors),
            failed_clients: driven.failed.count().max(after.kicked),
            order_violations: driven.order.count(),
            room_messages_in_per_s: per_s(|status| status.room_messages_in),
            room_messages_out_per_s: per_s(|status| status.room_messages_out),
            room_messages_received_per_s: ratio(tally.heard as f64, f64::from(args.seconds)),
            room_message_ms_p50: driven.message_tenth_ms.quantile(0.5) as f64 / 10.0,
            room_message_ms_p99: driven.message_tenth_ms.quantile(0.99) as f64 / 10.0,
            driver_processes: args.processes,
            driver_cpu_pct: ratio(cpus.clone().sum::<f64>() * 100.0, f64::from(args.seconds)),
            driver_cpu_pct_max: ratio(cpus.fold(0.0, f64::max) * 100.0, f64::from(args.seconds)),
            driver_loop_ms_p99: driven.loop_tenth_ms.quantile(0.99) as f64 / 10.0,
            driver_kept_up: kept_up(&driven.loop_tenth_ms, args.tick_rate),
            together: measured.together.as_ref().map(TogetherReport::new),
            announce: measured.announced.as_ref().map(|span| AnnounceReport::new(args, span, driven)),
            watched: measured.watched.as_ref().map(|span| WatchedReport::new(before, span)),
            connects: measured.visited.as_ref().map(|visited| ConnectReport::new(args, measured, visited, driven)),
            allocations: measured.allocations.as_ref().map(AllocationReport::new),
            error_messages: sentences.messages().to_vec(),
        }
    }

    /// The first failed condition, in a sentence.
    pub fn failure(&self) -> Option<String> {
        let first = self.error_messages.first().map_or("", String::as_str);
        if self.failed_clients > 0 {
            Some(format!("{} of {} clients failed: {first}", self.failed_clients, self.clients))
        } else if self.order_violations > 0 {
            Some(format!("{} room messages were out of order: {first}", self.order_violations))
        } else if self.desyncs > 0 {
            Some(format!("states differed from the server's {} times", self.desyncs))
        } else {
            None
        }
    }
}

/// Rounded to thousandths; 0 if nothing was counted.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { rounded(part / whole) } else { 0.0 }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
