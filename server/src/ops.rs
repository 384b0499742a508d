//! What operators and clients reach over HTTP, and what they see there.

pub mod http;
pub mod limit;
pub mod replays;
pub mod rooms;
pub mod stages;
pub mod status;
