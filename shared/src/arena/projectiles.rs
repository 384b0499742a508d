//! Sparks in flight.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DT, directions, rules::MatchRules};
use crate::{
    fields::FieldList,
    ids::Slot,
    state_hash::{StateHash, StateHasher},
    tick::Tick,
};

/// The most sparks in a room; while there are as many, nobody can fire.
pub const SPARKS_MAX: usize = 128;

/// One spark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spark {
    /// Unique in its match: what a view recognises it by.
    pub id: u32,
    /// Who fired it: it passes through its owner.
    pub owner: Slot,
    /// Where it is, in units from the arena's centre.
    pub position: Vec2,
    /// Units per second.
    pub velocity: Vec2,
    /// The tick in which it fades.
    pub fades: Tick,
}

/// Every spark in flight, oldest first.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Projectiles {
    /// The sparks.
    pub sparks: Vec<Spark>,
    next_id: u32,
}

impl Projectiles {
    /// Fires a spark from the rim of a craft; false when there are too many already.
    pub fn fire(&mut self, owner: Slot, center: Vec2, aim: u8, rules: &MatchRules, tick: Tick) -> bool {
        if self.sparks.len() >= SPARKS_MAX {
            return false;
        }
        let (numbers, direction) = (&rules.numbers.spark, directions::unit(aim));
        self.sparks.push(Spark {
            id: self.next_id,
            owner,
            // Inside the craft's rim: at a wall, a spark born outside would be born behind it.
            position: center + direction * (rules.numbers.craft.radius - numbers.radius).max(0.0),
            velocity: direction * numbers.speed,
            fades: tick.plus(numbers.life_ticks),
        });
        self.next_id = self.next_id.wrapping_add(1);
        true
    }

    /// What the hash covers, for reports.
    pub(super) fn list_fields(&self, list: &mut FieldList) {
        list.add(None, "next_id", self.next_id);
        list.add(None, "count", self.sparks.len());
        for Spark { id, owner, position, velocity, fades } in &self.sparks {
            list.add(*owner, format_args!("spark {id} position.x"), position.x);
            list.add(*owner, format_args!("spark {id} position.y"), position.y);
            list.add(*owner, format_args!("spark {id} velocity.x"), velocity.x);
            list.add(*owner, format_args!("spark {id} velocity.y"), velocity.y);
            list.add(*owner, format_args!("spark {id} fades"), fades.0);
        }
    }
}

impl Spark {
    /// Where the next tick takes it if nothing is in the way.
    pub fn ahead(&self) -> Vec2 {
        self.position + self.velocity * DT
    }
}

impl StateHash for Projectiles {
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u32(self.next_id);
        hasher.u32(self.sparks.len() as u32);
        for spark in &self.sparks {
            hasher.u32(spark.id);
            hasher.u8(spark.owner.into());
            for number in [spark.position.x, spark.position.y, spark.velocity.x, spark.velocity.y] {
                hasher.f32(number);
            }
            hasher.u32(spark.fades.0);
        }
    }
}
