//! The HUD: panels around the arena on a stage of 1280 x 720 px, in the middle of the window.

mod leaderboard;
mod overlay;
mod own;
mod status;

use bevy::prelude::*;

use super::{
    layout::STAGE,
    palette::{PANEL, PANEL_RIM},
};

/// Shows numbers and words around the arena.
pub struct HudPlugin;

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(PreStartup, spawn_stage);
        app.add_plugins((status::plugin, leaderboard::plugin, own::plugin, overlay::plugin));
    }
}

/// What every panel is a child of.
#[derive(Component)]
pub struct Stage;

fn spawn_stage(mut commands: Commands) {
    commands.spawn((
        Stage,
        Node {
            position_type: PositionType::Absolute,
            width: px(STAGE.x),
            height: px(STAGE.y),
            left: percent(50),
            top: percent(50),
            margin: UiRect { left: px(-STAGE.x / 2.0), top: px(-STAGE.y / 2.0), ..default() },
            ..default()
        },
        Pickable::IGNORE,
    ));
}

/// The looks of a panel: rounded, with a rim and a soft shadow.
fn panel() -> impl Bundle {
    (
        BackgroundColor(PANEL),
        BorderColor::all(PANEL_RIM),
        BoxShadow::new(Color::srgba(0.0, 0.0, 0.0, 0.45), px(0), px(4), px(0), px(14)),
        Pickable::IGNORE,
    )
}

/// A panel's node at a place on the stage.
fn panel_node(left: f32, top: f32) -> Node {
    Node {
        position_type: PositionType::Absolute,
        left: px(left),
        top: px(top),
        border: px(1).all(),
        border_radius: BorderRadius::all(px(11)),
        ..default()
    }
}

/// Writes a text only when it is another one: every write lays it out anew.
fn write(text: &mut Mut<Text>, words: &str) {
    if text.0 != words {
        words.clone_into(&mut text.0);
    }
}
