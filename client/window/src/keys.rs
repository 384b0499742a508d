//! Actions of a game, and which keys, mouse buttons and gamepad inputs do them in a match.

mod action;
mod bindings;
mod pad;
mod press;

pub use action::InputAction;
pub use bindings::Bindings;
pub use pad::{Pad, PadInput};
pub use press::Press;

/// How many keys or mouse buttons may do the same action.
pub const PRESSES_MAX: usize = 2;
