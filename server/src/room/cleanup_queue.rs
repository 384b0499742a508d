//! Queue of cleanup requests from rooms.

use bevy::prelude::*;
use framehouse_shared::ids::PlayerId;

/// A request to free data that is not needed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanupRequest {
    /// Buffers of a member that has left, or old buffers of one that has given up.
    Member {
        /// The room.
        room: Entity,
        /// The entity with the buffers.
        target: Entity,
        /// The player or spectator, if known.
        player: Option<PlayerId>,
    },
    /// A new match begins in the room: cancels cleanups that are scheduled for the earlier match.
    NextMatch {
        /// The room.
        room: Entity,
    },
    /// A closed room.
    Room {
        /// The room.
        room: Entity,
    },
}

/// Requests of this tick, in order. The cleanup takes all of them every tick, so their number is bounded by the members
/// and rooms that end in one tick.
#[derive(Resource, Debug, Default)]
pub struct CleanupQueue(Vec<CleanupRequest>);

impl CleanupQueue {
    /// Adds a request.
    pub(in crate::room) fn push(&mut self, request: CleanupRequest) {
        self.0.push(request);
    }

    /// Takes all requests.
    pub fn take(&mut self) -> Vec<CleanupRequest> {
        std::mem::take(&mut self.0)
    }
}
