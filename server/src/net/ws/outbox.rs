//! What waits to be sent to one socket: filled by the tick thread, emptied by the socket's task.

use std::{collections::VecDeque, sync::Mutex};

use axum::body::Bytes;
use framehouse_shared::protocol::end::EndCode;
use tokio::sync::Notify;

use crate::net::endpoint::ClientId;

/// Maximum number of bytes that wait for a client. One with more does not read, and is cut off.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// Maximum number of frames that wait for a client. Of more, the newest is kept.
const FRAMES_WAITING_MAX: usize = 8;
/// Number of bytes from which on a batch is complete.
const BATCH_BYTES: usize = 32 * 1024;
/// Number of bytes from a node that wait for a client in its gateway. The node decides what is left out when more wait.
const RELAYED_BYTES_MAX: usize = 32 * 1024;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// For this reason, which the client was told.
    Code(EndCode),
    /// Without a reason that the client could be told.
    Unknown,
    /// A gateway has lost the node that has the session.
    NodeLost,
}

/// Something to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A message. None is left out.
    Message(Bytes),
    /// A frame. A slow client gets the newest only.
    Frame(Bytes),
    /// A ping of the WebSocket.
    Ping,
    /// The session is over; the socket may ask for another one, depending on how it ended.
    SessionOver(ClientId, SessionEnd),
}

impl Item {
    /// Number of bytes, without the header of a frame.
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Message(bytes) | Self::Frame(bytes) => bytes.len(),
            Self::Ping | Self::SessionOver(..) => 0,
        }
    }
}

/// More waits for a client than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSlow;

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    frames: usize,
    /// Bytes of the items, and of those that were taken and are not sent yet.
    bytes: usize,
    /// Whether the connection is cut off: nothing is added any more, so that no message is sent behind one that is not.
    is_cut: bool,
}

/// The queue to one socket.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    news: Notify,
    sent: Notify,
    cut: Notify,
}

impl Outbox {
    /// Adds an item. Returns the number of older frames that are left out because of it.
    ///
    /// # Errors
    /// Once, when too much waits: the connection ends in place of everything that waits, even while the socket's task is
    /// held up by the client. Whatever is added later is dropped.
    pub fn push(&self, item: Item) -> Result<u64, TooSlow> {
        let mut waiting = self.lock();
        if waiting.is_cut {
            return Ok(0);
        }
        let skipped = if matches!(item, Item::Frame(_)) { waiting.make_place() } else { 0 };
        if waiting.bytes + item.bytes() > WAITING_BYTES_MAX {
            drop(waiting);
            self.cut();
            return Err(TooSlow);
        }
        waiting.add(item);
        Ok(skipped)
    }

    /// Adds a message from a node when there is a place for it, and wakes the socket's task. Only one task may wait here.
    pub async fn push_relayed(&self, bytes: Bytes) {
        let is_free = || {
            let waiting = self.bytes();
            waiting == 0 || waiting + bytes.len() <= RELAYED_BYTES_MAX
        };
        while !is_free() {
            self.sent.notified().await;
        }
        let mut waiting = self.lock();
        if !waiting.is_cut {
            waiting.add(Item::Message(bytes));
        }
        drop(waiting);
        self.wake();
    }

    /// Ends the connection in place of everything that waits.
    pub fn cut(&self) {
        self.lock().cut();
        self.cut.notify_one();
    }

    /// Waits until the connection is to be cut.
    pub async fn wait_for_cut(&self) {
        self.cut.notified().await;
    }

    /// Ends the session behind everything that waits.
    pub fn end_session(&self, client: ClientId, end: SessionEnd) {
        let mut waiting = self.lock();
        if !waiting.is_cut {
            waiting.items.push_back(Item::SessionOver(client, end));
        }
    }

    /// Wakes the socket's task.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// Number of bytes that are not sent yet.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Waits for items, and takes those that make a batch, oldest first.
    pub async fn next_batch(&self) -> Vec<Item> {
        loop {
            let batch = self.take_batch();
            if !batch.is_empty() {
                return batch;
            }
            self.news.notified().await;
        }
    }

    /// Takes the items that make a batch now.
    pub fn take_batch(&self) -> Vec<Item> {
        self.lock().take_batch()
    }

    /// Notes that a batch of so many bytes was sent.
    pub fn note_sent(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.sent.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("nothing panics while holding this lock")
    }
}

impl Waiting {
    fn add(&mut self, item: Item) {
        self.bytes += item.bytes();
        self.frames += usize::from(matches!(item, Item::Frame(_)));
        self.items.push_back(item);
    }

    /// Leaves all frames out if there are too many. Returns their number.
    fn make_place(&mut self) -> u64 {
        if self.frames < FRAMES_WAITING_MAX {
            return 0;
        }
        let mut bytes = 0;
        self.items.retain(|item| {
            let is_frame = matches!(item, Item::Frame(_));
            bytes += if is_frame { item.bytes() } else { 0 };
            !is_frame
        });
        self.bytes -= bytes;
        std::mem::take(&mut self.frames) as u64
    }

    fn cut(&mut self) {
        self.is_cut = true;
        self.frames = 0;
        let waiting: usize = self.items.drain(..).map(|item| item.bytes()).sum();
        self.bytes -= waiting;
    }

    fn take_batch(&mut self) -> Vec<Item> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        // The end of a session goes with the message that tells it.
        while let Some(item) =
            self.items.pop_front_if(|item| bytes < BATCH_BYTES || matches!(item, Item::SessionOver(..)))
        {
            bytes += item.bytes();
            self.frames -= usize::from(matches!(item, Item::Frame(_)));
            batch.push(item);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn message(bytes: usize) -> Item {
        Item::Message(vec![1; bytes].into())
    }

    fn frame(number: u8) -> Item {
        Item::Frame(vec![number; 100].into())
    }

    fn batch(outbox: &Outbox) -> Vec<Item> {
        outbox.next_batch().now_or_never().unwrap_or_default()
    }

    #[test]
    fn of_too_many_frames_the_newest_is_kept_and_every_message() {
        let outbox = Outbox::default();
        outbox.push(message(10)).expect("it fits");
        let skipped: u64 = (0..9).map(|number| outbox.push(frame(number)).expect("it fits")).sum();
        outbox.push(message(20)).expect("it fits");
        assert_eq!((skipped, outbox.bytes()), (8, 130));
        assert_eq!(batch(&outbox), [message(10), frame(8), message(20)]);
        assert_eq!(outbox.bytes(), 130, "taken is not sent");
        outbox.note_sent(130);
        assert_eq!((outbox.bytes(), batch(&outbox)), (0, vec![]));
    }

    #[test]
    fn the_end_of_a_session_is_in_the_batch_of_the_message_that_tells_it() {
        let outbox = Outbox::default();
        outbox.push(message(BATCH_BYTES)).expect("it fits");
        let end = SessionEnd::Code(EndCode::Left);
        outbox.end_session(7, end);
        assert_eq!(batch(&outbox), [message(BATCH_BYTES), Item::SessionOver(7, end)]);
    }

    #[test]
    fn frames_alone_never_cut_a_client_off() {
        let outbox = Outbox::default();
        for _ in 0..100_000 {
            outbox.push(Item::Frame(vec![0; 4096].into())).expect("the older ones are left out");
        }
        assert!(outbox.bytes() <= FRAMES_WAITING_MAX * 4096);
    }

    #[test]
    fn a_client_that_does_not_read_is_cut_off_at_the_limit_and_what_is_on_its_way_counts() {
        let outbox = Outbox::default();
        let pushed = (0..256).filter(|_| outbox.push(message(1024)).is_ok()).count();
        assert_eq!(pushed, 256);
        assert_eq!(batch(&outbox).len(), 32);
        assert!(outbox.wait_for_cut().now_or_never().is_none());
        assert_eq!(outbox.push(message(1)), Err(TooSlow), "the batch is not sent");
        assert!(outbox.wait_for_cut().now_or_never().is_some());
        outbox.note_sent(32 * 1024);
        assert_eq!(outbox.push(message(1)), Ok(0), "it is cut off once");
        outbox.end_session(7, SessionEnd::Unknown);
        assert_eq!((outbox.bytes(), batch(&outbox)), (0, vec![]), "nothing comes behind a gap");
    }

    #[test]
    fn messages_from_a_node_wait_for_their_place_and_none_is_left_out() {
        let outbox = Outbox::default();
        let push = |bytes: usize| outbox.push_relayed(vec![2; bytes].into());
        // However large it is, one has a place if nothing else waits.
        assert!(push(100 * 1024).now_or_never().is_some());
        let mut next = Box::pin(push(10));
        assert!((&mut next).now_or_never().is_none());
        assert_eq!(batch(&outbox).len(), 1);
        assert!((&mut next).now_or_never().is_none(), "taken is not sent");
        outbox.note_sent(100 * 1024);
        assert!(next.now_or_never().is_some());
        assert!(push(RELAYED_BYTES_MAX - 10).now_or_never().is_some() && push(1).now_or_never().is_none());
    }
}
