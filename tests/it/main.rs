//! Integration tests: the whole server and real clients, in virtual time where possible, over UDP where needed.

mod bad_networks;
mod budgets;
mod faults;
mod fuzz_smoke;
mod hostile;
mod load;
mod matches;
mod over_udp;
mod rooms;
mod swarm;
mod timing;
mod waiting;
