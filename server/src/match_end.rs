//! The end of a match: leaderboard, replay, result and cleanup, in this order.
//!
//! A room's phase logic decides that a match is over and leaves a [`MatchOver`] on the room. The consequences are
//! handled here, so that rooms do not depend on the consumers of a match's end.

use bevy::prelude::*;
use framehouse_shared::{ids::RoomId, match_end::MatchEnd, sim::SimRoom};

use crate::{
    cleanup,
    counters::Counters,
    replay, results,
    room::{
        current_match::MatchOver,
        phase,
        score::{curves, leaderboard},
        who::{Who, log_line},
    },
    schedule::TickSet,
};

/// Handles the end of matches, in `TickSet::MatchEnd`.
pub(crate) struct MatchEndPlugin;

impl Plugin for MatchEndPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(FixedUpdate, end_matches.in_set(TickSet::MatchEnd));
    }
}

/// Handles every match that is over, in order of room id. Runs in `TickSet::MatchEnd`, and when the server stops.
pub(crate) fn end_matches(world: &mut World, rooms: &mut QueryState<(&SimRoom, Entity, &MatchOver)>) {
    let over = rooms.iter(world).map(|(sim, room, over)| (sim.id, room, *over));
    let mut over: Vec<(RoomId, Entity, MatchOver)> = over.collect();
    over.sort_by_key(|(id, ..)| *id);
    for (_, room, over) in over {
        world.entity_mut(room).remove::<MatchOver>();
        end_match(world, room, over);
    }
}

fn end_match(world: &mut World, room: Entity, MatchOver { end, last_tick }: MatchOver) {
    log_line!(INFO, Who::of_match(world, room), ended = ?end, last_tick = last_tick.0, "match over");
    let ranking = leaderboard::entries(world, room);
    if end.has_result() {
        leaderboard::send(world, room, last_tick);
    }
    let replay = replay::finish_match(world, room, end, &ranking);
    if end.has_result() {
        world.resource_mut::<Counters>().matches_finished += 1;
        results::submit::submit(world, room, end, &ranking, replay);
    }
    // A closed room is cleaned up as a whole.
    if end != MatchEnd::RoomClosed {
        cleanup::cleanup_match(world, room, end.has_result());
    }
    if end.has_result() {
        let curves = curves::of_ranking(world, room, last_tick, &ranking);
        phase::show_results(world, room, last_tick, ranking, curves);
    }
}
