//! 1,024 connections of one host that send the head of a request byte by byte.

use std::{net::Ipv4Addr, time::Duration};

use crate::door::{
    crowd::{Manner, hold},
    siege::{Siege, Tally},
};

const MANNER: Manner = Manner {
    connections: 1024,
    per_s: 300,
    greeting: |siege, _| format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nX-Slow: ", siege.target.host).into_bytes(),
    drip: b"a",
    welcome: b"",
    keep_time: Duration::MAX,
};

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    hold(siege, from, tally, &MANNER);
}
