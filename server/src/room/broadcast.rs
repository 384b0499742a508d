//! Broadcast of frames to room members: encoded once per room, with a small header per client.

use bevy::prelude::*;
use framehouse_shared::{
    protocol::datagram::{FRAMES_BYTES_MAX, FRAMES_MAX, FRAMES_USUAL, FramesHeader},
    sim::SimRoom,
    tick::Tick,
};

use super::{
    Members,
    clock::RoomClock,
    history::FrameHistory,
    inputs::{InputBuffer, SyncState},
};
use crate::net::{endpoint::BoxedEndpoint, outgoing::PeerAddress};

/// Sends every member the frame of this tick, the one before, and frames it reports as missing. Runs in
/// `TickSet::Broadcast`.
pub(super) fn broadcast_frames(
    rooms: Query<(&SimRoom, &RoomClock, &FrameHistory, &Members)>,
    mut members: Query<(&PeerAddress, Option<&mut InputBuffer>, &SyncState)>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    for (sim, clock, history, in_room) in &rooms {
        if !sim.stepping || sim.is_faulted() || history.end() == Tick(0) {
            continue;
        }
        let (newest, usual) = (history.end().minus(1), usual_oldest(history));
        for &member in Members::entities(Some(in_room)) {
            // A disconnected player has no address; a spectator has no input buffer.
            let Ok((address, mut buffer, sync)) = members.get_mut(member) else { continue };
            let Ok(mut endpoint) = endpoints.get_mut(address.endpoint) else { continue };
            let header = FramesHeader {
                match_low: clock.match_low(),
                newest,
                input_ack: buffer.as_ref().map_or(Tick(0), |buffer| buffer.end()),
                feedback: buffer.as_mut().and_then(|buffer| buffer.feedback(newest)),
            };
            let oldest = oldest_to_send(history, usual, sync);
            let encoded_frames = (oldest.0..=newest.0)
                .map(|tick| history.encoded_frame(Tick(tick)).expect("the history reaches back so far"));
            let encoded_frames: arrayvec::ArrayVec<&[u8], FRAMES_MAX> = encoded_frames.collect();
            endpoint.queue_frames(address.client, &header, &encoded_frames);
        }
    }
}

/// The oldest frame to send to a client without missing frames: the usual two frames.
fn usual_oldest(history: &FrameHistory) -> Tick {
    let usual = history.end().minus(FRAMES_USUAL as u32).max(history.first());
    // Two frames full of commands may not fit into one datagram.
    if history.bytes_from(usual) > FRAMES_BYTES_MAX { history.end().minus(1) } else { usual }
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
