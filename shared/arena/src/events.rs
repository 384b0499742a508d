//! Events of the last tick, for views: effects, sounds, texts.

use arrayvec::ArrayVec;
use bevy::prelude::*;
use framehouse_shared::{ids::Slot, tick::Tick};

/// Maximum number of events kept for one tick; later ones are dropped.
pub const EVENTS_MAX: usize = 96;

/// An event that a view can show. Positions are in units from the arena's centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArenaEvent {
    /// A craft appeared.
    Appeared {
        /// Slot of the craft.
        slot: Slot,
        /// Position.
        position: Vec2,
    },
    /// A craft dashed.
    Dashed {
        /// Slot of the craft.
        slot: Slot,
        /// Position at the start of the dash.
        position: Vec2,
        /// Direction, a unit vector.
        direction: Vec2,
    },
    /// A spark was fired.
    Fired {
        /// Slot of the shooter.
        slot: Slot,
        /// Position at which the spark appeared.
        position: Vec2,
        /// Direction, a unit vector.
        direction: Vec2,
    },
    /// A craft bounced off a wall, an obstacle or another craft.
    Bumped {
        /// Slot of the craft.
        slot: Slot,
        /// Position of the craft.
        position: Vec2,
        /// Change of its velocity, in units per second.
        strength: f32,
    },
    /// A spark hit a craft.
    Hit {
        /// Slot of the shooter.
        shooter: Slot,
        /// Slot of the craft that was hit.
        victim: Slot,
        /// Position.
        position: Vec2,
        /// Points lost; 0 while shielded.
        points: u32,
    },
    /// A spark hit a wall or an obstacle.
    Fizzled {
        /// Position.
        position: Vec2,
    },
    /// A gem was taken.
    Taken {
        /// Slot of the player.
        slot: Slot,
        /// Id of the gem.
        pickup: u32,
        /// Position.
        position: Vec2,
        /// Points for the player, combo included.
        points: u32,
        /// Combo after it, in gems.
        combo: u16,
    },
}

/// Events of the room's last simulated tick, in the order in which they happened.
///
/// Not part of the state: the game's systems write it, `SimSet::Apply` clears it, and the simulation never reads it. A
/// tick that is simulated again after a rollback writes its list again, so a predicting view must compare events by
/// tick and content.
#[derive(Component, Clone, Debug, Default)]
pub struct TickEvents {
    /// Tick of the events.
    pub tick: Tick,
    /// Events.
    pub list: ArrayVec<ArenaEvent, EVENTS_MAX>,
}

impl TickEvents {
    /// Clears the list for a new tick.
    pub fn begin(&mut self, tick: Tick) {
        self.tick = tick;
        self.list.clear();
    }

    /// Adds an event; it is dropped if the list is full.
    pub fn note(&mut self, event: ArenaEvent) {
        let _ = self.list.try_push(event);
    }
}
