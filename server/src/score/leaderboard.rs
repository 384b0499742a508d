//! Who leads: every 2.0 s while a match runs, and when it ends.

use bevy::prelude::*;
use framehouse_shared::{
    protocol::control::{ControlDown, LeaderboardEntry, Standing},
    score::Scoreboard,
    sim::{Roster, SimRoom, SimTickCount},
    tick::Tick,
};

use crate::{
    config::RoomSettings,
    net::mail,
    room::{self, clock::RoomClock, inputs::Seating},
    tick::TickRate,
};

/// Sends every playing room its leaderboard when it is due. Runs in `TickSet::Leaderboard`.
pub fn send_leaderboards(world: &mut World) {
    let interval =
        world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().leaderboard_broadcast_interval);
    let mut due: Vec<(Entity, Tick)> = world
        .query::<(Entity, &SimRoom, &SimTickCount)>()
        .iter(world)
        .filter(|(_, sim, next)| sim.stepping && !sim.is_faulted() && next.0.0.is_multiple_of(interval))
        .map(|(room, _, next)| (room, next.0.minus(1)))
        .collect();
    due.sort();
    for (room, tick) in due {
        let ranking = entries(world, room);
        send(world, room, tick, &ranking);
    }
}

/// Everybody who has a score in this match, best first.
pub fn entries(world: &World, room: Entity) -> Vec<LeaderboardEntry> {
    let (Some(scores), Some(roster), Some(seating)) =
        (world.get::<Scoreboard>(room), world.get::<Roster>(room), world.get::<Seating>(room))
    else {
        return Vec::new();
    };
    let entry =
        |slot| LeaderboardEntry { slot, name: seating.name(slot).to_owned(), score: scores.slots[slot.index()] };
    scores.ranking(roster.ever_seated).into_iter().map(entry).collect()
}

/// Sends a leaderboard to the members of a room.
pub fn send(world: &mut World, room: Entity, tick: Tick, ranking: &[LeaderboardEntry]) {
    let standing = |entry: &LeaderboardEntry| Standing { slot: entry.slot, points: entry.score.points };
    let entries = ranking.iter().map(standing).collect();
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    let addresses = room::addresses(world, room);
    mail::send_to_all(world, &addresses, &ControlDown::Leaderboard { match_no, tick, entries });
}
