//! Support for tests of windows: [`headless_window`] is a window without a display, [`golden`] compares pictures,
//! [`past_results`] fills leaderboards.

pub mod golden;
pub mod headless_window;
pub mod past_results;
