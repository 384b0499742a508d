//! Report of a load over WebSockets: a table, or one line of JSON.

use std::{fmt, time::Duration};

use framehouse_shared::api::Status;
use serde::Serialize;

use super::room::Counts;
use crate::load::{
    args::Args,
    status::{Quantiles, Ticks, errors_between},
};

/// Result of a run. Rates are per second.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation, and the contract")]
pub struct WsReport {
    pub rooms: u32,
    pub players: u32,
    pub slow: u32,
    pub seconds: f64,
    pub room_ticks: u64,
    /// Processor time of the whole server, HTTP thread included.
    pub cpu_us_per_room_tick: f64,
    pub tick_ms: Quantiles,
    pub dropped_ticks: u64,
    pub frames_per_client_s: f64,
    pub down_kb_per_client_s: f64,
    pub frames_skipped: u64,
    pub messages_in_per_s: f64,
    pub messages_received_per_s: f64,
    pub message_ms_p50: f64,
    pub message_ms_p99: f64,
    pub order_violations: u64,
    pub cut: u64,
    pub server_errors: u64,
    pub failed_clients: u64,
    pub sentences: Vec<String>,
}

impl WsReport {
    pub(super) fn new(args: &Args, before: &Status, after: &Status, took: Duration, counts: &Counts) -> Self {
        let seconds = took.as_secs_f64();
        let of_status = |before: u64, after: u64| (after - before) as f64 / seconds;
        let room_ticks = after.rooms_ticks - before.rooms_ticks;
        let (clients, ticks) = (f64::from(args.clients()), Ticks::between(before, after));
        let readers = f64::from(args.clients() - args.rooms * args.slow.min(args.players - 1));
        Self {
            rooms: args.rooms,
            players: args.players,
            slow: args.slow,
            seconds,
            room_ticks,
            cpu_us_per_room_tick: (after.cpu_us_total - before.cpu_us_total) as f64 / room_ticks.max(1) as f64,
            tick_ms: ticks.took,
            dropped_ticks: ticks.dropped,
            frames_per_client_s: counts.frames as f64 / seconds / readers,
            down_kb_per_client_s: of_status(before.websocket.bytes_out, after.websocket.bytes_out) / 1000.0 / clients,
            frames_skipped: after.websocket.frames_skipped - before.websocket.frames_skipped,
            messages_in_per_s: of_status(before.room_messages_in, after.room_messages_in),
            messages_received_per_s: counts.heard as f64 / seconds,
            message_ms_p50: counts.message_tenth_ms.quantile(0.5) as f64 / 10.0,
            message_ms_p99: counts.message_tenth_ms.quantile(0.99) as f64 / 10.0,
            order_violations: counts.order.count(),
            cut: counts.cut,
            server_errors: errors_between(&before.errors, &after.errors),
            failed_clients: counts.failed.count(),
            sentences: counts.order.messages().iter().chain(counts.failed.messages()).cloned().collect(),
        }
    }

    /// The first failed condition, as a sentence.
    pub fn failure(&self) -> Option<String> {
        let said = |what: &str| Some(format!("{what}: {}", self.sentences.first().map_or("", String::as_str)));
        match self {
            _ if self.order_violations > 0 => said("messages came out of order"),
            _ if self.failed_clients > 0 => said("clients failed"),
            _ if self.server_errors > 0 => said("the server counted errors"),
            _ => None,
        }
    }
}

impl fmt::Display for WsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rooms of {} clients over WebSockets, {} of them slow, for {:.1} s: {} room-ticks",
            self.rooms, self.players, self.slow, self.seconds, self.room_ticks
        )?;
        let Quantiles { p50, p99, max, .. } = self.tick_ms;
        writeln!(
            f,
            "server    {:.1} us of CPU a room-tick; ticks of {p50:.2} ms (p50), {p99:.2} (p99), {max:.2} (max), {} dropped",
            self.cpu_us_per_room_tick, self.dropped_ticks
        )?;
        writeln!(
            f,
            "frames    {:.1}/s a reader, {} left out for slow ones; {:.2} KB/s a client",
            self.frames_per_client_s, self.frames_skipped, self.down_kb_per_client_s
        )?;
        writeln!(
            f,
            "messages  {:.0}/s in, {:.0}/s received; {:.1} ms on their way (p50), {:.1} (p99)",
            self.messages_in_per_s, self.messages_received_per_s, self.message_ms_p50, self.message_ms_p99
        )?;
        write!(
            f,
            "state     {} out of order, {} slow readers cut, {} errors, {} clients failed",
            self.order_violations, self.cut, self.server_errors, self.failed_clients
        )?;
        self.sentences.iter().try_for_each(|sentence| write!(f, "\n  {sentence}"))
    }
}
