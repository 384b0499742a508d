//! Gems and sparks: sprites that are made when something new is seen and used again when it is gone.

use std::collections::BTreeMap;

use bevy::prelude::*;
use framehouse_shared::{
    arena::{
        map::ARENA_HALF,
        pickups::{Gem, GemKind},
        projectiles::Spark,
    },
    ids::Slot,
    tick::Tick,
};

use super::{
    easing::ease_out,
    layout::depth,
    palette::{accent, gem_color, gem_size},
    scene::{Draw, Scene},
    textures::{Art, REACH},
};

/// A gem that fades in fewer ticks than this blinks.
const FADING_TICKS: u32 = 75;
/// How long a gem takes to grow, in seconds.
const GROW_SECONDS: f32 = 0.35;

/// Draws what lies and flies.
pub struct ItemsPlugin;

impl Plugin for ItemsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<GemViews>().init_resource::<SparkViews>();
        app.add_systems(Update, (draw_gems, draw_sparks).in_set(Draw));
    }
}

/// Sprites by the thing that they show, and those that show nothing.
struct Views<K> {
    shown: BTreeMap<K, View>,
    free: Vec<Entity>,
}

#[derive(Clone, Copy)]
struct View {
    entity: Entity,
    age: f32,
    is_seen: bool,
}

#[derive(Resource, Default)]
struct GemViews(Views<u32>);

#[derive(Resource, Default)]
struct SparkViews(Views<(Slot, Tick)>);

impl<K> Default for Views<K> {
    fn default() -> Self {
        Self { shown: BTreeMap::new(), free: Vec::new() }
    }
}

impl<K: Ord + Copy> Views<K> {
    /// The view of a thing, a free one or a new one if it was not there, and its age in seconds.
    fn of(&mut self, key: K, seconds: f32, make: impl FnOnce() -> Entity) -> (Entity, f32) {
        let free = &mut self.free;
        let view = self.shown.entry(key).or_insert_with(|| {
            let entity = free.pop().unwrap_or_else(make);
            View { entity, age: 0.0, is_seen: true }
        });
        view.age += seconds;
        view.is_seen = true;
        (view.entity, view.age)
    }

    /// Gives back the views of what was not seen since the last call.
    fn release_unseen(&mut self, mut hide: impl FnMut(Entity)) {
        let free = &mut self.free;
        self.shown.retain(|_, view| {
            if !view.is_seen {
                hide(view.entity);
                free.push(view.entity);
            }
            std::mem::take(&mut view.is_seen)
        });
    }
}

fn draw_gems(
    mut commands: Commands,
    scene: Res<Scene>,
    art: Res<Art>,
    time: Res<Time<Real>>,
    mut views: ResMut<GemViews>,
    mut hidden: Query<&mut Visibility>,
) {
    let radius = scene.rules.as_ref().map_or(11.0, |rules| rules.numbers.gem.radius);
    for gem in &scene.now.gems {
        let (entity, age) = views.0.of(gem.id, scene.passed.real, || commands.spawn_empty().id());
        let (transform, size, color) = gem_look(gem, age, &scene, time.elapsed_secs_wrapped());
        let side = 2.0 * radius * size * 64.0 / REACH;
        let glow = if gem.kind == GemKind::Jackpot { 3.4 } else { 2.4 };
        commands.entity(entity).insert((
            Sprite { image: art.gem.clone(), color, custom_size: Some(Vec2::splat(side)), ..default() },
            transform,
            Visibility::Visible,
        ));
        commands.entity(entity).despawn_related::<Children>().with_child((
            Sprite {
                image: art.glow.clone(),
                color: color.with_alpha(color.alpha() * 0.34),
                custom_size: Some(Vec2::splat(side * glow)),
                ..default()
            },
            Transform::from_xyz(0.0, 0.0, -0.5),
        ));
    }
    views.0.release_unseen(|entity| {
        if let Ok(mut visibility) = hidden.get_mut(entity) {
            *visibility = Visibility::Hidden;
        }
    });
}

fn gem_look(gem: &Gem, age: f32, scene: &Scene, seconds: f32) -> (Transform, f32, Color) {
    let place = gem.position - gem.velocity * scene.seconds_back;
    let own_beat = seconds * 2.0 + gem.id as f32;
    let left = gem.fades.since(scene.now.tick);
    let blink = if left < FADING_TICKS { 0.55 + 0.45 * (seconds * 14.0).sin() } else { 1.0 };
    let transform = Transform::from_translation(place.clamp(-ARENA_HALF, ARENA_HALF).extend(depth::GEMS))
        .with_rotation(Quat::from_rotation_z(own_beat * 0.4));
    let size = gem_size(gem) * 1.3 * ease_out(age / GROW_SECONDS) * (1.0 + 0.05 * own_beat.sin());
    (transform, size, gem_color(gem).with_alpha(blink))
}

fn draw_sparks(
    mut commands: Commands,
    scene: Res<Scene>,
    art: Res<Art>,
    mut views: ResMut<SparkViews>,
    mut hidden: Query<&mut Visibility>,
) {
    let radius = scene.rules.as_ref().map_or(7.0, |rules| rules.numbers.spark.radius);
    for spark in &scene.now.sparks {
        let (entity, age) =
            views.0.of((spark.owner, spark.fades), scene.passed.real, || spawn_spark(&mut commands, &art));
        let (transform, trail) = spark_look(spark, age, scene.seconds_back);
        let color = accent(spark.owner);
        commands.entity(entity).insert((
            Sprite {
                image: art.disc.clone(),
                color: color.mix(&Color::WHITE, 0.62),
                custom_size: Some(Vec2::splat(1.7 * radius)),
                ..default()
            },
            transform,
            Visibility::Visible,
        ));
        commands.entity(entity).despawn_related::<Children>().with_children(|parts| {
            let mut part = |image: &Handle<Image>, alpha: f32, size: Vec2, x: f32, z: f32| {
                parts.spawn((
                    Sprite {
                        image: image.clone(),
                        color: color.with_alpha(alpha),
                        custom_size: Some(size),
                        ..default()
                    },
                    Transform::from_xyz(x, 0.0, z),
                ));
            };
            part(&art.glow, 0.75, Vec2::splat(radius * 5.6), 0.0, -0.2);
            part(&art.streak, 0.8, Vec2::new(trail, radius * 1.9), -trail / 2.0, -0.4);
        });
    }
    views.0.release_unseen(|entity| {
        if let Ok(mut visibility) = hidden.get_mut(entity) {
            *visibility = Visibility::Hidden;
        }
    });
}

fn spawn_spark(commands: &mut Commands, _art: &Art) -> Entity {
    commands.spawn_empty().id()
}

/// Where a spark is, turned along its way, and how long its trail is: it has none before it has flown.
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
        let (mut views, mut made) = (Views::default(), Vec::new());
        let mut world = World::new();
        let mut show = |views: &mut Views<u32>, key| {
            let (entity, _) = views.of(key, 0.1, || {
                made.push(world.spawn_empty().id());
                made[made.len() - 1]
            });
            entity
        };
        let first = show(&mut views, 7);
        views.release_unseen(|_| panic!("it was seen"));
        assert_eq!(show(&mut views, 7), first);
        views.release_unseen(|_| panic!("it was seen"));
        let mut hidden = Vec::new();
        views.release_unseen(|entity| hidden.push(entity));
        assert_eq!(hidden, [first]);
        assert_eq!(show(&mut views, 8), first);
        assert_ne!(show(&mut views, 9), first);
    }
}
