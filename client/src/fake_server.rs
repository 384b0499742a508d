//! A fake server for this crate's tests: real netcode and renet, with any messages that a test wants to send.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bevy_renet::renet::{ChannelConfig, ConnectionConfig, RenetServer, SendType};
use framehouse_shared::{
    ids::{PlayerId, RoomId, Slot},
    protocol::{
        channel::{FLUSH_BYTES_MAX, LIBRARY_BYTES_MAX, Outbox, RELIABLE_CHANNEL, RESEND_TIME, split_batch},
        codec,
        guard::{PayloadKind, check_at_server, check_payload},
        messages::{
            ClientMessage, Member, NETCODE_PROTOCOL_ID, Phase, PlayerState, RoomOptions, ServerMessage, Welcome,
        },
    },
};
use renetcode::{ConnectToken, NetcodeServer, ServerAuthentication, ServerConfig, ServerResult};

use crate::net::Link;

/// The only client's seat.
pub const OWN: Slot = Slot::new(1).expect("in range");
/// The room's tick rate.
pub const TICK_RATE: u16 = 30;

const KEY: [u8; 32] = [7; 32];
const CLIENT_ID: u64 = 1;
const UNIX_BASE: Duration = Duration::from_secs(1_700_000_000);

type Queue = Arc<Mutex<VecDeque<Vec<u8>>>>;

/// The client's end of a lossless in-memory link.
pub struct MemoryLink {
    up: Queue,
    down: Queue,
}

impl Link for MemoryLink {
    fn send(&mut self, _now: Duration, datagram: &[u8]) {
        self.up.lock().expect("one thread").push_back(datagram.to_vec());
    }

    fn receive(&mut self, _now: Duration, buffer: &mut [u8]) -> Option<usize> {
        let datagram = self.down.lock().expect("one thread").pop_front()?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Some(length)
    }
}

/// A server for one client.
pub struct FakeServer {
    netcode: NetcodeServer,
    renet: RenetServer,
    outbox: Outbox,
    up: Queue,
    down: Queue,
    now: Duration,
    /// The client's control messages.
    pub control: Vec<ClientMessage>,
    /// The received unreliable datagrams.
    pub datagrams: Vec<Vec<u8>>,
}

impl FakeServer {
    /// A server at time zero.
    pub fn new() -> Self {
        let netcode = NetcodeServer::new(ServerConfig {
            current_time: UNIX_BASE,
            max_clients: 4,
            protocol_id: NETCODE_PROTOCOL_ID,
            public_addresses: vec![address(1)],
            authentication: ServerAuthentication::Secure { private_key: KEY },
        });
        let channel = || {
            vec![ChannelConfig {
                channel_id: RELIABLE_CHANNEL,
                max_memory_usage_bytes: LIBRARY_BYTES_MAX,
                send_type: SendType::ReliableOrdered { resend_time: RESEND_TIME },
            }]
        };
        let renet = RenetServer::new(ConnectionConfig {
            available_bytes_per_tick: FLUSH_BYTES_MAX,
            server_channels_config: channel(),
            client_channels_config: channel(),
        });
        Self {
            netcode,
            renet,
            outbox: Outbox::default(),
            up: Queue::default(),
            down: Queue::default(),
            now: Duration::ZERO,
            control: Vec::new(),
            datagrams: Vec::new(),
        }
    }

    /// A connect token for the only client.
    pub fn token(&self) -> Vec<u8> {
        let token =
            ConnectToken::generate(UNIX_BASE, NETCODE_PROTOCOL_ID, 10, CLIENT_ID, 10, vec![address(1)], None, &KEY);
        let mut bytes = Vec::new();
        token.expect("a token").write(&mut bytes).expect("a Vec takes any bytes");
        bytes
    }

    /// The client's end of the link.
    pub fn link(&self) -> Box<MemoryLink> {
        Box::new(MemoryLink { up: self.up.clone(), down: self.down.clone() })
    }

    /// Queues a control message.
    pub fn send_message(&mut self, message: &ServerMessage) {
        self.outbox.push(&codec::encode(message), 0);
    }

    /// Queues any bytes in place of a control message.
    pub fn send_bytes(&mut self, message: &[u8]) {
        self.outbox.push(message, 0);
    }

    /// Sends any payload, encrypted by netcode.
    pub fn send_datagram(&mut self, payload: &[u8]) {
        if let Ok((_, datagram)) = self.netcode.generate_payload_packet(CLIENT_ID, payload) {
            self.down.lock().expect("one thread").push_back(datagram.to_vec());
        }
    }

    /// Sends a datagram unchanged.
    pub fn send_raw(&mut self, datagram: &[u8]) {
        self.down.lock().expect("one thread").push_back(datagram.to_vec());
    }

    /// Closes the connection without a message.
    pub fn hang_up(&mut self) {
        if let ServerResult::ClientDisconnected { payload: Some(datagram), .. } = self.netcode.disconnect(CLIENT_ID) {
            self.down.lock().expect("one thread").push_back(datagram.to_vec());
        }
        self.renet.remove_connection(CLIENT_ID);
    }

    /// Receives, lets time pass, sends.
    pub fn update(&mut self, now: Duration) {
        let elapsed = now - self.now;
        self.now = now;
        self.netcode.update(elapsed);
        self.renet.update(elapsed);
        let arrived: Vec<_> = self.up.lock().expect("one thread").drain(..).collect();
        for mut datagram in arrived {
            check_at_server(&datagram).expect("our client's datagrams pass the guard");
            let down = &self.down;
            let send = |payload: &[u8]| down.lock().expect("one thread").push_back(payload.to_vec());
            match self.netcode.process_packet(address(2), &mut datagram) {
                ServerResult::PacketToSend { payload, .. } => send(payload),
                ServerResult::Payload { payload, .. } => take_payload(&mut self.renet, &mut self.datagrams, payload),
                ServerResult::ClientConnected { client_id, payload, .. } => {
                    send(payload);
                    self.renet.add_connection(client_id);
                }
                ServerResult::None | ServerResult::ClientDisconnected { .. } => {}
            }
        }
        self.flush();
    }

    /// Reads and sends reliable messages that are due.
    pub fn flush(&mut self) {
        if !self.renet.is_connected(CLIENT_ID) {
            return;
        }
        while let Some(batch) = self.renet.receive_message(CLIENT_ID, RELIABLE_CHANNEL) {
            for message in split_batch(&batch).expect("our client's batches are whole") {
                self.control.push(ClientMessage::decode(message).expect("our client's messages are whole"));
            }
        }
        while let Some(batch) = self.outbox.next_batch(0) {
            self.renet.send_message(CLIENT_ID, RELIABLE_CHANNEL, batch);
        }
        for packet in self.renet.get_packets_to_send(CLIENT_ID).expect("the client is connected") {
            self.send_datagram(&packet);
        }
    }
}

/// A welcome for Ada in her seat, or for a spectator.
pub fn welcome(slot: Option<Slot>, phase: Phase) -> Welcome {
    let is_lobby = matches!(phase, Phase::Lobby { .. });
    let state = if is_lobby { PlayerState::Idle } else { PlayerState::Loading };
    Welcome {
        room: RoomId(1),
        code: "K7QX".parse().expect("a code"),
        options: RoomOptions { seats: 4, private: false, economy: false, map: None },
        tick_rate: TICK_RATE,
        player: PlayerId(9),
        slot,
        members: vec![Member { player: PlayerId(9), slot: OWN, name: "ada".to_owned(), state }],
        host: Some(OWN),
        spectators: slot.is_none().into(),
        phase,
        next_msg_id: 1,
        starts_in: None,
        vote: None,
    }
}

fn take_payload(renet: &mut RenetServer, datagrams: &mut Vec<Vec<u8>>, payload: &[u8]) {
    match check_payload(payload, 0).expect("our client's payloads pass the guard") {
        PayloadKind::Unreliable => datagrams.push(payload.to_vec()),
        PayloadKind::Reliable | PayloadKind::Ack => {
            renet.process_packet_from(payload, CLIENT_ID).expect("the client is connected");
        }
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 7000))
}
