//! The fleet: many server processes as one, by a registry in Redis.
//!
//! ```text
//! registry.rs   what lies in Redis: keys, leases, scripts for every change of ownership
//! ```

pub mod registry;
