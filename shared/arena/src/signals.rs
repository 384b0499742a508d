//! What an input shows about whoever has made it, for the server's cheat signals. Only a dash or a shot that takes effect is
//! looked at closely, and their cooldowns limit the work.

use bevy::prelude::*;
use framehouse_shared::{ids::Slot, input::Input, observation::Observation, sim::SimTickCount, tick::Tick};

use super::{
    bodies::Bodies,
    directions::{self, QUARTER},
    input::ArenaInput,
    projectiles::Projectiles,
    rules::Rules,
};

/// Bits of the actions of an observation.
const FIRE: u8 = 1;
const DASH: u8 = 2;
const TURN: u8 = 4;
/// Change of direction from which on it is a reversal, in 1/256 turns. A stick that goes round is slower than that.
const REVERSAL: u8 = QUARTER + QUARTER / 2;
/// Distance from which on a direction tells how well somebody aims, in units.
const NEAR: f32 = 120.0;
/// Difference to the exact aim up to which a shot is meant for a craft, in 1/256 turns.
const MEANT: u8 = QUARTER / 4;
/// Difference between the direction of a craft and the exact aim from which on the craft moves across, in 1/256 turns. Whoever
/// aims at the craft itself misses it then.
const ACROSS: u8 = 4;

/// What the input of a player shows, in the state before it. `last` is the input before.
pub fn observe(room: EntityRef, slot: Slot, last: Input, input: Input) -> Observation {
    let (last, input) = (ArenaInput::from(last), ArenaInput::from(input));
    let mut seen = Observation { begun: begun(last, input), ..default() };
    let (dashes, aims) = (seen.begun & DASH != 0, input.fire && input.aim != last.aim);
    if !dashes && !aims {
        return seen;
    }
    let Some(scene) = Scene::of(&room, slot) else { return seen };
    if dashes && scene.can_dash() {
        seen.reaction = scene.oldest_threat();
    }
    if aims && scene.can_fire() {
        scene.judge_shot(input.aim, &mut seen);
    }
    seen
}

fn begun(last: ArenaInput, input: ArenaInput) -> u8 {
    let bit = |is_begun: bool, bit: u8| if is_begun { bit } else { 0 };
    // There and back is one turn: whoever steers to and fro moves a finger once for both.
    let is_turn = apart(last.direction, input.direction) >= REVERSAL && input.direction < 2 * QUARTER;
    bit(input.fire && !last.fire, FIRE) | bit(input.dash && !last.dash, DASH) | bit(is_turn, TURN)
}

/// Angle between two directions, 0 to 128 in 1/256 turns.
const fn apart(a: u8, b: u8) -> u8 {
    (a.wrapping_sub(b) as i8).unsigned_abs()
}

/// What is around a player's craft.
struct Scene<'a> {
    slot: Slot,
    tick: Tick,
    rules: &'a Rules,
    bodies: &'a Bodies,
    projectiles: &'a Projectiles,
    position: Vec2,
}

impl<'a> Scene<'a> {
    fn of(room: &'a EntityRef, slot: Slot) -> Option<Self> {
        let bodies = room.get::<Bodies>()?;
        Some(Self {
            slot,
            tick: room.get::<SimTickCount>()?.0,
            rules: room.get()?,
            bodies,
            projectiles: room.get()?,
            position: bodies.position(slot)?,
        })
    }

    fn can_dash(&self) -> bool {
        self.bodies.craft(self.slot).is_some_and(|craft| craft.dash_ready <= self.tick)
    }

    fn can_fire(&self) -> bool {
        self.bodies.craft(self.slot).is_some_and(|craft| craft.fire_ready <= self.tick)
    }

    /// Ticks since the first of the sparks was fired that fly at the player.
    fn oldest_threat(&self) -> Option<u32> {
        let sparks = self.projectiles.sparks.iter().filter(|spark| spark.owner != self.slot);
        let threats = sparks.filter(|spark| spark.flies_at(self.position));
        threats.map(|spark| self.tick.since(spark.fades.minus(self.rules.numbers.spark.life))).max()
    }

    /// Compares a shot with the exact aims at crafts that move across.
    fn judge_shot(&self, aim: u8, seen: &mut Observation) {
        for (rival, place) in self.bodies.positions().filter(|(slot, _)| *slot != self.slot) {
            let (way, velocity) = (place - self.position, self.bodies.velocity(rival).unwrap_or_default());
            let [rough, exact] = leads(way, velocity, self.rules.numbers.spark.speed);
            let is_across = directions::nearest(way).is_some_and(|straight| apart(straight, exact) >= ACROSS);
            if way.length() < NEAR || !is_across || apart(aim, exact) > MEANT {
                continue;
            }
            let is_exact = aim == exact || aim == rough;
            seen.is_exact = Some(is_exact || seen.is_exact == Some(true));
            if is_exact {
                seen.reaction = seen.reaction.or_else(|| self.since_dash(rival));
            }
        }
    }

    /// Ticks since the last dash of a craft, which nobody could foresee.
    fn since_dash(&self, slot: Slot) -> Option<u32> {
        let dashed = self.bodies.craft(slot)?.dash_ready.0.checked_sub(self.rules.numbers.dash.cooldown)?;
        Some(self.tick.since(Tick(dashed)))
    }
}

/// Aims at a craft in this direction that moves with this velocity: as simple programs reckon, with the time that a spark needs
/// to where the craft is now, and with the time to where they meet.
fn leads(way: Vec2, velocity: Vec2, speed: f32) -> [u8; 2] {
    let mut meeting = way;
    [1, 4].map(|steps| {
        for _ in 0..steps {
            meeting = way + velocity * (meeting.length() / speed);
        }
        directions::nearest(meeting).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use framehouse_shared::{
        input::{Frame, RosterChange, RosterEvent},
        sim::MatchSetup,
        simulation::Simulation,
        tick::SimRate,
    };

    use super::*;
    use crate::ArenaPlugin;

    fn slot(number: u8) -> Slot {
        Slot::new(number).expect("tests use small numbers")
    }

    /// Two crafts, 300 units apart, of which the second one moves up.
    fn duel() -> Simulation {
        let mut simulation = Simulation::new(ArenaPlugin);
        simulation.open(&MatchSetup { seed: 1, map: "basin".to_owned(), seats: 2, rate: SimRate::DEFAULT });
        let mut frame = Frame::default();
        frame.events.extend([0, 1].map(|number| RosterEvent { change: RosterChange::Join, slot: slot(number) }));
        simulation.step(&frame);
        let mut room = simulation.room_mut();
        let mut bodies = room.get_mut::<Bodies>().expect("open");
        bodies.set_position(slot(0), Vec2::new(-150.0, 0.0));
        bodies.set_position(slot(1), Vec2::new(150.0, 0.0));
        bodies.set_velocity(slot(1), Vec2::new(0.0, 250.0));
        simulation
    }

    fn seen(simulation: &Simulation, last: ArenaInput, input: ArenaInput) -> Observation {
        observe(simulation.room(), slot(0), last.into(), input.into())
    }

    /// The aim that hits the second craft of the duel.
    fn exact() -> u8 {
        leads(Vec2::new(300.0, 0.0), Vec2::new(0.0, 250.0), 860.0)[1]
    }

    #[test]
    fn a_spark_meets_a_craft_where_the_exact_aim_says() {
        // At 860 units a second, while the craft moves 250: a slope of 250 / sqrt(860² - 250²).
        assert_eq!(Some(exact()), directions::nearest(Vec2::new(823.0, 250.0)));
        let [rough, exact] = leads(Vec2::new(300.0, 0.0), Vec2::ZERO, 860.0);
        assert_eq!((rough, exact), (0, 0));
    }

    #[test]
    fn keys_count_when_they_go_down_and_a_way_to_and_fro_is_one_turn() {
        let input = |direction, fire, dash| ArenaInput { direction, throttle: 255, aim: 0, fire, dash };
        assert_eq!(begun(input(0, false, false), input(0, true, true)), FIRE | DASH);
        assert_eq!(begun(input(0, true, true), input(0, true, true)), 0);
        assert_eq!(begun(input(128, false, false), input(0, false, false)), TURN);
        assert_eq!(begun(input(0, false, false), input(128, false, false)), 0, "the other half of the same turn");
        // A stick goes round eight times a second.
        assert_eq!(begun(input(200, false, false), input(12, false, false)), 0);
    }

    #[test]
    fn a_shot_counts_when_its_aim_follows_a_craft_that_moves_across() {
        let mut duel = duel();
        let shot = |aim| ArenaInput { aim, fire: true, ..default() };
        let is_exact = |last, aim| seen(&duel, shot(last), shot(aim)).is_exact;
        assert_eq!(is_exact(0, exact()), Some(true));
        assert_eq!(is_exact(0, exact() + 2), Some(false), "as people aim");
        assert_eq!(is_exact(exact(), exact()), None, "the aim did not move");
        assert_eq!(is_exact(0, 128), None, "a shot at nobody");
        let mut room = duel.room_mut();
        room.get_mut::<Bodies>().expect("open").set_velocity(slot(1), Vec2::ZERO);
        assert_eq!(seen(&duel, shot(9), shot(0)).is_exact, None, "everybody hits a craft that rests");
    }

    #[test]
    fn an_exact_aim_after_a_dash_is_a_reaction_to_it() {
        let mut duel = duel();
        let tick = duel.next_tick();
        let cooldown = duel.get::<Rules>().expect("open").numbers.dash.cooldown;
        let mut room = duel.room_mut();
        let mut bodies = room.get_mut::<Bodies>().expect("open");
        bodies.craft_mut(slot(1)).expect("seated").dash_ready = tick.plus(cooldown).minus(1);
        let shot = |aim| ArenaInput { aim, fire: true, ..default() };
        assert_eq!(seen(&duel, shot(0), shot(exact())).reaction, Some(1));
        assert_eq!(seen(&duel, shot(0), shot(exact() + 2)).reaction, None);
    }

    #[test]
    fn a_dash_answers_the_oldest_spark_that_flies_at_the_player() {
        let mut duel = duel();
        let rules = duel.get::<Rules>().expect("open").clone();
        let now = duel.next_tick();
        let dash = ArenaInput { dash: true, ..default() };
        assert_eq!(seen(&duel, default(), dash).reaction, None, "nothing happened");
        let mut room = duel.room_mut();
        let mut projectiles = room.get_mut::<Projectiles>().expect("open");
        // From the second craft: to the left, and away.
        for (aim, tick) in [(128, now), (0, Tick(0))] {
            projectiles.fire(slot(1), Vec2::new(150.0, 0.0), aim, &rules, tick);
        }
        let later = Frame { tick: now, ..default() };
        duel.step(&later);
        let mut room = duel.room_mut();
        room.get_mut::<Bodies>().expect("open").set_position(slot(0), Vec2::new(-150.0, 0.0));
        assert_eq!(seen(&duel, default(), dash).reaction, Some(1));
        assert_eq!(seen(&duel, dash, dash).reaction, None, "the key was down before");
    }
}
