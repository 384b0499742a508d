//! A game's actions, and the keys, mouse buttons and gamepad inputs bound to them.

mod action;
mod bindings;
mod pad;
mod press;

pub use action::InputAction;
pub use bindings::Bindings;
pub use pad::{Pad, PadInput};
pub use press::Press;

/// Maximum number of keys or mouse buttons for one action.
pub const PRESSES_MAX: usize = 2;
