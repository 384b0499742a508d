//! Downloads of a large replay that nobody reads.

use std::{net::Ipv4Addr, time::Duration};

use crate::door::{
    crowd::{Manner, hold},
    siege::{Siege, Tally},
};

const MANNER: Manner = Manner {
    connections: 64,
    per_s: 20,
    greeting: |siege, _| siege.target.get(&siege.replay),
    drip: b"",
    welcome: b"HTTP/1.1 200",
    // Who does not read does not see that the server has closed the connection.
    keep_time: Duration::from_secs(20),
};

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    hold(siege, from, tally, &MANNER);
}
