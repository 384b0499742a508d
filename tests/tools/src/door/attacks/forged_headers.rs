//! Requests for seats that claim to come from another address each time, in all ways in which proxies say so.

use std::net::Ipv4Addr;

use crate::door::{
    siege::{Siege, Tally},
    target::private_room,
    wire,
};

const PER_S: f64 = 10.0;
const PROXY_PER_S: f64 = 0.5;

/// By headers. The server may ignore them.
pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, mut number) = (siege.pace(PER_S), 0);
    while pace.wait() {
        number += 1;
        let claimed = claim(number);
        let (forwarded, body) = (format!("for={claimed}"), siege.target.body("forger", private_room(2)));
        let headers = [
            ("Host", siege.target.host.as_str()),
            ("Content-Type", "application/json"),
            ("Forwarded", &forwarded),
            ("X-Forwarded-For", &claimed),
            ("X-Real-IP", &claimed),
        ];
        let answer = wire::exchange(from, siege.target.http, &wire::request("POST /v1/sessions", &headers, &body));
        tally.note(answer.is_ok_and(|answer| answer.status == 200));
    }
}

/// By the PROXY protocol. Nothing of it is a request.
pub(super) fn run_proxy(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, mut number) = (siege.pace(PROXY_PER_S), 0);
    while pace.wait() {
        number += 1;
        let line = if number % 2 == 0 { in_text(number) } else { in_bytes(number) };
        let request = siege.target.post(&siege.target.body("forger", private_room(2)));
        let answer = wire::exchange(from, siege.target.http, &[line, request].concat());
        tally.note(answer.is_ok_and(|answer| answer.status == 200));
    }
}

fn claim(number: u16) -> String {
    let [high, low] = number.to_be_bytes();
    format!("198.18.{high}.{low}")
}

/// Version 1.
fn in_text(number: u16) -> Vec<u8> {
    format!("PROXY TCP4 {} 10.76.0.1 40000 80\r\n", claim(number)).into_bytes()
}

/// Version 2: signature, command and family, length, addresses, ports.
fn in_bytes(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[198, 18, high, low, 10, 76, 0, 1, 0x9c, 0x40, 0, 80]].concat()
}
