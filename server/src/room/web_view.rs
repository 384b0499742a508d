//! View frames: what browsers show of a room, written by the game.

use bevy::prelude::*;
use framehouse_shared::{
    api::ws::Down,
    game::GameHandle,
    sim::{SimRoom, SimTickCount},
    tick::Tick,
    web_view::ViewWriter,
};

use super::{
    InRoom,
    clock::RoomClock,
    thin::ThinClient,
    who::{Who, log_line},
};
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

/// Mark of a room whose view was too long to be sent: it was said once.
#[derive(Component)]
struct LongView;

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

fn due_view(world: &mut World, room: Entity) -> Option<Down> {
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
    view(world, room, since).map(|data| Down::ViewFrame { match_no, frame_id: next.0, data: data.into() })
}

/// The game's view of a room. A game that panics loses the room, as everywhere.
fn view(world: &mut World, room: Entity, since: Tick) -> Option<Vec<u8>> {
    let (game, sim) = (world.resource::<GameHandle>(), world.get::<SimRoom>(room)?);
    let mut view = ViewWriter::new(since);
    sim.isolate(|| game.web_view(world.entity(room), &mut view));
    let is_shown = !sim.is_faulted();
    match view.finish() {
        Some(bytes) => Some(bytes).filter(|bytes| is_shown && !bytes.is_empty()),
        None => {
            note_long_view(world, room);
            None
        }
    }
}

fn note_long_view(world: &mut World, room: Entity) {
    if world.get::<LongView>(room).is_none() {
        let game = world.resource::<GameHandle>().id();
        log_line!(ERROR, Who::of_room(world, room), game, "the room's view is too long to be sent: see VIEW_BYTES_MAX");
        world.entity_mut(room).insert(LongView);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use framehouse_shared::{game::Game, ids::RoomId, sim::MatchSetup, web_view::VIEW_BYTES_MAX};

    use super::*;

    struct Talkative;

    impl Game for Talkative {
        fn id(&self) -> &'static str {
            "talkative"
        }

        fn build(&self, _: &mut App) {}

        fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}

        fn web_view(&self, _: EntityRef, view: &mut ViewWriter) {
            view.put(&[0; VIEW_BYTES_MAX + 1]);
        }
    }

    #[test]
    fn a_view_that_is_too_long_is_logged_once_a_room() {
        let mut world = World::new();
        world.insert_resource(GameHandle::new(Talkative));
        let rooms = [1, 2].map(|id| world.spawn(SimRoom::new(RoomId(id))).id());
        let lines = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&lines);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::io::sink()
        };
        tracing::subscriber::with_default(tracing_subscriber::fmt().with_writer(count).finish(), || {
            for room in rooms.repeat(3) {
                assert_eq!(view(&mut world, room, Tick(0)), None);
            }
        });
        assert_eq!(lines.load(Ordering::Relaxed), 2);
    }
}
