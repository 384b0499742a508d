//! Code generation: the implementation of `StateValue` for a struct or an enum.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Ident, Member, Result, Variant};

use crate::attributes::{FieldAttributes, StructAttributes};

/// A field that is hashed and listed.
struct Part {
    member: Member,
    /// Name in reports; `None` for the only field of a tuple struct, which leaves the path unchanged.
    name: Option<String>,
    is_mask: bool,
}

pub fn state_value(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = StructAttributes::read(&input.attrs)?;
    let body = match &input.data {
        Data::Struct(data) => struct_body(&data.fields, &attributes)?,
        Data::Enum(data) => enum_body(data)?,
        Data::Union(_) => return Err(Error::new_spanned(&input.ident, "a union has no fields that could be hashed")),
    };
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::framehouse_shared::room_state::StateValue for #name #arguments #bounds { #body }
    })
}

fn struct_body(fields: &Fields, attributes: &StructAttributes) -> Result<TokenStream> {
    let parts = ordered(parts(fields)?, attributes)?;
    let access = |member: &Member| quote!(&self.#member);
    let (hashes, lists) = (hashes(&parts, access), lists(&parts, access));
    let element = element(attributes);
    Ok(quote! {
        fn state_hash(&self, hasher: &mut ::framehouse_shared::state_hash::StateHasher) { #hashes let _ = hasher; }
        fn list(
            &self,
            path: &::framehouse_shared::fields::FieldPath,
            list: &mut ::framehouse_shared::fields::FieldList,
        ) { #lists let _ = (path, list); }
        #element
    })
}

/// Generates the method that names an element of a list.
fn element(attributes: &StructAttributes) -> TokenStream {
    let StructAttributes { key, slot, .. } = attributes;
    if key.is_none() && slot.is_none() {
        return TokenStream::new();
    }
    let key = key.as_ref().map_or_else(|| quote!(index), |key| quote!(&self.#key));
    let slot = slot.as_ref().map(|slot| quote!(.of_slot(self.#slot)));
    quote! {
        fn element_path(
            &self,
            path: &::framehouse_shared::fields::FieldPath,
            index: usize,
        ) -> ::framehouse_shared::fields::FieldPath {
            let _ = index;
            path.element(#key) #slot
        }
    }
}

fn enum_body(data: &DataEnum) -> Result<TokenStream> {
    if data.variants.len() > 256 {
        return Err(Error::new(Span::call_site(), "an enum has at most 256 variants"));
    }
    let arms: Vec<(TokenStream, TokenStream)> =
        data.variants.iter().enumerate().map(|(place, variant)| arms(place as u8, variant)).collect::<Result<_>>()?;
    let (hashes, lists): (Vec<_>, Vec<_>) = arms.into_iter().unzip();
    Ok(quote! {
        fn state_hash(&self, hasher: &mut ::framehouse_shared::state_hash::StateHasher) { match self { #(#hashes)* } }
        fn list(
            &self,
            path: &::framehouse_shared::fields::FieldPath,
            list: &mut ::framehouse_shared::fields::FieldList,
        ) { match self { #(#lists)* } }
    })
}

/// Generates the match arms of one variant: hashed by its index, listed by its name.
fn arms(place: u8, variant: &Variant) -> Result<(TokenStream, TokenStream)> {
    let (name, parts) = (&variant.ident, parts(&variant.fields)?);
    let bindings: Vec<Ident> = parts.iter().map(|part| binding(&part.member)).collect();
    let members = parts.iter().map(|part| &part.member);
    let pattern = quote!(Self::#name { #(#members: #bindings,)* .. });
    let access = |member: &Member| {
        let binding = binding(member);
        quote!(#binding)
    };
    let (hashes, lists) = (hashes(&parts, access), lists(&parts, access));
    let label = name.to_string();
    Ok((
        quote!(#pattern => { hasher.u8(#place); #hashes }),
        quote!(#pattern => { list.add_at(path, ::core::format_args!(#label)); #lists }),
    ))
}

fn binding(member: &Member) -> Ident {
    match member {
        Member::Named(name) => format_ident!("field_{}", name),
        Member::Unnamed(index) => format_ident!("field_{}", index.index),
    }
}

fn parts(fields: &Fields) -> Result<Vec<Part>> {
    let is_single = matches!(fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
    let mut parts = Vec::new();
    for (field, member) in fields.iter().zip(fields.members()) {
        let attributes = FieldAttributes::read(&field.attrs)?;
        if attributes.is_skipped {
            continue;
        }
        let own = match &member {
            Member::Named(name) => Some(name.to_string()),
            Member::Unnamed(index) => (!is_single).then(|| index.index.to_string()),
        };
        let name = attributes.name.or(own).filter(|name| !name.is_empty());
        parts.push(Part { member, name, is_mask: attributes.is_mask });
    }
    Ok(parts)
}

fn ordered(parts: Vec<Part>, attributes: &StructAttributes) -> Result<Vec<Part>> {
    let Some(order) = &attributes.order else { return Ok(parts) };
    let mut left = parts;
    let mut ordered = Vec::new();
    for name in order {
        let place = left.iter().position(|part| matches!(&part.member, Member::Named(member) if member == name));
        let place = place.ok_or_else(|| Error::new_spanned(name, "no such field, or named twice, or skipped"))?;
        ordered.push(left.remove(place));
    }
    match left.first() {
        None => Ok(ordered),
        Some(part) => {
            let member = &part.member;
            Err(Error::new_spanned(member, "order(..) has to name every field that is not skipped"))
        }
    }
}

fn hashes(parts: &[Part], access: impl Fn(&Member) -> TokenStream) -> TokenStream {
    let hash = parts.iter().map(|part| {
        let value = access(&part.member);
        quote!(::framehouse_shared::room_state::StateValue::state_hash(#value, hasher);)
    });
    quote!(#(#hash)*)
}

fn lists(parts: &[Part], access: impl Fn(&Member) -> TokenStream) -> TokenStream {
    let list = parts.iter().map(|part| {
        let value = access(&part.member);
        let path = part.name.as_ref().map_or_else(|| quote!(path), |name| quote!(&path.field(#name)));
        if part.is_mask {
            quote!(list.add_mask(#path, *#value);)
        } else {
            quote!(::framehouse_shared::room_state::StateValue::list(#value, #path, list);)
        }
    });
    quote!(#(#list)*)
}
