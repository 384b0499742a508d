//! Bots that keep one player company: they take seats in the player's room, play every match, and leave when told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::ids::RoomCode;

use super::{args::Args, bot::Bot, elapsed, recruit::Recruiter};
use crate::{
    client::ClientConfig,
    connect::{RoomRequest, SessionRequest},
};

/// How often every bot is updated.
const LOOP_INTERVAL: Duration = Duration::from_millis(4);
/// How long the bots may take to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);
/// Some bots in one room, on a thread of their own. They leave when this is dropped.
pub struct Company {
    stop: Arc<AtomicBool>,
}

impl Company {
    /// Sends `count` bots into the room; a bot that gets no seat stays away.
    pub fn join(server: &str, code: RoomCode, count: u8, config: &ClientConfig) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, config, args) = (Arc::clone(&stop), config.clone(), args(server, count));
        thread::spawn(move || keep_company(&args, code, &config, &stopped));
        Self { stop }
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn args(server: &str, count: u8) -> Args {
    Args {
        server: server.to_owned(),
        rooms: 1,
        players: count,
        seats: count,
        spectators: 0,
        seconds: u32::MAX,
        thin: false,
        slow: 0,
        net_sim: None,
        seed: 1,
        json: false,
    }
}

fn keep_company(args: &Args, code: RoomCode, config: &ClientConfig, stop: &AtomicBool) {
    let start = Instant::now();
    let recruiter = Recruiter::new(args, config, start);
    let mut bots: Vec<Bot> =
        (0..args.players).map_while(|place| hire(&recruiter, code, place, config, start)).collect();
    // Who is lost stays lost: the player's own room is worth no comeback. Nobody takes these orders.
    let (orders, _) = mpsc::sync_channel(1);
    while !stop.load(Ordering::Relaxed) && bots.iter().any(|bot| !bot.is_gone()) {
        for bot in &mut bots {
            bot.update(elapsed(start), Duration::ZERO, &orders, &|| elapsed(start));
            if bot.is_in_lobby() {
                bot.get_ready();
            }
        }
        thread::sleep(LOOP_INTERVAL);
    }
    let end = elapsed(start) + LEAVE_TIME_MAX;
    bots.iter_mut().for_each(Bot::leave);
    while elapsed(start) < end && bots.iter().any(Bot::is_connected) {
        bots.iter_mut().for_each(|bot| bot.update(elapsed(start), Duration::ZERO, &orders, &|| elapsed(start)));
        thread::sleep(LOOP_INTERVAL);
    }
}

fn hire(recruiter: &Recruiter<'_>, code: RoomCode, place: u8, config: &ClientConfig, start: Instant) -> Option<Bot> {
    let name = super::name(place);
    let request = SessionRequest {
        name: format!("{name} (bot)"),
        room: RoomRequest::Code(code),
        resume: None,
        hello: Some(config.hello.clone()),
    };
    let seed = u64::from(place) + 1;
    let asked = elapsed(start);
    let hired = recruiter.hire(&request, seed).ok()?;
    Some(Bot::new(hired, request, seed, asked))
}
