//! Bursts, streaks and flashes: a fixed number of sprites; the oldest is reused.

mod bursts;

use bevy::prelude::*;
use framehouse_arena::directions::unit;
use framehouse_shared::rng::SimRng;
use framehouse_window::{
    easing::{decay, ease_out},
    palette::Colors,
    textures::Art,
    view::Draw,
};

use super::{crafts::Drawn, depth, scene::Scene, visual_events::VisualEvent};

/// Maximum number of particles.
const PARTICLES_MAX: usize = 360;

/// Draws short-lived effects.
pub struct ParticlesPlugin;

impl Plugin for ParticlesPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Particles::default());
        app.add_systems(Startup, spawn_sprites);
        app.add_systems(Update, (burst, trail_own_speed, move_particles).chain().in_set(Draw));
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Look {
    #[default]
    Glow,
    Disc,
    Ring,
    Streak,
}

/// One particle: sizes in units, times in seconds.
#[derive(Clone, Copy, Debug)]
struct Particle {
    look: Look,
    position: Vec2,
    velocity: Vec2,
    drag: f32,
    life: f32,
    age: f32,
    size: [Vec2; 2],
    color: Color,
}

impl Default for Particle {
    fn default() -> Self {
        let [position, velocity] = [Vec2::ZERO; 2];
        let size = [Vec2::splat(10.0), Vec2::ZERO];
        Self { look: Look::Glow, position, velocity, drag: 3.0, life: 0.0, age: 0.0, size, color: Color::WHITE }
    }
}

impl Particle {
    fn step(&mut self, seconds: f32) {
        self.age += seconds;
        self.position += self.velocity * seconds;
        self.velocity *= decay(self.drag, seconds);
    }

    const fn is_alive(&self) -> bool {
        self.age < self.life
    }

    fn size_now(&self) -> Vec2 {
        self.size[0].lerp(self.size[1], ease_out(self.age / self.life))
    }

    fn color_now(&self) -> Color {
        let left = 1.0 - self.age / self.life;
        self.color.with_alpha(self.color.alpha() * left)
    }
}

/// All particles, and a random number generator that is separate from the simulation's.
#[derive(Resource)]
struct Particles {
    list: Vec<Particle>,
    sprites: Vec<Entity>,
    next: usize,
    rng: SimRng,
}

impl Default for Particles {
    fn default() -> Self {
        let list = vec![Particle::default(); PARTICLES_MAX];
        Self { list, sprites: Vec::new(), next: 0, rng: SimRng::new(5) }
    }
}

impl Particles {
    fn add(&mut self, particle: Particle) {
        self.list[self.next] = particle;
        self.next = (self.next + 1) % PARTICLES_MAX;
    }

    /// Emits `count` copies of `one` in all directions, with speeds up to `speed`.
    fn scatter(&mut self, count: u32, speed: f32, one: Particle) {
        for _ in 0..count {
            let direction = unit(self.rng.below(256) as u8);
            let velocity = one.velocity + direction * speed * self.rng.between(0.25, 1.0);
            let life = one.life * self.rng.between(0.6, 1.0);
            self.add(Particle { velocity, life, ..one });
        }
    }

    fn ring(&mut self, position: Vec2, color: Color, reach: f32, life: f32) {
        let size = [Vec2::splat(reach * 0.35), Vec2::splat(reach)];
        self.add(Particle { look: Look::Ring, position, color, life, size, ..default() });
    }

    fn flash(&mut self, position: Vec2, color: Color, reach: f32, life: f32) {
        let size = [Vec2::splat(reach), Vec2::splat(reach * 0.4)];
        self.add(Particle { position, color, life, size, ..default() });
    }
}

fn spawn_sprites(mut commands: Commands, mut particles: ResMut<Particles>) {
    let make = || commands.spawn((Sprite::default(), Visibility::Hidden)).id();
    particles.sprites = std::iter::repeat_with(make).take(PARTICLES_MAX).collect();
}

fn burst(
    mut visual_events: MessageReader<VisualEvent>,
    (drawn, colors): (Res<Drawn>, Res<Colors>),
    mut particles: ResMut<Particles>,
) {
    for visual_event in visual_events.read() {
        particles.show(visual_event, &colors, |slot| drawn.0[slot.index()]);
    }
}

/// Adds embers behind fast crafts, so that speed is visible.
fn trail_own_speed(
    (scene, colors): (Res<Scene>, Res<Colors>),
    drawn: Res<Drawn>,
    mut due: Local<f32>,
    mut particles: ResMut<Particles>,
) {
    *due += scene.passed.real;
    if *due < 0.033 {
        return;
    }
    *due = 0.0;
    for (slot, craft) in scene.now.crafts() {
        let (speed, Some(place)) = (craft.velocity.length(), drawn.0[slot.index()]) else { continue };
        if speed > 120.0 {
            let side = (speed / 14.0).clamp(10.0, 34.0);
            let color = colors.player(slot).with_alpha(0.26);
            let size = [Vec2::splat(side), Vec2::splat(4.0)];
            let position = place - craft.velocity.normalize_or_zero() * 14.0;
            particles.add(Particle { position, color, life: 0.42, size, ..default() });
        }
    }
}

fn move_particles(
    scene: Res<Scene>,
    art: Res<Art>,
    mut particles: ResMut<Particles>,
    mut sprites: Query<(&mut Sprite, &mut Transform, &mut Visibility)>,
) {
    let Particles { list, sprites: entities, .. } = &mut *particles;
    for (order, (particle, entity)) in list.iter_mut().zip(entities).enumerate() {
        let Ok((mut sprite, mut transform, mut visibility)) = sprites.get_mut(*entity) else { continue };
        if !particle.is_alive() {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        }
        let image = match particle.look {
            Look::Glow => &art.glow,
            Look::Disc => &art.disc,
            Look::Ring => &art.ring,
            Look::Streak => &art.streak,
        };
        if sprite.image != *image {
            sprite.image = image.clone();
        }
        sprite.color = particle.color_now();
        sprite.custom_size = Some(particle.size_now());
        let is_below = matches!(particle.look, Look::Streak);
        let z = if is_below { depth::TRAILS } else { depth::PARTICLES } + order as f32 * 1e-4;
        transform.translation = particle.position.extend(z);
        transform.rotation =
            if is_below { Quat::from_rotation_z(particle.velocity.to_angle()) } else { Quat::IDENTITY };
        visibility.set_if_neq(Visibility::Visible);
        particle.step(scene.passed.real);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::slot;

    #[test]
    fn the_pool_never_grows_and_everything_fades() {
        let mut particles = Particles::default();
        for _ in 0..100 {
            let visual_event =
                VisualEvent::Taken { slot: slot(1), gem: 1, position: Vec2::ONE, points: 9, color: Color::WHITE };
            particles.show(&visual_event, &Colors::default(), |_| None);
        }
        assert_eq!(particles.list.len(), PARTICLES_MAX);
        assert!(particles.list.iter().all(Particle::is_alive));
        particles.list.iter_mut().for_each(|particle| particle.step(1.0));
        assert!(!particles.list.iter().any(Particle::is_alive));
    }
}
