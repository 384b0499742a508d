//! The HUD: panels at the edges of the window, and texts over the field.

mod hint;
mod leaderboard;
mod netgraph;
mod overlay;
mod status;

use bevy::{prelude::*, ui::UiSystems};

use super::{
    fonts::Fonts,
    layout::EDGE,
    palette::{PANEL, PANEL_RIM},
    settings::Settings,
    texts::Phrase,
};

/// Shows numbers and texts around the field.
pub struct HudPlugin;

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(PreStartup, spawn_stage);
        app.add_systems(Update, say);
        // The size of a new text is set before layout.
        app.add_systems(PostUpdate, grow_letters.before(UiSystems::Prepare));
        app.add_plugins((status::plugin, leaderboard::plugin, netgraph::plugin, overlay::plugin, hint::plugin));
    }
}

/// The root of all panels: covers the whole window.
#[derive(Component)]
pub struct Stage;

/// The column at the right: the leaderboard, and below it panels of the game.
#[derive(Component)]
pub struct SideColumn;

/// The largest growth of letters in the side column.
pub const SIDE_GROWTH_MAX: f32 = 1.15;
/// The column's upper edge and its margin to the other edges, in pixels of the stage.
const SIDE_TOP: f32 = EDGE.min_inset.y - 4.0;
const SIDE_MARGIN: f32 = 14.0;

fn spawn_stage(mut commands: Commands) {
    let node = Node { position_type: PositionType::Absolute, width: percent(100), height: percent(100), ..default() };
    let column = Node {
        position_type: PositionType::Absolute,
        right: px(SIDE_MARGIN),
        top: px(SIDE_TOP),
        bottom: px(SIDE_MARGIN),
        width: px(EDGE.max_inset.x - 2.0 * SIDE_MARGIN),
        flex_direction: FlexDirection::Column,
        justify_content: JustifyContent::SpaceBetween,
        row_gap: px(SIDE_MARGIN),
        ..default()
    };
    commands.spawn((Stage, node, Pickable::IGNORE, children![(SideColumn, column, Pickable::IGNORE)]));
}

/// A text that is shown in the player's language.
#[derive(Component, Clone, Copy)]
#[require(Text)]
pub struct LocalizedText(pub Phrase);

impl LocalizedText {
    /// A text of the window or of the game.
    pub fn new(phrase: impl Into<Phrase>) -> Self {
        Self(phrase.into())
    }
}

/// The font size of a text, in pixels of the stage, before the player's text scale.
#[derive(Component, Clone, Copy)]
pub struct Letters {
    px: f32,
    growth_max: f32,
}

impl Letters {
    /// Limits the growth of letters to this factor, where there is little room.
    #[must_use]
    pub const fn at_most(self, growth_max: f32) -> Self {
        Self { growth_max, ..self }
    }

    const fn size(self, text_scale: f32) -> FontSize {
        FontSize::Px(self.px * text_scale.min(self.growth_max))
    }
}

/// Bold letters for important texts; the size is in pixels of the stage.
pub fn letters(fonts: &Fonts, px: f32) -> (Letters, TextFont) {
    (Letters { px, growth_max: f32::INFINITY }, fonts.bold(px))
}

/// Regular letters for explanations; the size is in pixels of the stage.
pub fn plain_letters(px: f32) -> (Letters, TextFont) {
    (Letters { px, growth_max: f32::INFINITY }, Fonts::regular(px))
}

fn say(settings: Res<Settings>, mut texts: Query<(Ref<LocalizedText>, &mut Text)>) {
    for (says, mut text) in &mut texts {
        if says.is_added() || settings.is_changed() {
            write(&mut text, settings.say(says.0));
        }
    }
}

fn grow_letters(settings: Res<Settings>, mut texts: Query<(Ref<Letters>, &mut TextFont)>) {
    for (letters, mut font) in &mut texts {
        if letters.is_added() || settings.is_changed() {
            font.font_size = letters.size(settings.text_scale);
        }
    }
}

/// A panel of the HUD.
#[derive(Component)]
pub struct HudPanel;

/// The look of a panel: rounded, with a rim and a soft shadow.
pub fn panel() -> impl Bundle {
    (
        HudPanel,
        BackgroundColor(PANEL),
        BorderColor::all(PANEL_RIM),
        BoxShadow::new(Color::srgba(0.0, 0.0, 0.0, 0.45), px(0), px(4), px(0), px(14)),
        Pickable::IGNORE,
    )
}

/// A panel's node, without a position.
pub fn panel_node() -> Node {
    Node { border: px(1).all(), border_radius: BorderRadius::all(px(11)), align_items: AlignItems::Center, ..default() }
}

/// A node as wide as the field that centres its children.
pub fn across_field() -> Node {
    Node {
        position_type: PositionType::Absolute,
        left: px(EDGE.min_inset.x),
        right: px(EDGE.max_inset.x),
        justify_content: JustifyContent::Center,
        ..default()
    }
}

/// Writes a text only if it has changed: every write repeats the layout.
pub fn write(text: &mut Mut<Text>, words: &str) {
    if text.0 != words {
        words.clone_into(&mut text.0);
    }
}
