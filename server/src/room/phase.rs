//! Phases of a room. Every change of phase is decided in one `match`.
//!
//! `Lobby -> Loading -> Countdown -> Playing -> Results -> Lobby ..`. A closed room has no phase.
//!
//! This module only decides that a match is over. [`MatchOver`] tells the consumers.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{RoomId, Slot},
    match_end::MatchEnd,
    protocol::messages::{Phase, PlayerState, RankingEntry, RoomEvent, ServerMessage},
    score::{ScoreCurve, Scoreboard},
    sim::{Roster, SimRoom},
    tick::Tick,
};

use super::{
    Player, Room, abort_vote, addresses, announce, by_slot,
    cleanup_queue::{CleanupQueue, CleanupRequest},
    clock::RoomClock,
    current_match::{self, CurrentMatch, MatchOver},
    drain::Drain,
    members, players,
    reservations::Reservations,
    score::curves,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    net::outgoing::{self, PeerAddress},
    schedule::{Now, TickRate},
};

/// Maximum number of matches opened in one tick, because each needs an opening state and a snapshot. The others wait.
const STARTS_PER_TICK_MAX: usize = 16;

/// Phase of a room. Deadlines are server ticks.
#[derive(Component, Clone, Debug)]
pub enum RoomPhase {
    /// Waiting for players.
    Lobby {
        /// How the last match ended, if it was cut short.
        cut_short: Option<MatchEnd>,
        /// Whether the host has requested the start.
        is_called: bool,
        /// Start of the match because most players are ready; see `lobby.rs`.
        starts_at: Option<u64>,
        /// Earliest start of the next match. A pause, so that players see the last result, and so that no room takes
        /// the starts of others by opening matches all the time.
        not_before: u64,
    },
    /// A match is open, and its players load it.
    Loading {
        /// Number of the match in its room.
        match_no: u32,
        /// Deadline; players that have not loaded by then join late.
        until: u64,
    },
    /// The start time of tick 0 is set.
    Countdown {
        /// Number of the match in its room.
        match_no: u32,
        /// Start of the match.
        until: u64,
        /// Length of the countdown, in ticks.
        ticks: u32,
    },
    /// The match is running.
    Playing {
        /// Number of the match in its room.
        match_no: u32,
    },
    /// The match is over.
    Results {
        /// Number of the match in its room.
        match_no: u32,
        /// Return to the lobby.
        until: u64,
        /// The last simulated tick.
        last_tick: Tick,
        /// Ranking, best first.
        ranking: Vec<RankingEntry>,
        /// Score curves of the players in the ranking.
        curves: Vec<(Slot, ScoreCurve)>,
    },
}

impl Default for RoomPhase {
    fn default() -> Self {
        Self::Lobby { cut_short: None, is_called: false, starts_at: None, not_before: 0 }
    }
}

impl RoomPhase {
    /// Whether a match is open or running, so that a new member needs its state.
    pub(crate) const fn has_match(&self) -> bool {
        matches!(self, Self::Loading { .. } | Self::Countdown { .. } | Self::Playing { .. })
    }

    /// Name of the phase on the status page and in room lists.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lobby { .. } => "lobby",
            Self::Loading { .. } => "loading",
            Self::Countdown { .. } => "countdown",
            Self::Playing { .. } => "playing",
            Self::Results { .. } => "results",
        }
    }

    /// The phase as in a Welcome: without the ranking, which would not fit into one message with sixteen members.
    /// [`send_results`] sends the ranking afterwards.
    pub(super) fn to_newcomer(&self) -> Phase {
        match self.to_wire() {
            Phase::Results { match_no, last_tick, .. } => Phase::Results { match_no, last_tick, ranking: Vec::new() },
            phase => phase,
        }
    }

    /// The phase as in room events.
    pub fn to_wire(&self) -> Phase {
        match self.clone() {
            Self::Lobby { cut_short, .. } => {
                Phase::Lobby { reason: cut_short.and_then(MatchEnd::sentence).map(str::to_owned) }
            }
            Self::Loading { match_no, .. } => Phase::Loading { match_no },
            Self::Countdown { match_no, ticks, .. } => Phase::Countdown { match_no, ticks },
            Self::Playing { match_no } => Phase::Playing { match_no },
            Self::Results { match_no, last_tick, ranking, .. } => Phase::Results { match_no, last_tick, ranking },
        }
    }

    /// Requests the start for the host. Returns whether the room is in its lobby.
    pub(super) fn call_start(&mut self) -> bool {
        if let Self::Lobby { is_called, .. } = self {
            *is_called = true;
        }
        matches!(self, Self::Lobby { .. })
    }

    /// Handles a new member: a match that was cut short no longer keeps a full room from starting.
    pub(super) fn note_arrival(&mut self) {
        if let Self::Lobby { cut_short, .. } = self {
            *cut_short = None;
        }
    }
}

/// The next transition of a room.
enum Step {
    /// Open a match; the value is the earliest tick at which that was allowed.
    Load(u64),
    ForgetCall,
    EndLoading,
    Play,
    NoteFinished,
    End(MatchEnd),
    BackToLobby,
}

/// Moves every room that is due to its next phase. Runs in `TickSet::Control`, after messages were handled.
pub(crate) fn advance_phases(world: &mut World, rooms: &mut QueryState<(&Room, Entity, &RoomPhase)>) {
    let tick = world.resource::<Now>().tick;
    let due = rooms.iter(world).filter_map(|(data, room, phase)| Some((data.id, room, due(world, room, phase, tick)?)));
    let mut due: Vec<(RoomId, Entity, Step)> = due.collect();
    // Rooms that have waited longest start first.
    due.sort_by_key(|(id, _, step)| (if let Step::Load(since) = step { *since } else { 0 }, *id));
    let mut starts_left = if world.resource::<Drain>().has_begun() { 0 } else { STARTS_PER_TICK_MAX };
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
            Step::Play => {
                abort_vote::begin(world, room);
                enter(world, room, RoomPhase::Playing { match_no });
            }
            Step::NoteFinished => note_finished(world, room),
            Step::End(end) => end_match(world, room, end),
            Step::BackToLobby => enter_lobby(world, room, None),
        }
    }
}

/// The transition that is due in a room, if any.
fn due(world: &World, room: Entity, phase: &RoomPhase, tick: u64) -> Option<Step> {
    match phase {
        RoomPhase::Lobby { is_called, .. } if !has_enough(world, room, |_| true) => {
            is_called.then_some(Step::ForgetCall)
        }
        RoomPhase::Lobby { cut_short, is_called, starts_at, not_before } => {
            let is_due = *is_called || starts_at.is_some_and(|at| tick >= at);
            let may_start = tick >= *not_before && may_start(world, room, cut_short.is_none(), is_due);
            may_start.then_some(Step::Load(*not_before))
        }
        RoomPhase::Loading { .. } if !has_enough(world, room, |_| true) => Some(Step::End(MatchEnd::TooFewLeft)),
        RoomPhase::Loading { until, .. } => {
            (tick >= *until || all_have_loaded(world, room)).then_some(Step::EndLoading)
        }
        RoomPhase::Countdown { .. } if !has_enough(world, room, has_loaded) => Some(Step::End(MatchEnd::TooFewLeft)),
        RoomPhase::Countdown { until, .. } => (tick >= *until).then_some(Step::Play),
        RoomPhase::Playing { .. } => match end_of_match(world, room, tick) {
            Some(end) => Some(Step::End(end)),
            None => newly_finished(world, room).next().map(|_| Step::NoteFinished),
        },
        RoomPhase::Results { until, .. } => (tick >= *until).then_some(Step::BackToLobby),
    }
}

fn enter(world: &mut World, room: Entity, phase: RoomPhase) {
    let wire = phase.to_wire();
    let name = phase.name();
    if let Some(mut current) = world.get_mut::<RoomPhase>(room) {
        *current = phase;
    }
    log_line!(DEBUG, Who::of_room(world, room), phase = name, "room phase");
    members::enter_phase(world, room, &wire);
    announce(world, room, RoomEvent::Phase(wire));
}

/// Whether at least the minimum number of connected players satisfies `is_one`.
fn has_enough(world: &World, room: Entity, is_one: impl Fn(&Player) -> bool) -> bool {
    let count = players(world, room).filter(|(_, player)| player.presence.is_connected() && is_one(player)).count();
    world.get::<Room>(room).is_some_and(|room| count >= room.players_min())
}

/// Whether a match may start: the host or most players have called for it, or all connected players are ready. A full
/// room also starts by itself, unless its last match was cut short, because it would start again at once.
fn may_start(world: &World, room: Entity, may_start_by_itself: bool, is_called: bool) -> bool {
    let mut here = players(world, room).filter(|(_, player)| player.presence.is_connected());
    let all_ready = here.all(|(_, player)| player.state == PlayerState::Ready);
    let is_full = world.get::<Reservations>(room).is_some_and(|seats| seats.is_full())
        && players(world, room).all(|(_, player)| player.presence.is_connected());
    is_called || all_ready || (is_full && may_start_by_itself)
}

/// Withdraws the host's start request, because too many players have left.
fn forget_call(world: &mut World, room: Entity) {
    if let Some(mut phase) = world.get_mut::<RoomPhase>(room)
        && let RoomPhase::Lobby { is_called, .. } = &mut *phase
    {
        *is_called = false;
    }
}

fn start_loading(world: &mut World, room: Entity) {
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().loading_s);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    world.resource_mut::<CleanupQueue>().push(CleanupRequest::NextMatch { room });
    let Some(match_no) = current_match::open(world, room) else { return };
    enter(world, room, RoomPhase::Loading { match_no, until });
}

fn all_have_loaded(world: &World, room: Entity) -> bool {
    players(world, room).all(|(_, player)| !player.presence.is_connected() || has_loaded(player))
}

fn has_loaded(player: &Player) -> bool {
    player.state == PlayerState::Loaded
}

/// Ends loading: players that have loaded play, disconnected players play with neutral input, others join late.
fn end_loading(world: &mut World, room: Entity, match_no: u32) {
    if !has_enough(world, room, has_loaded) {
        return end_match(world, room, MatchEnd::TooFewLoaded);
    }
    for player in by_slot(world, room) {
        if let Some(mut data) = world.get_mut::<Player>(player).filter(|data| !data.presence.is_connected()) {
            data.state = PlayerState::Loaded;
        }
    }
    let (rate, now) = (*world.resource::<TickRate>(), *world.resource::<Now>());
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().countdown_s);
    let epoch = now.scheduled + rate.time_of(Tick(ticks));
    if let Some(mut clock) = world.get_mut::<RoomClock>(room) {
        clock.start(epoch);
    }
    current_match::note_start(world, room, epoch);
    enter(world, room, RoomPhase::Countdown { match_no, until: now.tick + u64::from(ticks), ticks });
}

/// Players that have finished the match while others play on.
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

/// Why a running match is over, if it is.
fn end_of_match(world: &World, room: Entity, tick: u64) -> Option<MatchEnd> {
    if world.get::<SimRoom>(room).is_none_or(SimRoom::is_faulted) {
        return None;
    }
    let scores = world.get::<Scoreboard>(room)?;
    let seated = world.get::<Roster>(room)?.seated;
    let goes_on = |player: &Player| player.takes_part() || player.state == PlayerState::Loading;
    if scores.over {
        Some(MatchEnd::TimeUp)
    } else if seated != 0 && scores.finished & seated == seated {
        Some(MatchEnd::AllFinished)
    } else {
        let goes_on = players(world, room).any(|(_, player)| goes_on(player)) && !is_idle(world, room, tick);
        (!goes_on).then_some(MatchEnd::EverybodyLeft)
    }
}

/// Whether nobody has done anything for so long that a match with these players is as one without players.
fn is_idle(world: &World, room: Entity, tick: u64) -> bool {
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().idle_timeout_s);
    world.get::<Room>(room).is_some_and(|room| room.is_idle(tick, ticks))
}

/// Ends the match: stops its clock and inserts [`MatchOver`]. If the match was cut short, the room returns to its
/// lobby; otherwise it shows the results as soon as they exist.
fn end_match(world: &mut World, room: Entity, end: MatchEnd) {
    let Some(mut clock) = world.get_mut::<RoomClock>(room) else { return };
    clock.stop();
    let last_tick = clock.next_tick.minus(1);
    world.entity_mut(room).insert(MatchOver { end, last_tick });
    if !end.has_result() {
        enter_lobby(world, room, Some(end));
    }
}

/// Shows the ranking of a finished match, best first, and sends the score curves to all members.
pub(crate) fn show_results(
    world: &mut World,
    room: Entity,
    last_tick: Tick,
    ranking: Vec<RankingEntry>,
    curves: Vec<(Slot, ScoreCurve)>,
) {
    let Some(match_no) = world.get::<RoomClock>(room).map(|clock| clock.match_no) else { return };
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().results_s);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    enter(world, room, RoomPhase::Results { match_no, until, last_tick, ranking, curves: curves.clone() });
    let addresses = addresses(world, room);
    curves::send(world, &addresses, match_no, &curves);
}

/// Sends the ranking, the score curves and the id of the saved result to a session that was just welcomed, if the room
/// shows results.
pub(super) fn send_results(world: &mut World, room: Entity, to: PeerAddress) {
    let Some(RoomPhase::Results { match_no, ranking, curves, .. }) = world.get::<RoomPhase>(room).cloned() else {
        return;
    };
    outgoing::send(world, to, &ServerMessage::Ranking { match_no, ranking });
    curves::send(world, &[to], match_no, &curves);
    if let Some(match_id) = world.get::<CurrentMatch>(room).and_then(CurrentMatch::saved) {
        outgoing::send(world, to, &ServerMessage::ResultSaved { match_no, match_id });
    }
}

/// Aborts the match for the host: at once before its first tick, later when most players agree. It has no result then.
///
/// # Errors
/// When there is no match, or when players cannot be asked now.
pub(super) fn abort(world: &mut World, room: Entity, host: Entity) -> Result<(), String> {
    match world.get::<RoomPhase>(room) {
        Some(RoomPhase::Playing { .. }) => abort_vote::ask(world, room, host),
        Some(phase) if phase.has_match() => {
            end_match(world, room, MatchEnd::HostEnded);
            Ok(())
        }
        _ => Err("there is no match to abort".to_owned()),
    }
}

/// Ends the running match because the host and most players want it. It has no result.
pub(super) fn end_as_agreed(world: &mut World, room: Entity) {
    end_match(world, room, MatchEnd::HostEnded);
}

/// Ends the running match of a room for an operator, with the points as they are or without a result.
///
/// # Errors
/// With a sentence, when the room plays no match.
pub(crate) fn end_for_operator(world: &mut World, room: Entity, with_result: bool) -> Result<(), &'static str> {
    let is_ending = world.get::<MatchOver>(room).is_some();
    match world.get::<RoomPhase>(room) {
        Some(RoomPhase::Playing { .. }) if with_result && !is_ending => {
            end_match(world, room, MatchEnd::OperatorDecided);
            Ok(())
        }
        Some(phase) if phase.has_match() && !with_result && !is_ending => {
            end_match(world, room, MatchEnd::OperatorEnded);
            Ok(())
        }
        _ => Err("the room plays no match"),
    }
}

fn enter_lobby(world: &mut World, room: Entity, cut_short: Option<MatchEnd>) {
    let pause = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().lobby_s);
    let not_before = world.resource::<Now>().tick + u64::from(pause);
    enter(world, room, RoomPhase::Lobby { cut_short, is_called: false, starts_at: None, not_before });
}

/// Removes the phase of a closing room, and ends its match.
pub(super) fn leave(world: &mut World, room: Entity) {
    let phase = world.entity_mut(room).take::<RoomPhase>();
    if phase.is_some_and(|phase| phase.has_match()) {
        let next_tick = world.get::<RoomClock>(room).map_or(Tick(0), |clock| clock.next_tick);
        world.entity_mut(room).insert(MatchOver { end: MatchEnd::RoomClosed, last_tick: next_tick.minus(1) });
    }
}

/// Ends every open or running match without a result.
pub(crate) fn end_all(world: &mut World, end: MatchEnd) {
    let mut rooms: Vec<Entity> = world
        .query::<(Entity, &RoomPhase)>()
        .iter(world)
        .filter(|(_, phase)| phase.has_match())
        .map(|(room, _)| room)
        .collect();
    rooms.sort();
    if !rooms.is_empty() {
        tracing::warn!(matches = rooms.len(), ?end, "running matches were ended without a result");
    }
    for room in rooms {
        end_match(world, room, end);
    }
}
