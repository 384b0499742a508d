//! Leaderboards: sent every 2.0 s while a match runs, and when it ends.

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    protocol::messages::{LeaderboardRow, RankingEntry, ServerMessage},
    score::Scoreboard,
    sim::{Roster, SimRoom, SimTickCount},
    tick::Tick,
};

use super::super::{addresses, clock::RoomClock, inputs::Participants};
use crate::{
    config::RoomSettings,
    net::outgoing::{self, PeerAddress},
    schedule::TickRate,
};

/// The newest leaderboard of a room.
#[derive(Component, Debug)]
#[component(storage = "SparseSet")]
pub struct LeaderboardBuffer {
    /// Number of the match in its room.
    match_no: u32,
    rows: usize,
    message: ServerMessage,
}

impl LeaderboardBuffer {
    /// Number of rows.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Approximate size in memory, in bytes.
    pub const fn bytes(&self) -> usize {
        self.rows * size_of::<LeaderboardRow>()
    }
}

/// Sends the leaderboards of playing rooms when they are due. Runs in `TickSet::Leaderboard`.
pub(in crate::room) fn send_leaderboards(world: &mut World, rooms: &mut QueryState<(Entity, &SimRoom, &SimTickCount)>) {
    let interval = world
        .resource::<TickRate>()
        .ticks_in_seconds(world.resource::<RoomSettings>().leaderboard_broadcast_interval_s);
    let mut due: Vec<(Entity, Tick)> = rooms
        .iter(world)
        .filter(|(_, sim, next)| sim.stepping && !sim.is_faulted() && next.0.0.is_multiple_of(interval))
        .map(|(room, _, next)| (room, next.0.minus(1)))
        .collect();
    due.sort();
    for (room, tick) in due {
        send(world, room, tick);
    }
}

/// All players with a score in this match, best first.
pub fn entries(world: &World, room: Entity) -> Vec<RankingEntry> {
    let (Some(scores), Some(roster), Some(participants)) =
        (world.get::<Scoreboard>(room), world.get::<Roster>(room), world.get::<Participants>(room))
    else {
        return Vec::new();
    };
    let entry =
        |slot| RankingEntry { slot, name: participants.name(slot).to_owned(), score: scores.slots[slot.index()] };
    scores.ranking(roster.ever_seated).into_iter().map(entry).collect()
}

/// Sends a leaderboard to all members of a room, and stores it for later members.
pub fn send(world: &mut World, room: Entity, tick: Tick) {
    let (Some(scores), Some(roster)) = (world.get::<Scoreboard>(room), world.get::<Roster>(room)) else { return };
    let row = |slot: Slot| LeaderboardRow { slot, points: scores.slots[slot.index()].points };
    let entries: Vec<LeaderboardRow> = scores.ranking(roster.ever_seated).into_iter().map(row).collect();
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    let (rows, message) = (entries.len(), ServerMessage::Leaderboard { match_no, tick, entries });
    let addresses = addresses(world, room);
    outgoing::send_to_all(world, &addresses, &message);
    world.entity_mut(room).insert(LeaderboardBuffer { match_no, rows, message });
}

/// Sends the newest leaderboard of the current match to a new member.
pub fn send_newest(world: &mut World, room: Entity, address: PeerAddress) {
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    let newest = world.get::<LeaderboardBuffer>(room).filter(|newest| newest.match_no == match_no);
    if let Some(message) = newest.map(|newest| newest.message.clone()) {
        outgoing::send(world, address, &message);
    }
}
