//! `#[derive(RoomState)]`: the hash and the field list of a game's state, from its definition.
//!
//! Use it through `framehouse_shared::room_state`, whose documentation has examples.

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `StateValue`: every field is hashed and listed, in the order of declaration.
///
/// On a field:
/// * `#[room_state(skip = "reason")]`: the field is neither hashed nor listed. The reason is required.
/// * `#[room_state(name = "word")]`: reports call the field so; an empty name leaves it out of the path.
/// * `#[room_state(mask)]`: the field is a `SlotMask` and is listed as one flag a slot.
///
/// On a struct:
/// * `#[room_state(order(b, a))]`: fields are hashed and listed in this order, which names each of them once.
/// * `#[room_state(key = field)]`: in a list, an element is called by this field instead of by its index.
/// * `#[room_state(slot = field)]`: in a list, an element is listed under the slot in this field.
#[proc_macro_derive(RoomState, attributes(room_state))]
pub fn derive_room_state(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::state_value(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
