//! Chat lines and game messages of members, left in their order for whoever archives them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
    mpsc::{Receiver, SyncSender, sync_channel},
};

use bevy::prelude::*;
use framehouse_shared::ids::{AccountId, MatchId, RoomCode, RoomId, Slot};

use super::{Room, current_match::CurrentMatch, phase::RoomPhase};
use crate::schedule::Now;

/// Maximum number of messages that wait for the archive. More are not archived, and counted. A message is at most 1 KB.
const QUEUE_MAX: usize = 8192;

/// A message that the members of a room were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMessage {
    /// The room, by its number since the server's start.
    pub room: RoomId,
    /// Code of the room.
    pub code: RoomCode,
    /// Number of the event in its room: ascending, with gaps where other events were.
    pub msg_id: u64,
    /// The match that the room played, or whose results it showed.
    pub match_id: Option<MatchId>,
    /// When it was sent, in seconds since 1970-01-01 UTC.
    pub unix_s: u64,
    /// Lasting id of the sender.
    pub account: AccountId,
    /// Seat of the sender; `None` for a spectator.
    pub slot: Option<Slot>,
    /// Name of the sender.
    pub name: String,
    /// What was sent.
    pub content: MessageContent,
}

/// Content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent {
    /// A line of chat.
    Chat(String),
    /// A message of the game.
    Game(Vec<u8>),
}

/// Who has sent a message.
pub(super) struct Sender {
    /// Lasting id.
    pub account: AccountId,
    /// Seat; `None` for a spectator.
    pub slot: Option<Slot>,
    /// Name.
    pub name: String,
}

/// The queue that messages go to. Without one, no message is archived.
#[derive(Resource, Default)]
pub struct MessageLog(Option<MessageQueue>);

impl MessageLog {
    /// Messages go to this queue.
    pub const fn to(queue: MessageQueue) -> Self {
        Self(Some(queue))
    }
}

/// The tick thread's end of the queue.
pub struct MessageQueue {
    queue: SyncSender<RoomMessage>,
    lost: Arc<AtomicU64>,
}

/// The archive's end of the queue.
#[derive(Debug)]
pub struct ArchivedMessages {
    queue: Receiver<RoomMessage>,
    lost: Arc<AtomicU64>,
}

impl MessageQueue {
    /// Leaves a message, or counts it if the queue is full: the tick thread waits for nobody.
    pub(crate) fn push(&self, message: RoomMessage) {
        if self.queue.try_send(message).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

impl ArchivedMessages {
    /// Takes the messages that wait, oldest first.
    pub fn take(&self) -> impl Iterator<Item = RoomMessage> {
        self.queue.try_iter()
    }

    /// Number of messages that found the queue full.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }
}

/// A queue for at most 8192 messages.
pub fn queue() -> (MessageQueue, ArchivedMessages) {
    let (queue, messages) = sync_channel(QUEUE_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    (MessageQueue { queue, lost: Arc::clone(&lost) }, ArchivedMessages { queue: messages, lost })
}

/// Leaves a message for the archive. Call it before the message is announced: it takes the number of that event.
pub(super) fn note(world: &World, room: Entity, sender: Sender, content: MessageContent) {
    let Some((queue, data)) = world.resource::<MessageLog>().0.as_ref().zip(world.get::<Room>(room)) else { return };
    let is_in_match = !matches!(world.get::<RoomPhase>(room), None | Some(RoomPhase::Lobby { .. }));
    let current = world.get::<CurrentMatch>(room).filter(|_| is_in_match);
    let Sender { account, slot, name } = sender;
    queue.push(RoomMessage {
        room: data.id(),
        code: data.code(),
        msg_id: data.next_msg_id(),
        match_id: current.map(CurrentMatch::id),
        unix_s: world.resource::<Now>().unix().as_secs(),
        account,
        slot,
        name,
        content,
    });
}
