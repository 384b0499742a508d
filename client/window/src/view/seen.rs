//! Read access to the displayed match, for views.

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::{
    ids::Slot,
    input::Command,
    tick::{SimRate, Tick},
};

use crate::session::Session;

/// The match to draw, as predicted or as recorded.
#[derive(SystemParam)]
pub struct MatchView<'w> {
    session: Res<'w, Session>,
}

impl MatchView<'_> {
    /// The room, with all components of the game; nothing while no match is loaded.
    pub fn room(&self) -> Option<EntityRef<'_>> {
        self.session.simulation().map(|simulation| simulation.room())
    }

    /// A component of the room.
    pub fn get<C: Component>(&self) -> Option<&C> {
        self.session.simulation()?.get::<C>()
    }

    /// The match's number in its room.
    pub fn match_no(&self) -> Option<u32> {
        self.session.match_no()
    }

    /// The next tick to simulate.
    pub fn next_tick(&self) -> Option<Tick> {
        self.session.simulation().map(|simulation| simulation.next_tick())
    }

    /// The tick rate, and so the length of a tick; 30 ticks a second while there is no match.
    pub fn rate(&self) -> SimRate {
        self.session.simulation().map(|simulation| simulation.rate()).unwrap_or_default()
    }

    /// The game commands of the last two seconds or so, each with its tick, in order; including the player's own ones
    /// that are only predicted.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        self.session.commands()
    }

    /// Interpolation factor between the last two states, 0 to 1.
    pub fn alpha(&self) -> f32 {
        self.session.render_alpha()
    }

    /// The player's own seat; `None` for a spectator, and while the past of a running match is shown.
    pub fn own(&self) -> Option<Slot> {
        self.session.slot().filter(|_| !self.session.is_rewound())
    }

    /// Whether the game's bot plays for the player.
    pub fn is_autopilot(&self) -> bool {
        self.session.is_autopilot()
    }

    /// The name of the player in a seat.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        self.session.name_of(slot)
    }
}
