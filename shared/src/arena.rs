//! "Gems and sparks": a top-down arena of hover-crafts that race for gems and knock them out of each other.
//!
//! A view draws from the room's components: [`Rules`] (numbers and map), [`Bodies`] (crafts),
//! [`Projectiles`] (sparks), [`Pickups`] (gems), [`Scores`], and for flashes and sounds [`TickEvents`]. All positions are
//! in units from the arena's centre, y up; the arena reaches to [`ARENA_HALF`](map::ARENA_HALF).

use bevy::prelude::*;

use crate::{
    input::Frame,
    rng::SimRng,
    room_state::AddRoomState,
    score::Scoreboard,
    sim::{GameFile, GameFileError, GameInfo, MatchSetup, Rooms, Roster, SimSet, SimTick, SimTickCount, ViewInfo},
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
pub mod pickups;
pub mod projectiles;
pub mod rules;
pub mod scoring;
mod solid;
mod stepper;
pub mod sweep;
#[cfg(test)]
mod tests;

use bodies::{Bodies, BodiesOutline};
use control::Controls;
use events::{ArenaEvent, TickEvents};
use grid::SpatialGrid;
use pickups::Pickups;
use projectiles::Projectiles;
use rules::{ArenaLibrary, Rules};
use scoring::Scores;

/// One tick in seconds.
pub const DT: f32 = 1.0 / 30.0;
/// Raised with every change that makes the same inputs give another result.
pub const RULES_VERSION: u32 = 1;
/// The shortest jump of a craft that somebody would notice, in units: a twentieth of its size.
const NOTICED: f32 = 2.0;
/// How much a craft's velocity must change in a bump to be noted, in units per second.
const BUMP_MIN: f32 = 90.0;

/// The game. Added after [`SimPlugin`](crate::sim::SimPlugin).
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaPlugin;

impl Plugin for ArenaPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(GameInfo {
            id: "arena",
            rules_version: RULES_VERSION,
            players_max: 16,
            missing_input: input::missing_input,
            maps: |world| world.resource::<ArenaLibrary>().map_names(),
            open_match,
            bot_input: bot::bot_input,
            bot_command: emote::bot_command,
            load_rules,
            view: Some(ViewInfo { place: |room, slot| room.get::<Bodies>()?.position(slot), noticed: NOTICED }),
        });
        app.insert_resource(ArenaLibrary::embedded());
        app.add_room_state::<Rules>("rules")
            .add_room_state::<Bodies>("bodies")
            .add_room_state::<Projectiles>("projectiles")
            .add_room_state::<Pickups>("pickups")
            .add_room_state::<Scores>("scores")
            .list_fields(Bodies::outline, BodiesOutline::list_fields)
            .list_fields(Projectiles::clone, Projectiles::list_fields)
            .list_fields(Pickups::clone, Pickups::list_fields)
            .list_fields(Scores::clone, Scores::list_fields);
        app.add_systems(
            SimTick,
            (
                (apply_frames, spawn_gems).chain().in_set(SimSet::Apply),
                (move_crafts, move_gems).chain().in_set(SimSet::Move),
                (resolve_sparks, take_gems).chain().in_set(SimSet::Collide),
                score_tick.in_set(SimSet::Score),
            ),
        );
    }
}

fn open_match(room: &mut EntityWorldMut, setup: &MatchSetup) {
    let rules = room.world().resource::<ArenaLibrary>().rules_for(&setup.map);
    let bodies = Bodies::new(&rules);
    room.insert((rules, bodies, Projectiles::default(), Pickups::default(), Scores::default()));
}

fn load_rules(world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
    // Whole or not at all: a running match keeps its own rules, the next one takes these.
    let library = ArenaLibrary::load(files)?;
    world.insert_resource(library);
    Ok(())
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

fn move_crafts(mut rooms: Rooms<(&SimTickCount, &Rules, &mut Bodies, &mut SpatialGrid, &mut TickEvents)>) {
    rooms.for_each_room_heavy(|(tick, rules, mut bodies, mut grid, mut events)| {
        bodies.drive(rules, tick.0);
        let before = bodies.velocities();
        bodies.step();
        bodies.index(rules.numbers.craft.radius, &mut grid);
        note_bumps(&bodies, &before, &mut events);
    });
}

fn note_bumps(bodies: &Bodies, before: &[Vec2; crate::ids::SLOTS_MAX], events: &mut TickEvents) {
    for (slot, position) in bodies.positions() {
        let strength = bodies.velocity(slot).unwrap_or_default().distance(before[slot.index()]);
        if strength >= BUMP_MIN {
            events.note(ArenaEvent::Bumped { slot, position, strength });
        }
    }
}

fn move_gems(mut rooms: Rooms<(&SimTickCount, &Rules, &Bodies, &SpatialGrid, &mut Pickups)>) {
    rooms.for_each_room(|(tick, rules, bodies, grid, mut pickups)| {
        drift::drift(&mut pickups, rules, bodies, grid, tick.0)
    });
}

type Struck = (&'static mut Bodies, &'static mut Pickups, &'static mut Scores, &'static mut SimRng);

fn resolve_sparks(mut rooms: Rooms<(&SimTickCount, &Rules, &SpatialGrid, &mut Projectiles, Struck, &mut TickEvents)>) {
    rooms.for_each_room(|(tick, rules, grid, mut projectiles, struck, mut events)| {
        let (mut bodies, mut pickups, mut scores, mut rng) = struck;
        let (bodies, pickups, scores) = (&mut *bodies, &mut *pickups, &mut *scores);
        collide::Hits { rules, tick: tick.0, bodies, grid, pickups, scores, rng: &mut rng, events: &mut events }
            .resolve(&mut projectiles);
    });
}

fn take_gems(
    mut rooms: Rooms<(&SimTickCount, &Rules, &Bodies, &SpatialGrid, &mut Pickups, &mut Scores, &mut TickEvents)>,
) {
    rooms.for_each_room(|(tick, rules, bodies, grid, mut pickups, mut scores, mut events)| {
        collide::take_gems(&mut pickups, rules, (bodies, grid), &mut scores, tick.0, &mut events);
    });
}

fn score_tick(mut rooms: Rooms<(&SimTickCount, &Roster, &Rules, &mut Scores, &mut Scoreboard)>) {
    rooms.for_each_room(|(tick, roster, rules, mut scores, mut board)| {
        scoring::end_combos(&mut scores, tick.0);
        scoring::write_scoreboard(&mut board, &scores, roster.ever_seated, rules, tick.0);
    });
}
