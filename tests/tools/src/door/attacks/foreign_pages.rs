//! Requests for seats as web pages of other sites can make a browser send them.

use std::net::Ipv4Addr;

use crate::door::{
    siege::{Siege, Tally},
    target::private_room,
    wire,
};

/// Far below the limit of requests for seats, and so rare that seats which were not used are given back before the next.
const PER_S: f64 = 0.9;
/// HTTP statuses of refusals that are about something else: other requests, or a full server.
const BUSY: [u16; 2] = [429, 503];

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, host) = (siege.pace(PER_S), siege.target.host.as_str());
    let (own, json) = (("Host", host), ("Content-Type", "application/json"));
    let disguises: [&[(&str, &str)]; 6] = [
        &[own, json, ("Origin", "http://evil.example")],
        &[own, json, ("Origin", "null")],
        // A name of a foreign page that leads to this address (DNS rebinding).
        &[("Host", "evil.example"), json, ("Origin", "http://evil.example")],
        // What a form can send.
        &[own, ("Content-Type", "text/plain")],
        &[own, ("Content-Type", "application/x-www-form-urlencoded")],
        &[own],
    ];
    for disguise in disguises.iter().cycle() {
        if !pace.wait() {
            return;
        }
        let request = wire::request("POST /v1/sessions", disguise, &siege.target.body("page", private_room(2)));
        let answer = wire::exchange(from, siege.target.http, &request);
        // Only an answer to this request shows what the server thinks of the page.
        if let Some(answer) = answer.ok().filter(|answer| !BUSY.contains(&answer.status)) {
            tally.note(answer.status == 200);
        }
    }
}
