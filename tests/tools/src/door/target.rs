//! The attacked server, seen from outside: requests for seats, and clients that connect to them.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{RoomRequest, SessionGrant, SessionRequest},
    net::Connection,
};

use super::wire;
use crate::load::{self, link::BoundLink};

/// A private room with this number of seats.
pub(super) const fn private_room(size: u8) -> RoomRequest {
    RoomRequest::Create { size, private: true, practice: false, economy: None }
}

/// Why there is no seat, as a sentence.
#[derive(Debug)]
pub(super) struct NoSeat {
    /// The HTTP status of a refusal.
    pub status: Option<u16>,
    sentence: String,
}

impl NoSeat {
    const fn without_answer(sentence: String) -> Self {
        Self { status: None, sentence }
    }
}

impl fmt::Display for NoSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<NoSeat> for String {
    fn from(no_seat: NoSeat) -> Self {
        no_seat.sentence
    }
}

/// A running server.
pub(super) struct Target {
    /// Address of its gateway.
    pub http: SocketAddr,
    /// Configuration of clients that do not simulate.
    pub thin: ClientConfig,
    /// As in the header `Host`.
    pub host: String,
    start: Instant,
}

impl Target {
    pub fn new(url: &str) -> Result<Self, String> {
        let host = url.trim_start_matches("http://").to_owned();
        let http = host.parse().map_err(|_| format!("the server says that it is at {url}: this is no address"))?;
        let thin = ClientConfig { hello: load::hello(), game: None };
        Ok(Self { http, thin, host, start: Instant::now() })
    }

    /// Time of all clients but those of the rooms.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The body of a request for a seat.
    pub fn body(&self, name: &str, room: RoomRequest) -> String {
        let hello = Some(self.thin.hello.clone());
        let request = SessionRequest { name: name.to_owned(), room, resume: None, player_secret: None, hello };
        serde_json::to_string(&request).expect("a request serialises")
    }

    /// A request for a seat, as a client of this version sends it.
    pub fn post(&self, body: &str) -> Vec<u8> {
        let headers = [("Host", self.host.as_str()), ("Content-Type", "application/json")];
        wire::request("POST /v1/sessions", &headers, body)
    }

    /// A request for a page.
    pub fn get(&self, path: &str) -> Vec<u8> {
        wire::request(&format!("GET {path}"), &[("Host", &self.host)], "")
    }

    /// Asks for a seat, once.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn ask(&self, from: Ipv4Addr, name: &str, room: RoomRequest) -> Result<SessionGrant, NoSeat> {
        let answer = wire::exchange(from, self.http, &self.post(&self.body(name, room)));
        let answer =
            answer.map_err(|error| NoSeat::without_answer(format!("no answer to a request for a seat: {error}")))?;
        if answer.status != 200 {
            let sentence = format!("no seat: {} {}", answer.status, answer.body.trim());
            return Err(NoSeat { status: Some(answer.status), sentence });
        }
        serde_json::from_str(&answer.body)
            .map_err(|error| NoSeat::without_answer(format!("a grant of another version: {error}")))
    }

    /// A thin client with a socket of this address that connects to its seat.
    ///
    /// # Errors
    /// A sentence, when there is no socket.
    pub fn client(&self, from: Ipv4Addr, grant: &SessionGrant, now: Duration) -> Result<Client, String> {
        Client::new(&grant.token, Box::new(link(from, grant)?), &self.thin, now).map_err(|error| error.to_string())
    }

    /// Asks for a seat and connects to it.
    ///
    /// # Errors
    /// When there is no seat or no socket.
    pub fn join(&self, from: Ipv4Addr, name: &str, room: RoomRequest) -> Result<(Client, SessionGrant), NoSeat> {
        let grant = self.ask(from, name, room)?;
        let client = self.client(from, &grant, self.elapsed()).map_err(NoSeat::without_answer)?;
        Ok((client, grant))
    }
}

/// A socket of this address that leads to the endpoint of a seat.
pub(super) fn link(from: Ipv4Addr, grant: &SessionGrant) -> Result<BoundLink, String> {
    let server = endpoint(grant)?;
    BoundLink::new(from, server).map_err(|error| format!("no socket to {server}: {error}"))
}

/// The endpoint of a seat.
pub(super) fn endpoint(grant: &SessionGrant) -> Result<SocketAddr, String> {
    Connection::server_address(&grant.token).map_err(|error| error.to_string())
}
