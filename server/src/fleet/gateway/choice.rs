//! Which node is asked for a seat.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use framehouse_shared::{ids::RoomCode, protocol::messages::Hello};

use super::{
    recent::{Recent, SHOWN_AFTER},
    view::{View, state_of},
};
use crate::{
    fleet::registry::{NodeEntry, NodeLease, NodeState},
    room::directory::JoinError,
};

/// Share of a tick's time below which ticks say nothing about how busy a node is.
const TICKS_SHARE_MIN: f64 = 0.5;
/// Share up to which a gateway fills a node while it packs.
const PACKED_SHARE: f64 = 0.7;
/// Largest number of rooms that are remembered because no lease has them yet.
const NEW_ROOMS_MAX: usize = 4096;

/// Whose nodes a gateway chooses.
#[derive(Clone, Debug)]
pub(super) struct Preference {
    /// Channel that a node must have.
    pub channel: String,
    /// Zone that is preferred.
    pub zone: String,
    /// Whether the fullest node is filled.
    pub pack: bool,
}

/// The nodes that may have a player.
pub(super) struct Eligible<'a> {
    /// Those with places, in the gateway's zone if there are any.
    near: Vec<&'a NodeEntry>,
    /// Those with places in all zones, or all if none has a place.
    all: Vec<&'a NodeEntry>,
    /// Zone that is preferred.
    zone: String,
}

/// The nodes that may have a player with this build and client.
///
/// # Errors
/// When there is none.
pub(super) fn eligible<'a>(
    view: &'a View,
    preference: &Preference,
    hello: Option<&Hello>,
    build: Option<&str>,
    asked: &Asked,
) -> Result<Eligible<'a>, JoinError> {
    let is_ready =
        |entry: &&NodeEntry| state_of(entry) == NodeState::Ready && entry.lease.channel == preference.channel;
    let ready: Vec<&NodeEntry> = view.nodes.iter().filter(is_ready).collect();
    let first = ready.first().ok_or(JoinError::NoServer)?;
    let fits = |lease: &NodeLease| hello.map_or(Ok(()), |hello| lease.hello.check(hello));
    let fitting: Vec<&NodeEntry> = ready.iter().copied().filter(|entry| fits(&entry.lease).is_ok()).collect();
    if fitting.is_empty() {
        return Err(fits(&first.lease).err().map_or(JoinError::NoServer, JoinError::Mismatch));
    }
    let is_of_build = |entry: &NodeEntry| match build {
        Some(build) => entry.lease.build == build,
        None => !view.release.names(&entry.lease.build),
    };
    // A build whose nodes are all gone must not keep its players out.
    let of_build = or_all(&fitting, is_of_build);
    let all = or_all(&of_build, |entry| asked.has_place(&entry.lease));
    let near = or_all(&all, |entry| entry.lease.zone == preference.zone);
    Ok(Eligible { near, all, zone: preference.zone.clone() })
}

/// The entries that are good, or all if none is.
fn or_all<'a>(entries: &[&'a NodeEntry], is_good: impl Fn(&NodeEntry) -> bool) -> Vec<&'a NodeEntry> {
    let good: Vec<_> = entries.iter().copied().filter(|entry| is_good(entry)).collect();
    if good.is_empty() { entries.to_vec() } else { good }
}

/// A room that a quick match has opened.
#[derive(Debug)]
struct NewRoom {
    at: Instant,
    code: RoomCode,
    node: String,
    free: u8,
}

/// What a gateway has asked nodes for, and what it chooses by.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// By node.
    seats: Recent<String>,
    /// By room, of quick matches.
    taken: Recent<RoomCode>,
    new_rooms: VecDeque<NewRoom>,
}

impl Asked {
    /// Forgets what leases show by now.
    pub fn forget(&mut self, now: Instant) {
        self.seats.forget(now);
        self.taken.forget(now);
        let is_shown = |room: &NewRoom| now.saturating_duration_since(room.at) >= SHOWN_AFTER;
        while self.new_rooms.front().is_some_and(is_shown) {
            self.new_rooms.pop_front();
        }
    }

    /// Notes that a node is asked for a seat.
    pub fn note(&mut self, node: &str, now: Instant) {
        self.seats.note(node.to_owned(), now);
    }

    /// Notes the room that a node has put a player of quick match into.
    pub fn note_room(&mut self, lease: &NodeLease, code: RoomCode, expected: Option<RoomCode>, now: Instant) {
        if expected == Some(code) {
            return;
        }
        let is_known =
            lease.open.iter().any(|room| room.code == code) || self.new_rooms.iter().any(|room| room.code == code);
        if is_known {
            self.taken.note(code, now);
        } else if self.new_rooms.len() < NEW_ROOMS_MAX {
            let free = lease.room_size.saturating_sub(1);
            self.new_rooms.push_back(NewRoom { at: now, code, node: lease.node.clone(), free });
        }
    }

    /// The fullest room with a free seat on one of these nodes, and its node. The seat counts as taken.
    pub fn take_open_seat<'a>(&mut self, nodes: &Eligible<'a>, now: Instant) -> Option<(&'a NodeEntry, RoomCode)> {
        let left =
            |code: RoomCode, free: u8| u32::from(free).checked_sub(self.taken.count(&code)).filter(|left| *left > 0);
        let listed = nodes.all.iter().flat_map(|entry| {
            entry.lease.open.iter().filter_map(|room| Some((left(room.code, room.free)?, room.code, *entry)))
        });
        let new = self.new_rooms.iter().filter_map(|room| {
            // In a crowd, most of them are full.
            let left = left(room.code, room.free)?;
            let entry = nodes.all.iter().find(|entry| entry.lease.node == room.node)?;
            Some((left, room.code, *entry))
        });
        let (_, code, entry) =
            listed.chain(new).min_by_key(|(left, code, entry)| (entry.lease.zone != nodes.zone, *left, *code))?;
        self.taken.note(code, now);
        Some((entry, code))
    }

    /// The node to ask next. The last attempt goes to the least busy one: if there is a place, it is there.
    pub fn pick<'a>(
        &self,
        nodes: &Eligible<'a>,
        tried: &[&str],
        is_last: bool,
        pack: bool,
        random: impl Fn() -> usize,
    ) -> Option<&'a NodeEntry> {
        let untried = |entries: &[&'a NodeEntry]| -> Vec<&'a NodeEntry> {
            entries.iter().copied().filter(|entry| !tried.contains(&entry.lease.node.as_str())).collect()
        };
        let (near, all) = (untried(&nodes.near), untried(&nodes.all));
        let from = if near.is_empty() || is_last { all } else { near };
        let load = |entry: &&NodeEntry| self.load(&entry.lease);
        let least = |entries: &[&'a NodeEntry]| {
            entries.iter().copied().min_by(|a, b| load(a).total_cmp(&load(b)).then(a.lease.node.cmp(&b.lease.node)))
        };
        if pack {
            let below = from.iter().copied().filter(|entry| load(entry) < PACKED_SHARE);
            return below.max_by(|a, b| load(a).total_cmp(&load(b))).or_else(|| least(&from));
        }
        if is_last || from.len() <= 2 {
            return least(&from);
        }
        let first = random() % from.len();
        let second = (first + 1 + random() % (from.len() - 1)) % from.len();
        least(&[from[first], from[second]])
    }

    /// How busy a node is, 1 is full: as its lease says, and with the seats that it was asked for since.
    fn load(&self, lease: &NodeLease) -> f64 {
        let ticks = lease.tick_p99_ms * f64::from(lease.tick_rate) / 1000.0;
        let ticks = if ticks < TICKS_SHARE_MIN { 0.0 } else { ticks };
        let clients = lease.clients + self.seats.count(&lease.node);
        let sockets = share(lease.sockets, lease.sockets_max);
        ticks.max(share(clients, lease.clients_max)).max(sockets).max(share(lease.rooms, lease.rooms_max))
    }

    /// Whether a node has a place, as far as the gateway knows.
    fn has_place(&self, lease: &NodeLease) -> bool {
        let is_calm = lease.tick_load_max >= 1.0 || lease.tick_load < lease.tick_load_max;
        let clients = lease.clients + self.seats.count(&lease.node);
        is_calm && clients < lease.clients_max && lease.rooms < lease.rooms_max
    }
}

fn share(used: u32, max: u32) -> f64 {
    f64::from(used) / f64::from(max.max(1))
}

/// Time for which a node may keep a gateway waiting.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);

#[cfg(test)]
pub(super) mod tests;
