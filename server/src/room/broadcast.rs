//! Broadcast of frames to room members: encoded once per room, with a small header per client. In economy mode a
//! datagram has the frames of two ticks. Clients that have lost frames lately get each frame twice.

use bevy::prelude::*;
use framehouse_shared::{
    protocol::datagram::{FRAME_BYTES_MAX, FRAMES_BYTES_MAX, FRAMES_MAX, FramesHeader},
    sim::SimRoom,
    tick::Tick,
};

use super::{
    Members, Room, ThinClient,
    clock::RoomClock,
    history::FrameHistory,
    inputs::{InputBuffer, SyncState},
};
use crate::{
    net::{endpoint::BoxedEndpoint, outgoing::PeerAddress},
    schedule::Now,
};

/// Sends every member the new frames and those it reports as missing; to members that have lost frames lately, also as
/// many before the new ones again. Runs in `TickSet::Broadcast`.
pub(super) fn broadcast_frames(
    now: Res<Now>,
    mut rooms: Query<(&Room, &SimRoom, &RoomClock, &mut FrameHistory, &Members)>,
    mut members: Query<(&PeerAddress, Option<&mut InputBuffer>, &SyncState), Without<ThinClient>>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    for (room, sim, clock, mut history, in_room) in &mut rooms {
        if sim.is_faulted() || !is_due(room, &history, now.tick) {
            continue;
        }
        let new_frames = history.unsent().min(room.options.datagram_ticks());
        let (newest, first_new) = (history.end().minus(1), history.end().minus(new_frames));
        let first_repeated = first_repeated(&history, first_new, room.options.datagram_ticks());
        for &member in Members::entities(Some(in_room)) {
            // A disconnected player has no address, a spectator no input buffer; thin clients get frames of their own.
            let Ok((address, mut buffer, sync)) = members.get_mut(member) else { continue };
            let Ok(mut endpoint) = endpoints.get_mut(address.endpoint) else { continue };
            let header = FramesHeader {
                match_low: clock.match_low(),
                newest,
                input_ack: buffer.as_ref().map_or(Tick(0), |buffer| buffer.end()),
                feedback: buffer.as_mut().and_then(|buffer| buffer.feedback(newest, new_frames)),
            };
            let usual = if sync.gets_repeats(now.tick) { first_repeated } else { first_new };
            let oldest = oldest_to_send(&history, usual, sync);
            let encoded_frames = (oldest.0..=newest.0)
                .map(|tick| history.encoded_frame(Tick(tick)).expect("the history reaches back so far"));
            let encoded_frames: arrayvec::ArrayVec<&[u8], FRAMES_MAX> = encoded_frames.collect();
            endpoint.queue_frames(address.client, &header, &encoded_frames);
        }
        history.note_sent();
    }
}

/// Whether the new frames of a room are sent in this tick of the server. Of the rooms in economy mode half send in even
/// ticks and half in odd ones, so that all ticks cost the same.
fn is_due(room: &Room, history: &FrameHistory, tick: u64) -> bool {
    let Some(newest) = history.newest().filter(|_| history.unsent() > 0) else { return false };
    let is_turn = (tick + room.id.0).is_multiple_of(room.options.datagram_ticks().into());
    // After a frame full of commands the next one may not fit into the same datagram.
    is_turn || newest.len() + FRAME_BYTES_MAX > FRAMES_BYTES_MAX
}

/// The oldest frame to send to a client that has lost frames lately: as many frames again as new ones are usual.
fn first_repeated(history: &FrameHistory, first_new: Tick, usual_frames: u32) -> Tick {
    let repeated = history.end().minus(2 * usual_frames).max(history.first());
    // Frames full of commands may not fit into one datagram; the new ones do.
    if history.bytes_from(repeated) > FRAMES_BYTES_MAX { first_new } else { repeated }
}

/// The oldest frame to send to a client: the usual one, or back to a reported gap as far as one datagram allows. A long
/// round-trip time alone does not widen the range: sending all unacknowledged frames would only cost bandwidth.
fn oldest_to_send(history: &FrameHistory, usual: Tick, sync: &SyncState) -> Tick {
    let has_hole = sync.seen_frames > sync.next_frame;
    if !has_hole || history.end().since(sync.next_frame) > FRAMES_MAX as u32 {
        return usual;
    }
    let mut oldest = usual;
    while oldest > sync.next_frame.max(history.first()) && history.bytes_from(oldest.minus(1)) <= FRAMES_BYTES_MAX {
        oldest = oldest.minus(1);
    }
    oldest
}
