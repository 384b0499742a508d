//! Requests for seats in new rooms, to which nobody ever connects.

use std::net::Ipv4Addr;

use crate::door::{
    siege::{Siege, Tally},
    target::private_room,
};

const PER_S: f64 = 10.0;

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let mut pace = siege.pace(PER_S);
    while pace.wait() {
        tally.note(siege.target.ask(from, "nobody", private_room(2)).is_ok());
    }
}
