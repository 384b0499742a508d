//! What operators and clients reach over HTTP, and what they see there.

pub mod backend;
pub mod http;
pub mod reload;
pub(crate) mod rooms;
pub mod status;
pub mod tick_timings;
