//! Fuzz targets: one function for every input from the network, called with arbitrary bytes.
//!
//! `tests/fuzz` calls them from libFuzzer; `smoke.rs` calls the same functions with the corpus and seeded mutations of it. A
//! function that returns has passed. A failure is a failed assertion or a panic in the code under test.

mod decoders;
pub mod mutate;
mod pair;
mod payloads;
pub mod records;
mod replays;
pub mod seeds;
pub mod smoke;
mod states;

pub use decoders::{control_decode, datagram_decode, websocket_decode};
pub use pair::endpoint;
pub use payloads::guard;
pub use replays::replay_decode;
pub use states::state_decode;

/// A fuzz target.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its libFuzzer binary and of its folder in the corpus.
    pub name: &'static str,
    /// Runs it on an input.
    pub run: fn(&[u8]),
    /// Makes its first corpus: real messages.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All fuzz targets.
pub const TARGETS: [Target; 7] = [
    Target { name: "datagram_decode", run: datagram_decode, seeds: seeds::datagrams },
    Target { name: "control_decode", run: control_decode, seeds: seeds::control },
    Target { name: "websocket_decode", run: websocket_decode, seeds: seeds::websocket },
    Target { name: "guard", run: guard, seeds: seeds::payloads },
    Target { name: "state_decode", run: state_decode, seeds: seeds::states },
    Target { name: "replay_decode", run: replay_decode, seeds: replays::seeds },
    Target { name: "endpoint", run: endpoint, seeds: seeds::pair },
];
