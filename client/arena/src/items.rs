//! Gems and sparks: sprites that are created when a new object appears and reused when it is gone.

use std::collections::BTreeMap;

use bevy::prelude::*;
use framehouse_arena::{
    map::ARENA_HALF,
    pickups::{Gem, GemKind},
    projectiles::Spark,
};
use framehouse_shared::{ids::Slot, tick::Tick};
use framehouse_window::{
    easing::{ease_out, swing},
    palette::Colors,
    textures::{Art, REACH},
    view::Draw,
};

use super::{
    art::ArenaArt,
    colors::{gem_color, gem_size},
    depth,
    scene::Scene,
};

/// A gem with fewer ticks left than this blinks.
const FADING_TICKS: u32 = 75;
/// Duration of a new gem's growth, in seconds.
const GROW_SECONDS: f32 = 0.35;

/// Draws gems and sparks.
pub struct ItemsPlugin;

impl Plugin for ItemsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<GemViews>().init_resource::<SparkViews>();
        app.add_systems(Update, (draw_gems, draw_sparks).in_set(Draw));
    }
}

/// Sets of sprites by the object that they show, and free ones.
struct Views<K, const PARTS: usize> {
    shown: BTreeMap<K, View<PARTS>>,
    free: Vec<[Entity; PARTS]>,
}

#[derive(Clone, Copy)]
struct View<const PARTS: usize> {
    parts: [Entity; PARTS],
    age: f32,
    is_seen: bool,
}

/// Light and body of each gem.
#[derive(Resource, Default)]
struct GemViews(Views<u32, 2>);

/// Trail, light and body of each spark.
#[derive(Resource, Default)]
struct SparkViews(Views<(Slot, Tick), 3>);

type Sprites<'w, 's> = Query<'w, 's, (&'static mut Sprite, &'static mut Transform, &'static mut Visibility)>;

impl<K, const PARTS: usize> Default for Views<K, PARTS> {
    fn default() -> Self {
        Self { shown: BTreeMap::new(), free: Vec::new() }
    }
}

impl<K: Ord + Copy, const PARTS: usize> Views<K, PARTS> {
    /// The sprites of an object and its age in seconds; a new object gets free or new sprites.
    fn of(&mut self, key: K, seconds: f32, make: impl FnOnce() -> [Entity; PARTS]) -> ([Entity; PARTS], f32) {
        let free = &mut self.free;
        let view = self.shown.entry(key).or_insert_with(|| {
            let parts = free.pop().unwrap_or_else(make);
            View { parts, age: 0.0, is_seen: true }
        });
        view.age += seconds;
        view.is_seen = true;
        (view.parts, view.age)
    }

    /// Frees the sprites of objects that were not seen since the last call.
    fn release_unseen(&mut self, mut hide: impl FnMut(Entity)) {
        let free = &mut self.free;
        self.shown.retain(|_, view| {
            if !view.is_seen {
                view.parts.iter().for_each(|part| hide(*part));
                free.push(view.parts);
            }
            std::mem::take(&mut view.is_seen)
        });
    }
}

fn spawn<const PARTS: usize>(commands: &mut Commands, pictures: [&Handle<Image>; PARTS]) -> [Entity; PARTS] {
    pictures.map(|image| commands.spawn((Sprite::from_image(image.clone()), Visibility::Hidden)).id())
}

fn put(sprites: &mut Sprites, part: Entity, transform: Transform, size: Vec2, color: Color) {
    // A new sprite exists from the next frame on.
    let Ok((mut sprite, mut place, mut visibility)) = sprites.get_mut(part) else { return };
    sprite.custom_size = Some(size);
    sprite.color = color;
    *place = transform;
    visibility.set_if_neq(Visibility::Visible);
}

fn hide(sprites: &mut Sprites, part: Entity) {
    if let Ok((_, _, mut visibility)) = sprites.get_mut(part) {
        *visibility = Visibility::Hidden;
    }
}

fn draw_gems(
    mut commands: Commands,
    scene: Res<Scene>,
    (art, own_art): (Res<Art>, Res<ArenaArt>),
    time: Res<Time<Real>>,
    mut views: ResMut<GemViews>,
    mut sprites: Sprites,
) {
    let radius = scene.rules.as_ref().map_or(11.0, |rules| rules.numbers.gem.radius);
    for gem in &scene.now.gems {
        let make = || spawn(&mut commands, [&art.glow, &own_art.gem]);
        let ([light, body], age) = views.0.of(gem.id, scene.passed.real, make);
        let (place, size, color) = gem_look(gem, age, &scene, time.elapsed_secs_wrapped());
        let side = 2.0 * radius * size * 64.0 / REACH;
        let reach = if gem.kind == GemKind::Jackpot { 3.4 } else { 2.5 };
        let below = Transform::from_translation(place.translation - Vec3::Z * 0.5);
        put(&mut sprites, light, below, Vec2::splat(side * reach), color.with_alpha(color.alpha() * 0.36));
        put(&mut sprites, body, place, Vec2::splat(side), color);
    }
    views.0.release_unseen(|part| hide(&mut sprites, part));
}

fn gem_look(gem: &Gem, age: f32, scene: &Scene, seconds: f32) -> (Transform, f32, Color) {
    let place = gem.position - gem.velocity * scene.seconds_back;
    let own_beat = seconds * 2.0 + gem.id as f32;
    let left = gem.fades.since(scene.now.tick);
    let blink = if left < FADING_TICKS { 0.55 + 0.45 * swing(seconds * 2.2) } else { 1.0 };
    let transform = Transform::from_translation(place.clamp(-ARENA_HALF, ARENA_HALF).extend(depth::GEMS))
        .with_rotation(Quat::from_rotation_z(own_beat * 0.4));
    let size = gem_size(gem) * 1.6 * ease_out(age / GROW_SECONDS) * (1.0 + 0.05 * swing(own_beat / 6.0));
    (transform, size, gem_color(gem).with_alpha(blink))
}

fn draw_sparks(
    mut commands: Commands,
    (scene, colors): (Res<Scene>, Res<Colors>),
    art: Res<Art>,
    mut views: ResMut<SparkViews>,
    mut sprites: Sprites,
) {
    let radius = scene.rules.as_ref().map_or(7.0, |rules| rules.numbers.spark.radius);
    for spark in &scene.now.sparks {
        let make = || spawn(&mut commands, [&art.streak, &art.glow, &art.disc]);
        let ([trail, light, body], age) = views.0.of((spark.owner, spark.fades), scene.passed.real, make);
        let (place, length) = spark_look(spark, age, scene.seconds_back);
        let color = colors.player(spark.owner);
        let behind = place * Transform::from_xyz(-length / 2.0, 0.0, depth::TRAILS - depth::SPARKS);
        put(&mut sprites, trail, behind, Vec2::new(length, radius * 2.0), color.with_alpha(0.8));
        let below = place * Transform::from_xyz(0.0, 0.0, -0.2);
        put(&mut sprites, light, below, Vec2::splat(radius * 5.6), color.with_alpha(0.75));
        put(&mut sprites, body, place, Vec2::splat(radius * 1.8), color.mix(&Color::WHITE, 0.62));
    }
    views.0.release_unseen(|part| hide(&mut sprites, part));
}

/// Position and rotation of a spark, along its path, and the length of its trail; a spark that has not flown yet has
/// none.
fn spark_look(spark: &Spark, age: f32, seconds_back: f32) -> (Transform, f32) {
    let place = spark.position - spark.velocity * seconds_back;
    let transform = Transform::from_translation(place.clamp(-ARENA_HALF, ARENA_HALF).extend(depth::SPARKS))
        .with_rotation(Quat::from_rotation_z(spark.velocity.to_angle()));
    (transform, (spark.velocity.length() * age).clamp(1.0, 64.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_used_again_when_its_thing_is_gone() {
        let (mut views, mut world) = (Views::<u32, 1>::default(), World::new());
        let mut show = |views: &mut Views<u32, 1>, key| views.of(key, 0.1, || [world.spawn_empty().id()]).0;
        let first = show(&mut views, 7);
        views.release_unseen(|_| panic!("it was seen"));
        assert_eq!(show(&mut views, 7), first);
        views.release_unseen(|_| panic!("it was seen"));
        let mut hidden = Vec::new();
        views.release_unseen(|entity| hidden.push(entity));
        assert_eq!(hidden, first);
        assert_eq!(show(&mut views, 8), first);
        assert_ne!(show(&mut views, 9), first);
    }
}
