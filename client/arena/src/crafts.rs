//! Crafts: one set of sprites for each seat, created once and shown while the seat is taken.

use bevy::prelude::*;
use framehouse_arena::directions::unit;
use framehouse_shared::ids::{SLOTS_MAX, Slot};
use framehouse_window::{
    easing::{Glide, approach, approach_angle, swing},
    frame_stats::Smoothness,
    palette::Colors,
    textures::{Art, REACH},
    view::Draw,
};

use super::{art::ArenaArt, depth, scene::Scene, visual_events::VisualEvent};

/// Rate at which a corrected craft glides to its right position, in 1/s: softly for others, quickly for the player's
/// own.
const GLIDE_RATE: f32 = 11.0;
const GLIDE_RATE_OWN: f32 = 30.0;
/// Rate at which a flash fades, in 1/s.
const FLASH_RATE: f32 = 7.0;

/// Draws the crafts.
pub struct CraftsPlugin;

/// Drawn positions of crafts in this frame, for names and bursts.
#[derive(Resource, Default)]
pub struct Drawn(pub [Option<Vec2>; SLOTS_MAX]);

impl Plugin for CraftsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Drawn>();
        app.add_systems(Startup, spawn_crafts);
        app.add_systems(Update, (flash, place_crafts, dress_parts).chain().in_set(Draw));
    }
}

#[derive(Component)]
struct CraftView {
    slot: Slot,
    glide: Glide,
    aim: f32,
    /// 1 right after a hit, falling to 0.
    flash: f32,
    /// 0 when the craft has just appeared, rising to 1.
    grown: f32,
    shield: f32,
}

#[derive(Component, Clone, Copy, PartialEq)]
enum Part {
    Halo,
    Notch,
    Hull,
    Flash,
    OwnRing,
    Shield,
}

fn spawn_crafts(mut commands: Commands, art: Res<Art>, own_art: Res<ArenaArt>) {
    for slot in Slot::all() {
        let view = CraftView { slot, glide: Glide::default(), aim: 0.0, flash: 0.0, grown: 0.0, shield: 0.0 };
        let part = |part: Part, image: &Handle<Image>, order: f32| {
            let sprite = Sprite { image: image.clone(), color: Color::NONE, ..default() };
            (part, sprite, Transform::from_xyz(0.0, 0.0, order * 1e-4))
        };
        commands.spawn((
            view,
            Transform::from_xyz(0.0, 0.0, depth::CRAFTS + f32::from(u8::from(slot)) * 1e-3),
            Visibility::Hidden,
            children![
                part(Part::Halo, &art.glow, 0.0),
                part(Part::Notch, &own_art.notch, 1.0),
                part(Part::Hull, &own_art.hull, 2.0),
                part(Part::Flash, &art.disc, 3.0),
                part(Part::OwnRing, &art.ring, 4.0),
                part(Part::Shield, &art.ring, 5.0),
            ],
        ));
    }
}

fn flash(mut visual_events: MessageReader<VisualEvent>, mut crafts: Query<&mut CraftView>) {
    for visual_event in visual_events.read() {
        let (slot, flash) = match *visual_event {
            VisualEvent::Hit { victim, .. } => (victim, 1.0),
            VisualEvent::Bumped { slot, strength, .. } => (slot, (strength / 1500.0).min(0.35)),
            VisualEvent::Taken { slot, .. } => (slot, 0.3),
            _ => continue,
        };
        for mut craft in crafts.iter_mut().filter(|craft| craft.slot == slot) {
            craft.flash = craft.flash.max(flash);
        }
    }
}

fn place_crafts(
    scene: Res<Scene>,
    mut smoothness: ResMut<Smoothness>,
    mut drawn: ResMut<Drawn>,
    mut crafts: Query<(&mut CraftView, &mut Transform, &mut Visibility)>,
) {
    let real = scene.passed.real;
    for (mut view, mut transform, mut visibility) in &mut crafts {
        let slot = view.slot;
        let Some(craft) = &scene.now.crafts[slot.index()] else {
            view.glide.forget();
            view.grown = 0.0;
            drawn.0[slot.index()] = None;
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        visibility.set_if_neq(Visibility::Inherited);
        let aim = unit(craft.aim).to_angle();
        let is_own = scene.now.own == Some(slot);
        view.aim = if is_own { aim } else { approach_angle(view.aim, aim, 25.0, real) };
        view.flash = approach(view.flash, 0.0, FLASH_RATE, real);
        view.grown = approach(view.grown, 1.0, 8.0, real);
        let is_shielded = craft.shield_until > scene.now.tick;
        view.shield = approach(view.shield, f32::from(u8::from(is_shielded)), 10.0, real);
        let target = craft.position - craft.velocity * scene.seconds_back;
        let rate = if is_own { GLIDE_RATE_OWN } else { GLIDE_RATE };
        let place = view.glide.draw_at(target, craft.velocity, scene.passed, rate);
        drawn.0[slot.index()] = Some(place);
        if is_own {
            smoothness.note(view.glide.slip(), real);
        }
        transform.translation = place.extend(transform.translation.z);
        transform.scale = Vec2::splat(view.grown.max(0.01)).extend(1.0);
    }
}

fn dress_parts(
    (scene, colors): (Res<Scene>, Res<Colors>),
    time: Res<Time<Real>>,
    crafts: Query<(&CraftView, &Children)>,
    mut parts: Query<(&Part, &mut Sprite, &mut Transform)>,
) {
    let radius = scene.rules.as_ref().map_or(22.0, |rules| rules.numbers.craft.radius);
    let pulse = swing(time.elapsed_secs_wrapped() * 0.8);
    for (view, children) in crafts.iter().filter(|(view, _)| scene.now.crafts[view.slot.index()].is_some()) {
        let is_own = scene.now.own == Some(view.slot);
        let mut parts = parts.iter_many_mut(children);
        while let Some((part, mut sprite, mut transform)) = parts.fetch_next() {
            let (size, color) = look(*part, view, colors.player(view.slot), is_own, pulse);
            sprite.color = color;
            // The picture of a disc is a little larger than the disc.
            let side = 2.0 * radius * 64.0 / REACH;
            sprite.custom_size = Some(size * side);
            if *part == Part::Notch {
                let place = Vec2::from_angle(view.aim) * radius * 1.14;
                transform.translation = place.extend(transform.translation.z);
                transform.rotation = Quat::from_rotation_z(view.aim);
            }
        }
    }
}

/// Size (in craft sizes) and colour of a part.
fn look(part: Part, view: &CraftView, color: Color, is_own: bool, pulse: f32) -> (Vec2, Color) {
    match part {
        Part::Halo => (Vec2::splat(if is_own { 3.3 } else { 2.6 }), color.with_alpha(if is_own { 0.62 } else { 0.42 })),
        Part::Notch => (Vec2::new(0.62, 0.50), color.mix(&Color::WHITE, 0.25)),
        Part::Hull => (Vec2::ONE, color),
        Part::Flash => (Vec2::splat(1.0 + 0.25 * view.flash), Color::WHITE.with_alpha(0.85 * view.flash)),
        Part::OwnRing => (Vec2::splat(1.06), Color::WHITE.with_alpha(if is_own { 0.95 } else { 0.0 })),
        Part::Shield => (
            Vec2::splat(1.42 + 0.05 * pulse),
            color.mix(&Color::WHITE, 0.5).with_alpha((0.5 + 0.15 * pulse) * view.shield),
        ),
    }
}
