//! Floating texts: points that rise from the position where they were won or lost.

use bevy::{prelude::*, sprite::Anchor};
use framehouse_arena::map::ARENA_HALF;
use framehouse_shared::ids::{SLOTS_MAX, Slot};
use framehouse_window::{
    easing::ease_out,
    fonts::Fonts,
    palette::{BAD, GOOD, TEXT, WARN},
    view::Draw,
};

use super::{depth, labels::lettering, scene::Scene, visual_events::VisualEvent};

/// Maximum number of floating texts.
const FLOATING_TEXTS_MAX: usize = 24;
/// Duration of a floating text, in seconds.
const FLOAT_SECONDS: f32 = 1.0;
/// Distance to the upper wall, in units.
const FLOAT_ROOM: f32 = 32.0;
/// Font size, in pixels of the stage.
const FLOAT_PX: f32 = 16.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_floating_texts);
    app.add_systems(Update, (float_points, move_floating_texts).chain().in_set(Draw));
}

#[derive(Component, Default)]
struct FloatingText {
    from: Vec2,
    age: f32,
}

fn spawn_floating_texts(mut commands: Commands, fonts: Res<Fonts>) {
    for order in 0..FLOATING_TEXTS_MAX {
        commands.spawn((
            FloatingText { age: FLOAT_SECONDS, ..default() },
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
    mut visual_events: MessageReader<VisualEvent>,
    scene: Res<Scene>,
    mut next: Local<usize>,
    mut floating_texts: Query<(&mut FloatingText, &mut Text2d, &mut TextColor)>,
) {
    let mut floating_texts: Vec<_> = floating_texts.iter_mut().collect();
    for visual_event in visual_events.read() {
        let Some((words, color, from)) = words_of(visual_event, scene.now.own) else { continue };
        let place = *next % floating_texts.len().max(1);
        let Some((floating_text, text, text_color)) = floating_texts.get_mut(place) else { return };
        **floating_text = FloatingText { from, age: 0.0 };
        text.0 = words;
        text_color.0 = color;
        *next += 1;
    }
}

/// Text, colour and position for a visual event: the player's own gains and losses, and the losses caused by the
/// player's sparks.
fn words_of(visual_event: &VisualEvent, own: Option<Slot>) -> Option<(String, Color, Vec2)> {
    match *visual_event {
        VisualEvent::Taken { slot, position, points, color, .. } if own == Some(slot) => {
            Some((format!("+{points}"), if points >= 15 { WARN } else { color.mix(&GOOD, 0.2) }, position))
        }
        VisualEvent::Hit { victim, position, lost, .. } if lost > 0 && own == Some(victim) => {
            Some((format!("\u{2212}{lost}"), BAD, position))
        }
        VisualEvent::Hit { shooter, position, lost, .. } if lost > 0 && own == Some(shooter) => {
            Some((format!("\u{2212}{lost}"), TEXT, position))
        }
        _ => None,
    }
}

fn move_floating_texts(
    scene: Res<Scene>,
    mut floating_texts: Query<(&mut FloatingText, &mut Transform, &mut TextColor, &mut Visibility)>,
) {
    for (mut floating_text, mut transform, mut color, mut visibility) in &mut floating_texts {
        if floating_text.age >= FLOAT_SECONDS {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        }
        floating_text.age += scene.passed.real;
        let part = floating_text.age / FLOAT_SECONDS;
        let above = floating_text.from + Vec2::new(0.0, 26.0 + 46.0 * ease_out(part));
        let place = above.min(ARENA_HALF - Vec2::new(0.0, FLOAT_ROOM));
        transform.translation = place.extend(transform.translation.z);
        color.0 = color.0.with_alpha((2.0 - 2.0 * part).clamp(0.0, 1.0));
        visibility.set_if_neq(Visibility::Inherited);
    }
}

const _: () = assert!(FLOATING_TEXTS_MAX >= SLOTS_MAX, "everybody's points have room at once");

#[cfg(test)]
mod tests {
    use framehouse_shared::tick::Tick;

    use super::*;
    use crate::tests::slot;

    #[test]
    fn only_what_concerns_the_player_floats() {
        let hit =
            |lost| VisualEvent::Hit { shooter: slot(0), victim: slot(1), position: Vec2::ZERO, lost, fades: Tick(9) };
        let words = |own, lost| words_of(&hit(lost), Some(slot(own))).map(|(words, ..)| words);
        assert_eq!(words(0, 6).as_deref(), Some("\u{2212}6"));
        assert_eq!(words(1, 6).as_deref(), Some("\u{2212}6"));
        assert_eq!(words(2, 6), None);
        assert_eq!(words(1, 0), None);
    }
}
