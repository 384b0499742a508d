//! Table of all attacks: how many hosts each has, what counts as accepted, and how much of that is too much. The bounds
//! are those of a server with default settings.
//!
//! Each attack stays below the limits that are not its own: an attack that tries foreign pages asks so rarely that only the
//! check of pages can refuse it.

mod foreign_pages;
mod forged_headers;
mod garbage;
mod guesses;
mod held_rooms;
mod hostile_names;
mod join_storm;
mod random_datagrams;
mod request_flood;
mod slow_heads;
mod stuck_downloads;
mod udp_pulses;
mod unreadable;
mod unused_seats;
mod withheld;

use std::net::Ipv4Addr;

use super::siege::{Siege, Tally};

/// One kind of attack.
pub(super) struct Attack {
    /// As in the report.
    pub name: &'static str,
    /// Number of addresses, in one /24.
    pub hosts: u8,
    /// Attacks from one address until the siege is over.
    pub run: fn(&Siege<'_>, Ipv4Addr, &Tally),
    /// What is counted as accepted.
    pub what: &'static str,
    /// The most that may be accepted in this number of seconds.
    pub accepted_max: fn(f64) -> u64,
}

/// Connections of an address.
const CONNECTIONS_MAX: u64 = 32;
/// Downloads of an address.
const DOWNLOADS_MAX: u64 = 8;
/// Requests of an address: per second, and in a burst.
const REQUESTS: (f64, f64) = (20.0, 80.0);
/// Requests for seats of an address: per second, and in a burst.
const JOINS: (f64, f64) = (5.0, 20.0);
/// Sessions of an address.
const SESSIONS_MAX: u64 = 8;
/// Seats of an address that nobody has connected to, and after how many seconds they are given back at the earliest.
const UNUSED: (f64, f64) = (4.0, 4.0);
/// Wrong codes of an address that are looked at: some are free, then each costs twice as much as the one before.
const GUESSES_MAX: u64 = 16;
/// Pulses until a client is sent away.
const PULSES_MAX: u64 = 4;
/// Unreadable messages until a client is sent away: ten, and what is on its way.
const UNREADABLE_MAX: u64 = 16;
/// Kilobytes that a client parks until it is sent away: 64, and what is on its way.
const PARKED_KB_MAX: u64 = 80;

fn within((per_s, burst): (f64, f64), seconds: f64) -> u64 {
    // A twentieth more, because the server's clock began earlier.
    (1.05 * (per_s * seconds + burst)).ceil() as u64
}

fn unused_seats_max(seconds: f64) -> u64 {
    let (seats, held_s) = UNUSED;
    (seats * (seconds / held_s + 1.0)).ceil() as u64
}

/// All attacks. They run at the same time.
pub(super) static ATTACKS: [Attack; 17] = [
    Attack {
        name: "slow-heads",
        hosts: 1,
        run: slow_heads::run,
        what: "connections held at a time that send their request byte by byte",
        accepted_max: |_| CONNECTIONS_MAX,
    },
    Attack {
        name: "garbage",
        hosts: 1,
        run: garbage::run,
        what: "connections held at a time that send nonsense, half a TLS greeting, or nothing",
        accepted_max: |_| CONNECTIONS_MAX,
    },
    Attack {
        name: "stuck-downloads",
        hosts: 1,
        run: stuck_downloads::run,
        what: "downloads held at a time that nobody reads",
        accepted_max: |_| DOWNLOADS_MAX,
    },
    Attack {
        name: "request-flood",
        hosts: 1,
        run: request_flood::run,
        what: "requests answered",
        accepted_max: |seconds| within(REQUESTS, seconds),
    },
    Attack {
        name: "unused-seats",
        hosts: 1,
        run: unused_seats::run,
        what: "seats granted to somebody who never connects",
        accepted_max: unused_seats_max,
    },
    Attack {
        name: "held-rooms",
        hosts: 4,
        run: held_rooms::run,
        what: "rooms held at a time by somebody who does nothing, by each of four hosts",
        accepted_max: |_| SESSIONS_MAX,
    },
    Attack {
        name: "join-storm",
        hosts: 1,
        run: join_storm::run,
        what: "seats granted to somebody who joins and leaves",
        accepted_max: |seconds| within(JOINS, seconds),
    },
    Attack {
        name: "forged-headers",
        hosts: 1,
        run: forged_headers::run,
        what: "seats granted to somebody who claims another address each time",
        accepted_max: unused_seats_max,
    },
    Attack {
        name: "forged-proxy",
        hosts: 1,
        run: forged_headers::run_proxy,
        what: "seats granted to somebody who claims to be a proxy",
        accepted_max: |_| 0,
    },
    Attack {
        name: "code-guesses",
        hosts: 1,
        run: guesses::run,
        what: "guessed codes looked at",
        accepted_max: |_| GUESSES_MAX,
    },
    Attack {
        name: "known-codes",
        hosts: 1,
        run: guesses::run_known,
        what: "answers that tell a full private room from no room",
        accepted_max: |_| 0,
    },
    Attack {
        name: "foreign-pages",
        hosts: 1,
        run: foreign_pages::run,
        what: "seats granted to web pages of other sites",
        accepted_max: |_| 0,
    },
    Attack {
        name: "udp-pulses",
        hosts: 1,
        run: udp_pulses::run,
        what: "pulses of 500 pings survived by a client",
        accepted_max: |_| PULSES_MAX,
    },
    Attack {
        name: "udp-unreadable",
        hosts: 1,
        run: unreadable::run,
        what: "unreadable messages between valid pings survived by a client",
        accepted_max: |_| UNREADABLE_MAX,
    },
    Attack {
        name: "udp-withheld",
        hosts: 1,
        run: withheld::run,
        what: "KB parked by a client that withholds one message",
        accepted_max: |_| PARKED_KB_MAX,
    },
    Attack {
        name: "udp-random",
        hosts: 1,
        run: random_datagrams::run,
        what: "random datagrams answered",
        accepted_max: |_| 0,
    },
    Attack {
        name: "hostile-names",
        hosts: 1,
        run: hostile_names::run,
        what: "names that deceive, shown to the room",
        accepted_max: |_| 0,
    },
];
