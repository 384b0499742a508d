//! Relays in virtual time, with the node's end of the socket in the test's hands.

use std::{net::Ipv4Addr, sync::Arc};

use framehouse_shared::{api::ws::Encoding, protocol::end::EndCode};
use futures_util::FutureExt;
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::*;
use crate::net::ws::{Item, relay::SESSION_OVER};

const CLIENT: u64 = 7;

struct Test {
    node: WebSocketStream<DuplexStream>,
    session: ThinSession,
    outbox: Arc<Outbox>,
}

impl Test {
    async fn new() -> Self {
        let (ours, theirs) = duplex(4096);
        let node = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        let gateway = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let outbox = Arc::<Outbox>::default();
        let opened = Opened {
            client: CLIENT,
            ip: Ipv4Addr::LOCALHOST.into(),
            encoding: Encoding::Json,
            player_id: String::new(),
            resume: String::new(),
            outbox: Arc::clone(&outbox),
        };
        Self { node, session: join(gateway, opened), outbox }
    }

    /// Sends a message and a close frame of the node.
    async fn end(&mut self, code: u16, reason: &str) {
        self.node.send(Message::binary(b"left".to_vec())).await.expect("it is open");
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.node.send(Message::Close(Some(frame))).await.expect("it is open");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_pass_both_ways_unchanged_and_in_order() {
    let mut test = Test::new().await;
    for number in 0..100_u8 {
        test.session.send(vec![number; 3].into(), None).await;
        let Some(Ok(Message::Binary(up))) = test.node.next().await else { panic!("no message") };
        assert_eq!(up, vec![number; 3]);
        test.node.send(Message::binary(vec![number; 5])).await.expect("it is open");
        assert_eq!(test.outbox.next_batch().await, [Item::Message(vec![number; 5].into())]);
        test.outbox.note_sent(5);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_comes_behind_its_last_message() {
    let mut test = Test::new().await;
    test.end(SESSION_OVER, "kicked").await;
    let mut items = test.outbox.next_batch().await;
    while items.len() < 2 {
        items.extend(test.outbox.next_batch().await);
    }
    let over = Item::SessionOver(CLIENT, SessionEnd::Code(EndCode::Kicked));
    assert_eq!(items, [Item::Message(b"left".to_vec().into()), over]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_or_silent_is_lost() {
    let lost = [Item::SessionOver(CLIENT, SessionEnd::NodeLost)];
    let Test { node, session: _session, outbox } = Test::new().await;
    drop(node);
    assert_eq!(outbox.next_batch().await, lost);
    let Test { node: _node, session: _session, outbox } = Test::new().await;
    // In virtual time.
    assert_eq!(outbox.next_batch().await, lost);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_the_node_has_cut_off_is_cut_off() {
    let mut test = Test::new().await;
    test.end(framehouse_shared::api::ws::close::TOO_SLOW, "").await;
    test.outbox.wait_for_cut().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_learns_that_its_member_is_gone() {
    let Test { mut node, session, outbox: _outbox } = Test::new().await;
    session.close("it is gone").await;
    assert!(matches!(node.next().await, Some(Ok(Message::Close(_)))));
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_read_keeps_the_other_end_waiting_and_nothing_is_left_out() {
    let Test { node, session, outbox } = Test::new().await;
    let (mut to_member, mut from_member) = node.split();
    // The member does not read: the node can send what the buffers hold, and waits.
    let sending = async {
        for number in 0..1000_u32 {
            to_member.send(Message::binary(vec![number as u8; 1000])).await.expect("it is open");
        }
    };
    let mut sending = Box::pin(sending.fuse());
    assert!(timeout(Duration::from_secs(10), &mut sending).await.is_err());
    assert!(outbox.bytes() <= 32 * 1024, "{}", outbox.bytes());
    // The node does not read: the member can send what the buffers hold, and waits. The other way is not held up.
    let mut sent = 0;
    while timeout(Duration::from_secs(1), session.send(vec![1; 1000].into(), None)).await.is_ok() {
        sent += 1;
        assert!(sent < 100, "nothing waits");
    }
    let mut received = Vec::new();
    while received.len() < 1000 {
        let _ = timeout(Duration::from_millis(1), &mut sending).await;
        for item in outbox.next_batch().await {
            outbox.note_sent(item.bytes());
            let Item::Message(bytes) = item else { panic!("{item:?}") };
            received.push(bytes[0]);
        }
    }
    assert!(received.into_iter().eq((0..1000_u32).map(|number| number as u8)));
    let mut arrived = 0;
    while arrived < sent {
        arrived += usize::from(matches!(from_member.next().await, Some(Ok(Message::Binary(_)))));
    }
}
