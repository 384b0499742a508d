//! What the integration tests of windows need: [`desk`] is a window that nobody has to look at, [`golden`] compares pictures.

pub mod desk;
pub mod golden;
