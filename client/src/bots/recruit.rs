//! Gets seats for the bots: one after the other inside a room, several rooms at a time.

use std::{
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};

use framehouse_shared::{ids::RoomCode, rng::SimRng};

use super::{args::Args, elapsed, room::Bot};
use crate::{
    client::{Client, ClientConfig},
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, Link, SimulatedLink, UdpLink},
};

/// The fewest seats of a room.
const SEATS_MIN: u8 = 4;

/// A bot with a seat, or why there is none.
pub(super) struct Recruit {
    /// The room it belongs to.
    pub room: u32,
    /// The bot, or a sentence.
    pub bot: Result<Box<Bot>, String>,
}

/// What the recruiting threads share.
pub(super) struct Recruiter<'a> {
    args: &'a Args,
    config: &'a ClientConfig,
    start: Instant,
    next_room: AtomicU32,
}

impl<'a> Recruiter<'a> {
    pub const fn new(args: &'a Args, config: &'a ClientConfig, start: Instant) -> Self {
        Self { args, config, start, next_room: AtomicU32::new(0) }
    }

    fn is_late(&self) -> bool {
        elapsed(self.start) >= Duration::from_secs(u64::from(self.args.seconds))
    }
}

/// Fills rooms until there are none left to fill. Room `n` goes to driver `n` modulo their number.
pub(super) fn recruit_rooms(recruiter: &Recruiter<'_>, drivers: &[Sender<Recruit>]) {
    loop {
        let room = recruiter.next_room.fetch_add(1, Ordering::Relaxed);
        if room >= recruiter.args.rooms {
            return;
        }
        let driver = &drivers[room as usize % drivers.len()];
        let mut code: Result<Option<RoomCode>, String> = Ok(None);
        for place in 0..recruiter.args.players {
            let hired = code.clone().and_then(|code| hire(recruiter, room, place, code));
            // Without the room's first bot there is no room that the others could join.
            if place == 0 {
                code = hired.as_ref().map(|(_, code)| Some(*code)).map_err(Clone::clone);
            }
            let bot = hired.map(|(bot, _)| Box::new(bot));
            // A driver that is gone has finished or panicked; both are seen when it is joined.
            if driver.send(Recruit { room, bot }).is_err() {
                return;
            }
        }
    }
}

fn hire(recruiter: &Recruiter<'_>, room: u32, place: u8, code: Option<RoomCode>) -> Result<(Bot, RoomCode), String> {
    if recruiter.is_late() {
        return Err("The time was over before all bots had asked for a seat: give them more --seconds.".to_owned());
    }
    let Args { server, players, seed, net_sim, .. } = recruiter.args;
    let create = RoomRequest::Create { size: (*players).max(SEATS_MIN), private: false };
    let request = SessionRequest {
        name: format!("bot {room}.{place}"),
        room: code.map_or(create, RoomRequest::Code),
        resume: None,
        hello: Some(recruiter.config.hello.clone()),
    };
    let asked = elapsed(recruiter.start);
    let grant = request_session(server, &request).map_err(|error| error.to_string())?;
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let udp = UdpLink::connect(address).map_err(|error| format!("No socket to {address}: {error}."))?;
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(room) << 8 | u64::from(place));
    let link: Box<dyn Link> = match net_sim {
        Some(config) => Box::new(SimulatedLink::new(udp, *config, seed)),
        None => Box::new(udp),
    };
    let client = Client::new(&grant.token, link, recruiter.config, elapsed(recruiter.start));
    let client = client.map_err(|error| error.to_string())?;
    Ok((Bot::new(client, SimRng::new(seed), asked), grant.code))
}
