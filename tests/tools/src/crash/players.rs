//! Players of the crash test: thin clients in rooms of two that play match after match and record which results are saved.

use std::{
    thread,
    time::{Duration, Instant},
};

use framehouse_client::{
    client::{Client, ClientConfig, Notice},
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, UdpLink},
};
use framehouse_shared::{
    ids::{MatchId, RoomCode},
    input::Input,
    protocol::messages::{Phase, RoomEvent},
};

use super::LOOP_INTERVAL;
use crate::load;

/// Players in each room.
const ROOM_PLAYERS: u8 = 2;
/// Delay between the starts of two rooms, so that matches end at many moments.
const ROOM_INTERVAL: Duration = Duration::from_millis(370);

/// The ids of the matches whose results this client was told are saved.
fn saved_ids(client: &Client) -> Vec<MatchId> {
    client.stats().results_saved.iter().copied().collect()
}

struct Player {
    client: Client,
    ready_from: Duration,
    is_ready: bool,
}

/// All players of all rooms.
pub struct Players {
    start: Instant,
    players: Vec<Player>,
    matches_ended: u64,
}

impl Players {
    /// Fills a number of rooms. `start` is when the clients' time begins.
    pub fn join(url: &str, rooms: u32, start: Instant) -> Result<Self, String> {
        let config = ClientConfig { hello: load::hello(), game: None };
        let mut players = Vec::new();
        for room in 0..rooms {
            let ready_from = ROOM_INTERVAL * room;
            let mut target = RoomRequest::Create { size: ROOM_PLAYERS, private: false, practice: false, economy: None };
            for _ in 0..ROOM_PLAYERS {
                let (client, code) = join(url, target, &config, start.elapsed())?;
                players.push(Player { client, ready_from, is_ready: false });
                target = RoomRequest::Code(code);
            }
        }
        Ok(Self { start, players, matches_ended: 0 })
    }

    /// Updates all clients that are due.
    pub fn update(&mut self) -> Result<(), String> {
        self.update_clients();
        match self.players.iter().find_map(|player| player.client.ended()) {
            Some(sentence) => Err(format!("a player was thrown out: {sentence}")),
            None => Ok(()),
        }
    }

    /// Updates the clients for a while after the server's end.
    pub fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.update_clients();
            thread::sleep(LOOP_INTERVAL);
        }
    }

    /// Matches that have ended, all rooms together.
    pub const fn matches_ended(&self) -> u64 {
        self.matches_ended
    }

    /// The ids of all matches whose results any client was told are saved.
    pub fn saved_ids(&self) -> impl Iterator<Item = MatchId> {
        self.players.iter().flat_map(|player| saved_ids(&player.client))
    }

    fn update_clients(&mut self) {
        let now = self.start.elapsed();
        for (index, player) in self.players.iter_mut().enumerate() {
            let ended = player.update(now);
            // Both players of a room see the same matches, so only the first one counts.
            if index.is_multiple_of(usize::from(ROOM_PLAYERS)) {
                self.matches_ended += ended;
            }
        }
    }
}

impl Player {
    /// Returns the number of matches that it saw end.
    fn update(&mut self, now: Duration) -> u64 {
        self.client.update(now, &mut |_| Input::NEUTRAL);
        let is_in_lobby = matches!(self.client.phase(), Some(Phase::Lobby { .. }));
        if is_in_lobby && !self.is_ready && now >= self.ready_from {
            self.client.set_ready(true);
            self.is_ready = true;
        }
        self.is_ready &= is_in_lobby;
        let ends = |notice: &Notice| matches!(notice, Notice::Room(RoomEvent::Phase(Phase::Results { .. })));
        self.client.drain_notices().filter(ends).count() as u64
    }
}

fn join(url: &str, room: RoomRequest, config: &ClientConfig, now: Duration) -> Result<(Client, RoomCode), String> {
    let request = SessionRequest {
        name: "crash".to_owned(),
        room,
        resume: None,
        player_secret: None,
        hello: Some(config.hello.clone()),
    };
    let grant = request_session(url, &request).map_err(|error| error.to_string())?;
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = UdpLink::connect(address).map_err(|error| format!("no socket to {address}: {error}"))?;
    let client = Client::new(&grant.token, Box::new(link), config, now).map_err(|error| error.to_string())?;
    Ok((client, grant.code))
}
