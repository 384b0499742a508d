//! Support for tests of windows: [`headless_window`] is a window without a display, [`golden`] compares pictures.

pub mod golden;
pub mod headless_window;
