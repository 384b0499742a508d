//! Integration tests: the whole server and real clients, in virtual time where possible, over UDP where needed.

mod bad_networks;
mod budgets;
mod cleanup;
mod comebacks;
mod commands;
mod crash;
mod desyncs;
mod faults;
mod fuzz_smoke;
mod hostile;
mod hostile_states;
mod late_joins;
mod lifecycles;
mod load;
mod matches;
mod model;
mod over_udp;
mod phases;
mod reloads;
mod replay_verify;
mod replays;
mod rewind;
mod rooms;
mod swarm;
mod timing;
mod waiting;
#[cfg(feature = "window")]
mod window;
