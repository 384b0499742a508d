//! The fleet: many server processes as one, by a registry in Redis.
//!
//! ```text
//! registry.rs    what lies in Redis: keys, leases, scripts for every change of ownership
//! node.rs        the thread that registers a node;  registrar.rs  what it keeps up to date;  ledger.rs  what it has written
//! lease.rs       what a node tells about itself;  claims.rs  its room codes
//! door.rs        the paths of a node for gateways, and its answers in door/;  seats.rs  their bodies
//! gateway.rs     the backend of a gateway, and its parts in gateway/
//! key.rs         what is derived from the secret of the fleet
//! ```
//!
//! A gateway chooses a node, and the node decides. Players talk to their node by UDP, with nothing in between. A server
//! without a fleet has none of this: no thread, no connection.

mod claims;
mod door;
pub mod gateway;
mod key;
mod lease;
mod ledger;
pub mod node;
mod registrar;
pub mod registry;
mod seats;

pub use door::routes;
pub use key::FleetKey;
