//! The rooms that play, before and during the attacks.

use std::{
    net::SocketAddr,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use framehouse_client::connect::RoomRequest;

use super::{
    namespace,
    target::{Target, endpoint, private_room},
};
use crate::{
    bursts::{
        crowd::{Crowd, Seen},
        player::{Group, Order, Player},
    },
    load::{process::ServerProcess, shared::pause},
};

/// Number of rooms.
pub(super) const ROOMS: u8 = 10;
/// Players in each of them.
const ROOM_PLAYERS: u8 = 4;
/// Interval of the players' updates: far less than a tenth of a tick, because a tenth is judged.
const UPDATE_INTERVAL: Duration = Duration::from_millis(1);
/// The most time until all rooms play.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// Interval of looks at the status page.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Window of the calm time.
pub(super) const CALM: usize = 1;
/// Window of the attacks.
pub(super) const SIEGE: usize = 2;

/// Private, full rooms of thin clients. The players of a room have one address, and no two rooms share a network.
pub(super) struct HonestRooms {
    crowd: Crowd,
    codes: Vec<String>,
    endpoints: Vec<SocketAddr>,
}

impl HonestRooms {
    /// Gets everybody a seat.
    ///
    /// # Errors
    /// A sentence, if that fails.
    pub fn seat(target: &Target) -> Result<Self, String> {
        let mut rooms = Self { crowd: Crowd::new(UPDATE_INTERVAL), codes: Vec::new(), endpoints: Vec::new() };
        for number in 1..=ROOMS {
            rooms.seat_one(target, number)?;
        }
        rooms.endpoints.sort();
        rooms.endpoints.dedup();
        Ok(rooms)
    }

    fn seat_one(&mut self, target: &Target, number: u8) -> Result<(), String> {
        let (from, mut room) = (namespace::room(number), private_room(ROOM_PLAYERS));
        for index in 0..ROOM_PLAYERS {
            let asked_at = self.crowd.elapsed();
            let grant = target.ask(from, &format!("player {number}.{index}"), room)?;
            let client = target.client(from, &grant, self.crowd.elapsed())?;
            self.crowd.add(Player::new(client, Group::Bystander, number.into(), asked_at), number.into());
            self.endpoints.push(endpoint(&grant)?);
            if index == 0 {
                self.codes.push(grant.code.to_string());
            }
            room = RoomRequest::Code(grant.code);
        }
        Ok(())
    }

    /// Waits until all rooms play.
    ///
    /// # Errors
    /// A sentence, if they do not, or if the program was asked to stop.
    pub fn wait_until_all_play(&self, server: &ServerProcess, stop: &AtomicBool) -> Result<(), String> {
        let start = Instant::now();
        loop {
            self.crowd.order(Group::Bystander, Order::Ready);
            pause(LOOK_INTERVAL, stop)?;
            let phases = server.status()?.rooms_by_phase;
            if phases.playing == usize::from(ROOMS) {
                return Ok(());
            }
            if start.elapsed() > START_TIME_MAX {
                return Err(format!("after a minute only {} of {ROOMS} rooms played", phases.playing));
            }
        }
    }

    /// Begins a window of measurement.
    pub fn measure(&self, window: usize) {
        self.crowd.count_as(window);
    }

    /// Codes of the rooms.
    pub fn codes(&self) -> Vec<String> {
        self.codes.clone()
    }

    /// Endpoints that the players are connected to.
    pub fn endpoints(&self) -> Vec<SocketAddr> {
        self.endpoints.clone()
    }

    /// Lets everybody leave. Returns what they have measured.
    ///
    /// # Errors
    /// A sentence, if a thread has panicked.
    pub fn end(self) -> Result<Seen, String> {
        self.crowd.end()
    }
}
