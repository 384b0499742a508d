//! Replays of bot matches, made without a server, for tests, fuzzers and benchmarks.

use super::{Compressor, Header, RankedPlayer, Recorder, ReplayEncoder, Trailer, rules_hash};
use crate::{
    game::Game,
    ids::{MatchId, RoomCode, SLOTS_MAX},
    input::{Frame, Input},
    match_end::MatchEnd,
    protocol::datagram::encode_frame,
    score::Scoreboard,
    sim::MatchSetup,
    simulation::{BotMatch, Simulation},
    tick::{SimRate, Tick},
};

/// Records a [`BotMatch`] at 30 ticks a second, of 1 to `ticks_max` ticks.
pub fn canned_replay(game: impl Game + Clone, seed: u64, seats: u8, ticks_max: u32) -> Vec<u8> {
    record_bots(game, BotMatch { seed, seats, ticks_max, rate: SimRate::DEFAULT })
}

/// Records a match of bots in the way a server does.
pub fn record_bots(game: impl Game + Clone, bots: BotMatch) -> Vec<u8> {
    let (header, opening) = beginning(game.clone(), bots);
    let mut compressor = Compressor::new();
    let (mut encoder, mut bytes) = ReplayEncoder::begin(&mut compressor, &header, &opening);
    let mut recorder = Recorder::default();
    let (mut previous, mut trailer) = ([Input::NEUTRAL; SLOTS_MAX], None);
    bots.play(game, |tick, simulation| {
        let frame = simulation.get::<Frame>().expect("a match has frames");
        let hashes = simulation.hashes();
        let encoded_frame = encode_frame(frame, &previous, super::is_hash_tick(tick).then(|| hashes.combined()));
        previous = frame.inputs;
        let full = recorder.push(frame, &encoded_frame, |slot| NAMES[slot.index()], Some(&hashes));
        bytes.extend(full.into_iter().flat_map(|block| encoder.block(&mut compressor, &block)));
        trailer = Some(ending(tick, simulation));
    });
    bytes.extend(recorder.take_block().into_iter().flat_map(|block| encoder.block(&mut compressor, &block)));
    bytes.extend(encoder.end(&trailer.expect("at least one tick was played")));
    bytes
}

const NAMES: [&str; SLOTS_MAX] =
    ["Ada", "Bo", "Cyd", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida", "Joy", "Kit", "Lou", "Max", "Nia", "Ona", "Pip"];

fn beginning(game: impl Game, BotMatch { seed, seats, rate, .. }: BotMatch) -> (Header, Vec<u8>) {
    let mut simulation = Simulation::new(game);
    let map = simulation.maps().first().cloned().unwrap_or_default();
    let setup = MatchSetup { seed, map, seats: seats.min(SLOTS_MAX as u8), rate };
    simulation.open(&setup);
    let opening = simulation.encode();
    let header = Header {
        match_id: MatchId(u128::from(seed)),
        room: RoomCode::from_number(seed as u32),
        started_unix_s: 1_700_000_000,
        build: "a test".to_owned(),
        protocol: simulation.game().protocol_hash(),
        game: simulation.game().id().to_owned(),
        rules_version: simulation.game().rules_version(),
        rules_hash: rules_hash(&opening).expect("it was encoded just now"),
        seed,
        map: setup.map,
        seats: setup.seats,
        tick_rate: rate.hz(),
        components: simulation.states().names().map(str::to_owned).collect(),
    };
    (header, opening)
}

fn ending(tick: Tick, simulation: &Simulation) -> Trailer {
    let scores = simulation.get::<Scoreboard>().expect("a match has scores");
    let ranked = |slot| RankedPlayer { slot, name: NAMES[slot.index()].to_owned(), score: scores.slots[slot.index()] };
    let ending = if scores.over { MatchEnd::TimeUp } else { MatchEnd::ServerStopped };
    Trailer {
        ending,
        ticks: tick.plus(1).0,
        hashes: Some(simulation.hashes()),
        ranking: Some(scores.ranking(simulation.roster().ever_seated).into_iter().map(ranked).collect()),
    }
}
