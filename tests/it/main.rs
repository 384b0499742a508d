//! Integration tests: a whole server with real clients, in virtual time where possible and over UDP where necessary.

mod bad_networks;
mod budgets;
mod cleanup;
mod commands;
mod crash;
mod desyncs;
mod faults;
mod fuzz_smoke;
mod hostile;
mod hostile_states;
mod kept;
mod late_joins;
mod lifecycles;
mod load;
mod matches;
mod model;
mod over_udp;
mod phases;
mod programs;
mod reconnects;
mod reloads;
mod replay_verify;
mod replays;
mod rewind;
mod rooms;
mod scores;
mod swarm;
mod timing;
mod waiting;
mod window;

/// Length of a match of the tiny game, in ticks at 30 Hz, the usual rate of a test world.
const TINY_MATCH_TICKS: u32 = 30 * framehouse_tiny::MATCH_SECONDS as u32;
