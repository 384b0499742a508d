//! Curves: measures rooms of arena bots over a grid of distance, jitter and loss, with one world in virtual time for each
//! point.
//!
//! The same seed gives the same numbers in every run, whatever the number of threads.

mod plot;

use std::{
    fmt::Write,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_client::stats::{ClientStats, Distribution};
use framehouse_harness::world::World;
use framehouse_server::config::RoomSettings;
use framehouse_shared::net_sim::NetSimConfig;

pub use plot::draw;

/// Round trips of the grid, in ms.
const RTTS: [u16; 8] = [0, 25, 50, 100, 150, 200, 250, 300];
/// Standard deviations of the delay in each direction, in ms.
const JITTERS: [u16; 4] = [0, 5, 10, 20];
/// Independent losses in each direction, in per cent.
const LOSSES: [u16; 3] = [0, 1, 5];
/// Jitter at which economy mode is measured as well, in ms.
const ECONOMY_JITTER: u16 = 5;
/// Players of a room.
const PLAYERS: u8 = 4;

/// One network of the grid, and the mode of the room on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Round trip in ms.
    pub rtt_ms: u16,
    /// Standard deviation of each direction in ms.
    pub jitter_ms: u16,
    /// Loss in each direction in per cent.
    pub loss_percent: u16,
    /// Whether the room is in economy mode.
    pub economy: bool,
}

impl From<Link> for NetSimConfig {
    fn from(link: Link) -> Self {
        Self {
            delay_ms: f32::from(link.rtt_ms) / 2.0,
            jitter_ms: link.jitter_ms.into(),
            loss: f32::from(link.loss_percent) / 100.0,
            ..default()
        }
    }
}

/// The measurements of a room of four over one network, with the names and units of the bots' report.
#[derive(Clone, Debug)]
pub struct Measured(Vec<(&'static str, f64)>);

impl Measured {
    /// A number by its name.
    ///
    /// # Panics
    /// If there is no number of this name.
    pub fn get(&self, name: &str) -> f64 {
        let number = self.0.iter().find(|(known, _)| *known == name);
        number.unwrap_or_else(|| panic!("no number is called {name}")).1
    }

    /// The names, for the head of a table.
    pub fn names(&self, separator: &str) -> String {
        self.0.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(separator)
    }

    /// The numbers, for its lines.
    pub fn numbers(&self, separator: &str) -> String {
        self.0.iter().map(|(_, number)| format!("{number:.3}")).collect::<Vec<_>>().join(separator)
    }
}

/// A point of the grid.
#[derive(Clone, Debug)]
pub struct Point {
    /// The network.
    pub link: Link,
    /// The measurements over it.
    pub measured: Measured,
}

/// Measures every point of the grid for a number of virtual minutes, on a number of threads.
///
/// # Panics
/// If a client's state differs from the server's.
pub fn measure_all(minutes: u32, seed: u64, threads: usize) -> Vec<Point> {
    let links = grid();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut points = Vec::new();
        while let Some(link) = links.get(next.fetch_add(1, Ordering::Relaxed)) {
            points.push(Point { link: *link, measured: measure((*link).into(), link.economy, minutes, seed) });
        }
        points
    };
    let mut points: Vec<Point> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no client differs from its server")).collect()
    });
    points.sort_by_key(|point| links.iter().position(|link| *link == point.link));
    points
}

/// The points as a table.
pub fn to_csv(points: &[Point]) -> String {
    let mut text = String::new();
    for (row, point) in points.iter().enumerate() {
        let Link { rtt_ms, jitter_ms, loss_percent, economy } = point.link;
        if row == 0 {
            writeln!(text, "rtt_ms,jitter_ms,loss_pct,economy,{}", point.measured.names(","))
                .expect("a string takes everything");
        }
        let (economy, numbers) = (u8::from(economy), point.measured.numbers(","));
        writeln!(text, "{rtt_ms},{jitter_ms},{loss_percent},{economy},{numbers}").expect("a string takes everything");
    }
    text
}

fn grid() -> Vec<Link> {
    let with = |loss_percent: u16, jitter_ms: u16, economy: bool| {
        RTTS.map(|rtt_ms| Link { rtt_ms, jitter_ms, loss_percent, economy })
    };
    let normal = LOSSES.iter().flat_map(|loss| JITTERS.iter().flat_map(move |jitter| with(*loss, *jitter, false)));
    normal.chain(LOSSES.iter().flat_map(|loss| with(*loss, ECONOMY_JITTER, true))).collect()
}

/// Measures one network for a number of virtual minutes, in economy mode or not.
///
/// # Panics
/// If a client's state differs from the server's.
pub fn measure(link: NetSimConfig, economy: bool, minutes: u32, seed: u64) -> Measured {
    let rooms = RoomSettings { countdown_s: 2.0, results_s: 1.0, economy, ..default() };
    let mut world = World::with_rooms(ArenaPlugin, seed, rooms);
    world.set_link(link);
    let mut world = world.with_players(PLAYERS);
    for _ in 0..minutes * 60 {
        world.step_ticks(30);
        world.all_ready();
    }
    let mut stats = ClientStats::default();
    world.clients.iter().for_each(|client| stats.add(client.client.stats()));
    assert_eq!((world.desyncs(), world.errors()), (0, Vec::new()), "{link:?}");
    numbers(&stats)
}

fn numbers(stats: &ClientStats) -> Measured {
    let per_cent = |count: u64| 100.0 * count as f64 / stats.ticks_confirmed.max(1) as f64;
    let of = |distribution: &Distribution, part: f64, unit: f64| distribution.quantile(part) as f64 * unit;
    // Every client of a room plays as long as the room does.
    let room_seconds = stats.playing_time.as_secs_f64() / f64::from(PLAYERS);
    Measured(vec![
        ("late_inputs_pct", per_cent(stats.late_inputs)),
        ("replaced_inputs_pct", per_cent(stats.replaced_inputs)),
        ("rollback_ticks_p50", of(&stats.rollback_ticks, 0.5, 1.0)),
        ("rollback_ticks_p99", of(&stats.rollback_ticks, 0.99, 1.0)),
        ("corrections_per_min", 60.0 * stats.corrections as f64 / stats.playing_time.as_secs_f64()),
        ("largest_correction", f64::from(stats.largest_correction)),
        ("lead_ticks_p50", of(&stats.lead_hundredth_ticks, 0.5, 0.01)),
        ("margin_ms_p50", of(&stats.margin_quarter_ms, 0.5, 0.25)),
        ("input_to_view_ms_p50", of(&stats.input_to_view_tenth_ms, 0.5, 0.1)),
        ("input_to_view_ms_p99", of(&stats.input_to_view_tenth_ms, 0.99, 0.1)),
        ("input_to_confirm_ms_p50", of(&stats.input_to_confirm_tenth_ms, 0.5, 0.1)),
        ("input_to_confirm_ms_p99", of(&stats.input_to_confirm_tenth_ms, 0.99, 0.1)),
        ("down_kb_per_room_s", stats.playing_traffic.down_bytes as f64 / room_seconds / 1000.0),
        ("up_kb_per_room_s", stats.playing_traffic.up_bytes as f64 / room_seconds / 1000.0),
    ])
}
