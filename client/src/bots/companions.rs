//! Companion bots: they take seats in one player's room, play every match, and leave when they are told to.

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

use super::{args::Args, bot::Bot, elapsed, spawner::BotSpawner};
use crate::{
    client::ClientConfig,
    connect::{RoomRequest, SessionRequest},
};

/// Pause between two updates of all bots.
const LOOP_INTERVAL: Duration = Duration::from_millis(4);
/// Time limit for the bots to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);
/// Some bots in one room, on their own thread. They leave when this is dropped.
pub struct Companions {
    stop: Arc<AtomicBool>,
}

impl Companions {
    /// Sends `count` bots into the room; a bot that gets no seat stays away.
    pub fn join(server: &str, code: RoomCode, count: u8, config: &ClientConfig) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, config, args) = (Arc::clone(&stop), config.clone(), args(server, count));
        thread::spawn(move || run_companions(&args, code, &config, &stopped));
        Self { stop }
    }
}

impl Drop for Companions {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn args(server: &str, count: u8) -> Args {
    Args {
        server: server.to_owned(),
        ca: None,
        token_file: None,
        rooms: 1,
        players: count,
        seats: count,
        spectators: 0,
        economy: false,
        seconds: u32::MAX,
        thin: false,
        slow: 0,
        net_sim: None,
        seed: 1,
        json: false,
    }
}

fn run_companions(args: &Args, code: RoomCode, config: &ClientConfig, stop: &AtomicBool) {
    let start = Instant::now();
    let spawner = BotSpawner::new(args, config, start).until(stop);
    let mut bots: Vec<Bot> =
        (0..args.players).map_while(|index| open_session(&spawner, code, index, config, start)).collect();
    // A companion that loses its connection does not reconnect, so nothing receives these orders.
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

fn open_session(
    spawner: &BotSpawner<'_>,
    code: RoomCode,
    index: u8,
    config: &ClientConfig,
    start: Instant,
) -> Option<Bot> {
    let name = super::name(index);
    let request = SessionRequest {
        name: format!("{name} (bot)"),
        room: RoomRequest::Code(code),
        resume: None,
        player_secret: None,
        hello: Some(config.hello.clone()),
    };
    let seed = u64::from(index) + 1;
    let asked = elapsed(start);
    let session = spawner.open_session(&request, seed).ok()?;
    Some(Bot::new(session, request, seed, asked))
}
