//! Operations: HTTP gateway, room list, status page, metrics, alerts, rules reload and tick timings.

pub mod alerts;
pub mod backend;
pub mod http;
mod metrics;
pub mod reload;
pub(crate) mod room_list;
pub mod status;
pub mod tick_timings;
