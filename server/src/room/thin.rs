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

use super::{InRoom, compared::ComparedHashes, history::FrameHistory};
use crate::net::{
    endpoint::BoxedEndpoint,
    outgoing::{self, PeerAddress, ThinMessage},
};

/// Maximum number of frames sent for one request.
const FRAMES_PER_REQUEST_MAX: u32 = 120;

/// Mark of a thin member.
#[derive(Component, Debug)]
pub(crate) struct ThinClient {
    /// Whether it gets view frames in place of game frames.
    view: bool,
    /// Whether it has asked for a snapshot.
    wants_snapshot: bool,
}

impl ThinClient {
    pub(super) const fn new(view: bool) -> Self {
        Self { view, wants_snapshot: false }
    }

    /// Whether it gets view frames.
    pub(super) const fn has_view(&self) -> bool {
        self.view
    }

    /// Notes that it has asked for a snapshot.
    pub(crate) const fn want_snapshot(&mut self) {
        self.wants_snapshot = true;
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

/// Sends a thin member frames that it has missed, from `first` on, or a snapshot if they are compressed already.
pub(super) fn send_frames(world: &mut World, member: Entity, room: Entity, address: PeerAddress, first: Tick) {
    let Some(history) = world.get::<FrameHistory>(room) else { return };
    let Some(frames) = history.decoded(first, FRAMES_PER_REQUEST_MAX) else {
        if let Some(mut thin) = world.get_mut::<ThinClient>(member) {
            thin.want_snapshot();
        }
        return;
    };
    let Some(mut endpoint) = world.get_mut::<BoxedEndpoint>(address.endpoint) else { return };
    for (frame, hash) in frames {
        endpoint.queue_thin(address.client, &ThinMessage::kept(game_frame(&frame, hash)));
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
