//! A seated client that sends messages of the reliable path that nobody can read, each between two valid pings.

use std::net::Ipv4Addr;

use framehouse_shared::protocol::datagram::Ping;

use crate::door::{
    peer::Peer,
    siege::{Siege, Tally},
};

const PER_S: f64 = 5.0;
/// One message of four bytes, which is none of the protocol's.
const BATCH: &[u8] = &[4, 0xff, 0xff, 0xff, 0xff];

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let mut pace = siege.pace(PER_S);
    while pace.wait() {
        if let Ok(mut peer) = Peer::seat(siege, from) {
            babble(&mut peer, siege, tally);
        }
    }
}

fn babble(peer: &mut Peer<'_>, siege: &Siege<'_>, tally: &Tally) {
    let (mut pace, mut ping) = (siege.pace(PER_S), Vec::new());
    Ping { nonce: 7 }.encode(&mut ping);
    for id in 1.. {
        if !pace.wait() {
            return;
        }
        peer.update();
        if peer.is_over() {
            return tally.note_refused();
        }
        tally.note_peak(usize::from(id) - 1);
        peer.send(&ping);
        peer.send_batch(id, BATCH);
        peer.send(&ping);
        tally.note_tried();
    }
}
