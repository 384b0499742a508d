//! Thin members: they simulate nothing, so they need no snapshot to take part in a match, and get frames with whole inputs.

use bevy::prelude::*;
use framehouse_shared::{
    api::ws::{Down, GameFrame, SlotData},
    ids::Slot,
    input::{Frame, Input, RosterChange},
    replay::is_hash_tick,
    sim::SimRoom,
    state_hash::StateHashes,
    tick::Tick,
};

use super::{InRoom, clock::RoomClock, compared::ComparedHashes, history::FrameHistory};
use crate::{
    net::{
        endpoint::BoxedEndpoint,
        outgoing::{self, PeerAddress, ThinMessage},
    },
    schedule::{Now, TickRate},
};

/// Maximum number of frames sent for one request.
const FRAMES_PER_REQUEST_MAX: u32 = 120;
/// Interval in which the requests of a room's members for frames are answered, in milliseconds. Reading the history costs
/// more than asking for it, so all are answered together.
const ANSWER_INTERVAL_MS: u64 = 250;
/// Number of bytes that may wait for a member whose request is answered; with more it is answered later.
const WAITING_BYTES_MAX: usize = 24 * 1024;

/// Mark of a thin member.
#[derive(Component, Debug)]
pub(crate) struct ThinClient {
    /// Whether it gets view frames in place of game frames.
    view: bool,
    /// Whether it has asked for a snapshot.
    wants_snapshot: bool,
    /// The first frame that it has asked for, and the number of its match.
    wants_frames: Option<(u32, Tick)>,
}

impl ThinClient {
    pub(super) const fn new(view: bool) -> Self {
        Self { view, wants_snapshot: false, wants_frames: None }
    }

    /// Whether it gets view frames.
    pub(super) const fn has_view(&self) -> bool {
        self.view
    }

    /// Notes that it has asked for a snapshot.
    pub(crate) const fn want_snapshot(&mut self) {
        self.wants_snapshot = true;
    }

    /// Notes that it has asked for frames of a match, in place of those that it has asked for before.
    pub(super) const fn want_frames(&mut self, match_no: u32, first: Tick) {
        self.wants_frames = Some((match_no, first));
    }

    /// Whether it has asked for a snapshot since the last call.
    pub(super) const fn take_wish(&mut self) -> bool {
        std::mem::replace(&mut self.wants_snapshot, false)
    }

    /// Whether it has asked for a snapshot.
    pub(super) const fn wants_snapshot(&self) -> bool {
        self.wants_snapshot
    }
}

/// Sends thin members the frame of this tick. Runs in `TickSet::Broadcast`.
pub(super) fn send_game_frames(
    members: Query<(&InRoom, &PeerAddress, &ThinClient)>,
    rooms: Query<(&SimRoom, &Frame, &ComparedHashes)>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    let by_room = members.iter().filter(|(.., thin)| !thin.view).map(|(room, address, _)| (room.0, *address));
    let mut by_room: Vec<(Entity, PeerAddress)> = by_room.collect();
    by_room.sort_by_key(|(room, _)| *room);
    for of_room in by_room.chunk_by(|a, b| a.0 == b.0) {
        let Ok((sim, frame, hashes)) = rooms.get(of_room[0].0) else { continue };
        if !sim.stepping || sim.is_faulted() {
            continue;
        }
        let hash = hashes.after(frame.tick).filter(|_| is_hash_tick(frame.tick)).map(StateHashes::combined);
        let addresses = of_room.iter().map(|(_, address)| *address);
        outgoing::send_to_thin(&mut endpoints, addresses, game_frame(frame, hash));
    }
}

/// Sends thin members the frames that they have asked for, or a snapshot if those are compressed already. Runs in
/// `TickSet::Broadcast`.
pub(super) fn send_asked_frames(
    now: Res<Now>,
    rate: Res<TickRate>,
    mut members: Query<(&InRoom, &PeerAddress, &mut ThinClient)>,
    rooms: Query<(&SimRoom, &RoomClock, &FrameHistory)>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    let interval = u64::from(rate.ticks_in(ANSWER_INTERVAL_MS));
    let mut asking: Vec<(Entity, Tick, PeerAddress)> = Vec::new();
    for (room, address, mut thin) in &mut members {
        let (Some((match_no, first)), Ok((sim, clock, history))) = (thin.wants_frames, rooms.get(room.0)) else {
            continue;
        };
        // Not all rooms in the same tick.
        let is_due = (now.tick + sim.id.0).is_multiple_of(interval);
        let waiting = endpoints.get(address.endpoint).map_or(0, |endpoint| endpoint.unacknowledged(address.client));
        if !is_due || waiting > WAITING_BYTES_MAX {
            continue;
        }
        thin.wants_frames = None;
        if clock.match_no() != match_no {
            continue;
        }
        if first < history.first() {
            thin.want_snapshot();
        } else {
            asking.push((room.0, first, *address));
        }
    }
    asking.sort_by_key(|(room, first, address)| (*room, *first, address.client));
    for of_room in asking.chunk_by(|a, b| a.0 == b.0) {
        let Ok((_, _, history)) = rooms.get(of_room[0].0) else { continue };
        answer(of_room, history, &mut endpoints);
    }
}

/// Sends the members of one room what they have asked for, the smallest tick first. A frame is encoded once for all.
fn answer(asking: &[(Entity, Tick, PeerAddress)], history: &FrameHistory, endpoints: &mut Query<&mut BoxedEndpoint>) {
    for (frame, hash) in history.decoded_from(asking[0].1) {
        let wants = |first: Tick| first <= frame.tick && frame.tick < first.plus(FRAMES_PER_REQUEST_MAX);
        let mut receivers = asking.iter().filter(|(_, first, _)| wants(*first)).peekable();
        if receivers.peek().is_none() {
            continue;
        }
        let message = ThinMessage::kept(game_frame(&frame, hash));
        for (_, _, address) in receivers {
            if let Ok(mut endpoint) = endpoints.get_mut(address.endpoint) {
                endpoint.queue_thin(address.client, &message);
            }
        }
    }
}

fn game_frame(frame: &Frame, hash: Option<u64>) -> Down {
    let inputs = Slot::all().map(|slot| (slot, frame.inputs[slot.index()]));
    let data = |slot, bytes: &[u8]| SlotData { slot, data: bytes.to_vec().into() };
    let changed = |change| frame.events.iter().filter(move |event| event.change == change).map(|event| event.slot);
    Down::GameFrame(Box::new(GameFrame {
        frame_id: frame.tick.0,
        inputs: inputs
            .filter(|(_, input)| *input != Input::NEUTRAL)
            .map(|(slot, input)| data(slot, &input.0))
            .collect(),
        confirmed: true,
        hash: hash.map(|hash| format!("{hash:016x}")),
        joined: changed(RosterChange::Join).collect(),
        left: changed(RosterChange::Leave).collect(),
        commands: frame.commands.iter().map(|command| data(command.slot, &command.bytes)).collect(),
        entropy: frame.entropy.map(|entropy| entropy.0),
    }))
}
