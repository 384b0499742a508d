//! What a fleet is told about this server's rooms and seats, and the players that it takes away. Only a server of a fleet
//! has these resources; on any other, nothing here runs.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use bevy::prelude::*;
use framehouse_shared::{
    ids::{AccountId, RoomCode, RoomId},
    protocol::end::EndCode,
};

use super::{
    InRoom, Player, Room, accounts::Accounts, members, phase::RoomPhase, presence::Presence, reservations::Reservations,
};
use crate::{
    net::{endpoint::BoxedEndpoint, secret::ResumeSecret},
    schedule::{Now, TickRate},
};

/// Interval between two rosters, in milliseconds.
const INTERVAL_MS: u64 = 250;
/// Maximum number of players that wait to be taken away. The fleet names further ones again a moment later.
const EVICTIONS_MAX: usize = 1024;

/// All rooms and seats of a server, at one tick.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// Number of rosters before this one.
    pub number: u64,
    /// The open rooms.
    pub rooms: Vec<RosterRoom>,
    /// The seats of players that have arrived.
    pub seats: Vec<RosterSeat>,
    /// Largest number of connections over UDP.
    pub clients_max: u32,
    /// Largest number of connections over WebSockets.
    pub sockets_max: u32,
}

/// A room in the roster.
#[derive(Clone, Debug)]
pub struct RosterRoom {
    /// Its id in this process.
    pub id: RoomId,
    /// Its code.
    pub code: RoomCode,
    /// Its phase.
    pub phase: &'static str,
    /// Number of seats.
    pub seats: u8,
    /// Number of seats that are neither taken nor reserved.
    pub free: u8,
    /// Number of players.
    pub players: u8,
    /// Whether room lists and quick match leave it out.
    pub private: bool,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Number of its next event.
    pub msg_id: u64,
}

/// A seat in the roster.
#[derive(Clone, Copy, Debug)]
pub struct RosterSeat {
    /// The room.
    pub room: RoomId,
    /// Secret with which its player comes back.
    pub secret: ResumeSecret,
    /// Lasting id of its player, if the player has proven it with a secret.
    pub account: Option<AccountId>,
    /// Whether the player is heard. One who is not may take another seat, as on a server of its own.
    pub is_here: bool,
}

/// The newest roster, shared with the thread that registers it. Clones are the same board.
#[derive(Resource, Clone, Default)]
pub struct RosterBoard(Arc<Mutex<Arc<Roster>>>);

impl RosterBoard {
    /// The newest roster.
    pub fn newest(&self) -> Arc<Roster> {
        self.0.lock().expect("nothing panics while holding this lock").clone()
    }

    fn replace(&self, roster: Roster) {
        *self.0.lock().expect("nothing panics while holding this lock") = Arc::new(roster);
    }
}

/// Players whose seats are somewhere else in the fleet now.
#[derive(Resource)]
pub struct Evictions(Mutex<Receiver<AccountId>>);

impl Evictions {
    /// A queue for at most 1024 players. Those that find it full stay until they are named again.
    pub fn queue() -> (SyncSender<AccountId>, Self) {
        let (sender, receiver) = sync_channel(EVICTIONS_MAX);
        (sender, Self(Mutex::new(receiver)))
    }
}

/// Whether the next roster is due. Runs in `TickSet::Metrics`.
pub(crate) fn is_roster_due(board: Option<Res<RosterBoard>>, now: Res<Now>, rate: Res<TickRate>) -> bool {
    board.is_some() && now.tick.is_multiple_of(u64::from(rate.ticks_in(INTERVAL_MS)))
}

/// Makes and publishes the roster. Runs in `TickSet::Metrics`.
pub(crate) fn publish_roster(
    board: Res<RosterBoard>,
    accounts: Res<Accounts>,
    rooms: Query<(&Room, &RoomPhase, &Reservations)>,
    players: Query<(&Player, &InRoom)>,
    endpoints: Query<&BoxedEndpoint>,
) {
    let room = |(room, phase, seats): (&Room, &RoomPhase, &Reservations)| RosterRoom {
        id: room.id(),
        code: room.code(),
        phase: phase.name(),
        seats: seats.count() as u8,
        free: seats.free() as u8,
        players: seats.taken() as u8,
        private: room.options().private,
        name: room.name.clone(),
        msg_id: room.next_msg_id(),
    };
    let seat = |(player, in_room): (&Player, &InRoom)| {
        let (room, ..) = rooms.get(in_room.0).ok()?;
        Some(RosterSeat {
            room: room.id(),
            secret: player.secret,
            account: Some(player.account).filter(|account| accounts.is_proven(*account)),
            is_here: matches!(player.presence(), Presence::Here(_)),
        })
    };
    let places = |thin: bool| {
        let endpoints = endpoints.iter().filter(move |endpoint| endpoint.serves_thin() == thin);
        endpoints.map(|endpoint| endpoint.capacity() as u32).sum()
    };
    board.replace(Roster {
        number: board.newest().number + 1,
        rooms: rooms.iter().map(room).collect(),
        seats: players.iter().filter_map(seat).collect(),
        clients_max: places(false),
        sockets_max: places(true),
    });
}

/// Sends away the players whose seats are somewhere else now. Runs in `TickSet::Control`.
pub(crate) fn evict(world: &mut World, players: &mut QueryState<(Entity, &Player)>) {
    let Some(evictions) = world.get_resource::<Evictions>() else { return };
    let queue = evictions.0.lock().expect("nothing panics while holding this lock");
    let named: Vec<AccountId> = queue.try_iter().take(EVICTIONS_MAX).collect();
    drop(queue);
    if named.is_empty() {
        return;
    }
    let is_named = |player: &Player| named.contains(&player.account);
    let mut gone: Vec<Entity> =
        players.iter(world).filter(|(_, player)| is_named(player)).map(|(entity, _)| entity).collect();
    gone.sort();
    for player in gone {
        members::send_away(world, player, EndCode::TakenOver);
    }
}
