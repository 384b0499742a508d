//! What happened in the last tick, for whoever draws or plays sounds.

use arrayvec::ArrayVec;
use bevy::prelude::*;
use framehouse_shared::{ids::Slot, tick::Tick};

/// The most events kept of one tick; later ones are left out.
pub const EVENTS_MAX: usize = 96;

/// Something worth a flash or a sound. Positions are in units from the arena's centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArenaEvent {
    /// A craft appeared.
    Appeared {
        /// Whose.
        slot: Slot,
        /// Where.
        position: Vec2,
    },
    /// A craft dashed.
    Dashed {
        /// Whose.
        slot: Slot,
        /// Where it began.
        position: Vec2,
        /// Where to: a unit vector.
        direction: Vec2,
    },
    /// A spark was fired.
    Fired {
        /// Who fired.
        slot: Slot,
        /// Where the spark appeared.
        position: Vec2,
        /// Where to: a unit vector.
        direction: Vec2,
    },
    /// A craft's course was broken by a wall, an obstacle or another craft.
    Bumped {
        /// Whose.
        slot: Slot,
        /// Where the craft was.
        position: Vec2,
        /// By how much its velocity changed, in units per second.
        strength: f32,
    },
    /// A spark hit a craft.
    Hit {
        /// Who fired it.
        shooter: Slot,
        /// Who was hit.
        victim: Slot,
        /// Where.
        position: Vec2,
        /// The points knocked out; 0 while shielded.
        points: u32,
    },
    /// A spark ended at a wall or an obstacle.
    Fizzled {
        /// Where.
        position: Vec2,
    },
    /// A gem was taken.
    Taken {
        /// By whom.
        slot: Slot,
        /// The gem's id.
        pickup: u32,
        /// Where.
        position: Vec2,
        /// The points it brought, combo included.
        points: u32,
        /// The combo after it.
        combo: u16,
    },
}

/// The events of the room's last simulated tick, in the order in which they happened.
///
/// Scratch, not state: written by the game's systems, emptied in `SimSet::Apply`, and never read by the simulation. A
/// rolled-back tick writes its list again, so a view that predicts tells events apart by tick and content.
#[derive(Component, Clone, Debug, Default)]
pub struct TickEvents {
    /// The tick they happened in.
    pub tick: Tick,
    /// What happened.
    pub list: ArrayVec<ArenaEvent, EVENTS_MAX>,
}

impl TickEvents {
    /// Forgets the last tick.
    pub fn begin(&mut self, tick: Tick) {
        self.tick = tick;
        self.list.clear();
    }

    /// Notes an event; one too many is left out, for nothing depends on it.
    pub fn note(&mut self, event: ArenaEvent) {
        let _ = self.list.try_push(event);
    }
}
