//! The particles of each visual event.

use bevy::prelude::*;
use framehouse_shared::ids::Slot;
use framehouse_window::palette::Colors;

use super::{Look, Particle, Particles};
use crate::visual_events::VisualEvent;

impl Particles {
    /// Shows a visual event; `drawn` returns the position at which a craft is drawn.
    pub fn show(&mut self, visual_event: &VisualEvent, colors: &Colors, drawn: impl Fn(Slot) -> Option<Vec2>) {
        match *visual_event {
            VisualEvent::Appeared { slot, position } => {
                self.ring(position, colors.player(slot), 150.0, 0.6);
                self.flash(position, colors.player(slot).with_alpha(0.7), 130.0, 0.5);
            }
            VisualEvent::Dashed { slot, position, direction, .. } => {
                self.dash(colors.player(slot), drawn(slot).unwrap_or(position), direction)
            }
            VisualEvent::Fired { slot, direction, .. } => {
                let Some(center) = drawn(slot) else { return };
                self.flash(center + direction * 26.0, colors.player(slot).mix(&Color::WHITE, 0.5), 42.0, 0.12);
            }
            VisualEvent::Hit { shooter, victim, position, lost, .. } => {
                self.hit([colors.player(shooter), colors.player(victim)], position, lost);
            }
            VisualEvent::Fizzled { shooter, position, .. } => {
                let size = [Vec2::splat(9.0), Vec2::ZERO];
                let color = colors.player(shooter).mix(&Color::WHITE, 0.3);
                self.scatter(6, 170.0, Particle { position, color, life: 0.3, size, drag: 5.0, ..default() });
                self.flash(position, color, 46.0, 0.16);
            }
            VisualEvent::Taken { position, color, points, .. } => self.take(position, color, points),
            VisualEvent::Bumped { slot, position, strength } => {
                let (size, count) = ([Vec2::splat(7.0), Vec2::ZERO], (strength / 130.0) as u32);
                let color = colors.player(slot).with_alpha(0.7);
                self.scatter(count.min(7), 140.0, Particle { position, color, life: 0.35, size, ..default() });
            }
            // Emotes are shown by a bubble.
            VisualEvent::Emoted { .. } => {}
        }
    }

    fn dash(&mut self, color: Color, from: Vec2, direction: Vec2) {
        self.ring(from, color.with_alpha(0.8), 96.0, 0.35);
        for step in 0..7u8 {
            let step = f32::from(step);
            let size = [Vec2::new(120.0, 34.0 - 3.0 * step), Vec2::new(30.0, 2.0)];
            let position = from + direction * (step * 15.0 - 20.0);
            let color = color.with_alpha(0.55);
            let (velocity, life) = (direction * (520.0 - 40.0 * step), 0.32 + 0.02 * step);
            self.add(Particle { look: Look::Streak, position, velocity, color, life, size, drag: 6.0, ..default() });
        }
        let size = [Vec2::splat(11.0), Vec2::ZERO];
        let velocity = -direction * 160.0;
        self.scatter(10, 150.0, Particle { position: from, velocity, color, life: 0.5, size, drag: 4.0, ..default() });
    }

    fn hit(&mut self, [shooter, victim]: [Color; 2], position: Vec2, lost: u32) {
        let size = [Vec2::splat(13.0), Vec2::splat(1.0)];
        let spark = Particle { position, life: 0.5, size, drag: 4.0, color: shooter, ..default() };
        self.scatter(10, 330.0, spark);
        self.scatter(if lost > 0 { 10 } else { 3 }, 240.0, Particle { color: victim, ..spark });
        self.ring(position, Color::WHITE.with_alpha(0.8), 104.0, 0.28);
        self.flash(position, Color::WHITE, 90.0, 0.2);
    }

    fn take(&mut self, position: Vec2, color: Color, points: u32) {
        let size = [Vec2::splat(10.0), Vec2::ZERO];
        let count = (6 + points).min(22);
        let chip = Particle { look: Look::Disc, position, color, life: 0.55, size, drag: 4.5, ..default() };
        self.scatter(count, 210.0 + 6.0 * count as f32, chip);
        self.ring(position, color.with_alpha(0.65), 74.0, 0.3);
        self.flash(position, color.mix(&Color::WHITE, 0.4), 80.0, 0.25);
    }
}
