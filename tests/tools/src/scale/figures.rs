//! Figures of a measurement, kept in a file of JSON.

use std::{fs, io, path::Path, thread};

use serde::{Deserialize, Serialize};

use crate::load::report::Report;

/// Name of the file.
pub const FILE_NAME: &str = "figures.json";

/// All figures, and the machine that they are from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The machine of server and clients.
    pub machine: Machine,
    /// Measured seconds of each point.
    pub seconds: u32,
    /// Over the number of rooms.
    pub rooms: Series,
    /// Over the players of a room.
    pub players: Series,
    /// Over the tick rate.
    pub rates: Series,
    /// Rooms in economy mode: one point of the series over rooms.
    pub economy: Option<Point>,
}

impl Figures {
    /// Figures without points, of the machine that this runs on.
    pub fn of_this_machine(seconds: u32) -> Self {
        Self { machine: Machine::this(), seconds, ..Self::default() }
    }

    /// The figures of a file.
    ///
    /// # Errors
    /// When there is no such file, or it has no figures.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)? + "\n")
    }

    /// The point that a server is planned with in normal mode: the one with the most rooms.
    pub fn normal(&self) -> Option<&Point> {
        self.rooms.points.last()
    }
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Number of cores that programs may use.
    pub cores: usize,
    /// Version of the kernel: its first two numbers.
    pub kernel: String,
}

impl Machine {
    fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            cpu: model.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").splitn(3, '.').take(2).collect::<Vec<_>>().join("."),
        }
    }
}

/// Points over one quantity, the smallest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// All points within the limits.
    pub points: Vec<Point>,
    /// Where the series ended before its last point, and why: a sentence.
    pub ended: Option<String>,
}

/// What is measured at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Number of rooms.
    pub rooms: u32,
    /// Players of each.
    pub players: u32,
    /// Ticks a second.
    pub tick_rate: u16,
}

/// Figures of a point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What was measured.
    pub load: Load,
    /// Processor time of the server for one tick of one room, by step, in us.
    pub cpu_us: CpuUs,
    /// How much of it is the tick thread's, in us.
    pub tick_thread_us: f64,
    /// Memory that a room adds, in KB.
    pub memory_kb: f64,
    /// Memory of a server without rooms, in MB.
    pub idle_mb: f64,
    /// Traffic of a room to its players, in KB a second, with headers of IP and UDP.
    pub down_kb_s: f64,
    /// Traffic of a room from its players, in KB a second, with headers of IP and UDP.
    pub up_kb_s: f64,
    /// Packets of a room to its players, a second.
    pub packets_down_s: f64,
    /// Packets of a room from its players, a second.
    pub packets_up_s: f64,
}

/// Processor time by step of a tick, in us.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuUs {
    /// Receiving of datagrams.
    pub receive: f64,
    /// Simulation of rooms.
    pub simulate: f64,
    /// Sending of datagrams.
    pub send: f64,
    /// All other steps, and all other threads.
    pub rest: f64,
}

impl CpuUs {
    /// Sum of all steps.
    pub const fn total(&self) -> f64 {
        self.receive + self.simulate + self.send + self.rest
    }
}

impl Point {
    /// The figures in a report.
    pub fn new(load: Load, report: &Report) -> Self {
        let step = |name: &str| report.cpu_us_per_room_tick_by_stage.get(name).copied().unwrap_or(0.0);
        let total = report.cpu_us_per_room_tick;
        let (receive, simulate, send) = (step("Receive"), step("Simulate"), step("Send"));
        // The whole time, if the kernel does not tell the tick thread's.
        let is_known = report.tick_thread_cpu_pct > 0.0 && report.server_cpu_pct > 0.0;
        let own_share = if is_known { (report.tick_thread_cpu_pct / report.server_cpu_pct).min(1.0) } else { 1.0 };
        let rooms = f64::from(load.rooms);
        Self {
            load,
            cpu_us: CpuUs { receive, simulate, send, rest: rounded(total - receive - simulate - send) },
            tick_thread_us: rounded(total * own_share),
            memory_kb: report.memory_kb_per_room,
            idle_mb: rounded(report.rss_idle_mb * 1.048_576),
            down_kb_s: report.down_kb_per_room_s,
            up_kb_s: report.up_kb_per_room_s,
            packets_down_s: rounded(report.packets_out_per_s / rooms),
            packets_up_s: rounded(report.packets_in_per_s / rooms),
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
