//! Integration tests: a whole server with real clients, in virtual time where possible and over UDP where necessary.

mod addresses;
mod bad_networks;
mod bench;
mod budgets;
mod cleanup;
mod codes;
mod commands;
mod crash;
mod desyncs;
mod door;
mod economy;
mod entropy;
mod faults;
mod fuzz_smoke;
mod hostile;
mod hostile_states;
mod hosts;
mod kept;
mod late_joins;
mod lifecycles;
mod load;
mod matches;
mod model;
mod names;
mod over_udp;
mod phases;
mod programs;
mod reconnects;
mod reloads;
mod repeats;
mod replay_verify;
mod replays;
mod rewind;
mod rooms;
mod scale;
mod scores;
mod seats;
mod swarm;
mod timing;
mod tls;
mod waiting;
mod window;

/// Length of a match of the tiny game, in ticks at 30 Hz, the usual rate of a test world.
const TINY_MATCH_TICKS: u32 = 30 * framehouse_tiny::MATCH_SECONDS as u32;
