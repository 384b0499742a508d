//! Report of a load measurement: a table, or one line of JSON.

use std::{collections::BTreeMap, fmt};

use framehouse_shared::api::Status;
use serde::Serialize;

use super::{
    Measured,
    args::{Args, ROOM_PLAYERS},
    drive::Driven,
    status::{DurationHistogram, Quantiles, dropped_between, errors_between},
};

/// The server's stages in order of running.
const STAGES: [&str; 11] = [
    "Receive",
    "Control",
    "Commit",
    "Simulate",
    "Record",
    "Broadcast",
    "Leaderboard",
    "Cleanup",
    "Metrics",
    "Send",
    "Other",
];

/// The server's resident memory, in KiB.
pub(super) struct Memory {
    /// Before the first client joined.
    pub idle_kb: u64,
    /// At the end of the measured time.
    pub loaded_kb: u64,
}

/// Result of a run. Rates are per second, bytes include 28 of IP and UDP for every packet, 1 KB is 1000 bytes.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation, and the contract")]
pub struct Report {
    pub rooms: u32,
    pub real_clients: u32,
    pub clients: u32,
    pub seconds: f64,
    pub room_ticks: u64,
    pub cpu_us_per_room_tick: f64,
    pub cpu_us_per_room_tick_by_stage: BTreeMap<&'static str, f64>,
    pub server_cpu_pct: f64,
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
    pub driver_cpu_pct: f64,
    pub driver_loop_ms_p99: f64,
    pub error_messages: Vec<String>,
}

impl Report {
    pub(super) fn new(args: &Args, measured: &Measured, driven: &Driven) -> Self {
        let Measured { before, after, memory, own_cpu } = measured;
        let seconds = after.uptime_s - before.uptime_s;
        let per_s = |of: fn(&Status) -> u64| ratio((of(after) - of(before)) as f64, seconds);
        let room_ticks = after.rooms_ticks - before.rooms_ticks;
        let per_room_tick = |us: u64| ratio(us as f64, room_ticks as f64);
        let stage_us = |stage: &str| {
            let at = |status: &Status| status.cpu_us_by_stage.get(stage).copied().unwrap_or(0);
            at(after).saturating_sub(at(before))
        };
        let took = DurationHistogram::between(&before.tick_us_all, &after.tick_us_all);
        let tally = &driven.tally;
        let room_seconds = tally.playing.as_secs_f64() / f64::from(ROOM_PLAYERS);
        let per_cent = |count: u64| ratio(100.0 * count as f64, tally.ticks_confirmed as f64);
        let mut sentences = driven.failed.clone();
        sentences.add(&driven.order);
        sentences.add(&driven.errors);
        dropped_between(before, after).for_each(|sentence| sentences.note(sentence));
        let cpu_us = after.cpu_us_total - before.cpu_us_total;
        Self {
            rooms: args.rooms,
            real_clients: args.real_rooms() * ROOM_PLAYERS,
            clients: args.clients(),
            seconds: rounded(seconds),
            room_ticks,
            cpu_us_per_room_tick: per_room_tick(cpu_us),
            cpu_us_per_room_tick_by_stage: STAGES.iter().map(|name| (*name, per_room_tick(stage_us(name)))).collect(),
            server_cpu_pct: ratio(cpu_us as f64 / 10_000.0, seconds),
            tick_ms: took.quantiles(),
            tick_start_ms: DurationHistogram::between(&before.tick_start_us, &after.tick_start_us).quantiles(),
            late_ticks: took.longer_than(1_000_000 / u64::from(after.tick_rate.max(1))),
            dropped_ticks: after.dropped_ticks - before.dropped_ticks,
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
            driver_cpu_pct: ratio(own_cpu.as_secs_f64() * 100.0, f64::from(args.seconds)),
            driver_loop_ms_p99: driven.loop_tenth_ms.quantile(0.99) as f64 / 10.0,
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rooms of thin clients and {} real clients for {:.1} s: {} room-ticks",
            self.rooms, self.real_clients, self.seconds, self.room_ticks
        )?;
        writeln!(f, "\nserver CPU, us a room-tick")?;
        for stage in STAGES {
            let us = self.cpu_us_per_room_tick_by_stage[stage];
            writeln!(f, "  {stage:<12}{us:>9.2}{:>6.1} %", 100.0 * us / self.cpu_us_per_room_tick.max(f64::EPSILON))?;
        }
        writeln!(f, "  {:<12}{:>9.2}   {:.1} % of one core", "total", self.cpu_us_per_room_tick, self.server_cpu_pct)?;
        writeln!(f, "\n{:<14}{:>9}{:>9}{:>9}{:>9}", "ms", "p50", "p99", "p99.9", "max")?;
        for (name, Quantiles { p50, p99, p999, max }) in
            [("tick took", self.tick_ms), ("started late", self.tick_start_ms)]
        {
            writeln!(f, "{name:<14}{p50:>9.2}{p99:>9.2}{p999:>9.2}{max:>9.2}")?;
        }
        writeln!(f, "{} ticks took longer than a tick, {} were given up\n", self.late_ticks, self.dropped_ticks)?;
        writeln!(
            f,
            "network   a room {:.2} KB/s down, {:.2} up while Playing; {:.0} packets/s in, {:.0} out",
            self.down_kb_per_room_s, self.up_kb_per_room_s, self.packets_in_per_s, self.packets_out_per_s
        )?;
        writeln!(
            f,
            "memory    {:.1} MiB idle, {:.1} MiB under load: {:.1} KB a room",
            self.rss_idle_mb, self.rss_mb, self.memory_kb_per_room
        )?;
        writeln!(
            f,
            "inputs    {:.3} % late, {:.3} % made up, of {} ticks confirmed",
            self.late_inputs_pct, self.replaced_inputs_pct, self.ticks_confirmed
        )?;
        writeln!(
            f,
            "messages  {:.0}/s in, {:.0}/s out, {:.0}/s received; {:.1} ms on their way (p50), {:.1} (p99)",
            self.room_messages_in_per_s,
            self.room_messages_out_per_s,
            self.room_messages_received_per_s,
            self.room_message_ms_p50,
            self.room_message_ms_p99
        )?;
        writeln!(
            f,
            "state     {} desyncs, {} resyncs, {} errors, {} out of order, {} clients failed",
            self.desyncs, self.resyncs, self.errors, self.order_violations, self.failed_clients
        )?;
        write!(
            f,
            "driver    {:.1} % of one core, {:.1} ms from update to update (p99)",
            self.driver_cpu_pct, self.driver_loop_ms_p99
        )?;
        self.error_messages.iter().try_for_each(|message| write!(f, "\nerror     {message}"))
    }
}

/// Rounded to thousandths; 0 if nothing was counted.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { rounded(part / whole) } else { 0.0 }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
