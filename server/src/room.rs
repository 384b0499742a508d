//! Rooms: who is in them, what phase they are in, and the frames they run on.

pub mod broadcast;
pub mod clock;
pub mod control;
pub mod directory;
pub mod history;
pub mod inputs;
pub mod members;
pub mod phase;
pub mod resync;
pub mod seats;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{PlayerId, RoomCode, RoomId, Slot},
    protocol::control::{ControlDown, RoomEvent},
};

use crate::{
    net::{
        budget::Bucket,
        mail::{self, PeerAddress},
        session,
    },
    tick::TickSet,
};

/// Everything that happens in rooms.
pub struct RoomPlugin;

impl Plugin for RoomPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<directory::Directory>()
            .init_resource::<phase::Seeds>()
            .add_systems(
                FixedUpdate,
                (
                    session::end_gone_sessions,
                    directory::answer_join_requests,
                    control::handle_messages,
                    resync::compare_reports,
                    phase::advance_phases,
                )
                    .chain()
                    .in_set(TickSet::Control),
            )
            .add_systems(FixedUpdate, (inputs::close_frames, resync::send_snapshots).chain().in_set(TickSet::Commit))
            .add_systems(FixedUpdate, history::record_frames.in_set(TickSet::Record))
            .add_systems(FixedUpdate, broadcast::broadcast_frames.in_set(TickSet::Broadcast));
    }
}

/// A room's identity and settings.
#[derive(Component, Debug)]
pub struct Room {
    /// Unique for the life of the process.
    pub id: RoomId,
    /// What people type to join.
    pub code: RoomCode,
    /// Whether quick match and the room list may show it.
    pub is_public: bool,
    /// How many seats it has.
    pub seats: u8,
    /// How many ready members it takes to start before it is full.
    pub ready_min: u8,
    /// How many ticks it waits for missing inputs; none in an ordinary room.
    pub wait_ticks_max: u32,
    /// What its members may say together: what one of them says is sent to all, so that some could fill the path of others.
    pub messages: Bucket,
    next_msg_id: u64,
}

impl Room {
    /// The number the room's next event will get.
    pub const fn next_msg_id(&self) -> u64 {
        self.next_msg_id
    }
}

/// Which room a player is in.
#[derive(Component, Debug)]
#[relationship(relationship_target = Members)]
pub struct InRoom(pub Entity);

/// The players in a room. Bevy takes it off a room that nobody is in, so a query that must not miss empty rooms asks for
/// `Option<&Members>` and [`Members::entities`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRoom, linked_spawn)]
pub struct Members(Vec<Entity>);

impl Members {
    /// The entities of a room's players, in order of coming.
    pub fn entities(members: Option<&Self>) -> &[Entity] {
        members.map_or(&[], |members| &members.0)
    }
}

/// Somebody in a room.
#[derive(Component, Debug)]
pub struct Player {
    /// The player's identity.
    pub id: PlayerId,
    /// What others see.
    pub name: String,
    /// The seat.
    pub slot: Slot,
    /// The session's entity.
    pub session: Entity,
    /// Whether ready for the next match.
    pub is_ready: bool,
}

/// Gives an event the room's next number and sends it to all members.
pub fn announce(world: &mut World, room: Entity, event: RoomEvent) {
    let Some(mut data) = world.get_mut::<Room>(room) else { return };
    let msg_id = data.next_msg_id;
    data.next_msg_id += 1;
    tracing::debug!(room = %data.id, msg_id, ?event, "room event");
    let addresses = addresses(world, room);
    mail::send_to_all(world, &addresses, &ControlDown::Event { msg_id, event });
}

/// Where the members' bytes go, by slot.
pub fn addresses(world: &World, room: Entity) -> Vec<PeerAddress> {
    by_slot(world, room).into_iter().filter_map(|player| world.get::<PeerAddress>(player).copied()).collect()
}

/// The members' entities, by slot.
pub fn by_slot(world: &World, room: Entity) -> Vec<Entity> {
    let mut players: Vec<(Slot, Entity)> = world
        .get::<Members>(room)
        .into_iter()
        .flat_map(|members| &members.0)
        .filter_map(|player| world.get::<Player>(*player).map(|data| (data.slot, *player)))
        .collect();
    players.sort();
    players.into_iter().map(|(_, player)| player).collect()
}
