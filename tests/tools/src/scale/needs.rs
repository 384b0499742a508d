//! What a number of rooms needs, from the figures of one point, with space for what a short measurement does not see.

use super::figures::Point;
use crate::load::{ENDPOINT_CLIENTS, ENDPOINTS_MAX, endpoints_for};

/// Share of its time that a server's tick thread is planned to be busy. Newcomers are refused above 0.85.
const TICK_THREAD_SHARE: f64 = 0.6;
/// Share of their time that cores are planned to be busy with the server. The kernel's network needs the rest.
const CORE_SHARE: f64 = 0.5;
/// Planned memory of a room in measured ones: matches are longer than measurements, and their frames are kept.
const MEMORY_FACTOR: f64 = 2.0;
/// Planned traffic in the measured one: joins, late joiners and lost packets come on top.
const TRAFFIC_FACTOR: f64 = 1.25;
/// The largest setting `rooms_max`.
const ROOMS_MAX: u32 = 100_000;
/// Open files: 1024 HTTP connections, and 256 for everything else. Players need none, because they share sockets.
const FILES: u32 = 1024 + 256;

/// What a number of rooms needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needs {
    /// Server processes.
    pub servers: u32,
    /// What each of them needs.
    pub each: Share,
    /// What all of them need.
    pub all: Share,
}

/// What one or more servers need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Rooms at the same time.
    pub rooms: u32,
    /// Cores.
    pub cores: u32,
    /// Memory in GB.
    pub memory_gb: u32,
    /// Traffic to the players, in Mbit/s.
    pub down_mbit_s: u32,
    /// Traffic from the players, in Mbit/s.
    pub up_mbit_s: u32,
    /// Packets to the players, a second.
    pub packets_down_s: u32,
    /// Packets from the players, a second.
    pub packets_up_s: u32,
    /// Open files.
    pub files: u32,
    /// UDP ports, the setting `lanes`.
    pub ports: u32,
}

/// Rooms that one server carries: as many as its tick thread has time for, but not more than it has connections.
pub fn rooms_per_server(point: &Point) -> u32 {
    let tick_time_us = 1e6 / f64::from(point.load.tick_rate);
    let by_tick_thread = (TICK_THREAD_SHARE * tick_time_us / point.tick_thread_us) as u32;
    let by_connections = ENDPOINTS_MAX * ENDPOINT_CLIENTS / point.load.players;
    by_tick_thread.min(by_connections).clamp(1, ROOMS_MAX)
}

/// What this number of rooms needs, 1 or more, if each is like those of the point.
pub fn needs(point: &Point, rooms: u32) -> Needs {
    let servers = rooms.div_ceil(rooms_per_server(point));
    let each = share_of_one(point, rooms.div_ceil(servers));
    Needs { servers, each, all: share_of_all(point, rooms, servers, &each) }
}

fn share_of_one(point: &Point, rooms: u32) -> Share {
    let rooms_f = f64::from(rooms);
    let busy_cores = rooms_f * point.cpu_us.total() * f64::from(point.load.tick_rate) / 1e6;
    let memory_mb = point.idle_mb + MEMORY_FACTOR * rooms_f * point.memory_kb / 1000.0;
    Share {
        rooms,
        // One for the tick thread, and one for the gateway and the threads that write.
        cores: up(busy_cores / CORE_SHARE).max(2),
        memory_gb: up(memory_mb / 1000.0),
        files: FILES,
        ports: endpoints_for(rooms * point.load.players),
        ..traffic(point, rooms_f)
    }
}

fn share_of_all(point: &Point, rooms: u32, servers: u32, each: &Share) -> Share {
    Share {
        rooms,
        cores: servers * each.cores,
        memory_gb: servers * each.memory_gb,
        files: servers * each.files,
        ports: servers * each.ports,
        ..traffic(point, rooms.into())
    }
}

/// The traffic of rooms, and nothing else.
fn traffic(point: &Point, rooms: f64) -> Share {
    let of = |room: f64| up(TRAFFIC_FACTOR * rooms * room);
    Share {
        rooms: 0,
        cores: 0,
        memory_gb: 0,
        down_mbit_s: of(point.down_kb_s * 8.0 / 1000.0),
        up_mbit_s: of(point.up_kb_s * 8.0 / 1000.0),
        packets_down_s: of(point.packets_down_s),
        packets_up_s: of(point.packets_up_s),
        files: 0,
        ports: 0,
    }
}

/// The next whole number. Rounding errors of a sum do not count.
fn up(number: f64) -> u32 {
    (number - 1e-9).ceil().max(0.0) as u32
}
