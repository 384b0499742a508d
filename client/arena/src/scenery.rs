//! Static scenery: the floor with grid and walls, the map's obstacles, and dark corners over everything.

use std::f32::consts::FRAC_PI_2;

use bevy::{
    prelude::*,
    sprite::{SliceScaleMode, TextureSlicer},
};
use framehouse_arena::{
    map::{ARENA_HALF, ARENA_SIZE, ArenaMap, Obstacle},
    rules::ArenaLibrary,
};
use framehouse_shared::tick::SimRate;
use framehouse_window::{
    textures::{Art, Rgba, edge, over, paint},
    view::Draw,
};

use super::{
    art::{ArenaArt, FLOOR_MARGIN},
    depth,
    scene::Scene,
};

/// Distance between two lines of the grid, in units.
const GRID_STEP: f32 = 80.0;
/// Width of a line with its soft sides, in units: more than two pixels everywhere, so that all lines look alike.
const LINE_WIDTH: f32 = 4.5;
/// Margin of an obstacle's picture for its shadow, in units.
const SHADOW: f32 = 26.0;
/// Pixels of an obstacle's picture per unit.
const DENSITY: f32 = 1.5;

/// Draws the arena, also before there is a match, and every map's obstacles.
pub struct SceneryPlugin;

impl Plugin for SceneryPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, (spawn_floor, spawn_vignette, spawn_first_map));
        app.add_systems(Update, follow_map.in_set(Draw));
    }
}

#[derive(Component)]
struct OfMap;

fn spawn_floor(mut commands: Commands, art: Res<Art>, own_art: Res<ArenaArt>) {
    let slicer = TextureSlicer {
        border: BorderRect::all(FLOOR_MARGIN),
        center_scale_mode: SliceScaleMode::Stretch,
        sides_scale_mode: SliceScaleMode::Stretch,
        max_corner_scale: 1.0,
    };
    // The wall in the picture begins 8 px inside its edge.
    commands.spawn((
        Sprite {
            image: own_art.floor.clone(),
            custom_size: Some(ARENA_SIZE + 16.0),
            image_mode: SpriteImageMode::Sliced(slicer),
            ..default()
        },
        Transform::from_xyz(0.0, 0.0, depth::FLOOR),
    ));
    commands.spawn((
        Sprite {
            image: art.glow.clone(),
            color: Color::srgba(0.25, 0.42, 0.85, 0.13),
            custom_size: Some(Vec2::new(1300.0, 820.0)),
            ..default()
        },
        Transform::from_xyz(0.0, 0.0, depth::MARKS - 0.1),
    ));
    for (center, length, angle) in grid_lines() {
        commands.spawn((
            Sprite {
                image: art.line.clone(),
                color: Color::srgba(0.42, 0.54, 0.85, 0.065),
                custom_size: Some(Vec2::new(length, LINE_WIDTH)),
                ..default()
            },
            Transform::from_translation(center.extend(depth::MARKS)).with_rotation(Quat::from_rotation_z(angle)),
        ));
    }
}

/// Centre, length and angle of every line, symmetrical about the arena's centre.
fn grid_lines() -> Vec<(Vec2, f32, f32)> {
    let inside = ARENA_HALF - 4.0;
    let places = |half: f32| {
        let count = (half / GRID_STEP) as i32;
        (-count..=count).map(|step| step as f32 * GRID_STEP)
    };
    let upright = places(inside.x).map(|x| (Vec2::new(x, 0.0), 2.0 * inside.y, FRAC_PI_2));
    let level = places(inside.y).map(|y| (Vec2::new(0.0, y), 2.0 * inside.x, 0.0));
    upright.chain(level).collect()
}

fn spawn_vignette(mut commands: Commands, art: Res<Art>) {
    commands.spawn((
        Node { position_type: PositionType::Absolute, width: percent(100), height: percent(100), ..default() },
        ImageNode::new(art.vignette.clone()).with_mode(NodeImageMode::Stretch),
        GlobalZIndex(-10),
        Pickable::IGNORE,
    ));
}

/// Shows a map while the client connects, so that the arena is not empty.
fn spawn_first_map(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    spawn_obstacles(&mut commands, &mut images, &ArenaLibrary::embedded().rules_for("", SimRate::DEFAULT).map);
}

fn follow_map(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    scene: Res<Scene>,
    old: Query<Entity, With<OfMap>>,
    mut shown: Local<Option<u64>>,
) {
    let Some(rules) = &scene.rules else { return };
    if *shown == Some(rules.hash()) {
        return;
    }
    *shown = Some(rules.hash());
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    spawn_obstacles(&mut commands, &mut images, &rules.map);
}

fn spawn_obstacles(commands: &mut Commands, images: &mut Assets<Image>, map: &ArenaMap) {
    for obstacle in &map.obstacles {
        let area = obstacle.area();
        let (center, size) = (area.min.midpoint(area.max), area.max - area.min + 2.0 * SHADOW);
        let pixels = (size * DENSITY).ceil().as_uvec2();
        let picture = paint(pixels, |at| obstacle_look(obstacle, center + at / DENSITY));
        commands.spawn((
            OfMap,
            Sprite { image: images.add(picture), custom_size: Some(pixels.as_vec2() / DENSITY), ..default() },
            Transform::from_translation(center.extend(depth::OBSTACLES)),
        ));
    }
}

/// A slab with a lit upper rim over a soft shadow; its outline is the one that crafts bounce off.
fn obstacle_look(obstacle: &Obstacle, point: Vec2) -> Rgba {
    let clearance = obstacle.clearance(point);
    let distance = clearance.distance;
    let facing_light = clearance.away.dot(Vec2::new(-0.45, 0.9).normalize());
    let rim = edge((distance + 2.5).abs() - 1.8, 1.5);
    let rim_light = 0.5 + 0.5 * facing_light;
    let slope = (1.0 + distance / 14.0).clamp(0.0, 1.0) * 0.5 * facing_light;
    let face = [0.125 + 0.05 * slope, 0.157 + 0.06 * slope, 0.255 + 0.09 * slope, edge(distance, 1.5)];
    let line = [0.26 + 0.16 * rim_light, 0.34 + 0.2 * rim_light, 0.55 + 0.25 * rim_light, rim * 0.9];
    let below = obstacle.clearance(point + Vec2::new(0.0, 7.0)).distance;
    let shadow = [0.0, 0.0, 0.02, 0.5 * (1.0 - below / 19.0).clamp(0.0, 1.0).powi(2)];
    over(line, over(face, shadow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_symmetrical_and_inside() {
        let lines = grid_lines();
        assert!(lines.iter().all(|(center, ..)| center.abs().cmple(ARENA_HALF).all()));
        let middle: Vec2 = lines.iter().map(|(center, ..)| *center).sum();
        assert!(middle.length() < 0.01);
    }

    #[test]
    fn an_obstacle_is_solid_inside_and_gone_outside_its_shadow() {
        let obstacle = Obstacle::Bar { from: Vec2::ZERO, to: Vec2::new(100.0, 0.0), radius: 20.0 };
        assert_eq!(obstacle_look(&obstacle, Vec2::new(50.0, 5.0))[3], 1.0);
        assert!(obstacle_look(&obstacle, Vec2::new(50.0, 21.5))[3] < 0.5);
        assert_eq!(obstacle_look(&obstacle, Vec2::new(50.0, 20.0 + SHADOW))[3], 0.0);
    }
}
