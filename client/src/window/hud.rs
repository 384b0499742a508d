//! The HUD: panels at the edges of the window, and words over the field.

mod leaderboard;
mod netgraph;
mod overlay;
mod status;

use bevy::prelude::*;

use super::{
    fonts::Fonts,
    layout::EDGE,
    palette::{PANEL, PANEL_RIM},
    settings::Settings,
    texts::T,
};

/// Shows numbers and words around the field.
pub struct HudPlugin;

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(PreStartup, spawn_stage);
        app.add_systems(Update, (say, grow_letters));
        app.add_plugins((status::plugin, leaderboard::plugin, netgraph::plugin, overlay::plugin));
    }
}

/// What every panel is a child of: the whole window.
#[derive(Component)]
pub struct Stage;

fn spawn_stage(mut commands: Commands) {
    let node = Node { position_type: PositionType::Absolute, width: percent(100), height: percent(100), ..default() };
    commands.spawn((Stage, node, Pickable::IGNORE));
}

/// A text that says this in the player's language.
#[derive(Component, Clone, Copy)]
#[require(Text)]
pub struct Says(pub T);

/// The size of a text, in pixels of the stage, before the player's choice of a larger or a smaller one.
#[derive(Component, Clone, Copy)]
pub struct Letters(f32);

/// Letters that matter, of this size in pixels of the stage.
pub fn letters(fonts: &Fonts, px: f32) -> (Letters, TextFont) {
    (Letters(px), fonts.bold(px))
}

/// Letters that explain.
pub fn plain_letters(px: f32) -> (Letters, TextFont) {
    (Letters(px), Fonts::regular(px))
}

fn say(settings: Res<Settings>, mut texts: Query<(Ref<Says>, &mut Text)>) {
    for (says, mut text) in &mut texts {
        if says.is_added() || settings.is_changed() {
            write(&mut text, settings.say(says.0));
        }
    }
}

fn grow_letters(settings: Res<Settings>, mut texts: Query<(Ref<Letters>, &mut TextFont)>) {
    for (letters, mut font) in &mut texts {
        if letters.is_added() || settings.is_changed() {
            font.font_size = FontSize::Px(letters.0 * settings.text_scale);
        }
    }
}

/// The looks of a panel: rounded, with a rim and a soft shadow.
pub fn panel() -> impl Bundle {
    (
        BackgroundColor(PANEL),
        BorderColor::all(PANEL_RIM),
        BoxShadow::new(Color::srgba(0.0, 0.0, 0.0, 0.45), px(0), px(4), px(0), px(14)),
        Pickable::IGNORE,
    )
}

/// A panel's node; its place is still to be said.
pub fn panel_node() -> Node {
    Node { border: px(1).all(), border_radius: BorderRadius::all(px(11)), align_items: AlignItems::Center, ..default() }
}

/// A node that reaches across the field, and has its children in the middle.
pub fn across_field() -> Node {
    Node {
        position_type: PositionType::Absolute,
        left: px(EDGE.min_inset.x),
        right: px(EDGE.max_inset.x),
        justify_content: JustifyContent::Center,
        ..default()
    }
}

/// Writes a text only when it is another one: every write lays it out anew.
pub fn write(text: &mut Mut<Text>, words: &str) {
    if text.0 != words {
        words.clone_into(&mut text.0);
    }
}
