//! Check of score gains: gains beyond the rules of the game show a fault of the game. They are counted and logged,
//! without any other effect.

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    ids::{SLOTS_MAX, Slot},
    score::Scoreboard,
    sim::{SimRoom, SimTickCount},
};

use crate::{
    counters::Counters,
    room::{
        player_at,
        who::{Who, log_line},
    },
    schedule::TickRate,
};

/// Points of all slots at the beginning of the current second of a room's match.
#[derive(Component, Debug)]
pub(in crate::room) struct ScoreRate {
    points: [i64; SLOTS_MAX],
    /// Upper bound of one player's gain in this second, if the game has one.
    max: Option<i64>,
    /// Whether a larger gain was logged in this match; only the first one is.
    is_logged: bool,
}

impl ScoreRate {
    /// The state at the beginning of the match that is open in the room. Calls the game, which may panic.
    pub(in crate::room) fn begin(world: &World, room: Entity) -> Self {
        let max = world.resource::<GameHandle>().points_per_second_max(world.entity(room));
        Self { points: points(world, room), max, is_logged: false }
    }
}

fn points(world: &World, room: Entity) -> [i64; SLOTS_MAX] {
    world.get::<Scoreboard>(room).map_or([0; SLOTS_MAX], |scores| scores.slots.map(|score| score.points))
}

/// Compares each player's gain with the bound, once a second. Runs in `TickSet::Record`.
pub(in crate::room) fn check_score_rates(
    world: &mut World,
    rooms: &mut QueryState<(Entity, &SimRoom, &SimTickCount), With<ScoreRate>>,
) {
    let second = u32::from(world.resource::<TickRate>().0);
    let is_due = |sim: &SimRoom, next: &SimTickCount| sim.stepping && next.0.0.is_multiple_of(second);
    let due = rooms.iter(world).filter(|(_, sim, next)| is_due(sim, next)).map(|(room, ..)| room);
    for room in due.collect::<Vec<Entity>>() {
        check_room(world, room);
    }
}

fn check_room(world: &mut World, room: Entity) {
    let (Some(rate), Some(sim)) = (world.get::<ScoreRate>(room), world.get::<SimRoom>(room)) else { return };
    let now = points(world, room);
    let gained = |slot: Slot| now[slot.index()].saturating_sub(rate.points[slot.index()]);
    let exceeds = |slot: &Slot| rate.max.is_some_and(|max| gained(*slot) > max);
    let count = Slot::all().filter(exceeds).count();
    if let Some(slot) = Slot::all().find(exceeds).filter(|_| !rate.is_logged) {
        let (gained, max) = (gained(slot), rate.max);
        let who = player_at(world, room, slot).map(|player| Who::of_member(world, player));
        log_line!(
            WARN,
            who.unwrap_or_else(|| Who { slot: Some(slot), ..Who::of_room(world, room) }),
            gained,
            max,
            "a player gained more points in a second than the rules allow"
        );
    }
    let game = world.resource::<GameHandle>();
    let mut max = None;
    sim.isolate(|| max = game.points_per_second_max(world.entity(room)));
    let is_logged = rate.is_logged || count > 0;
    world.resource_mut::<Counters>().score_rate_exceeded += count as u64;
    world.entity_mut(room).insert(ScoreRate { points: now, max, is_logged });
}
