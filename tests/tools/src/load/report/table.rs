//! The report as a table.

use std::fmt;

use super::Report;
use crate::{allocations::STEPS, load::status::Quantiles};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rooms of {} thin clients and {} real clients at {} Hz for {:.1} s: {} room-ticks",
            self.rooms, self.players, self.real_clients, self.tick_rate, self.seconds, self.room_ticks
        )?;
        writeln!(f, "\nserver CPU, us a room-tick")?;
        for stage in STEPS {
            let us = self.cpu_us_per_room_tick_by_stage[stage];
            writeln!(f, "  {stage:<12}{us:>9.2}{:>6.1} %", 100.0 * us / self.cpu_us_per_room_tick.max(f64::EPSILON))?;
        }
        let (all, own) = (self.server_cpu_pct, self.tick_thread_cpu_pct);
        let total = self.cpu_us_per_room_tick;
        writeln!(f, "  {:<12}{total:>9.2}   {all:.1} % of one core, {own:.1} of it in the tick thread", "total")?;
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
            "clients   {:.1} % of one core in {} processes, {:.1} in the busiest; {:.1} ms from update to update (p99): {}",
            self.driver_cpu_pct,
            self.driver_processes,
            self.driver_cpu_pct_max,
            self.driver_loop_ms_p99,
            if self.driver_kept_up { "they kept up" } else { "they did NOT keep up, and all times are theirs" }
        )?;
        if let Some(together) = &self.together {
            write!(f, "\n{together}")?;
        }
        if let Some(announce) = &self.announce {
            write!(f, "\n{announce}")?;
        }
        if let Some(watched) = &self.watched {
            write!(f, "\n{watched}")?;
        }
        if let Some(connects) = &self.connects {
            write!(f, "\n{connects}")?;
        }
        if let Some(allocations) = &self.allocations {
            write!(f, "\n\n{allocations}")?;
        }
        self.error_messages.iter().try_for_each(|message| write!(f, "\nerror     {message}"))
    }
}
