//! History for spectators, and for players that have given up: the opening state and frames, by range.
//!
//! A member requests one part at a time and gets it in chunks on the reliable path. A rate limit and a limit on
//! unacknowledged bytes keep frames and events from waiting behind it.

use std::{sync::Arc, time::Duration};

use bevy::prelude::*;
use framehouse_shared::protocol::messages::{
    HistoryContent, HistoryPart, PlayerState, SNAPSHOT_CHUNK_BYTES, ServerMessage,
};

use super::{InRoom, Player, clock::RoomClock, history::FrameHistory, resync, sessions};
use crate::{
    net::{
        budget::Bucket,
        endpoint::BoxedEndpoint,
        outgoing::{Outgoing, PeerAddress},
    },
    schedule::Now,
};

/// History sent to one member, in bytes per second. Ten seconds of a match are about 4 KB.
const BYTES_PER_SECOND: f32 = 32.0 * 1024.0;
/// Maximum number of unacknowledged reliable bytes of a member when a chunk is queued. An event waits behind at most
/// this many.
const UNACKED_BYTES_MAX: usize = 8 * 1024;

/// History feed of a member; inserted with its first request.
#[derive(Component)]
#[component(storage = "SparseSet")]
pub struct HistoryFeed {
    rate: Bucket,
    answer: Option<Answer>,
}

/// A history part that is being sent.
struct Answer {
    to: PeerAddress,
    match_no: u32,
    content: HistoryContent,
    bytes: Arc<[u8]>,
    /// The index of the next chunk to send.
    next: usize,
}

impl HistoryFeed {
    fn new(now: Duration) -> Self {
        Self { rate: Bucket::new(BYTES_PER_SECOND, UNACKED_BYTES_MAX as f32, now), answer: None }
    }

    /// Sends due chunks. An answer for an earlier session or match is dropped.
    fn send(&mut self, to: PeerAddress, match_no: Option<u32>, endpoint: &mut BoxedEndpoint, now: Duration) {
        while let Some(answer) = &mut self.answer {
            if answer.to != to || match_no != Some(answer.match_no) {
                self.answer = None;
                return;
            }
            let is_full = endpoint.unacknowledged(to.client) >= UNACKED_BYTES_MAX;
            if is_full || !self.rate.take(SNAPSHOT_CHUNK_BYTES as f32, now) {
                return;
            }
            endpoint.queue_message(to.client, &Outgoing::new(&answer.next_chunk()));
            if answer.is_sent() {
                self.answer = None;
            }
        }
    }
}

impl Answer {
    fn next_chunk(&mut self) -> ServerMessage {
        let (match_no, content) = (self.match_no, self.content);
        let start = self.next * SNAPSHOT_CHUNK_BYTES;
        let bytes = self.bytes[start..self.bytes.len().min(start + SNAPSHOT_CHUNK_BYTES)].to_vec();
        let (index, count) = (self.next as u16, self.bytes.len().div_ceil(SNAPSHOT_CHUNK_BYTES) as u16);
        self.next += 1;
        ServerMessage::HistoryChunk { match_no, content, index, count, bytes }
    }

    fn is_sent(&self) -> bool {
        self.next * SNAPSHOT_CHUNK_BYTES >= self.bytes.len()
    }
}

/// Handles a request for a history part. Players in the match are refused. A request is ignored while another answer is
/// being sent, and if the part does not exist.
pub fn take_request(world: &mut World, session: Entity, member: Entity, match_no: u32, part: HistoryPart) {
    if !resync::is_current_match(world, member, match_no) {
        return;
    }
    if !may_look_back(world, member) {
        return sessions::refuse(world, session, "only spectators and players who gave up can go back in a match");
    }
    let Some((to, room)) = resync::address_and_room(world, member) else { return };
    let now = world.resource::<Now>().elapsed;
    let is_busy = |feed: &HistoryFeed| feed.answer.as_ref().is_some_and(|answer| answer.to == to);
    if world.get::<HistoryFeed>(member).is_some_and(is_busy) {
        return;
    }
    let Some((content, bytes)) = world.get::<FrameHistory>(room).and_then(|history| find(history, part)) else {
        return;
    };
    let mut member = world.entity_mut(member);
    let feed = member.entry::<HistoryFeed>().or_insert_with(|| HistoryFeed::new(now));
    feed.into_mut().answer = Some(Answer { to, match_no, content, bytes, next: 0 });
}

/// Whether a member may see history: spectators and players that have given up. Others would have an advantage.
fn may_look_back(world: &World, member: Entity) -> bool {
    world.get::<Player>(member).is_none_or(|player| player.state == PlayerState::Aborted)
}

fn find(history: &FrameHistory, part: HistoryPart) -> Option<(HistoryContent, Arc<[u8]>)> {
    match part {
        HistoryPart::Opening => Some((HistoryContent::Opening, history.opening()?)),
        HistoryPart::From(first) => history.range(first),
    }
}

/// Sends due chunks of all history feeds. Runs in `TickSet::Broadcast`, after the frames.
pub fn send_history(
    now: Res<Now>,
    mut feeds: Query<(&mut HistoryFeed, &PeerAddress, &InRoom)>,
    rooms: Query<&RoomClock>,
    mut endpoints: Query<&mut BoxedEndpoint>,
) {
    for (mut feed, address, room) in &mut feeds {
        let Ok(mut endpoint) = endpoints.get_mut(address.endpoint) else { continue };
        let match_no = rooms.get(room.0).ok().map(|clock| clock.match_no);
        feed.send(*address, match_no, &mut endpoint, now.elapsed);
    }
}
