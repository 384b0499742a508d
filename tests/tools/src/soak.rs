//! Soak test: a long run over a bad network in virtual time. The same seed gives the same run in every process.

use bevy::prelude::*;
use framehouse_harness::world::World;
use framehouse_server::{config::RoomSettings, counters::Counters, room::history::FrameHistory};
use framehouse_shared::{game::Game, protocol::messages::Phase, state_hash::StateHasher};

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Soak<'a> {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Virtual minutes.
    pub minutes: u32,
    /// Players in one room, 2 to 16.
    pub players: u8,
    /// The links, as `--net-sim` takes them.
    pub link: &'a str,
    /// Whether the room is in economy mode.
    pub economy: bool,
}

/// Result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoakReport {
    /// Hash of all state hashes of the server.
    pub digest: u64,
    /// Desyncs that the clients and the server have seen.
    pub desyncs: u64,
    /// Errors of clients, in sentences.
    pub errors: Vec<String>,
    /// Matches that were played to their end.
    pub matches: u64,
    /// The most ticks that a client's confirmed tick was behind the server, after the first second of a match.
    pub lag_max: u32,
    /// Ticks that all clients together confirmed.
    pub ticks_confirmed: u64,
    /// States that were sent to clients that were behind the history or had a desync.
    pub resyncs: u64,
}

/// Runs one room of bots on such links.
pub fn soak(game: impl Game + Clone, run: &Soak) -> SoakReport {
    let rooms = RoomSettings { countdown_s: 2.0, results_s: 1.0, economy: run.economy, ..default() };
    let mut world = World::with_rooms(game, run.seed, rooms).with_link(run.link).with_players(run.players);
    let mut digest = StateHasher::new();
    let mut lag_max = 0;
    for second in 0..run.minutes * 60 {
        world.step_ticks(30);
        world.all_ready();
        let room = world.rooms().last().expect("everybody stays").1;
        let history = world.server.world().get::<FrameHistory>(room).expect("a room has a history");
        digest.u32(history.end().0);
        if let Some(hashes) = history.hashes(history.end().minus(1)) {
            digest.u64(hashes.combined());
        }
        let is_settled = history.end().0 > 60 && second > 0;
        let plays = world.clients.iter().all(|client| matches!(client.client.phase(), Some(Phase::Playing { .. })));
        if is_settled && plays {
            lag_max = world.confirmed_lag().into_iter().fold(lag_max, u32::max);
        }
    }
    let sum = |of: fn(&framehouse_client::stats::ClientStats) -> u64| {
        world.clients.iter().map(|client| of(client.client.stats())).sum()
    };
    SoakReport {
        digest: digest.finish(),
        desyncs: world.desyncs(),
        errors: world.errors(),
        matches: world.server.world().resource::<Counters>().matches_finished,
        lag_max,
        ticks_confirmed: sum(|stats| stats.ticks_confirmed),
        resyncs: sum(|stats| stats.resyncs),
    }
}
