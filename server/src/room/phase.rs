//! The phases of a room: every change is decided in one `match`.
//!
//! `Lobby -> Loading -> Countdown -> Playing -> Results -> Lobby ..`; a room that closes has no phase any more.

use bevy::prelude::*;
use framehouse_shared::{
    ids::RoomId,
    protocol::control::{LeaderboardEntry, Phase, PlayerState, RoomEvent},
    replay::Unfinished,
    score::Scoreboard,
    sim::{Roster, SimRoom},
    tick::Tick,
};

use super::{
    Player, Room, announce, by_slot,
    clock::RoomClock,
    current_match::{self, Ending},
    members, players,
    seats::Seats,
};
use crate::{
    cleanup,
    config::RoomSettings,
    counters::Counters,
    replay,
    results::submit,
    score::leaderboard,
    tick::{Now, TickRate},
};

/// Matches that begin in one tick, at most: each costs its opening state and a snapshot of it, so the others wait a tick.
const STARTS_PER_TICK_MAX: usize = 16;

/// Where a room is in its life. Deadlines are server ticks.
#[derive(Component, Clone, Debug)]
pub enum RoomPhase {
    /// Waiting for players.
    Lobby {
        /// Why a match was cut short, if one was.
        reason: Option<String>,
        /// Whether the host has called for the start.
        is_called: bool,
        /// When the next match may begin: people want to see what the last one came to, and no room may take the starts of
        /// others by beginning and ending matches all the time.
        not_before: u64,
    },
    /// A match is set, and the players get its opening state.
    Loading {
        /// The match's number in its room.
        match_no: u32,
        /// When those who do not have it are left out.
        until: u64,
    },
    /// Tick 0 is named.
    Countdown {
        /// The match's number in its room.
        match_no: u32,
        /// When the match begins.
        until: u64,
        /// How long the countdown takes.
        ticks: u32,
    },
    /// The match runs.
    Playing {
        /// The match's number in its room.
        match_no: u32,
    },
    /// The match is over.
    Results {
        /// The match's number in its room.
        match_no: u32,
        /// When the room goes back to its lobby.
        until: u64,
        /// The last tick that was simulated.
        last_tick: Tick,
        /// Best first.
        ranking: Vec<LeaderboardEntry>,
    },
}

impl Default for RoomPhase {
    fn default() -> Self {
        Self::Lobby { reason: None, is_called: false, not_before: 0 }
    }
}

impl RoomPhase {
    /// Whether a match is set or runs, so that a newcomer needs its state.
    pub const fn has_match(&self) -> bool {
        matches!(self, Self::Loading { .. } | Self::Countdown { .. } | Self::Playing { .. })
    }

    /// The phase's name, for status pages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lobby { .. } => "lobby",
            Self::Loading { .. } => "loading",
            Self::Countdown { .. } => "countdown",
            Self::Playing { .. } => "playing",
            Self::Results { .. } => "results",
        }
    }

    /// The phase as somebody is told it who comes now: without the ranking of a match it did not see, which would not fit
    /// into one message with sixteen members.
    pub fn to_newcomer(&self) -> Phase {
        match self.to_wire() {
            Phase::Results { match_no, last_tick, .. } => Phase::Results { match_no, last_tick, ranking: Vec::new() },
            phase => phase,
        }
    }

    /// The phase as clients are told it.
    pub fn to_wire(&self) -> Phase {
        match self.clone() {
            Self::Lobby { reason, .. } => Phase::Lobby { reason },
            Self::Loading { match_no, .. } => Phase::Loading { match_no },
            Self::Countdown { match_no, ticks, .. } => Phase::Countdown { match_no, ticks },
            Self::Playing { match_no } => Phase::Playing { match_no },
            Self::Results { match_no, last_tick, ranking, .. } => Phase::Results { match_no, last_tick, ranking },
        }
    }

    /// The host calls for the start; says whether the room is in its lobby.
    pub fn call_start(&mut self) -> bool {
        if let Self::Lobby { is_called, .. } = self {
            *is_called = true;
        }
        matches!(self, Self::Lobby { .. })
    }

    /// Somebody has come: what went wrong with the last match does not keep a full room from starting any more.
    pub fn note_arrival(&mut self) {
        if let Self::Lobby { reason, .. } = self {
            *reason = None;
        }
    }
}

/// What a room does next.
enum Step {
    /// Since when it may.
    Load(u64),
    ForgetCall,
    EndLoading,
    Play,
    NoteFinished,
    Finish(Ending),
    BackToLobby(Option<&'static str>),
}

/// Takes every room on to its next phase where it is time. Runs in `TickSet::Control`, after messages were handled.
pub fn advance_phases(world: &mut World) {
    let tick = world.resource::<Now>().tick;
    let mut query = world.query::<(&Room, Entity, &RoomPhase)>();
    let due = query.iter(world).filter_map(|(data, room, phase)| Some((data.id, room, due(world, room, phase, tick)?)));
    let mut due: Vec<(RoomId, Entity, Step)> = due.collect();
    // Who waits longest starts first.
    due.sort_by_key(|(id, _, step)| (if let Step::Load(since) = step { *since } else { 0 }, *id));
    let mut starts_left = STARTS_PER_TICK_MAX;
    for (_, room, step) in due {
        let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
        match step {
            Step::Load(_) if starts_left == 0 => {}
            Step::Load(_) => {
                starts_left -= 1;
                start_loading(world, room);
            }
            Step::ForgetCall => forget_call(world, room),
            Step::EndLoading => end_loading(world, room, match_no),
            Step::Play => enter(world, room, RoomPhase::Playing { match_no }),
            Step::NoteFinished => note_finished(world, room),
            Step::Finish(ending) => finish_match(world, room, match_no, ending),
            Step::BackToLobby(reason) => back_to_lobby(world, room, reason),
        }
    }
}

/// Every change of phase that comes by itself.
fn due(world: &World, room: Entity, phase: &RoomPhase, tick: u64) -> Option<Step> {
    const TOO_FEW: Step = Step::BackToLobby(Some("the match did not start: too few players were left"));
    match phase {
        RoomPhase::Lobby { is_called, .. } if !has_enough(world, room, |_| true) => {
            is_called.then_some(Step::ForgetCall)
        }
        RoomPhase::Lobby { reason, is_called, not_before } => {
            let may_start = tick >= *not_before && may_start(world, room, reason.is_none(), *is_called);
            may_start.then_some(Step::Load(*not_before))
        }
        RoomPhase::Loading { .. } if !has_enough(world, room, |_| true) => Some(TOO_FEW),
        RoomPhase::Loading { until, .. } => {
            (tick >= *until || all_have_loaded(world, room)).then_some(Step::EndLoading)
        }
        RoomPhase::Countdown { .. } if !has_enough(world, room, has_loaded) => Some(TOO_FEW),
        RoomPhase::Countdown { until, .. } => (tick >= *until).then_some(Step::Play),
        RoomPhase::Playing { .. } => match ending(world, room) {
            Some(ending) => Some(Step::Finish(ending)),
            None => newly_finished(world, room).next().map(|_| Step::NoteFinished),
        },
        RoomPhase::Results { until, .. } => (tick >= *until).then_some(Step::BackToLobby(None)),
    }
}

fn enter(world: &mut World, room: Entity, phase: RoomPhase) {
    let wire = phase.to_wire();
    if let Some(data) = world.get::<Room>(room) {
        tracing::info!(room = %data.id, code = %data.code, phase = phase.name(), "room phase");
    }
    if let Some(mut current) = world.get_mut::<RoomPhase>(room) {
        *current = phase;
    }
    members::enter_phase(world, room, &wire);
    announce(world, room, RoomEvent::Phase(wire));
}

/// Whether enough players with a connection are such ones.
fn has_enough(world: &World, room: Entity, is_one: impl Fn(&Player) -> bool) -> bool {
    let count = players(world, room).filter(|(_, player)| player.presence.is_connected() && is_one(player)).count();
    world.get::<Room>(room).is_some_and(|room| count >= room.players_min())
}

/// A room starts when its host says so or everybody who is here is ready; a full one by itself, unless its last match was
/// cut short: it would start again at once.
fn may_start(world: &World, room: Entity, may_start_by_itself: bool, is_called: bool) -> bool {
    let mut here = players(world, room).filter(|(_, player)| player.presence.is_connected());
    let all_ready = here.all(|(_, player)| player.state == PlayerState::Ready);
    let is_full = world.get::<Seats>(room).is_some_and(|seats| seats.is_full())
        && players(world, room).all(|(_, player)| player.presence.is_connected());
    is_called || all_ready || (is_full && may_start_by_itself)
}

/// The host has called for a start, and meanwhile too many have left.
fn forget_call(world: &mut World, room: Entity) {
    if let Some(mut phase) = world.get_mut::<RoomPhase>(room)
        && let RoomPhase::Lobby { is_called, .. } = &mut *phase
    {
        *is_called = false;
    }
}

fn start_loading(world: &mut World, room: Entity) {
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().loading);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    cleanup::cancel_for_next_match(world, room);
    let Some(match_no) = current_match::open(world, room) else { return };
    enter(world, room, RoomPhase::Loading { match_no, until });
}

fn all_have_loaded(world: &World, room: Entity) -> bool {
    players(world, room).all(|(_, player)| !player.presence.is_connected() || has_loaded(player))
}

fn has_loaded(player: &Player) -> bool {
    player.state == PlayerState::Loaded
}

/// Who has loaded plays; who is away plays without input; everybody else is left out until it has loaded after all.
fn end_loading(world: &mut World, room: Entity, match_no: u32) {
    if !has_enough(world, room, has_loaded) {
        return back_to_lobby(world, room, Some("the match did not start: too few players had loaded it in time"));
    }
    for player in by_slot(world, room) {
        if let Some(mut data) = world.get_mut::<Player>(player).filter(|data| !data.presence.is_connected()) {
            data.state = PlayerState::Loaded;
        }
    }
    let (rate, now) = (*world.resource::<TickRate>(), *world.resource::<Now>());
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().countdown);
    let epoch = now.scheduled + rate.time_of(Tick(ticks));
    if let Some(mut clock) = world.get_mut::<RoomClock>(room) {
        clock.start(epoch);
    }
    current_match::note_start(world, room, epoch);
    enter(world, room, RoomPhase::Countdown { match_no, until: now.tick + u64::from(ticks), ticks });
}

/// Players who have finished the match while others go on.
fn newly_finished(world: &World, room: Entity) -> impl Iterator<Item = Entity> {
    let finished = world.get::<Scoreboard>(room).map_or(0, |scores| scores.finished);
    players(world, room)
        .filter(move |(_, player)| player.state == PlayerState::Playing && finished & player.slot.bit() != 0)
        .map(|(entity, _)| entity)
}

fn note_finished(world: &mut World, room: Entity) {
    let news: Vec<Entity> = newly_finished(world, room).collect();
    for player in news {
        members::set_state(world, player, PlayerState::Finished);
    }
}

/// Whether and why a running match is over.
fn ending(world: &World, room: Entity) -> Option<Ending> {
    if world.get::<SimRoom>(room).is_none_or(SimRoom::is_faulted) {
        return None;
    }
    let scores = world.get::<Scoreboard>(room)?;
    let seated = world.get::<Roster>(room)?.seated;
    let goes_on = |player: &Player| player.takes_part() || player.state == PlayerState::Loading;
    if scores.over {
        Some(Ending::TimeUp)
    } else if seated != 0 && scores.finished & seated == seated {
        Some(Ending::AllFinished)
    } else {
        (!players(world, room).any(|(_, player)| goes_on(player))).then_some(Ending::EverybodyLeft)
    }
}

fn finish_match(world: &mut World, room: Entity, match_no: u32, ending: Ending) {
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().results);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    let ranking = leaderboard::entries(world, room);
    let Some(mut clock) = world.get_mut::<RoomClock>(room) else { return };
    let last_tick = clock.next_tick.minus(1);
    clock.stop();
    world.resource_mut::<Counters>().matches_finished += 1;
    leaderboard::send(world, room, last_tick, &ranking);
    let is_recorded = replay::finish_match(world, room, ending.of_replay());
    submit::submit(world, room, ending, &ranking, is_recorded);
    cleanup::cleanup_game_session(world, room, true);
    enter(world, room, RoomPhase::Results { match_no, until, last_tick, ranking });
}

/// The host ends the match that is set or runs; it has no result.
///
/// # Errors
/// When there is none.
pub fn abort(world: &mut World, room: Entity) -> Result<(), String> {
    if !world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match) {
        return Err("no match is set or runs".to_owned());
    }
    back_to_lobby(world, room, Some("the host ended the match"));
    Ok(())
}

fn back_to_lobby(world: &mut World, room: Entity, reason: Option<&str>) {
    let is_cut_short = world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match);
    if let Some(mut clock) = world.get_mut::<RoomClock>(room) {
        clock.stop();
    }
    if is_cut_short {
        replay::finish_match(world, room, replay::Ending::Unfinished(Unfinished::Aborted));
        cleanup::cleanup_game_session(world, room, false);
    }
    let pause = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().lobby);
    let not_before = world.resource::<Now>().tick + u64::from(pause);
    enter(world, room, RoomPhase::Lobby { reason: reason.map(str::to_owned), is_called: false, not_before });
}

/// Ends every match that is set or runs; they have no results.
pub fn abort_all(world: &mut World, reason: &str) {
    let mut rooms: Vec<Entity> = world
        .query::<(Entity, &RoomPhase)>()
        .iter(world)
        .filter(|(_, phase)| phase.has_match())
        .map(|(room, _)| room)
        .collect();
    rooms.sort();
    for room in rooms {
        back_to_lobby(world, room, Some(reason));
    }
}
