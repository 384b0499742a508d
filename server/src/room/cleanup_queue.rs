//! What rooms ask the cleanup for.

use bevy::prelude::*;
use framehouse_shared::ids::PlayerId;

/// Something in a room is over, and what it holds can be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanupRequest {
    /// A member's buffers, on an entity that is nobody's any more.
    Member {
        /// The room.
        room: Entity,
        /// The entity with the buffers.
        target: Entity,
        /// The player, or the spectator.
        player: Option<PlayerId>,
    },
    /// A new match begins in the room: nothing scheduled for the one before may touch it.
    NextMatch {
        /// The room.
        room: Entity,
    },
    /// A room that is closed.
    Room {
        /// The room.
        room: Entity,
    },
}

/// Requests of this tick, in order. The cleanup takes all of them in every tick, so that there are never more than members
/// and rooms that a tick can end.
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
