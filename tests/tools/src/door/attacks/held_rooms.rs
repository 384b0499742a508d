//! Rooms with one player who is connected and does nothing.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use framehouse_client::client::Client;
use framehouse_shared::input::Input;

use crate::door::{
    siege::{Siege, Tally},
    target::private_room,
};

/// Rooms that each host wants.
const ROOMS: usize = 16;
const UPDATES_PER_S: f64 = 30.0;
/// Pause between two requests: far below the limit of requests.
const ASK_INTERVAL: Duration = Duration::from_millis(400);

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut clients, mut pace, mut asked_at) = (Vec::<Client>::new(), siege.pace(UPDATES_PER_S), Instant::now());
    while pace.wait() {
        clients.iter_mut().for_each(|client| client.update(siege.target.elapsed(), &mut |_| Input::NEUTRAL));
        clients.retain(|client| client.ended().is_none());
        tally.note_peak(clients.iter().filter(|client| client.phase().is_some()).count());
        if clients.len() < ROOMS && asked_at.elapsed() > ASK_INTERVAL {
            asked_at = Instant::now();
            tally.note_tried();
            match siege.target.join(from, "squatter", private_room(1)) {
                Ok((client, _)) => clients.push(client),
                Err(_) => tally.note_refused(),
            }
        }
    }
}
