//! Points that float away from where they were won or lost.

use bevy::{prelude::*, sprite::Anchor};
use framehouse_arena::map::ARENA_HALF;
use framehouse_shared::ids::{SLOTS_MAX, Slot};
use framehouse_window::{
    easing::ease_out,
    fonts::Fonts,
    palette::{BAD, GOOD, TEXT, WARN},
    view::Draw,
};

use super::{depth, happenings::Happening, labels::lettering, scene::Scene};

/// Floating points at a time.
const FLOATS_MAX: usize = 24;
/// How long points float, in seconds.
const FLOAT_SECONDS: f32 = 1.0;
/// What points keep clear of the upper wall, in units.
const FLOAT_ROOM: f32 = 32.0;
/// The size of letters, in pixels of the stage.
const FLOAT_PX: f32 = 16.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_floats);
    app.add_systems(Update, (float_points, move_floats).chain().in_set(Draw));
}

#[derive(Component, Default)]
struct Float {
    from: Vec2,
    age: f32,
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
    use crate::tests::slot;

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
