//! What a node tells the fleet about itself.

use std::time::Duration;

use super::{
    node::NodeOptions,
    registry::{NodeLease, NodeState, OpenRoom, Owner},
};
use crate::room::roster::Roster;

/// Time without a tick after which no newcomers are sent here.
const HANG_TIME: Duration = Duration::from_secs(2);
/// Largest number of open rooms in a lease.
const OPEN_ROOMS_MAX: usize = 32;
/// One in so many connections is kept for players who come back, as by `room::admission`.
const RETURNING_SHARE: u32 = 16;

/// The lease of a node. Without codes it opens no room.
pub(super) fn lease(options: &NodeOptions, owner: &Owner, has_codes: bool, is_wanted_draining: bool) -> NodeLease {
    let (page, roster) = (options.status.page(), options.roster.newest());
    let status = &page.status;
    let is_ticking = options.status.heartbeat().silence().is_some_and(|silence| silence < HANG_TIME);
    let state = if !is_ticking || !has_codes {
        NodeState::Starting
    } else if is_wanted_draining || !status.accepting || options.status.is_stopping() {
        NodeState::Draining
    } else {
        NodeState::Ready
    };
    NodeLease {
        node: owner.node.clone(),
        incarnation: owner.incarnation,
        build: options.build.clone(),
        class: options.class.clone(),
        hello: options.hello.clone(),
        channel: options.channel.clone(),
        zone: options.zone.clone(),
        http: options.http.clone(),
        udp: options.udp.clone(),
        state,
        tick_rate: status.tick_rate,
        tick_p99_ms: status.tick_ms.p99,
        tick_load: status.tick_load,
        tick_load_max: options.load_max,
        rooms: status.rooms as u32,
        rooms_max: options.rooms_max,
        matches: status.rooms.saturating_sub(status.rooms_by_phase.lobby) as u32,
        clients: status.sessions_by_kind.udp as u32,
        clients_max: roster.clients_max - roster.clients_max / RETURNING_SHARE,
        sockets: status.sessions_by_kind.websocket as u32,
        sockets_max: roster.sockets_max - roster.sockets_max / RETURNING_SHARE,
        players: status.players as u32,
        room_size: options.room_size,
        open: open_rooms(&roster),
        started_unix_s: status.started_unix_s as u64,
    }
}

/// The fullest public rooms with a free seat, fullest first.
fn open_rooms(roster: &Roster) -> Vec<OpenRoom> {
    let mut open: Vec<_> =
        roster.rooms.iter().filter(|room| !room.private && (1..room.seats).contains(&room.free)).collect();
    open.sort_by_key(|room| (room.free, room.id));
    open.truncate(OPEN_ROOMS_MAX);
    open.into_iter().map(|room| OpenRoom { code: room.code, free: room.free }).collect()
}
