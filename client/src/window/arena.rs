//! The view of "Gems and sparks": everything in the window that knows this game is here.
//!
//! ```text
//! steering.rs                                        keys and mouse become the game's input
//! scene.rs -> happenings.rs                          a copy of the match, and what happened since the last frame
//! crafts, items, particles, labels, emotes, own       (set Draw) draw from the copy
//! ```

mod art;
mod colors;
mod crafts;
mod declutter;
mod emotes;
mod feed;
mod floats;
mod framing;
mod happenings;
mod hint;
mod items;
mod labels;
mod own;
mod particles;
mod scene;
mod scenery;
mod steering;

use bevy::prelude::*;
use framehouse_shared::{
    arena::{map::ARENA_SIZE, rules::Rules, scoring::ArenaDetail},
    score::ScoreFrame,
    sim::SimTickCount,
};

use super::{
    settings::Settings,
    texts::{T, fill},
    view::GameView,
};

/// Draws the arena, and flies the player's craft.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaView;

impl Plugin for ArenaView {
    fn build(&self, app: &mut App) {
        let art = art::ArenaArt::paint(&mut app.world_mut().resource_mut::<Assets<Image>>());
        app.insert_resource(art).insert_resource(GameView {
            field: ARENA_SIZE,
            input: steering::input,
            ticks_left,
            detail,
        });
        app.add_plugins((scene::ScenePlugin, scenery::SceneryPlugin, items::ItemsPlugin, crafts::CraftsPlugin));
        app.add_plugins((
            particles::ParticlesPlugin,
            labels::LabelsPlugin,
            floats::plugin,
            emotes::plugin,
            own::plugin,
            framing::plugin,
            feed::plugin,
            hint::plugin,
        ));
    }
}

fn ticks_left(room: EntityRef<'_>) -> Option<u32> {
    let (rules, tick) = (room.get::<Rules>()?, room.get::<SimTickCount>()?);
    Some(rules.numbers.match_time.saturating_sub(tick.0.0))
}

fn detail(score: &ScoreFrame, settings: &Settings) -> String {
    let detail = ArenaDetail::decode(score.detail);
    let numbers = [detail.gems, detail.combo_best, detail.hits].map(|number| number.to_string());
    fill(settings.say(T::Detail), &[&numbers[0], &numbers[1], &numbers[2]])
}

/// Depths of what is drawn in the arena; more is nearer.
mod depth {
    /// The arena's floor.
    pub const FLOOR: f32 = 0.0;
    /// Lines and light on it.
    pub const MARKS: f32 = 1.0;
    /// What stands on it.
    pub const OBSTACLES: f32 = 2.0;
    /// Gems.
    pub const GEMS: f32 = 4.0;
    /// Trails of sparks and dashes.
    pub const TRAILS: f32 = 5.0;
    /// Sparks.
    pub const SPARKS: f32 = 6.0;
    /// Crafts; each slot has a thousandth of its own.
    pub const CRAFTS: f32 = 8.0;
    /// Bursts and flashes.
    pub const PARTICLES: f32 = 10.0;
    /// Names, and points that float away.
    pub const TEXTS: f32 = 12.0;
}
