//! The seam to a game's view: the window knows no game, and a view changes no match.
//!
//! A view is a Bevy plugin that
//! 1. inserts [`GameView`],
//! 2. adds systems that draw to the set [`Draw`] of [`Update`], as `fn(MatchView, ..)`,
//! 3. writes a [`SendCommand`], if its game has commands, for each one that the player gives.
//!
//! What it is given of the match is only ever lent for reading: a room comes as an [`EntityRef`], which nothing can be
//! written through.

use bevy::{ecs::system::SystemParam, prelude::*};
use framehouse_shared::{
    ids::Slot,
    input::{Command, CommandBytes, Input},
    score::ScoreFrame,
    tick::{SimRate, Tick},
};

use super::{controls::Controls, session::Session, settings::Settings};
use crate::client::InputRequest;

/// When the match is drawn, in [`Update`], on the match screen only.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Draw;

/// A command of the game to be sent for the player, before the next input is made. It is dropped while the player takes no
/// part in a running match.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct SendCommand(pub CommandBytes);

/// What the window has to know of a game's view.
#[derive(Resource, Clone, Copy)]
pub struct GameView {
    /// How much of the world is shown around its origin, in the game's units.
    pub field: Vec2,
    /// The player's input for one tick: from keys and mouse, the input before, and the room as it is predicted.
    pub input: fn(&Controls, &InputRequest<'_>) -> Input,
    /// How many ticks the match has left; nothing for a game without a clock.
    pub ticks_left: fn(EntityRef<'_>) -> Option<u32>,
    /// What stands behind a score, in the player's language, for the results.
    pub detail: fn(&ScoreFrame, &Settings) -> String,
}

impl GameView {
    /// A view of a game without a clock, whose scores are points and nothing else.
    pub fn new(field: Vec2, input: fn(&Controls, &InputRequest<'_>) -> Input) -> Self {
        Self { field, input, ticks_left: |_| None, detail: |_, _| String::new() }
    }
}

/// The match as it is predicted, or as it was recorded, to be drawn.
#[derive(SystemParam)]
pub struct MatchView<'w> {
    session: Res<'w, Session>,
}

impl MatchView<'_> {
    /// The room, with every component of the game's; nothing while no match is loaded.
    pub fn room(&self) -> Option<EntityRef<'_>> {
        self.session.simulation().map(|simulation| simulation.room())
    }

    /// One component of the room.
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

    /// The tick rate, and so how long a tick is; 30 ticks a second while there is no match.
    pub fn rate(&self) -> SimRate {
        self.session.simulation().map(|simulation| simulation.rate()).unwrap_or_default()
    }

    /// The commands of the last two seconds or so, each with its tick, in order: also the player's own that are only
    /// predicted yet.
    pub fn commands(&self) -> impl Iterator<Item = (Tick, &Command)> {
        self.session.commands()
    }
    /// How far the drawn moment is on the way from the state before the newest one to the newest, 0 to 1.
    pub fn alpha(&self) -> f32 {
        self.session.render_alpha()
    }

    /// The player's own seat; nobody has one who watches, or looks at what was before.
    pub fn own(&self) -> Option<Slot> {
        self.session.slot().filter(|_| !self.session.is_rewound())
    }

    /// Whether the game's bot plays for the player.
    pub fn is_autopilot(&self) -> bool {
        self.session.is_autopilot()
    }

    /// What the player in a seat is called.
    pub fn name_of(&self, slot: Slot) -> Option<&str> {
        self.session.name_of(slot)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn slot(number: u8) -> Slot {
        Slot::new(number).expect("in range")
    }
}
