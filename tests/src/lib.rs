//! What the integration tests of windows need: [`headless_window`] is a window that nobody has to look at, [`golden`] compares pictures.

pub mod golden;
pub mod headless_window;
