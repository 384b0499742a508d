use framehouse_shared::protocol::{
    channel::CHANNEL_BYTES_MAX,
    end::{EndCode, EndReason},
    messages::NETCODE_PROTOCOL_ID,
};
use renetcode::ConnectToken;

use super::*;
use crate::fake_server::FakeServer;

struct Pair {
    server: FakeServer,
    client: Connection,
    now: Duration,
}

impl Pair {
    fn connected() -> Self {
        let server = FakeServer::new();
        let client = Connection::new(&server.token(), server.link(), Duration::ZERO).expect("a good token");
        let mut pair = Self { server, client, now: Duration::ZERO };
        pair.run(500);
        assert_eq!(pair.client.status(), Status::Connected);
        pair
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now += Duration::from_millis(10);
            self.client.receive(self.now);
            self.client.send(self.now);
            self.server.update(self.now);
        }
    }
}

fn goodbye(n: u32) -> ServerMessage {
    ServerMessage::Goodbye(EndReason { code: EndCode::Left, sentence: n.to_string() })
}

#[test]
fn control_messages_come_in_order_both_ways() {
    let mut pair = Pair::connected();
    for n in 0..1000 {
        pair.server.send_message(&goodbye(n));
        pair.client.queue_control(&ClientMessage::Ready(n % 3 == 0));
    }
    pair.run(1000);
    let received: Vec<_> = std::iter::from_fn(|| pair.client.next_control()).collect();
    assert_eq!(received, (0..1000).map(goodbye).collect::<Vec<_>>());
    assert_eq!(pair.server.control, (0..1000).map(|n| ClientMessage::Ready(n % 3 == 0)).collect::<Vec<_>>());
    assert!(pair.client.is_flushed());
    assert_eq!((pair.client.drops().total(), pair.client.bad_messages()), (0, 0));
}

#[test]
fn a_probe_of_the_address_is_sent_back_and_nothing_else_is() {
    let mut pair = Pair::connected();
    let (probe, before) = (Probe { nonce: 7 }.encode(), pair.client.traffic());
    pair.server.send_datagram(&probe);
    pair.run(20);
    assert_eq!((pair.client.traffic() - before).up_packets, 1);
    assert_eq!(pair.client.next_datagram(), None);
    pair.server.send_datagram(&probe[..8]);
    pair.run(20);
    assert_eq!(pair.client.next_datagram(), Some(probe[..8].to_vec()));
}

#[test]
fn an_idle_client_sends_keep_alives_only() {
    let mut pair = Pair::connected();
    pair.client.queue_control(&ClientMessage::Ready(true));
    pair.run(1000);
    let before = pair.client.traffic();
    pair.run(10_000);
    let packets = (pair.client.traffic() - before).up_packets;
    assert!((35..=45).contains(&packets), "{packets} packets in 10 s");
}

#[test]
fn the_guards_count_what_they_keep_out() {
    let mut pair = Pair::connected();
    pair.server.send_raw(&[0xf5; 18]);
    pair.server.send_raw(&[5; 17]);
    pair.server.send_raw(&[5; 1500]);
    pair.server.send_raw(&[0; 1078]);
    pair.server.send_raw(&[0x15; 60]);
    // A slice with an index that renet 2.0.1 would not check, and a message id far ahead.
    pair.server.send_datagram(&[&[2, 0, 0, 0, 9, 1, 0x44, 0xb0][..], &[0; 1200]].concat());
    pair.server.send_datagram(&[0, 1, 0, 0, 1, 0x80, 0, 0x20, 0, 1, 7]);
    pair.run(20);
    let drops = pair.client.drops();
    assert_eq!(drops.of(Dropped::Shape), 1);
    assert_eq!(drops.of(Dropped::Size), 2);
    assert_eq!(drops.of(Dropped::Kind), 1);
    assert_eq!(drops.of(Dropped::Unauthentic), 1);
    assert_eq!(drops.of(Dropped::Payload), 2);
    assert_eq!(drops.of(Dropped::Panic), 0);
    assert_eq!(pair.client.status(), Status::Connected);
}

#[test]
fn what_is_no_message_is_counted_and_passed_over() {
    let mut pair = Pair::connected();
    pair.server.send_bytes(&[0xff, 0xff]);
    pair.server.send_message(&goodbye(1));
    pair.run(50);
    assert_eq!(pair.client.next_control(), Some(goodbye(1)));
    assert_eq!(pair.client.bad_messages(), 1);
}

#[test]
fn bytes_are_counted_with_their_headers() {
    let mut pair = Pair::connected();
    let before = pair.client.traffic();
    pair.client.send_datagram(pair.now, &[0x42, 0, 0, 0, 0]);
    let sent = pair.client.traffic() - before;
    // Prefix, one byte of sequence number, five of message, 16 of MAC, 28 of IP and UDP.
    assert_eq!((sent.up_packets, sent.up_bytes), (1, 1 + 1 + 5 + 16 + 28));
}

#[test]
fn a_silent_server_ends_the_connection_with_a_sentence() {
    let mut pair = Pair::connected();
    for ms in (0..11_000).step_by(10) {
        pair.client.receive(pair.now + Duration::from_millis(ms));
    }
    let Status::Ended(end) = pair.client.status() else { panic!("still {:?}", pair.client.status()) };
    assert!(end.is_lost && end.cause == Cause::Silence && end.reason.contains("lost"), "{end:?}");
}

#[test]
fn a_server_that_hangs_up_without_a_word_is_lost() {
    let mut pair = Pair::connected();
    pair.server.hang_up();
    pair.run(20);
    let lost = End { cause: Cause::Closed, reason: "The server closed the connection.".to_owned(), is_lost: true };
    assert_eq!(pair.client.status(), Status::Ended(&lost));
}

#[test]
fn a_farewell_counts_more_than_the_loss_it_came_with() {
    let mut pair = Pair::connected();
    pair.client.give_up(Cause::Silence, "lost");
    pair.client.close(Cause::Left, "Goodbye.");
    pair.client.close(Cause::NotUnderstood, "Goodbye again.");
    pair.client.give_up(Cause::Silence, "lost again");
    let first = End { cause: Cause::Left, reason: "Goodbye.".to_owned(), is_lost: false };
    assert_eq!(pair.client.status(), Status::Ended(&first));
}

#[test]
fn a_client_that_slept_does_not_blame_the_server() {
    let mut pair = Pair::connected();
    pair.now += Duration::from_secs(9);
    pair.server.update(pair.now);
    pair.now += Duration::from_secs(60);
    pair.client.receive(pair.now);
    assert_eq!(pair.client.status(), Status::Connected);
}

#[test]
fn a_server_that_reads_nothing_is_given_up() {
    let server = FakeServer::new();
    let mut client = Connection::new(&server.token(), server.link(), Duration::ZERO).expect("a good token");
    for _ in 0..CHANNEL_BYTES_MAX {
        client.queue_control(&ClientMessage::Ready(true));
    }
    assert!(matches!(client.status(), Status::Ended(_)));
}

#[test]
fn a_bad_token_is_an_error() {
    assert_eq!(Connection::server_address(b"nonsense"), Err(TokenError));
    let address = vec![SocketAddr::from(([10, 0, 0, 1], 7000))];
    let mut token =
        ConnectToken::generate(Duration::from_secs(9), NETCODE_PROTOCOL_ID, 10, 1, 10, address, None, &[0; 32])
            .expect("a token");
    token.expire_timestamp = 0;
    let mut bytes = Vec::new();
    token.write(&mut bytes).expect("a Vec takes any bytes");
    assert_eq!(Connection::server_address(&bytes), Err(TokenError));
}
