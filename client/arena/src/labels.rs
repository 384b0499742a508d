//! Names and combos beside crafts, where they can be read.

use bevy::{prelude::*, sprite::Anchor, text::TextLayoutInfo};
use framehouse_arena::scoring::multiplier;
use framehouse_shared::ids::{SLOTS_MAX, Slot};
use framehouse_window::{
    easing::approach,
    fonts::Fonts,
    layout::Viewport,
    palette::{Colors, TEXT},
    settings::Settings,
    view::{Draw, MatchView},
};

use super::{
    crafts::Drawn,
    declutter::{Label, Spot, declutter},
    depth,
    scene::Scene,
};

/// Font size, in pixels of the stage.
const NAME_PX: f32 = 13.0;
/// Gap between a name and the craft's rim, in units.
const NAME_GAP: f32 = 12.0;
/// Rate at which a name appears, in 1/s.
const FADE_RATE: f32 = 11.0;
/// Colour of other players' names.
const NAME_COLOR: Color = Color::srgb(0.72, 0.77, 0.90);

/// Draws texts beside crafts.
pub struct LabelsPlugin;

impl Plugin for LabelsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, spawn_names);
        app.add_systems(Update, (write_names, place_names, tint_names, fit_letters).chain().in_set(Draw));
    }
}

#[derive(Component)]
struct Name {
    slot: Slot,
    spot: Spot,
    is_readable: bool,
    /// 0 hidden to 1 shown.
    shown: f32,
}

#[derive(Component)]
struct Combo(Slot);

/// A text in the arena, with its font size in pixels of the stage.
#[derive(Component)]
pub struct Lettering(f32);

/// The components of a text in the arena.
pub fn lettering(fonts: &Fonts, px: f32) -> (Lettering, TextFont) {
    (Lettering(px), fonts.bold(px))
}

fn spawn_names(mut commands: Commands, fonts: Res<Fonts>, colors: Res<Colors>) {
    for slot in Slot::all() {
        commands
            .spawn((
                Name { slot, spot: Spot::Above, is_readable: false, shown: 0.0 },
                Text2d::default(),
                lettering(&fonts, NAME_PX),
                TextLayout::no_wrap(),
                TextColor(NAME_COLOR),
                Anchor::BOTTOM_LEFT,
                Transform::from_xyz(0.0, 0.0, depth::TEXTS + f32::from(u8::from(slot)) * 1e-3),
                Visibility::Hidden,
            ))
            .with_child((Combo(slot), TextSpan::default(), lettering(&fonts, NAME_PX), TextColor(colors.player(slot))));
    }
}

/// Renders letters at their final size: a scaled text is blurred.
fn fit_letters(
    viewport: Res<Viewport>,
    settings: Res<Settings>,
    mut texts: Query<(&Lettering, &mut TextFont, Option<&mut Transform>)>,
) {
    let scale = Vec2::splat(viewport.units_per_window_px()).extend(1.0);
    for (Lettering(px), mut font, transform) in &mut texts {
        let size = FontSize::Px(viewport.font_size(*px * settings.text_scale));
        if font.font_size != size {
            font.font_size = size;
        }
        if let Some(mut transform) = transform.filter(|transform| transform.scale != scale) {
            transform.scale = scale;
        }
    }
}

fn write_names(
    seen: MatchView,
    scene: Res<Scene>,
    mut names: Query<(&Name, &mut Text2d)>,
    mut combos: Query<(&Combo, &mut TextSpan)>,
) {
    for (name, mut text) in &mut names {
        let words = seen.name_of(name.slot).unwrap_or_default();
        if text.0 != words {
            words.clone_into(&mut text.0);
        }
    }
    let Some(rules) = &scene.rules else { return };
    for (Combo(slot), mut text) in &mut combos {
        let combo = scene.now.scores[slot.index()].combo;
        let times = multiplier(combo, &rules.numbers.combo);
        let shown = if combo > 0 && times > 1 { format!("  \u{d7}{times}") } else { String::new() };
        if text.0 != shown {
            text.0 = shown;
        }
    }
}

fn place_names(
    scene: Res<Scene>,
    drawn: Res<Drawn>,
    viewport: Res<Viewport>,
    mut names: Query<(&mut Name, &TextLayoutInfo, &mut Transform, &mut Visibility)>,
) {
    let clear = scene.rules.as_ref().map_or(22.0, |rules| rules.numbers.craft.radius) + NAME_GAP;
    let mut here: Vec<_> = names.iter_mut().filter_map(|it| Some((drawn.0[it.0.slot.index()]?, it))).collect();
    // The player's own name first, then by seat, so that the priority of names does not change.
    here.sort_by_key(|(_, (name, ..))| (scene.now.own != Some(name.slot), u8::from(name.slot)));
    let size_of = |info: &TextLayoutInfo| info.size * viewport.units_per_window_px();
    let label = |(craft, (name, info, ..)): &(Vec2, (Mut<Name>, &TextLayoutInfo, Mut<Transform>, Mut<Visibility>))| {
        Label { craft: *craft, size: size_of(info), spot: name.spot }
    };
    let labels: Vec<Label> = here.iter().map(label).collect();
    let real = scene.passed.real;
    for (spot, (craft, (name, info, transform, _))) in
        declutter(&labels, clear, viewport.area()).into_iter().zip(&mut here)
    {
        // A name that changes its position fades in there: on the way it would cross others.
        let is_moved = spot != Some(name.spot);
        name.spot = spot.unwrap_or(name.spot);
        name.shown = if is_moved { 0.0 } else { approach(name.shown, 1.0, FADE_RATE, real) };
        name.is_readable = spot.is_some();
        let offset = name.spot.offset(size_of(info), clear);
        let corner = *craft + offset - size_of(info) / 2.0;
        transform.translation = viewport.to_whole_pixel(corner).extend(transform.translation.z);
    }
    for (mut name, _, _, mut visibility) in &mut names {
        let is_here = drawn.0[name.slot.index()].is_some();
        if !is_here {
            name.shown = 0.0;
        }
        let is_seen = is_here && name.is_readable;
        visibility.set_if_neq(if is_seen { Visibility::Inherited } else { Visibility::Hidden });
    }
}

fn tint_names(
    (scene, colors): (Res<Scene>, Res<Colors>),
    mut names: Query<(&Name, &mut TextColor), Without<Combo>>,
    mut combos: Query<(&Combo, &mut TextColor)>,
) {
    let mut shown = [0.0; SLOTS_MAX];
    for (name, mut color) in &mut names {
        shown[name.slot.index()] = name.shown;
        let tone = if scene.now.own == Some(name.slot) { TEXT } else { NAME_COLOR };
        color.set_if_neq(TextColor(tone.with_alpha(name.shown)));
    }
    for (Combo(slot), mut color) in &mut combos {
        color.set_if_neq(TextColor(colors.player(*slot).with_alpha(shown[slot.index()])));
    }
}
