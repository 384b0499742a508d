//! Connections that never become a request: nonsense, half a TLS greeting, nothing at all.

use std::{net::Ipv4Addr, time::Duration};

use framehouse_shared::rng::SimRng;

use crate::door::{
    crowd::{Manner, hold},
    siege::{Siege, Tally},
};

const MANNER: Manner = Manner {
    connections: 128,
    per_s: 40,
    greeting: |_, number| greeting(number),
    drip: b"",
    welcome: b"",
    keep_time: Duration::MAX,
};
/// The beginning of a TLS 1.2 record with a ClientHello of 508 bytes.
const HALF_HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    hold(siege, from, tally, &MANNER);
}

fn greeting(number: u64) -> Vec<u8> {
    let mut rng = SimRng::new(number);
    match number % 3 {
        0 => Vec::new(),
        1 => HALF_HELLO.to_vec(),
        _ => (0..64).map(|_| rng.bits() as u8).collect(),
    }
}
