//! Words in the arena: names above crafts with their combo, and points that float away.

use bevy::{prelude::*, sprite::Anchor, text::TextLayoutInfo};
use framehouse_shared::{
    arena::{map::ARENA_HALF, scoring::multiplier},
    ids::{SLOTS_MAX, Slot},
};

use super::{
    crafts::Drawn,
    easing::ease_out,
    fonts::Fonts,
    happenings::Happening,
    layout::{Screen, depth},
    palette::{BAD, GOOD, TEXT, TEXT_MUTED, WARN, accent},
    scene::{Draw, Scene},
    session::Session,
};

/// Floating points at a time.
const FLOATS_MAX: usize = 24;
/// How long points float, in seconds.
const FLOAT_SECONDS: f32 = 1.0;
/// What points keep clear of the upper wall, in units.
const FLOAT_ROOM: f32 = 32.0;
/// Sizes of letters, in pixels of the stage.
const NAME_PX: f32 = 13.0;
const FLOAT_PX: f32 = 16.0;

/// Draws words beside crafts.
pub struct LabelsPlugin;

impl Plugin for LabelsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, (spawn_names, spawn_floats));
        let systems = (write_names, place_names, float_points, move_floats, resize.run_if(resource_changed::<Screen>));
        app.add_systems(Update, systems.chain().in_set(Draw));
    }
}

#[derive(Component)]
struct Name(Slot);

#[derive(Component)]
struct Combo(Slot);

#[derive(Component, Default)]
struct Float {
    from: Vec2,
    age: f32,
}

/// A text of the arena and its size in pixels of the stage.
#[derive(Component)]
struct Lettering(f32);

fn lettering(fonts: &Fonts, px: f32) -> (Lettering, TextFont) {
    (Lettering(px), fonts.bold(px))
}

fn spawn_names(mut commands: Commands, fonts: Res<Fonts>) {
    for slot in Slot::all() {
        commands
            .spawn((
                Name(slot),
                Text2d::default(),
                lettering(&fonts, NAME_PX),
                TextLayout::no_wrap(),
                TextColor(TEXT_MUTED),
                Anchor::BOTTOM_LEFT,
                Transform::from_xyz(0.0, 0.0, depth::TEXTS + f32::from(u8::from(slot)) * 1e-3),
                Visibility::Hidden,
            ))
            .with_child((Combo(slot), TextSpan::default(), lettering(&fonts, NAME_PX), TextColor(accent(slot))));
    }
}

fn spawn_floats(mut commands: Commands, fonts: Res<Fonts>) {
    for order in 0..FLOATS_MAX {
        commands.spawn((
            Float { age: FLOAT_SECONDS, ..default() },
            Text2d::default(),
            lettering(&fonts, FLOAT_PX),
            TextLayout::no_wrap(),
            Anchor::BOTTOM_CENTER,
            Transform::from_xyz(0.0, 0.0, depth::TEXTS + 0.5 + order as f32 * 1e-3),
            Visibility::Hidden,
        ));
    }
}

/// Letters are drawn at their true size: a text that is scaled is blurred.
fn resize(screen: Res<Screen>, mut texts: Query<(&Lettering, &mut TextFont, Option<&mut Transform>)>) {
    for (Lettering(px), mut font, transform) in &mut texts {
        font.font_size = FontSize::Px(screen.font_size(*px));
        if let Some(mut transform) = transform {
            transform.scale = screen.text_scale();
        }
    }
}

fn write_names(
    session: Res<Session>,
    scene: Res<Scene>,
    mut names: Query<(&Name, &mut Text2d, &mut TextColor)>,
    mut combos: Query<(&Combo, &mut TextSpan)>,
) {
    for (Name(slot), mut text, mut color) in &mut names {
        let name = session.name_of(*slot).unwrap_or_default();
        if text.0 != name {
            name.clone_into(&mut text.0);
        }
        color.set_if_neq(TextColor(if scene.now.own == Some(*slot) { TEXT } else { Color::srgb(0.72, 0.77, 0.90) }));
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
    screen: Res<Screen>,
    mut names: Query<(&Name, &TextLayoutInfo, &mut Transform, &mut Visibility)>,
) {
    let radius = scene.rules.as_ref().map_or(22.0, |rules| rules.numbers.craft.radius);
    for (Name(slot), info, mut transform, mut visibility) in &mut names {
        let place = drawn.0[slot.index()];
        visibility.set_if_neq(if place.is_some() { Visibility::Inherited } else { Visibility::Hidden });
        if let Some(place) = place {
            let above = place + Vec2::new(0.0, radius + 12.0);
            let left = above - Vec2::new(info.size.x / 2.0, 0.0) * screen.text_scale().x;
            transform.translation = screen.to_whole_pixel(left).extend(transform.translation.z);
        }
    }
}

fn float_points(
    mut happenings: MessageReader<Happening>,
    scene: Res<Scene>,
    mut next: Local<usize>,
    mut floats: Query<(&mut Float, &mut Text2d, &mut TextColor)>,
) {
    let mut floats: Vec<_> = floats.iter_mut().collect();
    for happening in happenings.read() {
        let Some((words, color, from)) = words_of(happening, scene.now.own) else { continue };
        let place = *next % floats.len().max(1);
        let Some((float, text, text_color)) = floats.get_mut(place) else { return };
        **float = Float { from, age: 0.0 };
        text.0 = words;
        text_color.0 = color;
        *next += 1;
    }
}

/// What floats away: one's own gains and losses, and what others lost to one's own sparks.
fn words_of(happening: &Happening, own: Option<Slot>) -> Option<(String, Color, Vec2)> {
    match *happening {
        Happening::Taken { slot, position, points, color, .. } if own == Some(slot) => {
            Some((format!("+{points}"), if points >= 15 { WARN } else { color.mix(&GOOD, 0.2) }, position))
        }
        Happening::Hit { victim, position, lost, .. } if lost > 0 && own == Some(victim) => {
            Some((format!("\u{2212}{lost}"), BAD, position))
        }
        Happening::Hit { shooter, position, lost, .. } if lost > 0 && own == Some(shooter) => {
            Some((format!("\u{2212}{lost}"), TEXT, position))
        }
        _ => None,
    }
}

fn move_floats(scene: Res<Scene>, mut floats: Query<(&mut Float, &mut Transform, &mut TextColor, &mut Visibility)>) {
    for (mut float, mut transform, mut color, mut visibility) in &mut floats {
        if float.age >= FLOAT_SECONDS {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        }
        float.age += scene.passed.real;
        let part = float.age / FLOAT_SECONDS;
        let above = float.from + Vec2::new(0.0, 26.0 + 46.0 * ease_out(part));
        let place = above.min(ARENA_HALF - Vec2::new(0.0, FLOAT_ROOM));
        transform.translation = place.extend(transform.translation.z);
        color.0 = color.0.with_alpha((2.0 - 2.0 * part).clamp(0.0, 1.0));
        visibility.set_if_neq(Visibility::Inherited);
    }
}

const _: () = assert!(FLOATS_MAX >= SLOTS_MAX, "everybody's points have room at once");

#[cfg(test)]
mod tests {
    use framehouse_shared::tick::Tick;

    use super::*;
    use crate::window::scene::tests::slot;

    #[test]
    fn only_what_concerns_the_player_floats() {
        let hit =
            |lost| Happening::Hit { shooter: slot(0), victim: slot(1), position: Vec2::ZERO, lost, fades: Tick(9) };
        let words = |own, lost| words_of(&hit(lost), Some(slot(own))).map(|(words, ..)| words);
        assert_eq!(words(0, 6).as_deref(), Some("\u{2212}6"));
        assert_eq!(words(1, 6).as_deref(), Some("\u{2212}6"));
        assert_eq!(words(2, 6), None);
        assert_eq!(words(1, 0), None);
    }
}
