//! A seated client that withholds one message, so that all later ones wait in the server's memory.

use std::net::Ipv4Addr;

use crate::door::{
    peer::Peer,
    siege::{Siege, Tally},
};

const PER_S: f64 = 30.0;
const BATCH_BYTES: usize = 1100;
/// The message that never comes. Number 0 is the greeting.
const WITHHELD: u16 = 1;
/// So many are enough to see that nothing is bounded.
const BATCHES_MAX: u16 = 180;

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let mut pace = siege.pace(PER_S);
    while pace.wait() {
        if let Ok(mut peer) = Peer::seat(siege, from) {
            park(&mut peer, siege, tally);
        }
    }
}

fn park(peer: &mut Peer<'_>, siege: &Siege<'_>, tally: &Tally) {
    let (mut pace, batch) = (siege.pace(PER_S), [1; BATCH_BYTES]);
    for number in 1..=BATCHES_MAX {
        if !pace.wait() {
            return;
        }
        peer.update();
        if peer.is_over() {
            return tally.note_refused();
        }
        tally.note_peak(usize::from(number - 1) * BATCH_BYTES / 1000);
        peer.send_batch(WITHHELD + number, &batch);
        tally.note_tried();
    }
}
