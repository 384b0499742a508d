//! Submits the result of a finished match, and tells its room when the result is saved.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    ids::{MatchId, Slot},
    match_end::MatchEnd,
    protocol::messages::{PlayerState, RankingEntry, ServerMessage},
    score::ScoreFrame,
    tick::Tick,
};

use super::{MatchResult, Outcome, PlayerResult, ResultStore, Submitted};
use crate::{
    net::outgoing,
    replay::QueuedReplay,
    room::{
        self, Room,
        clock::RoomClock,
        compared,
        current_match::CurrentMatch,
        inputs::{Participant, Participants},
        score::curves,
        who::{ShownCode, Who, log_line},
    },
    schedule::{Now, TickRate, TickSet},
};

/// Longest time that a result waits for its replay to be written. After that it is stored without.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(5);
/// Maximum number of results that wait for their replays. Beyond, the oldest one is stored without.
const REPLAYS_WAITED_FOR_MAX: usize = 1024;

/// Tells rooms about saved results, if there is a store.
pub(crate) struct ResultsPlugin;

impl Plugin for ResultsPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<PendingResults>().init_resource::<ReplaysWaitedFor>().add_systems(
            FixedUpdate,
            (submit_decided, tell_saved).chain().run_if(resource_exists::<ResultStore>).in_set(TickSet::Leaderboard),
        );
    }
}

/// Results that are not saved yet.
#[derive(Resource, Default)]
pub(crate) struct PendingResults(HashMap<MatchId, PendingResult>);

struct PendingResult {
    room: Entity,
    match_no: u32,
    /// When it was submitted, since the server's start.
    since: Duration,
}

impl PendingResults {
    /// When the oldest of them was submitted, since the server's start.
    pub fn oldest(&self) -> Option<Duration> {
        self.0.values().map(|pending| pending.since).min()
    }
}

/// Results that wait until it is known whether their replays are on the disk, oldest first.
#[derive(Resource, Default)]
struct ReplaysWaitedFor(VecDeque<WaitingForReplay>);

struct WaitingForReplay {
    room: Entity,
    result: MatchResult,
    replay: QueuedReplay,
    /// When the wait is over, since the server's start.
    until: Duration,
}

/// Submits the result of a room's finished match, as soon as its replay is written or lost, and in a few seconds at the
/// latest.
pub(crate) fn submit(
    world: &mut World,
    room: Entity,
    end: MatchEnd,
    ranking: &[RankingEntry],
    replay: Option<QueuedReplay>,
) {
    let Some(result) = result_of(world, room, end, ranking).filter(|_| world.contains_resource::<ResultStore>()) else {
        return;
    };
    let Some(replay) = replay else { return store(world, room, result) };
    let until = world.resource::<Now>().elapsed + REPLAY_TIME_MAX;
    world.resource_mut::<ReplaysWaitedFor>().0.push_back(WaitingForReplay { room, result, replay, until });
}

/// Submits the results whose replays are written or lost, and those that have waited long enough. Runs in
/// `TickSet::Leaderboard`.
fn submit_decided(world: &mut World) {
    let now = world.resource::<Now>().elapsed;
    let waiting = std::mem::take(&mut world.resource_mut::<ReplaysWaitedFor>().0);
    let too_many = waiting.len().saturating_sub(REPLAYS_WAITED_FOR_MAX);
    for (place, waiting) in waiting.into_iter().enumerate() {
        if waiting.replay.is_written().is_some() || now >= waiting.until || place < too_many {
            store_waiting(world, waiting);
        } else {
            world.resource_mut::<ReplaysWaitedFor>().0.push_back(waiting);
        }
    }
}

/// Submits all results that wait for their replays, because there is no more time.
pub(crate) fn submit_all(world: &mut World) {
    for waiting in std::mem::take(&mut world.resource_mut::<ReplaysWaitedFor>().0) {
        store_waiting(world, waiting);
    }
}

fn store_waiting(world: &mut World, WaitingForReplay { room, result, replay, .. }: WaitingForReplay) {
    let result = match replay.is_written() {
        Some(true) => MatchResult { replay: Some(replay.name), ..result },
        Some(false) | None => MatchResult { replay_unwritten: Some(replay.name), ..result },
    };
    store(world, room, result);
}

fn store(world: &mut World, room: Entity, result: MatchResult) {
    let (id, since) = (result.match_id, world.resource::<Now>().elapsed);
    let pending = PendingResult { room, match_no: result.match_no, since };
    log_points(&result);
    let Some(mut store) = world.get_resource_mut::<ResultStore>() else { return };
    let submitted = store.submit(result);
    let mut awaited = world.resource_mut::<PendingResults>();
    awaited.0.insert(id, pending);
    if let Submitted::Lost(lost) = submitted {
        awaited.0.remove(&lost);
    }
}

/// Logs the points of every player: what a result grants can be found in the log.
fn log_points(result: &MatchResult) {
    for PlayerResult { player, slot, name, rank, points, outcome, .. } in &result.players {
        let who = Who {
            room: Some(result.room),
            code: Some(ShownCode(result.code)),
            match_id: Some(result.match_id),
            player: Some(name),
            player_id: Some(*player),
            slot: Some(*slot),
            session: None,
        };
        log_line!(INFO, who, points, rank, ?outcome, "points go into the result");
    }
}

/// Tells all members of a room that the result of its match is saved. Runs in `TickSet::Leaderboard`.
fn tell_saved(world: &mut World) {
    let mut store = world.resource_mut::<ResultStore>();
    store.pump();
    let saved: Vec<MatchId> = store.take_saved().collect();
    for match_id in saved {
        let pending = world.resource_mut::<PendingResults>().0.remove(&match_id);
        let Some(PendingResult { room, match_no, .. }) = pending else { continue };
        if let Some(mut current) = world.get_mut::<CurrentMatch>(room) {
            current.note_saved(match_id);
        }
        log_line!(INFO, Who { match_id: Some(match_id), ..Who::of_match(world, room) }, "result saved");
        let addresses = room::addresses(world, room);
        outgoing::send_to_all(world, &addresses, &ServerMessage::ResultSaved { match_no, match_id });
    }
}

fn result_of(world: &World, room: Entity, ended: MatchEnd, ranking: &[RankingEntry]) -> Option<MatchResult> {
    let (data, current) = (world.get::<Room>(room)?, world.get::<CurrentMatch>(room)?);
    let next_tick = world.get::<RoomClock>(room)?.next_tick();
    let last_tick = next_tick.minus(1);
    Some(MatchResult {
        match_id: current.id(),
        match_no: current.number(),
        room: data.id(),
        code: data.code(),
        map: current.setup().map.clone(),
        game: world.resource::<GameHandle>().id().to_owned(),
        rules_hash: current.rules_hash(),
        seed: current.setup().seed,
        tick_rate: world.resource::<TickRate>().0,
        ticks: next_tick.0,
        started_unix: current.started_unix(),
        ended,
        players: players(world, room, last_tick, ranking),
        state_hash: compared::hashes_now(world, room).map_or(0, |hashes| hashes.combined()),
        replay: None,
        replay_unwritten: None,
    })
}

fn players(world: &World, room: Entity, last_tick: Tick, ranking: &[RankingEntry]) -> Vec<PlayerResult> {
    let Some(participants) = world.get::<Participants>(room) else { return Vec::new() };
    let present = ranking.iter().filter_map(|entry| {
        let seated = participants.last(entry.slot)?;
        Some((entry.slot, seated, entry.score, outcome(world, room, seated), last_tick))
    });
    let replaced = participants.replaced().iter();
    let replaced = replaced.map(|(slot, seated, score)| (*slot, seated, *score, Outcome::Left, score.since));
    let mut all: Vec<(Slot, &Participant, ScoreFrame, Outcome, Tick)> = present.chain(replaced).collect();
    all.sort_by_key(|(slot, _, score, ..)| (Reverse(score.points), score.since, *slot));
    let result =
        |(rank, (slot, seated, score, outcome, last)): (u8, (Slot, &Participant, ScoreFrame, Outcome, Tick))| {
            PlayerResult {
                player: seated.player,
                slot,
                name: seated.name.clone(),
                rank,
                points: score.points,
                since_tick: score.since,
                detail: score.detail,
                outcome,
                curve: curves::of_player(world, room, seated.player, (last, score.points)),
            }
        };
    (1..).zip(all).map(result).collect()
}

fn outcome(world: &World, room: Entity, seated: &Participant) -> Outcome {
    match room::players(world, room).find(|(_, player)| player.id() == seated.player) {
        None => Outcome::Left,
        Some((_, player)) if player.state() == PlayerState::Finished => Outcome::Finished,
        Some((_, player)) if player.state() == PlayerState::Aborted => Outcome::GaveUp,
        Some((_, player)) if !player.presence().is_connected() => Outcome::Away,
        Some(_) => Outcome::Finished,
    }
}
