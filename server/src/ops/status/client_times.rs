//! How far clients are away, and how early their inputs come.

use bevy::prelude::*;

use crate::{
    histogram::DurationHistogram,
    room::{
        InRoom,
        clock::RoomClock,
        inputs::{InputBuffer, SyncState},
    },
    schedule::TickRate,
};

/// Times of clients in running matches, since the server's start.
#[derive(Resource, Default)]
pub(super) struct ClientTimes {
    pub margins: DurationHistogram,
    pub round_trips: DurationHistogram,
}

/// Measures every client that was heard since the last time. Runs with every status page, so that the receiving of inputs
/// does nothing for it.
pub(super) fn measure_clients(
    rate: Res<TickRate>,
    mut times: ResMut<ClientTimes>,
    clocks: Query<&RoomClock>,
    mut members: Query<(&InRoom, &mut SyncState, Option<&InputBuffer>)>,
) {
    for (room, mut sync, inputs) in &mut members {
        let Ok(clock) = clocks.get(room.0) else { continue };
        let Some(round_trip) = sync.take_round_trip(clock, *rate) else { continue };
        times.round_trips.note(round_trip);
        if let Some(margin) = inputs.and_then(|inputs| inputs.margin(*rate)) {
            times.margins.note(margin);
        }
    }
}
