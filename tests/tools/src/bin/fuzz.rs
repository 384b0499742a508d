//! Runs all fuzz targets with seeded mutations of their corpora, each on its own thread. A dev build has overflow checks.
//!
//! `cargo run -p framehouse-tools --bin fuzz -- --millions 50`

use std::thread;

use clap::Parser;
use framehouse_client::say;
use framehouse_tools::fuzz::smoke::smoke;

/// The parts of each target in a thousand inputs: a state or an endpoint costs far more than a message.
const SHARES: [(&str, u64); 7] = [
    ("datagram_decode", 440),
    ("control_decode", 300),
    ("websocket_decode", 140),
    ("guard", 80),
    ("state_decode", 24),
    ("replay_decode", 10),
    ("endpoint", 6),
];

#[derive(Parser)]
#[command(about = "Feeds every decoder, the guards and a whole endpoint with seeded mutations of real messages")]
struct Arguments {
    /// Millions of inputs in all, 1 to 100000.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    millions: u64,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() {
    let Arguments { millions, seed } = Arguments::parse();
    let run = |(name, share): (&'static str, u64)| {
        thread::spawn(move || {
            let inputs = smoke(name, share * millions * 1000, seed);
            say!("{name}: {inputs} inputs");
            inputs
        })
    };
    let threads: Vec<_> = SHARES.into_iter().map(run).collect();
    // A panic in a target ends this program with its own message and a status that is not zero.
    let inputs: u64 = threads.into_iter().map(|thread| thread.join().expect("no target fails")).sum();
    say!("{inputs} inputs, and nothing panicked");
}
