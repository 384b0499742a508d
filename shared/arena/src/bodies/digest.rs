//! Digest of the bodies for desync reports: the values that their hash covers, without the physics.

use bevy::prelude::*;
use framehouse_shared::{
    fields::FieldList,
    ids::{SLOTS_MAX, Slot},
    room_state::Digest,
};

use super::{Bodies, Craft};

/// All crafts and contacts.
pub(super) struct BodiesDigest {
    crafts: [Option<MovingCraft>; SLOTS_MAX],
    contacts: Vec<Contact>,
}

struct MovingCraft {
    craft: Craft,
    position: Vec2,
    velocity: Vec2,
}

/// Contact point of two colliders.
struct Contact {
    colliders: [u32; 2],
    dist: f32,
    impulse: f32,
}

impl BodiesDigest {
    pub(super) fn of(bodies: &Bodies) -> Self {
        let craft = |slot| {
            let (position, velocity) = (bodies.position(slot), bodies.velocity(slot));
            let craft = bodies.craft(slot)?.clone();
            // A craft always has a body. If it were missing, listing must not panic.
            Some(MovingCraft {
                craft,
                position: position.unwrap_or(Vec2::NAN),
                velocity: velocity.unwrap_or(Vec2::NAN),
            })
        };
        let mut crafts = [const { None }; SLOTS_MAX];
        Slot::all().for_each(|slot| crafts[slot.index()] = craft(slot));
        let mut contacts = Vec::new();
        for pair in bodies.narrow_phase.contact_pairs() {
            let colliders = [pair.collider1, pair.collider2].map(|collider| collider.into_raw_parts().0);
            let points = pair.manifolds.iter().flat_map(|manifold| &manifold.points);
            contacts.extend(points.map(|point| Contact { colliders, dist: point.dist, impulse: point.data.impulse }));
        }
        Self { crafts, contacts }
    }
}

impl Digest for BodiesDigest {
    fn list_all(&self, list: &mut FieldList) {
        for (slot, moving) in Slot::all().zip(&self.crafts) {
            let Some(MovingCraft { craft, position, velocity }) = moving else { continue };
            list.add(slot, "body", craft.body.into_raw_parts());
            for (name, vector) in [("position", position), ("velocity", velocity), ("thrust", &craft.thrust)] {
                list.add(slot, format_args!("{name}.x"), vector.x);
                list.add(slot, format_args!("{name}.y"), vector.y);
            }
            list.add(slot, "aim", craft.aim);
            list.add(slot, "glide_until", craft.glide_until.0);
            list.add(slot, "dash_ready", craft.dash_ready.0);
            list.add(slot, "fire_ready", craft.fire_ready.0);
            list.add(slot, "shield_until", craft.shield_until.0);
        }
        for (place, Contact { colliders: [one, other], dist, impulse }) in self.contacts.iter().enumerate() {
            list.add(None, format_args!("contact {place} {one}-{other} dist"), dist);
            list.add(None, format_args!("contact {place} {one}-{other} impulse"), impulse);
        }
    }
}
