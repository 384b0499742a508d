//! What operators and clients reach over HTTP, and what they see there.

pub mod http;
pub mod status;
