//! Derive macro `RoomState`: generates the hash and the list of fields of a game's state from its definition.
//!
//! Games use it through `framehouse_shared::room_state`, whose documentation has an example that compiles. This crate cannot
//! depend on that one.
//!
//! ```text
//! use framehouse_shared::{
//!     room_state::{RoomState, StateValue},
//!     state_hash::StateHasher,
//! };
//!
//! #[derive(RoomState)]
//! struct Presses {
//!     count: [u32; 16],
//!     #[room_state(skip = "the sum of `count`, kept for the view")]
//!     total: u32,
//! }
//!
//! let hash = |total| {
//!     let mut hasher = StateHasher::new();
//!     Presses { count: [1; 16], total }.state_hash(&mut hasher);
//!     hasher.finish()
//! };
//! assert_eq!(hash(16), hash(0));
//! ```

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `StateValue`: all fields are hashed and listed, in the order of their declaration.
///
/// Attributes of a field:
/// * `#[room_state(skip = "reason")]`: the field is neither hashed nor listed. The reason is required.
/// * `#[room_state(name = "word")]`: name of the field in reports; an empty name leaves it out of the path.
/// * `#[room_state(mask)]`: the field is a `SlotMask` and is listed as one flag for each slot.
///
/// Attributes of a struct:
/// * `#[room_state(order(b, a))]`: order of hashing and listing; it must name every field once.
/// * `#[room_state(key = field)]`: in a list, an element is named by this field instead of by its index.
/// * `#[room_state(slot = field)]`: in a list, an element is listed under the slot in this field.
#[proc_macro_derive(RoomState, attributes(room_state))]
pub fn derive_room_state(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::state_value(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
