//! Microbenchmarks of what runs in every tick, compared with a stored baseline.
//!
//! All benchmarks run in turns, many times, on one thread, and the processor time of each one's fastest run counts: a shared
//! machine only ever adds time. The baseline holds no times but ratios to a reference calculation that runs in
//! the same turns, so it also means something on another machine.

mod baseline;
mod client;
mod datagrams;
mod endpoint;
mod grid;
mod history;
mod reference;
mod rooms;
mod scripted;
mod state;
mod table;
mod timer;

use std::time::Duration;

use bevy::tasks::{ComputeTaskPool, TaskPoolBuilder};

pub use baseline::{Baseline, BaselineError};
pub use table::{failures, table};
pub use timer::Timer;

/// Time for one update of a client, if all of them may take 1 % of a core: 60 updates a second.
const CLIENT_UPDATE_MAX: Duration = Duration::from_nanos(10_000_000 / 60);

/// Body of a benchmark. Every call does the same work and times the part of it that counts.
pub type Body = Box<dyn FnMut(&mut Timer)>;

/// A benchmark.
pub struct Benchmark {
    /// Name and operation that is measured.
    pub name: &'static str,
    /// Time that one operation may take in a release build; `None` for most.
    pub at_most: Option<Duration>,
    /// Builds what the body works on, and returns the body.
    pub prepare: fn() -> Body,
}

/// Time of one operation of a benchmark.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Name of the benchmark.
    pub name: &'static str,
    /// Processor time of one operation, in ns.
    pub ns: f64,
    /// Time that it may take, in ns.
    pub ns_max: Option<f64>,
}

/// Result of a run of benchmarks.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Processor time of the reference calculation, in ns.
    pub reference_ns: f64,
    /// The benchmarks, in order.
    pub benchmarks: Vec<Measured>,
}

/// All benchmarks.
pub fn all() -> Vec<Benchmark> {
    let no_limit = |name, prepare| Benchmark { name, at_most: None, prepare };
    let limited = |name, at_most, prepare| Benchmark { name, at_most: Some(at_most), prepare };
    vec![
        no_limit("tick of a room, 1 room of 4", || rooms::of_four(1)),
        no_limit("tick of a room, 64 rooms of 4", || rooms::of_four(64)),
        no_limit("tick of a room, 256 rooms of 4", || rooms::of_four(256)),
        no_limit("tick of a room, 1000 rooms of 4", || rooms::of_four(1000)),
        limited("tick of a room of 16 with 1024 gems", Duration::from_micros(150), rooms::crowded),
        no_limit("nearest craft by grid, 16 gems", || grid::by_grid(16)),
        no_limit("nearest craft by grid, 64 gems", || grid::by_grid(64)),
        no_limit("nearest craft by grid, 256 gems", || grid::by_grid(256)),
        no_limit("nearest craft by grid, 1024 gems", || grid::by_grid(1024)),
        no_limit("nearest craft by brute force, 16 gems", || grid::by_force(16)),
        no_limit("nearest craft by brute force, 64 gems", || grid::by_force(64)),
        no_limit("nearest craft by brute force, 256 gems", || grid::by_force(256)),
        no_limit("nearest craft by brute force, 1024 gems", || grid::by_force(1024)),
        no_limit("datagram of inputs, encode", datagrams::encode_inputs),
        no_limit("datagram of inputs, decode", datagrams::decode_inputs),
        no_limit("datagram of frames, encode", datagrams::encode_frames),
        no_limit("datagram of frames, decode", datagrams::decode_frames),
        no_limit("endpoint of 64 clients, receive a datagram", endpoint::receive),
        no_limit("endpoint of 64 clients, send a datagram", endpoint::send),
        no_limit("state, hash", state::hash),
        no_limit("state, serialise", state::serialise),
        no_limit("state, deserialise", state::deserialise),
        no_limit("state, save", state::save),
        no_limit("state, restore", state::restore),
        limited("rollback: restore and 12 ticks", Duration::from_micros(100), state::roll_back),
        no_limit("history, compress 300 frames", history::compress),
        no_limit("replay, seal 300 frames", history::seal),
        limited("client's update, lan", CLIENT_UPDATE_MAX, || client::over("lan")),
        limited("client's update, transatlantic", CLIENT_UPDATE_MAX, || client::over("transatlantic")),
    ]
}

/// Runs these benchmarks and the reference calculation in turns, `rounds` times each.
///
/// # Panics
/// When `rounds` is 0.
pub fn measure(benchmarks: &[Benchmark], rounds: u32) -> Measurement {
    assert!(rounds > 0, "nothing is measured in no rounds");
    // Rooms would be stepped on several threads, and only this one's time is measured.
    ComputeTaskPool::get_or_init(|| TaskPoolBuilder::new().num_threads(1).build());
    let mut reference = Fastest::of(reference::calculation());
    let mut bodies: Vec<Fastest> = benchmarks.iter().map(|benchmark| Fastest::of((benchmark.prepare)())).collect();
    for _ in 0..rounds {
        for body in &mut bodies {
            reference.run();
            body.run();
        }
    }
    let measured = |(benchmark, body): (&Benchmark, &Fastest)| Measured {
        name: benchmark.name,
        ns: body.ns,
        ns_max: benchmark.at_most.map(|time| time.as_nanos() as f64),
    };
    Measurement { reference_ns: reference.ns, benchmarks: benchmarks.iter().zip(&bodies).map(measured).collect() }
}

/// A body with the time of an operation in its fastest run, in ns.
struct Fastest {
    body: Body,
    ns: f64,
}

impl Fastest {
    fn of(body: Body) -> Self {
        Self { body, ns: f64::INFINITY }
    }

    fn run(&mut self) {
        let mut timer = Timer::default();
        (self.body)(&mut timer);
        self.ns = self.ns.min(timer.ns_of_one());
    }
}
