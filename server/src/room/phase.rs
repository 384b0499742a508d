//! The phases of a room: every change is decided in one `match`.
//!
//! `Lobby -> Loading -> Countdown -> Playing -> Results -> Lobby ..`; a room that closes has no phase any more.
//!
//! That a match is over is only decided here: [`MatchOver`] tells the consumers of its end.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{RoomId, Slot},
    match_end::MatchEnd,
    protocol::control::{Phase, PlayerState, RankingEntry, RoomEvent, ServerMessage},
    score::{ScoreCurve, Scoreboard},
    sim::{Roster, SimRoom},
    tick::Tick,
};

use super::{
    Player, Room, addresses, announce, by_slot,
    cleanup_queue::{CleanupQueue, CleanupRequest},
    clock::RoomClock,
    current_match::{self, MatchOver},
    members, players,
    reservations::Reservations,
    score::curves,
};
use crate::{
    config::RoomSettings,
    net::outgoing::{self, PeerAddress},
    tick::{Now, TickRate},
};

/// Matches that begin in one tick, at most: each costs its opening state and a snapshot of it, so the others wait a tick.
const STARTS_PER_TICK_MAX: usize = 16;

/// Where a room is in its life. Deadlines are server ticks.
#[derive(Component, Clone, Debug)]
pub enum RoomPhase {
    /// Waiting for players.
    Lobby {
        /// How the last match ended, where it was cut short.
        cut_short: Option<MatchEnd>,
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
        ranking: Vec<RankingEntry>,
        /// The points over the match of everybody in the ranking.
        curves: Vec<(Slot, ScoreCurve)>,
    },
}

impl Default for RoomPhase {
    fn default() -> Self {
        Self::Lobby { cut_short: None, is_called: false, not_before: 0 }
    }
}

impl RoomPhase {
    /// Whether a match is set or runs, so that a newcomer needs its state.
    pub(crate) const fn has_match(&self) -> bool {
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
    /// into one message with sixteen members: [`send_results`] follows.
    pub(super) fn to_newcomer(&self) -> Phase {
        match self.to_wire() {
            Phase::Results { match_no, last_tick, .. } => Phase::Results { match_no, last_tick, ranking: Vec::new() },
            phase => phase,
        }
    }

    /// The phase as clients are told it.
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

    /// The host calls for the start; says whether the room is in its lobby.
    pub(super) fn call_start(&mut self) -> bool {
        if let Self::Lobby { is_called, .. } = self {
            *is_called = true;
        }
        matches!(self, Self::Lobby { .. })
    }

    /// Somebody has come: what went wrong with the last match does not keep a full room from starting any more.
    pub(super) fn note_arrival(&mut self) {
        if let Self::Lobby { cut_short, .. } = self {
            *cut_short = None;
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
    End(MatchEnd),
    BackToLobby,
}

/// Takes every room on to its next phase where it is time. Runs in `TickSet::Control`, after messages were handled.
pub(crate) fn advance_phases(world: &mut World) {
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
            Step::End(end) => end_match(world, room, end),
            Step::BackToLobby => enter_lobby(world, room, None),
        }
    }
}

/// Every change of phase that comes by itself.
fn due(world: &World, room: Entity, phase: &RoomPhase, tick: u64) -> Option<Step> {
    match phase {
        RoomPhase::Lobby { is_called, .. } if !has_enough(world, room, |_| true) => {
            is_called.then_some(Step::ForgetCall)
        }
        RoomPhase::Lobby { cut_short, is_called, not_before } => {
            let may_start = tick >= *not_before && may_start(world, room, cut_short.is_none(), *is_called);
            may_start.then_some(Step::Load(*not_before))
        }
        RoomPhase::Loading { .. } if !has_enough(world, room, |_| true) => Some(Step::End(MatchEnd::TooFewLeft)),
        RoomPhase::Loading { until, .. } => {
            (tick >= *until || all_have_loaded(world, room)).then_some(Step::EndLoading)
        }
        RoomPhase::Countdown { .. } if !has_enough(world, room, has_loaded) => Some(Step::End(MatchEnd::TooFewLeft)),
        RoomPhase::Countdown { until, .. } => (tick >= *until).then_some(Step::Play),
        RoomPhase::Playing { .. } => match end_of_match(world, room) {
            Some(end) => Some(Step::End(end)),
            None => newly_finished(world, room).next().map(|_| Step::NoteFinished),
        },
        RoomPhase::Results { until, .. } => (tick >= *until).then_some(Step::BackToLobby),
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
    let is_full = world.get::<Reservations>(room).is_some_and(|seats| seats.is_full())
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

/// Who has loaded plays; who is away plays without input; everybody else is left out until it has loaded after all.
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
fn end_of_match(world: &World, room: Entity) -> Option<MatchEnd> {
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
        (!players(world, room).any(|(_, player)| goes_on(player))).then_some(MatchEnd::EverybodyLeft)
    }
}

/// The match is over: its clock stops, and [`MatchOver`] says so. One that was cut short leaves its room in the lobby; of
/// any other the room shows the results as soon as there are any.
fn end_match(world: &mut World, room: Entity, end: MatchEnd) {
    let Some(mut clock) = world.get_mut::<RoomClock>(room) else { return };
    clock.stop();
    let last_tick = clock.next_tick.minus(1);
    world.entity_mut(room).insert(MatchOver { end, last_tick });
    if !end.has_result() {
        enter_lobby(world, room, Some(end));
    }
}

/// The match has its results, best first: the room shows them for a while.
pub(crate) fn show_results(
    world: &mut World,
    room: Entity,
    last_tick: Tick,
    ranking: Vec<RankingEntry>,
    curves: Vec<(Slot, ScoreCurve)>,
) {
    let Some(match_no) = world.get::<RoomClock>(room).map(|clock| clock.match_no) else { return };
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().results);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    enter(world, room, RoomPhase::Results { match_no, until, last_tick, ranking, curves: curves.clone() });
    let addresses = addresses(world, room);
    curves::send(world, &addresses, match_no, &curves);
}

/// Sends the results that the room shows to a session that comes now: what everybody else was sent when they began.
pub(super) fn send_results(world: &mut World, room: Entity, to: PeerAddress) {
    let Some(RoomPhase::Results { match_no, ranking, curves, .. }) = world.get::<RoomPhase>(room).cloned() else {
        return;
    };
    outgoing::send(world, to, &ServerMessage::Ranking { match_no, ranking });
    curves::send(world, &[to], match_no, &curves);
}

/// The host ends the match that is set or runs; it has no result.
///
/// # Errors
/// When there is none.
pub(super) fn abort(world: &mut World, room: Entity) -> Result<(), String> {
    if !world.get::<RoomPhase>(room).is_some_and(RoomPhase::has_match) {
        return Err("no match is set or runs".to_owned());
    }
    end_match(world, room, MatchEnd::HostEnded);
    Ok(())
}

fn enter_lobby(world: &mut World, room: Entity, cut_short: Option<MatchEnd>) {
    let pause = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().lobby);
    let not_before = world.resource::<Now>().tick + u64::from(pause);
    enter(world, room, RoomPhase::Lobby { cut_short, is_called: false, not_before });
}

/// A room that closes has no phase any more; a match that is set or runs in it is over.
pub(super) fn leave(world: &mut World, room: Entity) {
    let phase = world.entity_mut(room).take::<RoomPhase>();
    if phase.is_some_and(|phase| phase.has_match()) {
        let next_tick = world.get::<RoomClock>(room).map_or(Tick(0), |clock| clock.next_tick);
        world.entity_mut(room).insert(MatchOver { end: MatchEnd::RoomClosed, last_tick: next_tick.minus(1) });
    }
}

/// Ends every match that is set or runs, for a reason without results.
pub(crate) fn end_all(world: &mut World, end: MatchEnd) {
    let mut rooms: Vec<Entity> = world
        .query::<(Entity, &RoomPhase)>()
        .iter(world)
        .filter(|(_, phase)| phase.has_match())
        .map(|(room, _)| room)
        .collect();
    rooms.sort();
    for room in rooms {
        end_match(world, room, end);
    }
}
