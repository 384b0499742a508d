//! The view of "Gems and sparks": the only part of the window that knows this game.
//!
//! ```text
//! words.rs, actions.rs                                the game's texts, and the player's actions
//! steering.rs                                         actions and pointer become the game's input
//! scene.rs -> visual_events.rs                        a copy of the match, and events since the last frame
//! crafts, items, particles, labels, emotes, ..        (set Draw) draw from the copy
//! ```

mod actions;
mod art;
mod colors;
mod crafts;
mod declutter;
mod emote_bubbles;
mod feed;
mod floating_texts;
mod framing;
mod items;
mod labels;
mod particles;
mod player_panel;
mod scene;
mod scenery;
mod steering;
mod visual_events;
mod words;

use bevy::prelude::*;
use framehouse_arena::{map::ARENA_SIZE, rules::Rules};
use framehouse_client::client::InputRequest;
use framehouse_shared::{input::Input, score::ScoreFrame, sim::SimTickCount};
use framehouse_window::{
    controls::Controls,
    keys::InputAction,
    settings::Settings,
    view::{About, Backdrop, Hint, View},
};

/// The arena's view: draws the match, and makes inputs of the player's actions.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaView;

impl View for ArenaView {
    fn about(&self) -> About {
        words::about()
    }

    fn field(&self) -> Vec2 {
        ARENA_SIZE
    }

    fn actions(&self) -> Vec<InputAction> {
        actions::ALL.to_vec()
    }

    fn hints(&self) -> Vec<Hint> {
        actions::HINTS.to_vec()
    }

    fn input(&self, controls: &Controls, request: &InputRequest<'_>) -> Input {
        steering::input(controls, request)
    }

    fn backdrop(&self) -> Backdrop {
        Backdrop { ornament: Some(art::gem), ..Backdrop::default() }
    }

    fn ticks_left(&self, room: EntityRef<'_>) -> Option<u32> {
        let (rules, tick) = (room.get::<Rules>()?, room.get::<SimTickCount>()?);
        Some(rules.numbers.match_time.saturating_sub(tick.0.0))
    }

    fn detail(&self, score: &ScoreFrame, settings: &Settings) -> String {
        words::detail(score, settings)
    }

    fn build(&self, app: &mut App) {
        let art = art::ArenaArt::paint(&mut app.world_mut().resource_mut::<Assets<Image>>());
        app.insert_resource(art);
        app.add_plugins((scene::ScenePlugin, scenery::SceneryPlugin, items::ItemsPlugin, crafts::CraftsPlugin));
        app.add_plugins((particles::ParticlesPlugin, labels::LabelsPlugin));
        app.add_plugins((
            floating_texts::plugin,
            emote_bubbles::plugin,
            player_panel::plugin,
            framing::plugin,
            feed::plugin,
        ));
    }
}

/// Depths of sprites in the arena; larger is nearer.
mod depth {
    /// The arena's floor.
    pub const FLOOR: f32 = 0.0;
    /// Lines and light on the floor.
    pub const MARKS: f32 = 1.0;
    /// Obstacles on the floor.
    pub const OBSTACLES: f32 = 2.0;
    /// Gems.
    pub const GEMS: f32 = 4.0;
    /// Trails of sparks and dashes.
    pub const TRAILS: f32 = 5.0;
    /// Sparks.
    pub const SPARKS: f32 = 6.0;
    /// Crafts; each slot adds a thousandth.
    pub const CRAFTS: f32 = 8.0;
    /// Bursts and flashes.
    pub const PARTICLES: f32 = 10.0;
    /// Names and floating texts.
    pub const TEXTS: f32 = 12.0;
}

#[cfg(test)]
mod tests {
    use framehouse_shared::ids::Slot;

    pub fn slot(number: u8) -> Slot {
        Slot::new(number).expect("in range")
    }
}
