//! How far clients are away, and how early their inputs come.

use bevy::prelude::*;
use framehouse_shared::tick::Tick;

use crate::{
    histogram::DurationHistogram,
    room::{
        InRoom, Room,
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
/// does nothing for it. A client tells in its next datagram which frames it has: the interval of its datagrams, the longest
/// wait for that, is subtracted from a round trip.
pub(super) fn measure_clients(
    rate: Res<TickRate>,
    mut times: ResMut<ClientTimes>,
    rooms: Query<(&Room, &RoomClock)>,
    mut members: Query<(&InRoom, &mut SyncState, Option<&InputBuffer>)>,
) {
    for (room, mut sync, inputs) in &mut members {
        let Ok((room, clock)) = rooms.get(room.0) else { continue };
        let wait = rate.time_of(Tick(room.options().datagram_ticks()));
        let Some(round_trip) = sync.measure_round_trip(clock, *rate, wait) else { continue };
        times.round_trips.note(round_trip);
        if let Some(margin) = inputs.and_then(|inputs| inputs.margin(*rate)) {
            times.margins.note(margin);
        }
    }
}
