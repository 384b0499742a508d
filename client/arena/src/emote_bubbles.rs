//! Emotes: the keys that send them, and the bubble over a craft that shows them.

use bevy::prelude::*;
use framehouse_arena::emote::{EMOTE_COOLDOWN_SECONDS, EMOTE_SECONDS, Emote};
use framehouse_shared::ids::Slot;
use framehouse_window::{
    controls::Controls,
    easing::{ease_out, spring_out},
    keys::InputAction,
    layout::Viewport,
    palette::Colors,
    view::{Draw, SendCommand},
};

use super::{actions, art::ArenaArt, crafts::Drawn, depth, scene::Scene, visual_events::VisualEvent};

/// The emote of each action.
const KEYS: [(InputAction, Emote); 4] = [
    (actions::SMILE, Emote::Smile),
    (actions::TEARS, Emote::Tears),
    (actions::ANGER, Emote::Anger),
    (actions::HEART, Emote::Heart),
];
/// Side of a bubble's picture, in pixels of the stage.
const BUBBLE_PX: f32 = 64.0;
/// Free space between a craft's rim and the bubble, in pixels of the stage: room for the name.
const NAME_PX: f32 = 26.0;
/// Duration of a bubble's appearance, in seconds.
const POP_SECONDS: f32 = 0.28;
/// Duration of a bubble's disappearance, in seconds.
const FADE_SECONDS: f32 = 0.25;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_bubbles);
    app.add_systems(Update, (send, (pop, place, dress).chain()).in_set(Draw));
}

/// The bubble of a seat.
#[derive(Component)]
struct Bubble {
    slot: Slot,
    emote: Option<Emote>,
    /// Seconds since the bubble appeared.
    age: f32,
    is_below: bool,
}

#[derive(Component)]
enum Part {
    Bubble,
    Face,
}

impl Bubble {
    /// Shows an emote, unless the last one is too recent.
    fn show(&mut self, emote: Emote) {
        if self.emote.is_none() || self.age >= EMOTE_COOLDOWN_SECONDS {
            (self.emote, self.age) = (Some(emote), 0.0);
        }
    }

    fn grow_older(&mut self, seconds: f32) {
        self.age += seconds.max(0.0);
        self.emote = self.emote.filter(|_| self.age < EMOTE_SECONDS);
    }

    /// The bubble's size: it overshoots a little when it appears.
    fn scale(&self) -> f32 {
        spring_out(self.age / POP_SECONDS)
    }

    fn alpha(&self) -> f32 {
        ease_out((EMOTE_SECONDS - self.age) / FADE_SECONDS)
    }
}

/// Seconds until the player may send the next emote.
#[derive(Default)]
struct Pause(f32);

impl Pause {
    /// The emote whose key was pressed; nothing during the pause, in which the server would ignore it.
    fn pressed(&mut self, controls: &Controls, seconds: f32) -> Option<Emote> {
        self.0 -= seconds;
        let (_, emote) = KEYS.into_iter().find(|(action, _)| self.0 <= 0.0 && controls.was_pressed(action, 1))?;
        self.0 = EMOTE_COOLDOWN_SECONDS;
        Some(emote)
    }
}

fn send(scene: Res<Scene>, controls: Res<Controls>, mut pause: Local<Pause>, mut commands: MessageWriter<SendCommand>) {
    let emote = pause.pressed(&controls, scene.passed.real).filter(|_| scene.now.own_craft().is_some());
    commands.write_batch(emote.map(|emote| SendCommand(emote.to_command())));
}

fn spawn_bubbles(mut commands: Commands, art: Res<ArenaArt>) {
    for slot in Slot::all() {
        let order = depth::TEXTS + 1.0 + f32::from(u8::from(slot)) * 1e-3;
        let sprite = |part, image: &Handle<Image>, order| {
            (part, Sprite::from_image(image.clone()), Transform::from_xyz(0.0, 0.0, order))
        };
        commands.spawn((
            Bubble { slot, emote: None, age: 0.0, is_below: false },
            Transform::from_xyz(0.0, 0.0, order),
            Visibility::Hidden,
            children![sprite(Part::Bubble, &art.bubble, 0.0), sprite(Part::Face, &art.emotes[0], 4e-4)],
        ));
    }
}

fn pop(
    scene: Res<Scene>,
    mut visual_events: MessageReader<VisualEvent>,
    mut shown_match: Local<Option<u32>>,
    mut bubbles: Query<&mut Bubble>,
) {
    let is_other_match = std::mem::replace(&mut *shown_match, scene.now.match_no) != scene.now.match_no;
    for mut bubble in &mut bubbles {
        bubble.grow_older(scene.passed.game);
        bubble.emote = bubble.emote.filter(|_| !is_other_match);
    }
    for visual_event in visual_events.read() {
        if let VisualEvent::Emoted { slot, emote, .. } = *visual_event {
            bubbles.iter_mut().filter(|bubble| bubble.slot == slot).for_each(|mut bubble| bubble.show(emote));
        }
    }
}

/// Position of the bubble: over the craft and its name, or below them where there is no room.
fn place(
    scene: Res<Scene>,
    viewport: Res<Viewport>,
    drawn: Res<Drawn>,
    mut bubbles: Query<(&mut Bubble, &mut Transform, &mut Visibility)>,
) {
    let radius = scene.rules.as_ref().map_or(22.0, |rules| rules.numbers.craft.radius);
    let side = BUBBLE_PX * viewport.units_per_px;
    let offset = radius + NAME_PX * viewport.units_per_px + side / 2.0;
    for (mut bubble, mut transform, mut visibility) in &mut bubbles {
        let Some(craft) = drawn.0[bubble.slot.index()].filter(|_| bubble.emote.is_some()) else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        bubble.is_below = craft.y + offset + side / 2.0 > viewport.area().max.y;
        let height = if bubble.is_below { -offset } else { offset };
        transform.translation = (craft + Vec2::new(0.0, height)).extend(transform.translation.z);
        transform.scale = Vec2::splat(bubble.scale().max(0.01)).extend(1.0);
        visibility.set_if_neq(Visibility::Inherited);
    }
}

fn dress(
    art: Res<ArenaArt>,
    colors: Res<Colors>,
    viewport: Res<Viewport>,
    bubbles: Query<(&Bubble, &Children)>,
    mut parts: Query<(&Part, &mut Sprite, &mut Transform)>,
) {
    let side = BUBBLE_PX * viewport.units_per_px;
    for (bubble, children) in &bubbles {
        let Some(emote) = bubble.emote else { continue };
        // The round part of the bubble is a little off the middle of its picture, away from the tail.
        let beside = if bubble.is_below { -8.0 } else { 8.0 } / 128.0 * side;
        let mut parts = parts.iter_many_mut(children);
        while let Some((part, mut sprite, mut transform)) = parts.fetch_next() {
            sprite.custom_size = Some(Vec2::splat(side));
            match part {
                Part::Bubble => {
                    sprite.color = colors.player(bubble.slot).with_alpha(bubble.alpha());
                    sprite.flip_y = bubble.is_below;
                }
                Part::Face => {
                    sprite.color = Color::WHITE.with_alpha(bubble.alpha());
                    sprite.image = art.emotes[emote as usize].clone();
                    transform.translation.y = beside;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::slot;
    use framehouse_window::controls::Controls;

    #[test]
    fn an_emote_is_shown_for_a_while_and_another_one_not_too_soon() {
        let mut bubble = Bubble { slot: slot(0), emote: None, age: 9.0, is_below: false };
        bubble.show(Emote::Smile);
        assert_eq!((bubble.emote, bubble.age), (Some(Emote::Smile), 0.0));
        bubble.grow_older(EMOTE_COOLDOWN_SECONDS * 0.9);
        bubble.show(Emote::Heart);
        assert_eq!(bubble.emote, Some(Emote::Smile));
        bubble.grow_older(EMOTE_COOLDOWN_SECONDS * 0.2);
        bubble.show(Emote::Heart);
        assert_eq!((bubble.emote, bubble.age), (Some(Emote::Heart), 0.0));
        bubble.grow_older(EMOTE_SECONDS);
        assert_eq!(bubble.emote, None);
    }

    #[test]
    fn a_key_that_is_pressed_all_the_time_sends_an_emote_a_second() {
        let controls = Controls::default().pressing(&actions::ANGER);
        let mut pause = Pause::default();
        let sent: Vec<Emote> = (0..90).filter_map(|_| pause.pressed(&controls, 1.0 / 30.0)).collect();
        assert_eq!(sent, [Emote::Anger; 3]);
        assert_eq!(Pause::default().pressed(&Controls::default(), 9.0), None);
    }

    #[test]
    fn a_bubble_pops_up_and_fades() {
        let at = |age| Bubble { slot: slot(0), emote: Some(Emote::Heart), age, is_below: false };
        assert!(at(0.0).scale() < 0.05 && at(0.0).alpha() == 1.0);
        assert!((0..20).any(|n| at(POP_SECONDS * n as f32 / 20.0).scale() > 1.02), "it swings over");
        assert!((at(POP_SECONDS).scale() - 1.0).abs() < 1e-3 && at(1.0).alpha() == 1.0);
        assert!(at(EMOTE_SECONDS - 0.05).alpha() < 0.6 && at(EMOTE_SECONDS).alpha() == 0.0);
    }
}
