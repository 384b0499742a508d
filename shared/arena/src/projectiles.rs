//! Sparks in flight.

use bevy::prelude::*;
use framehouse_shared::{ids::Slot, room_state::RoomState, tick::Tick};
use serde::{Deserialize, Serialize};

use super::{directions, rules::MatchRules};

/// The most sparks in a room; while there are as many, nobody can fire.
pub const SPARKS_MAX: usize = 128;

/// One spark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(key = id, slot = owner)]
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
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(order(next_id, sparks))]
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
            fades: tick.plus(numbers.life),
        });
        self.next_id = self.next_id.wrapping_add(1);
        true
    }
}

impl Spark {
    /// Where it is after `dt` seconds if nothing is in the way.
    pub fn ahead(&self, dt: f32) -> Vec2 {
        self.position + self.velocity * dt
    }
}
