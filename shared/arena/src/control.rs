//! Joins, leaves and inputs of a frame, applied to the crafts.

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

/// Parts of a room that a frame reads and changes.
pub struct Controls<'a> {
    /// Frame to apply.
    pub frame: &'a Frame,
    /// Rules of the match.
    pub rules: &'a MatchRules,
    /// Crafts.
    pub bodies: &'a mut Bodies,
    /// Sparks.
    pub projectiles: &'a mut Projectiles,
    /// Scores, which count shots.
    pub scores: &'a mut Scores,
    /// Events of the tick.
    pub events: &'a mut TickEvents,
}

impl Controls<'_> {
    /// Gives each joining player a craft and a new score, and removes the craft of each leaving player.
    ///
    /// The order of insertions and removals decides rapier's handles; the frame's events are sorted for that reason.
    pub fn apply_roster(&mut self) {
        for event in &self.frame.events {
            self.bodies.remove(event.slot);
            // Remove the sparks, too: the next player in this seat must not get points for their hits.
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

    /// Applies the inputs to all crafts: thrust, dash and fire.
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
        // The dash replaces the old velocity, so that it can also be used to turn at once.
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
