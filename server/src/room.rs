//! Rooms: members, phases, inputs, frames and history.

pub mod abort_vote;
pub(crate) mod accounts;
mod admission;
pub mod bans;
mod broadcast;
pub mod caller_days;
pub mod chat;
pub(crate) mod cleanup_queue;
pub mod clock;
mod closing;
pub mod codes;
pub mod commands;
pub mod compared;
pub mod current_match;
pub mod directory;
pub mod drain;
pub mod guesses;
pub mod history;
pub mod history_feed;
pub mod host;
pub mod inputs;
pub(crate) mod lobby;
pub(crate) mod members;
pub mod message_log;
pub mod phase;
pub mod presence;
mod ratings;
pub mod reservations;
pub(crate) mod resync;
pub mod roster;
pub mod sanctions;
pub mod score;
pub mod sessions;
pub mod signals;
mod thin;
mod web_view;
pub(crate) mod who;

pub use closing::close_finished_rooms;
pub(crate) use closing::close_for_operator;
pub(crate) use thin::ThinClient;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{AccountId, PlayerId, RoomCode, RoomId, Slot},
    protocol::{
        end::EndCode,
        messages::{PlayerState, RoomEvent, RoomOptions, ServerMessage},
    },
};

use crate::{
    features::Features,
    net::{
        budget::Bucket,
        outgoing::{self, PeerAddress},
        secret::ResumeSecret,
    },
    schedule::{Now, TickSet},
};

/// Systems of rooms. Control messages come in through `dispatch.rs`.
pub(crate) struct RoomPlugin;

impl Plugin for RoomPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<directory::Directory>()
            .init_resource::<presence::ResumeIndex>()
            .init_resource::<accounts::Accounts>()
            .init_resource::<guesses::Guesses>()
            .init_resource::<sanctions::Sanctions>()
            .init_resource::<Features>()
            .init_resource::<drain::Drain>()
            .init_resource::<drain::MoveOut>()
            .init_resource::<caller_days::CallerDays>()
            .init_resource::<message_log::MessageLog>()
            .init_resource::<current_match::Seeds>()
            .init_resource::<cleanup_queue::CleanupQueue>()
            .add_plugins(score::ScorePlugin)
            .add_systems(
                FixedUpdate,
                (inputs::close_frames, signals::count_signals, resync::send_snapshots).chain().in_set(TickSet::Commit),
            )
            .add_systems(FixedUpdate, (compared::hash_compared, history::record_frames).chain().in_set(TickSet::Record))
            .add_systems(
                FixedUpdate,
                (
                    broadcast::broadcast_frames,
                    (thin::send_asked_frames, thin::send_game_frames, web_view::send_views).chain(),
                    history_feed::send_history,
                )
                    .chain()
                    .in_set(TickSet::Broadcast),
            )
            .add_systems(
                FixedUpdate,
                (close_finished_rooms, sessions::end_expired_sessions).chain().in_set(TickSet::Cleanup),
            )
            .add_systems(FixedUpdate, roster::publish_roster.run_if(roster::is_roster_due).in_set(TickSet::Metrics));
    }
}

/// Identity and settings of an open room. A closed room loses this component: it cannot be found any more, and the
/// cleanup frees it.
#[derive(Component, Debug)]
pub struct Room {
    /// Id, unique for the life of the process.
    id: RoomId,
    /// Code that players type to join.
    code: RoomCode,
    /// Name by which thin clients find it, if it was made for one.
    name: Option<String>,
    /// Options chosen by the host.
    options: RoomOptions,
    /// Whether one player is enough to start a match.
    is_practice: bool,
    /// Longest wait for missing inputs, in ticks; 0 in an ordinary room.
    wait_ticks_max: u32,
    /// Budget of the room's chat and game messages. Each is sent to all members, so a few could fill the paths of the
    /// others.
    messages: Bucket,
    /// Server tick in which a member has last done something. What the server does by itself does not count, or a room
    /// of idle players would play match after match for ever.
    active_at: u64,
    /// Reason of a requested close. The room closes in this tick's cleanup, or some ticks later if many rooms close at
    /// once.
    is_to_close: Option<EndCode>,
    next_msg_id: u64,
}

impl Room {
    /// The room's id.
    pub const fn id(&self) -> RoomId {
        self.id
    }

    /// The code that players type to join.
    pub const fn code(&self) -> RoomCode {
        self.code
    }

    /// The options chosen by the host.
    pub const fn options(&self) -> &RoomOptions {
        &self.options
    }

    /// Whether no member has done anything for `ticks` ticks.
    const fn is_idle(&self, tick: u64, ticks: u32) -> bool {
        tick >= self.active_at + ticks as u64
    }

    /// Minimum number of connected players needed to start a match.
    const fn players_min(&self) -> usize {
        if self.is_practice || self.options.seats == 1 { 1 } else { 2 }
    }

    /// Number of the room's next event.
    pub const fn next_msg_id(&self) -> u64 {
        self.next_msg_id
    }
}

/// The room that a player or spectator is in.
#[derive(Component, Debug)]
#[relationship(relationship_target = Members)]
pub struct InRoom(pub Entity);

/// All members of a room, spectators included, in order of arrival. Bevy removes this component from an empty room, so
/// a query that must also find empty rooms uses `Option<&Members>` and [`Members::entities`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRoom, linked_spawn)]
pub struct Members(Vec<Entity>);

impl Members {
    /// Entities of a room's members, in order of arrival. Empty without the component.
    pub fn entities(members: Option<&Self>) -> &[Entity] {
        members.map_or(&[], |members| &members.0)
    }
}

/// A member with a seat.
#[derive(Component, Debug)]
#[require(signals::InputSignals)]
pub struct Player {
    /// Id of the player.
    id: PlayerId,
    /// Lasting id of the player.
    account: AccountId,
    /// Name shown to others.
    name: String,
    /// Slot of the seat.
    slot: Slot,
    /// State in the room, not considering the connection.
    state: PlayerState,
    /// State of the connection.
    presence: presence::Presence,
    /// Secret that proves a reconnecting client is this player.
    secret: ResumeSecret,
    /// Address and name in the request for the seat.
    identity: bans::Identity,
    /// Session with which the player is about to come back.
    returning: Option<Entity>,
}

impl Player {
    /// Id of the player.
    pub const fn id(&self) -> PlayerId {
        self.id
    }

    /// Name shown to others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lasting id of the player.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Slot of the seat.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// State in the room, not considering the connection.
    pub const fn state(&self) -> PlayerState {
        self.state
    }

    /// State of the connection.
    pub const fn presence(&self) -> presence::Presence {
        self.presence
    }

    /// Whether the player takes part in the running match.
    pub const fn takes_part(&self) -> bool {
        matches!(self.state, PlayerState::Playing | PlayerState::Finished)
    }
}

/// A member that watches.
#[derive(Component, Debug)]
pub struct Spectator {
    /// Id of the spectator.
    id: PlayerId,
    /// Name shown to others.
    name: String,
    /// Entity of the session.
    session: Entity,
}

impl Spectator {
    /// Id of the spectator.
    pub const fn id(&self) -> PlayerId {
        self.id
    }

    /// Name shown to others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Entity of the session.
    pub const fn session(&self) -> Entity {
        self.session
    }
}

/// Name under which an operator speaks in the chat. No member has it.
pub(crate) const OPERATOR: &str = "Operator";

/// Sends a room event to all members, with the room's next event number.
pub fn announce(world: &mut World, room: Entity, event: RoomEvent) {
    let Some(mut data) = world.get_mut::<Room>(room) else { return };
    let msg_id = data.next_msg_id;
    data.next_msg_id += 1;
    let addresses = addresses(world, room);
    outgoing::send_to_all(world, &addresses, &ServerMessage::Event { msg_id, event });
}

/// Notes that a member has done something: its room is not idle.
pub(crate) fn note_activity(world: &mut World, member: Entity) {
    let tick = world.resource::<Now>().tick;
    let room = world.get::<InRoom>(member).map(|room| room.0);
    if let Some(mut data) = room.and_then(|room| world.get_mut::<Room>(room)) {
        data.active_at = tick;
    }
}

/// Addresses of all connected members of a room, in order of arrival.
pub fn addresses(world: &World, room: Entity) -> Vec<PeerAddress> {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter_map(|member| world.get::<PeerAddress>(*member).copied()).collect()
}

/// Entities of a room's players, ordered by slot.
pub fn by_slot(world: &World, room: Entity) -> Vec<Entity> {
    let mut players: Vec<(Slot, Entity)> = players(world, room).map(|(player, data)| (data.slot, player)).collect();
    players.sort();
    players.into_iter().map(|(_, player)| player).collect()
}

/// Players of a room, in order of arrival.
pub fn players(world: &World, room: Entity) -> impl Iterator<Item = (Entity, &Player)> {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter_map(|member| Some((*member, world.get::<Player>(*member)?)))
}

/// The player in a slot.
fn player_at(world: &World, room: Entity, slot: Slot) -> Option<Entity> {
    players(world, room).find(|(_, player)| player.slot == slot).map(|(entity, _)| entity)
}

/// Number of connected players.
pub fn connected(world: &World, room: Entity) -> usize {
    players(world, room).filter(|(_, player)| player.presence.is_connected()).count()
}

/// Number of spectators.
pub fn spectators(world: &World, room: Entity) -> usize {
    let members = Members::entities(world.get::<Members>(room));
    members.iter().filter(|member| world.get::<Spectator>(**member).is_some()).count()
}
