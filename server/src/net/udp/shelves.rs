//! Several netcode servers behind one socket. netcode looks through all clients of a server for every datagram, so each
//! server has only a few.

use std::{net::SocketAddr, time::Duration};

use bevy::platform::collections::HashMap;
use framehouse_shared::protocol::messages::NETCODE_PROTOCOL_ID;
use renetcode::{NetcodeServer, ServerAuthentication, ServerConfig, ServerResult};

use crate::net::{
    endpoint::ClientId,
    token::{NetcodeKey, TOKEN_SECONDS, TokenKeys, TokenMark},
};

/// Maximum number of clients of one netcode server. Half as many are some per cent faster, and take twice the memory: a
/// server remembers 2048 tokens.
const SHELF_CLIENTS: usize = 64;
/// Maximum number of netcode servers behind one socket.
const SHELVES_MAX: usize = 16;
/// Maximum number of connected clients.
pub(super) const CLIENTS_MAX: usize = SHELF_CLIENTS * SHELVES_MAX;
/// First byte of a connection request.
const REQUEST_PREFIX: u8 = 0;
/// Time in which a client answers the challenge, or starts again.
const HANDSHAKE_TIME: Duration = Duration::from_secs(TOKEN_SECONDS);

/// Number of a netcode server.
pub(super) type Shelf = usize;

/// The netcode servers of one endpoint. They have the same address, and those with one key take the same tokens.
pub(super) struct Shelves {
    keys: TokenKeys,
    address: SocketAddr,
    servers: Vec<KeyedServer>,
    /// The netcode server that has sent a challenge, and when, by the client's address.
    handshakes: HashMap<SocketAddr, (Shelf, Duration)>,
    /// The address that a token was first used from, and when. Each netcode server would know this of its own clients only.
    used: HashMap<[u8; 16], (SocketAddr, Duration)>,
    now: Duration,
}

/// A netcode server. Its key never changes: when another one is in use, it keeps its clients and gets no new ones.
struct KeyedServer {
    netcode: NetcodeServer,
    clients: usize,
    /// Number of its key.
    generation: u64,
}

impl Shelves {
    /// No netcode server yet. Tokens name this address.
    pub(super) fn new(keys: TokenKeys, address: SocketAddr, now: Duration) -> Self {
        Self { keys, address, servers: Vec::new(), handshakes: HashMap::default(), used: HashMap::default(), now }
    }

    pub(super) fn update(&mut self, passed: Duration) {
        self.now += passed;
        self.keys.update(self.now);
        self.servers.iter_mut().for_each(|server| server.netcode.update(passed));
        let is_recent = |at: Duration| self.now.saturating_sub(at) <= HANDSHAKE_TIME;
        self.handshakes.retain(|_, (_, at)| is_recent(*at));
        self.used.retain(|_, (_, at)| is_recent(*at));
    }

    /// The key of tokens that are made at this time.
    pub(super) fn key_at(&self, unix_now: Duration) -> &NetcodeKey {
        self.keys.at(unix_now.as_secs()).0
    }

    /// Processes a datagram of the client that netcode knows by this address, or of one that is connecting. A token is only
    /// taken from the address that has used it first.
    pub(super) fn process<'a, 's>(
        &'s mut self,
        known: Option<Shelf>,
        address: SocketAddr,
        datagram: &'a mut [u8],
    ) -> (Shelf, ServerResult<'a, 's>) {
        let mark = if datagram.first() == Some(&REQUEST_PREFIX) { TokenMark::of(datagram) } else { None };
        if mark.is_some_and(|mark| self.used.get(&mark.code).is_some_and(|(first, _)| *first != address)) {
            return (0, ServerResult::None);
        }
        let shelf = known.unwrap_or_else(|| self.shelf_of_stranger(address, mark));
        let server = &mut self.servers[shelf];
        let result = server.netcode.process_packet(address, datagram);
        match &result {
            ServerResult::PacketToSend { .. } => {
                self.handshakes.insert(address, (shelf, self.now));
                if let Some(mark) = mark {
                    self.used.insert(mark.code, (address, self.now));
                }
            }
            ServerResult::ClientConnected { .. } => {
                server.clients += 1;
                self.handshakes.remove(&address);
            }
            ServerResult::ClientDisconnected { .. } => server.clients -= 1,
            _ => {}
        }
        (shelf, result)
    }

    /// The netcode server for a client that is connecting: the one that has sent it a challenge. A request may have another
    /// token than the one before, with another key.
    fn shelf_of_stranger(&mut self, address: SocketAddr, mark: Option<TokenMark>) -> Shelf {
        let made_s = mark.map_or(self.now.as_secs(), |mark| mark.made_s);
        let (_, generation) = self.keys.at(made_s);
        let takes = |shelf: &Shelf| mark.is_none() || self.servers[*shelf].generation == generation;
        let handshake = self.handshakes.get(&address).map(|(shelf, _)| *shelf);
        handshake.filter(takes).unwrap_or_else(|| self.emptiest(made_s))
    }

    /// Seals a payload for a client.
    pub(super) fn seal(&mut self, shelf: Shelf, client: ClientId, payload: &[u8]) -> Option<&[u8]> {
        let server = self.servers.get_mut(shelf)?;
        server.netcode.generate_payload_packet(client, payload).ok().map(|(_, datagram)| &*datagram)
    }

    /// Checks a client's time-out. Returns a datagram that is due: a keep-alive, or the last one of a client that has
    /// timed out.
    pub(super) fn keep_alive(&mut self, shelf: Shelf, client: ClientId) -> ServerResult<'_, '_> {
        let Some(server) = self.servers.get_mut(shelf) else { return ServerResult::None };
        let result = server.netcode.update_client(client);
        if let ServerResult::ClientDisconnected { .. } = &result {
            server.clients -= 1;
        }
        result
    }

    /// Disconnects a client. Returns the datagram that tells it.
    pub(super) fn disconnect(&mut self, shelf: Shelf, client: ClientId) -> Option<&[u8]> {
        let server = self.servers.get_mut(shelf)?;
        let ServerResult::ClientDisconnected { payload, .. } = server.netcode.disconnect(client) else { return None };
        server.clients -= 1;
        payload.map(|datagram| &*datagram)
    }

    /// The netcode server with the fewest clients, of those that take tokens of this second; a new one if all are full.
    fn emptiest(&mut self, made_s: u64) -> Shelf {
        let mut taken: Vec<usize> = self.servers.iter().map(|server| server.clients).collect();
        self.handshakes.values().for_each(|(shelf, _)| taken[*shelf] += 1);
        let (_, generation) = self.keys.at(made_s);
        let of_key: Vec<Shelf> =
            (0..taken.len()).filter(|shelf| self.servers[*shelf].generation == generation).collect();
        // Handshakes may be somebody's who never answers: they lead to another shelf, and never to one that is full.
        let open = of_key.iter().copied().filter(|shelf| self.servers[*shelf].clients < SHELF_CLIENTS);
        let emptiest = open.min_by_key(|shelf| taken[*shelf]);
        let has_all = of_key.len() == SHELVES_MAX;
        match emptiest {
            Some(shelf) if taken[shelf] < SHELF_CLIENTS || has_all => shelf,
            // All are full: any of them tells the client so.
            None if has_all => of_key[0],
            _ => self.add(made_s, &taken),
        }
    }

    /// Adds a netcode server for tokens of this second, in the place of one that is empty and has an old key.
    fn add(&mut self, made_s: u64, taken: &[usize]) -> Shelf {
        let (key, generation) = self.keys.at(made_s);
        let netcode = NetcodeServer::new(ServerConfig {
            current_time: self.now,
            max_clients: SHELF_CLIENTS,
            protocol_id: NETCODE_PROTOCOL_ID,
            public_addresses: vec![self.address],
            authentication: ServerAuthentication::Secure { private_key: key.0 },
        });
        let server = KeyedServer { netcode, clients: 0, generation };
        let is_useless = |shelf: &Shelf| taken[*shelf] == 0 && !self.keys.is_in_use(self.servers[*shelf].generation);
        match (0..taken.len()).find(is_useless) {
            Some(shelf) => {
                self.servers[shelf] = server;
                shelf
            }
            None => {
                self.servers.push(server);
                self.servers.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use renetcode::{ClientAuthentication, ConnectToken, NetcodeClient};

    use super::*;
    use crate::net::token::make_token;

    const HOUR: Duration = Duration::from_secs(3600);
    const STEP: Duration = Duration::from_millis(300);

    fn address(number: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], number))
    }

    fn shelves() -> Shelves {
        let now = Duration::from_secs(1_800_000_000);
        Shelves::new(TokenKeys::new(NetcodeKey([7; 32]), HOUR, now), address(7800), now)
    }

    fn token(shelves: &Shelves, key: &NetcodeKey, client: ClientId) -> Vec<u8> {
        make_token(key, client, (address(7800), address(7800)), 10, shelves.now)
    }

    fn new_token(shelves: &Shelves, client: ClientId) -> Vec<u8> {
        token(shelves, shelves.key_at(shelves.now), client)
    }

    fn client(shelves: &Shelves, token: &[u8]) -> NetcodeClient {
        let connect_token = ConnectToken::read(&mut &token[..]).expect("our own token");
        NetcodeClient::new(shelves.now, ClientAuthentication::Secure { connect_token }).expect("our own token")
    }

    /// Lets some time pass, and sends what the client sends then. Returns the shelf that has answered it.
    fn step(shelves: &mut Shelves, client: &mut NetcodeClient, from: SocketAddr) -> Option<Shelf> {
        shelves.update(STEP);
        let mut datagram = client.update(STEP)?.0.to_vec();
        let (shelf, result) = shelves.process(None, from, &mut datagram);
        let (ServerResult::PacketToSend { payload, .. } | ServerResult::ClientConnected { payload, .. }) = result
        else {
            return None;
        };
        client.process_packet(&mut payload.to_vec());
        Some(shelf)
    }

    /// Connects a client with this token. Returns it and its shelf, if it got in.
    fn connect(shelves: &mut Shelves, token: &[u8], from: SocketAddr) -> Option<(NetcodeClient, Shelf)> {
        let mut client = client(shelves, token);
        let mut shelf = 0;
        while !client.is_connected() {
            shelf = step(shelves, &mut client, from)?;
        }
        Some((client, shelf))
    }

    #[test]
    fn the_key_changes_and_no_player_notices() {
        let mut shelves = shelves();
        let first = shelves.key_at(shelves.now).clone();
        let (mut early, shelf) = {
            let token = new_token(&shelves, 1);
            connect(&mut shelves, &token, address(1))
        }
        .expect("in");
        shelves.update(HOUR - Duration::from_secs(3));
        let before = new_token(&shelves, 2);
        shelves.update(Duration::from_secs(3));
        assert!(
            connect(&mut shelves, &before, address(2)).is_some(),
            "a token of the old key is taken until it expires"
        );
        shelves.update(Duration::from_secs(2));
        assert_ne!(shelves.key_at(shelves.now).0, first.0);
        let after = new_token(&shelves, 3);
        assert!(connect(&mut shelves, &after, address(3)).is_some(), "a token of the new key is taken");
        shelves.update(Duration::from_secs(6));
        let forged = token(&shelves, &first, 4);
        assert!(connect(&mut shelves, &forged, address(4)).is_none(), "the old key opens nothing any more");
        let mut datagram = early.generate_payload_packet(b"input").expect("it is connected").1.to_vec();
        let (_, result) = shelves.process(Some(shelf), address(1), &mut datagram);
        assert!(matches!(result, ServerResult::Payload { client_id: 1, payload: b"input" }), "{result:?}");
    }

    #[test]
    fn servers_of_old_keys_do_not_pile_up() {
        let mut shelves = shelves();
        for client in 1..20 {
            let token = new_token(&shelves, client);
            let (_, shelf) = connect(&mut shelves, &token, address(client as u16)).expect("there is room");
            shelves.disconnect(shelf, client);
            shelves.update(HOUR);
            shelves.update(Duration::from_secs(10));
        }
        assert!(shelves.servers.len() <= 2, "{}", shelves.servers.len());
    }

    #[test]
    fn a_stolen_token_does_not_get_in_from_a_second_address() {
        let mut shelves = shelves();
        for client in 1..=SHELF_CLIENTS as u64 {
            let token = new_token(&shelves, client);
            assert!(connect(&mut shelves, &token, address(client as u16)).is_some());
        }
        let (owner, thief) = (address(1000), address(2000));
        let stolen = new_token(&shelves, 1000);
        let (mut first, mut second) = (client(&shelves, &stolen), client(&shelves, &stolen));
        assert_eq!(step(&mut shelves, &mut first, owner), Some(1), "the first shelf is full");
        // Now the first one is emptier: it has never seen the token.
        (1..=SHELF_CLIENTS as u64).for_each(|client| drop(shelves.disconnect(0, client).map(<[u8]>::to_vec)));
        assert_eq!(step(&mut shelves, &mut second, thief), None);
        assert_eq!(step(&mut shelves, &mut first, owner), Some(1));
        assert!(first.is_connected());
        shelves.disconnect(1, 1000);
        assert_eq!(step(&mut shelves, &mut second, thief), None, "also when its owner has left");
    }
}
