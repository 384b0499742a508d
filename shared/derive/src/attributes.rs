//! Parsing of `#[room_state(..)]` on structs and fields.

use syn::{Attribute, Ident, LitStr, Result, Token, meta::ParseNestedMeta, parenthesized, punctuated::Punctuated};

/// Attributes of a struct.
#[derive(Default)]
pub struct StructAttributes {
    /// Order of hashing and listing, if it differs from the declaration.
    pub order: Option<Vec<Ident>>,
    /// Field that names an element of a list.
    pub key: Option<Ident>,
    /// Field with the slot that an element of a list belongs to.
    pub slot: Option<Ident>,
}

/// Attributes of a field.
#[derive(Default)]
pub struct FieldAttributes {
    /// Whether the field is neither hashed nor listed.
    pub is_skipped: bool,
    /// Whether the field is a mask of slots.
    pub is_mask: bool,
    /// Name of the field in reports, if it differs from the declaration.
    pub name: Option<String>,
}

impl StructAttributes {
    pub fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        each(attributes, |meta| {
            if meta.path.is_ident("order") {
                let list;
                parenthesized!(list in meta.input);
                read.order = Some(Punctuated::<Ident, Token![,]>::parse_terminated(&list)?.into_iter().collect());
            } else if meta.path.is_ident("key") {
                read.key = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("slot") {
                read.slot = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error("a struct takes order(..), key = field and slot = field"));
            }
            Ok(())
        })?;
        Ok(read)
    }
}

impl FieldAttributes {
    pub fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        each(attributes, |meta| {
            if meta.path.is_ident("skip") {
                check_reason(&meta)?;
                read.is_skipped = true;
            } else if meta.path.is_ident("mask") {
                read.is_mask = true;
            } else if meta.path.is_ident("name") {
                read.name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else {
                return Err(meta.error("a field takes skip = \"reason\", name = \"word\" and mask"));
            }
            Ok(())
        })?;
        Ok(read)
    }
}

fn check_reason(meta: &ParseNestedMeta) -> Result<()> {
    let reason: Option<LitStr> = meta.value().and_then(|value| value.parse()).ok();
    if reason.is_some_and(|reason| !reason.value().trim().is_empty()) {
        Ok(())
    } else {
        Err(meta.error("say why later ticks cannot depend on this field: skip = \"reason\""))
    }
}

fn each(attributes: &[Attribute], read: impl FnMut(ParseNestedMeta) -> Result<()>) -> Result<()> {
    let mut read = read;
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("room_state"))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}
