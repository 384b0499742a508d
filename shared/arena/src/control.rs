//! Seats and inputs: who appears and disappears, and what the players' crafts are told to do.

use bevy::math::Vec2;
use framehouse_shared::{
    ids::Slot,
    input::{Frame, RosterChange},
};

use super::{
    bodies::Bodies,
    directions,
    events::{ArenaEvent, TickEvents},
    input::ArenaInput,
    projectiles::Projectiles,
    rules::MatchRules,
    scoring::Scores,
};

/// What one room's frame acts on.
pub struct Controls<'a> {
    /// The frame whose inputs are applied.
    pub frame: &'a Frame,
    /// The match's rules.
    pub rules: &'a MatchRules,
    /// The crafts.
    pub bodies: &'a mut Bodies,
    /// The sparks.
    pub projectiles: &'a mut Projectiles,
    /// The scores, which count shots.
    pub scores: &'a mut Scores,
    /// What happens is noted here.
    pub events: &'a mut TickEvents,
}

impl Controls<'_> {
    /// Gives every player who joins a craft and a fresh score, and takes the craft of everyone who leaves.
    ///
    /// The frame's events are sorted, and here is where it matters: the order of insertions and removals decides rapier's
    /// handles.
    pub fn apply_roster(&mut self) {
        for event in &self.frame.events {
            self.bodies.remove(event.slot);
            // Their sparks go with them: whoever takes the seat next must not be paid for hits they did not make.
            self.projectiles.sparks.retain(|spark| spark.owner != event.slot);
            if event.change == RosterChange::Join {
                self.join(event.slot);
            }
        }
    }

    fn join(&mut self, slot: Slot) {
        let position = self.bodies.spawn(slot, self.rules, self.frame.tick);
        *self.scores.of_mut(slot) = Default::default();
        self.events.note(ArenaEvent::Appeared { slot, position });
    }

    /// Steers, dashes and fires, craft by craft.
    pub fn apply_inputs(&mut self) {
        for slot in Slot::all() {
            let input = ArenaInput::from(self.frame.inputs[slot.index()]);
            let Some(craft) = self.bodies.craft_mut(slot) else { continue };
            (craft.thrust, craft.aim) = (input.push(), input.aim);
            if input.dash && self.frame.tick >= craft.dash_ready {
                self.dash(slot, if input.throttle > 0 { input.direction } else { input.aim });
            }
            if input.fire {
                self.fire(slot, input.aim);
            }
        }
    }

    fn dash(&mut self, slot: Slot, direction: u8) {
        let (numbers, tick, direction) = (&self.rules.numbers.dash, self.frame.tick, directions::unit(direction));
        let Some(position) = self.bodies.position(slot) else { return };
        let Some(craft) = self.bodies.craft_mut(slot) else { return };
        craft.glide_until = tick.plus(numbers.glide);
        craft.dash_ready = tick.plus(numbers.cooldown);
        // The old velocity is dropped, not added to: a dash is also how one turns on the spot.
        self.bodies.set_velocity(slot, direction * numbers.speed);
        self.events.note(ArenaEvent::Dashed { slot, position, direction });
    }

    fn fire(&mut self, slot: Slot, aim: u8) {
        let (numbers, tick) = (&self.rules.numbers.spark, self.frame.tick);
        let (Some(center), Some(velocity)) = (self.bodies.position(slot), self.bodies.velocity(slot)) else { return };
        let Some(craft) = self.bodies.craft_mut(slot).filter(|craft| tick >= craft.fire_ready) else { return };
        if !self.projectiles.fire(slot, center, aim, self.rules, tick) {
            return;
        }
        craft.fire_ready = tick.plus(numbers.cooldown);
        let direction: Vec2 = directions::unit(aim);
        self.bodies.set_velocity(slot, velocity - direction * numbers.recoil);
        let score = self.scores.of_mut(slot);
        score.shots = score.shots.saturating_add(1);
        self.events.note(ArenaEvent::Fired { slot, position: center, direction });
    }
}
