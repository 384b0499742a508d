//! "Gems and sparks": a top-down arena game. Players in hover-crafts collect gems and shoot gems out of each other.
//!
//! A view reads these components of the room: [`Rules`] (numbers and map), [`Bodies`] (crafts), [`Projectiles`]
//! (sparks), [`Pickups`] (gems), [`Scores`], and [`TickEvents`] for effects and sounds. Positions are in units from the
//! arena's centre, y up; the arena reaches to [`ARENA_HALF`](map::ARENA_HALF).

use bevy::prelude::*;
use framehouse_shared::{
    game::Game,
    ids::Slot,
    input::{CommandBytes, Frame, Input},
    observation::Observation,
    rng::SimRng,
    room_state::AddRoomState,
    score::Scoreboard,
    sim::{GameFile, GameFileError, MatchSetup, Rooms, Roster, SimSet, SimTick, SimTickCount},
    tick::{SimRate, Tick},
    web_view::ViewWriter,
};

pub mod bodies;
pub mod bot;
pub mod collide;
pub mod control;
pub mod directions;
pub mod drift;
pub mod emote;
pub mod events;
pub mod grid;
pub mod input;
pub mod map;
pub mod numbers;
pub mod pace;
pub mod pickups;
pub mod projectiles;
pub mod rules;
pub mod scoring;
mod signals;
mod solid;
mod stepper;
pub mod sweep;
#[cfg(test)]
mod tests;
mod web_view;

use bodies::Bodies;
use control::Controls;
use events::{ArenaEvent, TickEvents};
use grid::SpatialGrid;
use pace::Pace;
use pickups::Pickups;
use projectiles::Projectiles;
use rules::{ArenaLibrary, Rules};
use scoring::Scores;

/// Version of the rules. Raise it with every change that makes the same inputs give another result.
pub const RULES_VERSION: u32 = 2;
/// Smallest jump of a craft that a player would notice, in units: a twentieth of its size.
const NOTICED: f32 = 2.0;
/// Minimum change of velocity for a bump event, in units per second.
const BUMP_MIN: f32 = 90.0;

/// Crates whose arithmetic the game uses, with their versions. A test compares them with the lock file.
const PROTOCOL_PARTS: &[(&str, &str)] = &[
    ("bevy_rapier2d", "0.36.0"),
    ("rapier2d", "0.35.0-glamx0.2"),
    ("parry2d", "0.30.2-glamx0.2-b"),
    ("nalgebra", "0.34.2"),
    ("glam", "0.32.1"),
];

/// The game "gems and sparks".
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaPlugin;

impl Game for ArenaPlugin {
    fn id(&self) -> &'static str {
        "arena"
    }

    fn rules_version(&self) -> u32 {
        RULES_VERSION
    }

    fn protocol_parts(&self) -> &'static [(&'static str, &'static str)] {
        PROTOCOL_PARTS
    }

    fn build(&self, app: &mut App) {
        app.insert_resource(ArenaLibrary::embedded());
        app.add_room_state::<Rules>("rules")
            .add_room_state::<Bodies>("bodies")
            .add_room_state::<Projectiles>("projectiles")
            .add_room_state::<Pickups>("pickups")
            .add_room_state::<Scores>("scores");
        app.add_systems(
            SimTick,
            (
                (apply_frames, spawn_gems).chain().in_set(SimSet::Apply),
                play.in_set(SimSet::Move),
                score_tick.in_set(SimSet::Score),
            ),
        );
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        let rules = room.world_scope(|world| world.resource_mut::<ArenaLibrary>().rules_for(&setup.map, setup.rate));
        let bodies = Bodies::new(&rules);
        room.insert((rules, bodies, Projectiles::default(), Pickups::default(), Scores::default()));
    }

    fn maps(&self, world: &World) -> Vec<String> {
        world.resource::<ArenaLibrary>().map_names()
    }

    fn load_rules(&self, world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
        // All or nothing. A running match keeps its rules; the next match takes the new ones.
        let library = ArenaLibrary::load(files)?;
        world.insert_resource(library);
        Ok(())
    }

    fn missing_input(&self, last: Input) -> Input {
        input::missing_input(last)
    }

    fn bot_input(&self, room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        bot::bot_input(room, slot, last, rng)
    }

    fn bot_command(&self, room: EntityRef, slot: Slot, rng: &mut SimRng) -> Option<CommandBytes> {
        emote::bot_command(room, slot, rng)
    }

    fn points_per_second_max(&self, room: EntityRef) -> Option<i64> {
        let rules = room.get::<Rules>()?;
        Some(scoring::points_per_second_max(rules, room.get()?, room.get()?, *room.get()?))
    }

    fn observe(&self, room: EntityRef, slot: Slot, last: Input, input: Input) -> Observation {
        signals::observe(room, slot, last, input)
    }

    fn view_position(&self, room: EntityRef, slot: Slot) -> Option<Vec2> {
        room.get::<Bodies>()?.position(slot)
    }

    fn noticed_jump(&self) -> f32 {
        NOTICED
    }

    fn web_view(&self, room: EntityRef, view: &mut ViewWriter) {
        web_view::write(room, view);
    }

    fn web_module(&self) -> Option<&'static str> {
        Some(include_str!("../assets/view.js"))
    }
}

type Steered = (&'static Frame, &'static Rules, &'static mut Bodies, &'static mut Projectiles, &'static mut Scores);

fn apply_frames(mut rooms: Rooms<(Steered, &mut TickEvents)>) {
    rooms.for_each_room(|((frame, rules, mut bodies, mut projectiles, mut scores), mut events)| {
        events.begin(frame.tick);
        let (bodies, projectiles) = (&mut *bodies, &mut *projectiles);
        let mut controls = Controls { frame, rules, bodies, projectiles, scores: &mut scores, events: &mut events };
        controls.apply_roster();
        controls.apply_inputs();
    });
}

fn spawn_gems(mut rooms: Rooms<(&SimTickCount, &Roster, &Rules, &mut Pickups, &mut SimRng)>) {
    rooms.for_each_room(|(tick, roster, rules, mut pickups, mut rng)| {
        pickups.spawn_due(rules, &mut rng, roster.seated.count_ones(), tick.0);
    });
}

type Moving = (&'static mut Bodies, &'static mut SpatialGrid, &'static mut Projectiles, &'static mut Pickups);
type Noted = (&'static mut Scores, &'static mut SimRng, &'static mut TickEvents);

fn play(mut rooms: Rooms<(&SimRate, &SimTickCount, &Rules, Moving, Noted)>) {
    rooms.for_each_room_heavy(|(rate, tick, rules, moving, noted)| {
        let (mut bodies, mut grid, mut projectiles, mut pickups) = moving;
        let (mut scores, mut rng, mut events) = noted;
        let pace = Pace::of(*rate);
        for _ in 0..pace.steps {
            move_crafts(&mut bodies, &mut grid, rules, (pace, tick.0), &mut events);
            let crafts = bodies.places();
            drift::drift(&mut pickups, rules, &crafts, pace, tick.0);
            collide::Hits {
                rules,
                tick: tick.0,
                dt: pace.dt,
                bodies: &mut bodies,
                grid: &grid,
                pickups: &mut pickups,
                scores: &mut scores,
                rng: &mut rng,
                events: &mut events,
            }
            .resolve(&mut projectiles);
            collide::take_gems(&mut pickups, rules, &crafts, &mut scores, tick.0, &mut events);
        }
    });
}

fn move_crafts(
    bodies: &mut Bodies,
    grid: &mut SpatialGrid,
    rules: &Rules,
    (pace, tick): (Pace, Tick),
    events: &mut TickEvents,
) {
    bodies.drive(rules, pace, tick);
    let before = bodies.velocities();
    bodies.step(pace.dt);
    bodies.index(rules.numbers.craft.radius, grid);
    note_bumps(bodies, &before, events);
}

fn note_bumps(bodies: &Bodies, before: &[Vec2; framehouse_shared::ids::SLOTS_MAX], events: &mut TickEvents) {
    for (slot, position) in bodies.positions() {
        let strength = bodies.velocity(slot).unwrap_or_default().distance(before[slot.index()]);
        if strength >= BUMP_MIN {
            events.note(ArenaEvent::Bumped { slot, position, strength });
        }
    }
}

fn score_tick(mut rooms: Rooms<(&SimTickCount, &Roster, &Rules, &mut Scores, &mut Scoreboard)>) {
    rooms.for_each_room(|(tick, roster, rules, mut scores, mut board)| {
        scoring::end_combos(&mut scores, tick.0);
        scoring::write_scoreboard(&mut board, &scores, roster.ever_seated, rules, tick.0);
    });
}
