//! Requests for pages, as fast as answers come.

use std::net::Ipv4Addr;

use crate::door::{
    siege::{Siege, Tally},
    wire,
};

const PER_S: f64 = 100.0;

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, pages) = (siege.pace(PER_S), ["/v1/rooms", "/v1/status", "/healthz"]);
    for page in pages.iter().cycle() {
        if !pace.wait() {
            return;
        }
        let answer = wire::exchange(from, siege.target.http, &siege.target.get(page));
        tally.note(answer.is_ok_and(|answer| answer.status == 200));
    }
}
