//! A seated client that floods in pulses, with pauses in which its budget fills again.

use std::net::Ipv4Addr;

use framehouse_shared::protocol::datagram::Ping;

use crate::door::{
    peer::Peer,
    siege::{Siege, Tally},
};

const UPDATES_PER_S: f64 = 20.0;
/// 1.5 s.
const PULSE_UPDATES: u32 = 30;
const PULSE_PINGS: u32 = 500;

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let mut pace = siege.pace(UPDATES_PER_S);
    while pace.wait() {
        if let Ok(mut peer) = Peer::seat(siege, from) {
            flood(&mut peer, siege, tally);
        }
    }
}

fn flood(peer: &mut Peer<'_>, siege: &Siege<'_>, tally: &Tally) {
    let (mut pace, mut ping, mut pulses) = (siege.pace(UPDATES_PER_S), Vec::new(), 0);
    Ping { nonce: 7 }.encode(&mut ping);
    for update in 0.. {
        if !pace.wait() {
            return;
        }
        peer.update();
        if peer.is_over() {
            return tally.note_refused();
        }
        tally.note_peak(pulses);
        if update % PULSE_UPDATES == 0 {
            (0..PULSE_PINGS).for_each(|_| peer.send(&ping));
            tally.note_tried();
            pulses += 1;
        }
    }
}
