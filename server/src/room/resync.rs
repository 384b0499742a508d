//! Resynchronisation of clients: snapshots and old frames.

use bevy::prelude::*;
use framehouse_shared::{
    protocol::{
        channel::MESSAGE_BYTES_MAX,
        messages::{SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNKS_MAX, ServerMessage},
    },
    room_state::RoomStates,
    sim::{SimRoom, SimTickCount},
    tick::Tick,
};

use super::{InRoom, Members, ThinClient, clock::RoomClock, history::FrameHistory, inputs::SyncState, members};
use crate::{
    net::{
        endpoint::BoxedEndpoint,
        outgoing::{self, PeerAddress},
    },
    schedule::{Now, TickRate},
};

/// Compression level. Speed matters more than size: a state is 2-3 KB, compressed once per tick for all clients that
/// need it.
const ZSTD_LEVEL: i32 = 1;
/// Largest compressed state, in bytes.
const STATE_BYTES_MAX: usize = SNAPSHOT_CHUNK_BYTES * SNAPSHOT_CHUNKS_MAX as usize;
/// Shortest time between two snapshots for a client that requests frames older than the history, in milliseconds.
const SNAPSHOT_INTERVAL_MS: u64 = 1000;
/// Maximum number of frames sent for one request (12 s at 10 Hz, 4 s at 30 Hz, 1 s at 120 Hz): less than a backlog that
/// would delay live frames. A client repeats its request within a second.
const FRAMES_PER_REQUEST_MAX: u32 = 120;
/// Maximum number of bytes of frames sent for one request, and of messages that may be unacknowledged when it is answered:
/// full frames with commands must not fill the reliable path, which would end the session. A client asks again by itself.
const FRAME_BYTES_PER_REQUEST_MAX: usize = 24 * 1024;
/// Overhead of a message with frames, in bytes, at most.
const FRAMES_OVERHEAD_BYTES: usize = 32;

/// Marks all members of a room as needing a snapshot. A disconnected player gets it after reconnecting.
pub(super) fn make_snapshots_due(world: &mut World, room: Entity) {
    for member in Members::entities(world.get::<Members>(room)).to_vec() {
        if let Some(mut sync) = world.get_mut::<SyncState>(member) {
            *sync = SyncState { snapshot_due: true, ..sync.begin_anew() };
        }
    }
}

/// Sends snapshots of the state before this tick to the clients that need one. Runs in `TickSet::Commit`, before the
/// tick is simulated, so that this tick's frame is the first one a new client applies. A thin client needs none, and has
/// loaded a match at once; it gets one when it asks.
pub(super) fn send_snapshots(
    world: &mut World,
    members: &mut QueryState<(Entity, &InRoom, &PeerAddress, &SyncState, Option<&ThinClient>)>,
) {
    let tick = world.resource::<Now>().tick;
    let interval = u64::from(world.resource::<TickRate>().ticks_in(SNAPSHOT_INTERVAL_MS));
    let may_ask = |sync: &SyncState| tick >= sync.snapshot_sent_at + interval;
    let mut due: Vec<(Entity, Entity, PeerAddress)> = members
        .iter(world)
        .filter(|(.., sync, thin)| sync.snapshot_due || thin.is_some_and(ThinClient::wants_snapshot) && may_ask(sync))
        .map(|(player, room, address, ..)| (room.0, player, *address))
        .collect();
    due.sort_by_key(|(room, player, _)| (*room, *player));
    for of_room in due.chunk_by(|a, b| a.0 == b.0) {
        let room = of_room[0].0;
        let Some(next_tick) = world.get::<SimTickCount>(room).map(|tick| tick.0) else { continue };
        let Some(match_no) = world.get::<RoomClock>(room).map(|clock| clock.match_no) else { continue };
        let Some(state) = compressed_state(world, room) else { continue };
        if let Some(mut history) = world.get_mut::<FrameHistory>(room).filter(|_| next_tick == Tick(0)) {
            history.keep_opening(&state);
        }
        let messages = snapshot_messages(match_no, next_tick, &state);
        for (_, player, address) in of_room {
            let thin = world.get_mut::<ThinClient>(*player).map(|mut thin| thin.take_wish());
            if thin.unwrap_or(true) {
                messages.iter().for_each(|message| outgoing::send(world, *address, message));
            }
            if let Some(mut sync) = world.get_mut::<SyncState>(*player) {
                *sync = SyncState {
                    next_frame: next_tick,
                    seen_frames: next_tick,
                    snapshot_sent_at: tick,
                    snapshot_tick: Some(next_tick),
                    ..sync.begin_anew()
                };
            }
            if thin.is_some() {
                members::note_loaded(world, *player);
            }
        }
    }
}

fn compressed_state(world: &World, room: Entity) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // Serialising calls the game's code, and a state that is too large is the game's fault: both fault the room.
    world.get::<SimRoom>(room)?.isolate(|| {
        let state = world.resource::<RoomStates>().encode(world.entity(room));
        bytes = zstd::bulk::compress(&state, ZSTD_LEVEL).expect("compressing into memory does not fail");
        assert!(bytes.len() <= STATE_BYTES_MAX, "a room's state of {} bytes is too large to send", bytes.len());
    });
    Some(bytes)
}

fn snapshot_messages(match_no: u32, next_tick: Tick, state: &[u8]) -> Vec<ServerMessage> {
    let chunks = state.chunks(SNAPSHOT_CHUNK_BYTES);
    let count = chunks.len() as u16;
    let message = |(index, chunk): (usize, &[u8])| ServerMessage::SnapshotChunk {
        match_no,
        next_tick,
        index: index as u16,
        count,
        bytes: chunk.to_vec(),
    };
    chunks.enumerate().map(message).collect()
}

/// Handles a client's report that it has loaded a snapshot: its player takes part from the next tick on.
pub(crate) fn note_loaded(world: &mut World, member: Entity, match_no: u32, next_tick: Tick) {
    let Some(next) = world.get::<InRoom>(member).and_then(|room| Some(world.get::<RoomClock>(room.0)?.next_tick))
    else {
        return;
    };
    if is_current_match(world, member, match_no)
        && let Some(mut sync) = world.get_mut::<SyncState>(member)
    {
        sync.next_frame = sync.next_frame.max(next_tick);
        sync.seen_frames = sync.seen_frames.max(next_tick);
        if sync.snapshot_tick.is_some_and(|newest| next_tick >= newest) {
            sync.compared_from = Some(next);
        }
        members::note_loaded(world, member);
    }
}

/// Answers a request for frames too old for the unreliable path: with the frames, or with a snapshot if they are gone.
pub(crate) fn send_frames(world: &mut World, player: Entity, match_no: u32, first: Tick) {
    if !is_current_match(world, player, match_no) {
        return;
    }
    if let Some(mut thin) = world.get_mut::<ThinClient>(player) {
        return thin.want_frames(match_no, first);
    }
    let Some((address, room)) = address_and_room(world, player) else { return };
    let endpoint = world.get::<BoxedEndpoint>(address.endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.unacknowledged(address.client) > FRAME_BYTES_PER_REQUEST_MAX) {
        return;
    }
    let Some(history) = world.get::<FrameHistory>(room) else { return };
    if first < history.first() {
        let tick = world.resource::<Now>().tick;
        let interval = u64::from(world.resource::<TickRate>().ticks_in(SNAPSHOT_INTERVAL_MS));
        if let Some(mut sync) = world.get_mut::<SyncState>(player) {
            sync.snapshot_due |= tick >= sync.snapshot_sent_at + interval;
        }
        return;
    }
    for message in frame_messages(history, match_no, first) {
        outgoing::send(world, address, &message);
    }
}

fn frame_messages(history: &FrameHistory, match_no: u32, first: Tick) -> Vec<ServerMessage> {
    let end = history.end().min(first.plus(FRAMES_PER_REQUEST_MAX));
    let (mut messages, mut total) = (Vec::new(), 0);
    let (mut start, mut encoded_frames, mut bytes) = (first, Vec::new(), FRAMES_OVERHEAD_BYTES);
    for tick in (first.0..end.0).map(Tick) {
        let encoded_frame = history.encoded_frame(tick).expect("the range lies inside the history");
        if bytes + encoded_frame.len() + 3 > MESSAGE_BYTES_MAX && !encoded_frames.is_empty() {
            messages.push(ServerMessage::Frames {
                match_no,
                first: start,
                encoded_frames: std::mem::take(&mut encoded_frames),
            });
            (start, bytes) = (tick, FRAMES_OVERHEAD_BYTES);
        }
        total += encoded_frame.len();
        if total > FRAME_BYTES_PER_REQUEST_MAX && tick > first {
            break;
        }
        bytes += encoded_frame.len() + 3;
        encoded_frames.push(encoded_frame.to_vec());
    }
    if !encoded_frames.is_empty() {
        messages.push(ServerMessage::Frames { match_no, first: start, encoded_frames });
    }
    messages
}

/// Address and room of a member.
pub(crate) fn address_and_room(world: &World, player: Entity) -> Option<(PeerAddress, Entity)> {
    Some((*world.get::<PeerAddress>(player)?, world.get::<InRoom>(player)?.0))
}

/// Whether this is the number of the newest match in a member's room.
pub(crate) fn is_current_match(world: &World, player: Entity, match_no: u32) -> bool {
    let room = world.get::<InRoom>(player).map(|room| room.0);
    room.and_then(|room| world.get::<RoomClock>(room)).is_some_and(|clock| clock.match_no == match_no)
}
