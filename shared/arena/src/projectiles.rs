//! Sparks: the projectiles of the game.

use bevy::prelude::*;
use framehouse_shared::{ids::Slot, room_state::RoomState, tick::Tick};
use serde::{Deserialize, Serialize};

use super::{directions, rules::MatchRules};

/// Maximum number of sparks in a room; nobody can fire beyond it.
pub const SPARKS_MAX: usize = 128;

/// A spark in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(key = id, slot = owner)]
pub struct Spark {
    /// Id, unique in its match; views identify the spark by it.
    pub id: u32,
    /// Slot of the shooter; the spark passes through the shooter's craft.
    pub owner: Slot,
    /// Position, in units from the arena's centre.
    pub position: Vec2,
    /// Velocity, in units per second.
    pub velocity: Vec2,
    /// Tick in which it fades.
    pub fades: Tick,
}

/// All sparks in flight, oldest first.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(order(next_id, sparks))]
pub struct Projectiles {
    /// The sparks.
    pub sparks: Vec<Spark>,
    next_id: u32,
}

impl Projectiles {
    /// Fires a spark from the rim of a craft. Returns false if the room has its maximum number of sparks.
    pub fn fire(&mut self, owner: Slot, center: Vec2, aim: u8, rules: &MatchRules, tick: Tick) -> bool {
        if self.sparks.len() >= SPARKS_MAX {
            return false;
        }
        let (numbers, direction) = (&rules.numbers.spark, directions::unit(aim));
        self.sparks.push(Spark {
            id: self.next_id,
            owner,
            // Inside the craft's rim: a spark that starts outside of a craft at a wall would start behind the wall.
            position: center + direction * (rules.numbers.craft.radius - numbers.radius).max(0.0),
            velocity: direction * numbers.speed,
            fades: tick.plus(numbers.life),
        });
        self.next_id = self.next_id.wrapping_add(1);
        true
    }
}

/// Distance at which a spark passes a craft and still counts as flying at it, in units.
const NEAR_MISS: f32 = 30.0;

impl Spark {
    /// Whether the spark flies at this position.
    pub fn flies_at(&self, position: Vec2) -> bool {
        let (way, line) = (position - self.position, self.velocity.normalize_or_zero());
        way.dot(line) > 0.0 && way.perp_dot(line).abs() < NEAR_MISS
    }

    /// Position after `dt` seconds without obstacles.
    pub fn ahead(&self, dt: f32) -> Vec2 {
        self.position + self.velocity * dt
    }
}
