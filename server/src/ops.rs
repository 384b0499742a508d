//! Operations: HTTP gateway, admin calls, room list, status page, metrics, alerts, reload and tick timings.

pub mod admin;
pub mod alerts;
pub mod backend;
mod fuses;
pub mod http;
mod metrics;
pub mod reload;
pub(crate) mod room_list;
pub mod status;
pub mod tick_timings;
