//! View frames: what browsers show of a room, written by the game.

use bevy::prelude::*;
use framehouse_shared::{
    api::ws::Down,
    game::GameHandle,
    sim::{SimRoom, SimTickCount},
    tick::Tick,
    web_view::ViewWriter,
};

use super::{InRoom, clock::RoomClock, thin::ThinClient};
use crate::{
    net::{
        endpoint::BoxedEndpoint,
        outgoing::{PeerAddress, ThinMessage},
    },
    schedule::{Now, TickRate},
};

/// Maximum number of view frames a second.
const VIEWS_PER_S_MAX: u16 = 20;
/// Interval of view frames in a room whose match does not run, in milliseconds.
const IDLE_INTERVAL_MS: u64 = 1000;

/// Sends the members that show a view of their room the present one, if it is due. Runs in `TickSet::Broadcast`.
pub(super) fn send_views(world: &mut World, viewers: &mut QueryState<(&InRoom, &PeerAddress, &ThinClient)>) {
    let by_room = viewers.iter(world).filter(|(.., thin)| thin.has_view()).map(|(room, address, _)| (room.0, *address));
    let mut by_room: Vec<(Entity, PeerAddress)> = by_room.collect();
    by_room.sort_by_key(|(room, _)| *room);
    for of_room in by_room.chunk_by(|a, b| a.0 == b.0) {
        let Some(view) = due_view(world, of_room[0].0) else { continue };
        let view = ThinMessage::new(view);
        for (_, address) in of_room {
            if let Some(mut endpoint) = world.get_mut::<BoxedEndpoint>(address.endpoint) {
                endpoint.queue_thin(address.client, &view);
            }
        }
    }
}

fn due_view(world: &World, room: Entity) -> Option<Down> {
    let (sim, next) = (world.get::<SimRoom>(room)?, world.get::<SimTickCount>(room)?.0);
    let rate = *world.resource::<TickRate>();
    let interval = u32::from(rate.0.div_ceil(VIEWS_PER_S_MAX));
    let since = if sim.stepping {
        next.0.is_multiple_of(interval).then(|| next.minus(interval))?
    } else {
        let idle = u64::from(rate.ticks_in(IDLE_INTERVAL_MS));
        world.resource::<Now>().tick.is_multiple_of(idle).then_some(next)?
    };
    let match_no = world.get::<RoomClock>(room)?.match_no();
    view(world, room, sim, since).map(|data| Down::ViewFrame { match_no, frame_id: next.0, data: data.into() })
}

/// The game's view of a room. A game that panics loses the room, as everywhere.
fn view(world: &World, room: Entity, sim: &SimRoom, since: Tick) -> Option<Vec<u8>> {
    let game = world.resource::<GameHandle>();
    let mut view = ViewWriter::new(since);
    sim.isolate(|| game.web_view(world.entity(room), &mut view));
    let bytes = view.finish();
    if bytes.is_none() {
        tracing::error!(game = game.id(), "the game's view of a room is too long to be sent: see VIEW_BYTES_MAX");
    }
    bytes.filter(|bytes| !bytes.is_empty() && !sim.is_faulted())
}
