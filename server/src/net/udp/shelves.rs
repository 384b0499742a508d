//! Several netcode servers behind one socket. netcode looks through all clients of a server for every datagram, so each
//! server has only a few.

use std::{net::SocketAddr, time::Duration};

use bevy::platform::collections::HashMap;
use framehouse_shared::protocol::messages::NETCODE_PROTOCOL_ID;
use renetcode::{NetcodeServer, ServerAuthentication, ServerConfig, ServerResult};

use crate::net::{
    endpoint::ClientId,
    token::{NetcodeKey, TOKEN_SECONDS},
};

/// Maximum number of clients of one netcode server. Half as many are some per cent faster, and take twice the memory: a
/// server remembers 2048 tokens.
const SHELF_CLIENTS: usize = 64;
/// Maximum number of netcode servers behind one socket.
const SHELVES_MAX: usize = 16;
/// Maximum number of connected clients.
pub(super) const CLIENTS_MAX: usize = SHELF_CLIENTS * SHELVES_MAX;
/// Time in which a client answers the challenge, or starts again.
const HANDSHAKE_TIME: Duration = Duration::from_secs(TOKEN_SECONDS);

/// Number of a netcode server.
pub(super) type Shelf = usize;

/// The netcode servers of one endpoint. They have the same key and address, so every one of them takes every token.
pub(super) struct Shelves {
    key: NetcodeKey,
    address: SocketAddr,
    servers: Vec<(NetcodeServer, usize)>,
    /// The netcode server that has sent a challenge, and when, by the client's address.
    handshakes: HashMap<SocketAddr, (Shelf, Duration)>,
    now: Duration,
}

impl Shelves {
    /// No netcode server yet. Tokens name this address.
    pub(super) fn new(key: NetcodeKey, address: SocketAddr, now: Duration) -> Self {
        Self { key, address, servers: Vec::new(), handshakes: HashMap::default(), now }
    }

    pub(super) fn update(&mut self, passed: Duration) {
        self.now += passed;
        self.servers.iter_mut().for_each(|(server, _)| server.update(passed));
        self.handshakes.retain(|_, (_, at)| self.now.saturating_sub(*at) <= HANDSHAKE_TIME);
    }

    /// Processes a datagram of the client that netcode knows by this address, or of one that is connecting.
    pub(super) fn process<'a, 's>(
        &'s mut self,
        known: Option<Shelf>,
        address: SocketAddr,
        datagram: &'a mut [u8],
    ) -> (Shelf, ServerResult<'a, 's>) {
        let handshake = || self.handshakes.get(&address).map(|(shelf, _)| *shelf);
        let shelf = known.or_else(handshake).unwrap_or_else(|| self.emptiest());
        let (server, clients) = &mut self.servers[shelf];
        let result = server.process_packet(address, datagram);
        match &result {
            ServerResult::PacketToSend { .. } => drop(self.handshakes.insert(address, (shelf, self.now))),
            ServerResult::ClientConnected { .. } => {
                *clients += 1;
                self.handshakes.remove(&address);
            }
            ServerResult::ClientDisconnected { .. } => *clients -= 1,
            _ => {}
        }
        (shelf, result)
    }

    /// Seals a payload for a client.
    pub(super) fn seal(&mut self, shelf: Shelf, client: ClientId, payload: &[u8]) -> Option<&[u8]> {
        let (server, _) = self.servers.get_mut(shelf)?;
        server.generate_payload_packet(client, payload).ok().map(|(_, datagram)| &*datagram)
    }

    /// Checks a client's time-out. Returns a datagram that is due: a keep-alive, or the last one of a client that has
    /// timed out.
    pub(super) fn keep_alive(&mut self, shelf: Shelf, client: ClientId) -> ServerResult<'_, '_> {
        let Some((server, clients)) = self.servers.get_mut(shelf) else { return ServerResult::None };
        let result = server.update_client(client);
        if let ServerResult::ClientDisconnected { .. } = &result {
            *clients -= 1;
        }
        result
    }

    /// Disconnects a client. Returns the datagram that tells it.
    pub(super) fn disconnect(&mut self, shelf: Shelf, client: ClientId) -> Option<&[u8]> {
        let (server, clients) = self.servers.get_mut(shelf)?;
        let ServerResult::ClientDisconnected { payload, .. } = server.disconnect(client) else { return None };
        *clients -= 1;
        payload.map(|datagram| &*datagram)
    }

    /// The netcode server with the fewest clients; a new one if all are full.
    fn emptiest(&mut self) -> Shelf {
        let mut taken: Vec<usize> = self.servers.iter().map(|(_, clients)| *clients).collect();
        self.handshakes.values().for_each(|(shelf, _)| taken[*shelf] += 1);
        // Handshakes may be somebody's who never answers: they lead to another shelf, and never to one that is full.
        let open = (0..taken.len()).filter(|shelf| self.servers[*shelf].1 < SHELF_CLIENTS);
        let emptiest = open.min_by_key(|shelf| taken[*shelf]);
        let has_all = taken.len() == SHELVES_MAX;
        match emptiest {
            Some(shelf) if taken[shelf] < SHELF_CLIENTS || has_all => shelf,
            // All are full: any of them tells the client so.
            None if has_all => 0,
            _ => {
                self.servers.push((self.new_server(), 0));
                self.servers.len() - 1
            }
        }
    }

    fn new_server(&self) -> NetcodeServer {
        NetcodeServer::new(ServerConfig {
            current_time: self.now,
            max_clients: SHELF_CLIENTS,
            protocol_id: NETCODE_PROTOCOL_ID,
            public_addresses: vec![self.address],
            authentication: ServerAuthentication::Secure { private_key: self.key.0 },
        })
    }
}
