//! Rooms: who is in them, what phase they are in, and the frames they run on.

mod broadcast;
pub mod chat;
pub(crate) mod cleanup_queue;
pub mod clock;
mod closing;
pub mod commands;
pub mod current_match;
pub mod directory;
pub mod history;
pub mod history_feed;
pub mod host;
pub mod inputs;
pub(crate) mod members;
pub mod phase;
pub mod presence;
pub mod reservations;
pub(crate) mod resync;
pub mod score;
pub mod sessions;

pub use closing::close_finished_rooms;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{PlayerId, RoomCode, RoomId, Slot},
    protocol::{
        control::{PlayerState, RoomEvent, RoomOptions, ServerMessage},
        end::EndCode,
    },
};

use crate::{
    net::{
        budget::Bucket,
        outgoing::{self, PeerAddress},
        secret::ResumeSecret,
    },
    tick::{Now, TickSet},
};

/// Everything that happens in rooms, except what `control.rs` takes there from sessions.
pub(crate) struct RoomPlugin;

impl Plugin for RoomPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<directory::Directory>()
            .init_resource::<presence::ResumeIndex>()
            .init_resource::<current_match::Seeds>()
            .init_resource::<cleanup_queue::CleanupQueue>()
            .add_plugins(score::ScorePlugin)
            .add_systems(FixedUpdate, (inputs::close_frames, resync::send_snapshots).chain().in_set(TickSet::Commit))
            .add_systems(FixedUpdate, history::record_frames.in_set(TickSet::Record))
            .add_systems(
                FixedUpdate,
                (broadcast::broadcast_frames, history_feed::send_history).chain().in_set(TickSet::Broadcast),
            )
            .add_systems(
                FixedUpdate,
                (close_finished_rooms, sessions::end_expired_sessions).chain().in_set(TickSet::Cleanup),
            );
    }
}

/// A room's identity and settings. A room that is closed has none any more: nothing finds it, and the cleanup frees it.
#[derive(Component, Debug)]
pub struct Room {
    /// Unique for the life of the process.
    id: RoomId,
    /// What people type to join.
    code: RoomCode,
    /// What its host has decided.
    options: RoomOptions,
    /// Whether one player is enough to start.
    is_practice: bool,
    /// How many ticks it waits for missing inputs; none in an ordinary room.
    wait_ticks_max: u32,
    /// What its members may say together: what one of them says is sent to all, so that some could fill the path of others.
    messages: Bucket,
    /// The server's tick in which something last happened in it.
    active_at: u64,
    /// Why it closes, if it is to: in this tick's cleanup, or soon after where many do.
    is_to_close: Option<EndCode>,
    next_msg_id: u64,
}

impl Room {
    /// Its identity.
    pub const fn id(&self) -> RoomId {
        self.id
    }

    /// What people type to join.
    pub const fn code(&self) -> RoomCode {
        self.code
    }

    /// What its host has decided.
    pub const fn options(&self) -> &RoomOptions {
        &self.options
    }

    /// How many players it takes to start.
    const fn players_min(&self) -> usize {
        if self.is_practice || self.options.seats == 1 { 1 } else { 2 }
    }

    /// The number the room's next event will get.
    pub const fn next_msg_id(&self) -> u64 {
        self.next_msg_id
    }
}

/// Which room a player or a spectator is in.
#[derive(Component, Debug)]
#[relationship(relationship_target = Members)]
pub struct InRoom(pub Entity);

/// Everybody in a room, spectators too. Bevy takes it off a room that nobody is in, so a query that must not miss empty
/// rooms asks for `Option<&Members>` and [`Members::entities`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRoom, linked_spawn)]
pub struct Members(Vec<Entity>);

impl Members {
    /// The entities of a room's members, in order of coming.
    pub fn entities(members: Option<&Self>) -> &[Entity] {
        members.map_or(&[], |members| &members.0)
    }
}

/// Somebody with a seat.
#[derive(Component, Debug)]
pub struct Player {
    /// The player's identity.
    id: PlayerId,
    /// What others see.
    name: String,
    /// The seat.
    slot: Slot,
    /// What the player is about, while here.
    state: PlayerState,
    /// Whether its connection stands.
    presence: presence::Presence,
    /// What a lost player proves with that it is the same one.
    secret: ResumeSecret,
}

impl Player {
    /// The player's identity.
    pub const fn id(&self) -> PlayerId {
        self.id
    }

    /// What others see.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seat.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// What the player is about, while here.
    pub const fn state(&self) -> PlayerState {
        self.state
    }

    /// Whether its connection stands.
    pub const fn presence(&self) -> presence::Presence {
        self.presence
    }

    /// Whether the simulation has this player in the match.
    pub const fn takes_part(&self) -> bool {
        matches!(self.state, PlayerState::Playing | PlayerState::Finished)
    }
}

/// Somebody who watches.
#[derive(Component, Debug)]
pub struct Spectator {
    /// The spectator's identity.
    id: PlayerId,
    /// What others see.
    name: String,
    /// The session's entity.
    session: Entity,
}

impl Spectator {
    /// The spectator's identity.
    pub const fn id(&self) -> PlayerId {
        self.id
    }

    /// What others see.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The session's entity.
    pub const fn session(&self) -> Entity {
        self.session
    }
}

/// Gives an event the room's next number and sends it to everybody in the room.
pub fn announce(world: &mut World, room: Entity, event: RoomEvent) {
    let tick = world.resource::<Now>().tick;
    let Some(mut data) = world.get_mut::<Room>(room) else { return };
    let msg_id = data.next_msg_id;
    data.next_msg_id += 1;
    data.active_at = tick;
    tracing::debug!(room = %data.id, msg_id, ?event, "room event");
    let addresses = addresses(world, room);
    outgoing::send_to_all(world, &addresses, &ServerMessage::Event { msg_id, event });
}

/// Where the bytes of everybody in a room go, in order of coming; who is away has no address.
pub fn addresses(world: &World, room: Entity) -> Vec<PeerAddress> {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter_map(|member| world.get::<PeerAddress>(*member).copied()).collect()
}

/// The players' entities, by slot.
pub fn by_slot(world: &World, room: Entity) -> Vec<Entity> {
    let mut players: Vec<(Slot, Entity)> = players(world, room).map(|(player, data)| (data.slot, player)).collect();
    players.sort();
    players.into_iter().map(|(_, player)| player).collect()
}

/// The players of a room, in order of coming.
pub fn players(world: &World, room: Entity) -> impl Iterator<Item = (Entity, &Player)> {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter_map(|member| Some((*member, world.get::<Player>(*member)?)))
}

/// The player in a seat.
fn player_at(world: &World, room: Entity, slot: Slot) -> Option<Entity> {
    players(world, room).find(|(_, player)| player.slot == slot).map(|(entity, _)| entity)
}

/// How many players have a connection.
pub fn connected(world: &World, room: Entity) -> usize {
    players(world, room).filter(|(_, player)| player.presence.is_connected()).count()
}

/// How many people watch.
pub fn spectators(world: &World, room: Entity) -> usize {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter(|member| world.get::<Spectator>(**member).is_some()).count()
}
