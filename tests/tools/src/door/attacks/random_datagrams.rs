//! Random datagrams to all endpoints, some with the beginning and the length of real ones.

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use framehouse_shared::rng::SimRng;

use crate::door::siege::{Siege, Tally};

const PULSES_PER_S: f64 = 50.0;
const PULSE_DATAGRAMS: u32 = 8;
/// Length of a request for a connection.
const REQUEST_BYTES: usize = 1078;

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let Ok(socket) = socket(from) else { return };
    let (mut pace, mut rng, mut buffer) = (siege.pace(PULSES_PER_S), SimRng::new(7), [0; 1500]);
    while pace.wait() {
        for _ in 0..PULSE_DATAGRAMS {
            let endpoint = siege.endpoints[rng.below(siege.endpoints.len() as u32) as usize];
            // A datagram that the kernel refuses is lost.
            let _ = socket.send_to(&datagram(&mut rng), endpoint);
            tally.note_tried();
            tally.note_refused();
        }
        while socket.recv_from(&mut buffer).is_ok() {
            tally.note_accepted();
        }
    }
}

fn socket(from: Ipv4Addr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((from, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(1)))?;
    Ok(socket)
}

fn datagram(rng: &mut SimRng) -> Vec<u8> {
    let is_request = rng.one_in(4);
    let length = if is_request { REQUEST_BYTES } else { 1 + rng.below(1400) as usize };
    let mut datagram: Vec<u8> = (0..length).map(|_| rng.bits() as u8).collect();
    datagram[0] = match datagram[0] {
        _ if is_request => 0,
        // A kind of packet that exists, with a sequence number of one byte.
        kind if kind % 2 == 0 => 0x10 | ((kind >> 1) % 7),
        kind => kind,
    };
    datagram
}
