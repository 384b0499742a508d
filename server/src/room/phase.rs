//! The phases of a room: every change is decided in one `match`.
//!
//! `Lobby -> Countdown -> Playing -> Results -> Lobby ..`

use bevy::prelude::*;
use framehouse_shared::{
    protocol::control::{LeaderboardEntry, Phase, RoomEvent},
    rng::SimRng,
    score::Scoreboard,
    sim::{GameInfo, MatchSetup, Roster, SimRoom, open_match},
    tick::Tick,
};

use super::{
    Player, Room, announce, by_slot,
    clock::RoomClock,
    history::FrameHistory,
    inputs::{InputBuffer, Seating},
    members, resync,
    seats::Seats,
};
use crate::{
    config::RoomSettings,
    ops::status::Counters,
    score::leaderboard,
    tick::{Now, TickRate},
};

/// Where a room is in its life. Deadlines are server ticks.
#[derive(Component, Clone, Debug)]
pub enum RoomPhase {
    /// Waiting for players.
    Lobby {
        /// Why a match was cut short, if one was.
        reason: Option<String>,
    },
    /// A match is set; its first tick is named.
    Countdown {
        /// The match's number in its room.
        match_no: u32,
        /// When it begins.
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
        Self::Lobby { reason: None }
    }
}

impl RoomPhase {
    /// Whether a match is set or runs, so that a newcomer needs its state.
    pub const fn has_match(&self) -> bool {
        matches!(self, Self::Countdown { .. } | Self::Playing { .. })
    }

    /// The phase's name, for status pages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lobby { .. } => "lobby",
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
            Self::Lobby { reason } => Phase::Lobby { reason },
            Self::Countdown { match_no, ticks, .. } => Phase::Countdown { match_no, ticks },
            Self::Playing { match_no } => Phase::Playing { match_no },
            Self::Results { match_no, last_tick, ranking, .. } => Phase::Results { match_no, last_tick, ranking },
        }
    }
}

/// Where match seeds come from.
#[derive(Resource, Default)]
pub enum Seeds {
    /// The operating system: nobody can foresee a match.
    #[default]
    System,
    /// A seeded sequence, so that a test sees the same matches again.
    Fixed(SimRng),
}

impl Seeds {
    fn draw(&mut self) -> u64 {
        match self {
            Self::System => getrandom::u64().expect("the operating system gives random bytes"),
            Self::Fixed(rng) => u64::from(rng.bits()) << 32 | u64::from(rng.bits()),
        }
    }
}

/// Takes every room on to its next phase where it is time. Runs in `TickSet::Control`, after messages were handled.
pub fn advance_phases(world: &mut World) {
    let mut rooms: Vec<_> =
        world.query::<(&Room, Entity, &RoomPhase)>().iter(world).map(|(r, e, p)| (r.id, e, p.clone())).collect();
    rooms.sort_by_key(|(id, ..)| *id);
    let tick = world.resource::<Now>().tick;
    for (_, room, phase) in rooms {
        match phase {
            RoomPhase::Lobby { .. } if may_start(world, room) => start_countdown(world, room),
            RoomPhase::Countdown { .. } if !has_enough_players(world, room) => {
                back_to_lobby(world, room, Some("the match did not start: too few players were left".to_owned()));
            }
            RoomPhase::Countdown { match_no, until, .. } if tick >= until => {
                enter(world, room, RoomPhase::Playing { match_no });
            }
            RoomPhase::Playing { .. } if !has_players(world, room) => {
                back_to_lobby(world, room, Some("everybody left the match".to_owned()));
            }
            RoomPhase::Playing { match_no } if is_over(world, room) => finish_match(world, room, match_no),
            RoomPhase::Results { until, .. } if tick >= until => back_to_lobby(world, room, None),
            _ => {}
        }
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
    announce(world, room, RoomEvent::Phase(wire));
}

fn has_enough_players(world: &World, room: Entity) -> bool {
    let taken = world.get::<Seats>(room).map_or(0, Seats::taken);
    world.get::<Room>(room).is_some_and(|room| taken >= usize::from(room.ready_min))
}

fn may_start(world: &World, room: Entity) -> bool {
    let is_full = world.get::<Seats>(room).is_some_and(Seats::is_full);
    let players = by_slot(world, room);
    let all_ready = players.iter().all(|player| world.get::<Player>(*player).is_some_and(|player| player.is_ready));
    has_enough_players(world, room) && (is_full || all_ready)
}

/// Sets the match: state before tick 0, its snapshot to everyone, and the time of tick 0.
fn start_countdown(world: &mut World, room: Entity) {
    let rate = *world.resource::<TickRate>();
    let now = *world.resource::<Now>();
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().countdown);
    let Some(mut clock) = world.get_mut::<RoomClock>(room) else { return };
    clock.start(now.scheduled + rate.time_of(Tick(ticks)));
    let match_no = clock.match_no;
    let setup = match_setup(world, room, match_no);
    tracing::info!(match_no, seed = setup.seed, map = %setup.map, "match set");
    open_match(&mut world.entity_mut(room), &setup);
    world.entity_mut(room).insert((FrameHistory::default(), Seating::default()));
    members::clear_ready(world, room);
    for player in by_slot(world, room) {
        if let Some(mut buffer) = world.get_mut::<InputBuffer>(player) {
            *buffer = InputBuffer::default();
        }
    }
    enter(world, room, RoomPhase::Countdown { match_no, until: now.tick + u64::from(ticks), ticks });
    resync::make_snapshots_due(world, room);
}

fn match_setup(world: &mut World, room: Entity, match_no: u32) -> MatchSetup {
    let maps = (world.resource::<GameInfo>().maps)(world);
    // Rooms go through the maps in turn, so that a rematch is on another one.
    let map = maps.get((match_no as usize - 1) % maps.len().max(1)).cloned().unwrap_or_default();
    let seats = world.get::<Room>(room).map_or(0, |room| room.seats);
    MatchSetup { seed: world.resource_mut::<Seeds>().draw(), map, seats }
}

fn has_players(world: &World, room: Entity) -> bool {
    world.get::<Seats>(room).is_some_and(|seats| seats.taken() > 0)
}

fn is_over(world: &World, room: Entity) -> bool {
    let faulted = world.get::<SimRoom>(room).is_some_and(SimRoom::is_faulted);
    !faulted && world.get::<Scoreboard>(room).is_some_and(|scores| scores.over || all_finished(world, room))
}

fn all_finished(world: &World, room: Entity) -> bool {
    let (Some(scores), Some(roster)) = (world.get::<Scoreboard>(room), world.get::<Roster>(room)) else { return false };
    roster.seated != 0 && scores.finished & roster.seated == roster.seated
}

fn finish_match(world: &mut World, room: Entity, match_no: u32) {
    let ticks = world.resource::<TickRate>().ticks_in_seconds(world.resource::<RoomSettings>().results);
    let until = world.resource::<Now>().tick + u64::from(ticks);
    let ranking = leaderboard::entries(world, room);
    let Some(mut clock) = world.get_mut::<RoomClock>(room) else { return };
    let last_tick = clock.next_tick.minus(1);
    clock.stop();
    world.resource_mut::<Counters>().matches_finished += 1;
    leaderboard::send(world, room, last_tick, &ranking);
    enter(world, room, RoomPhase::Results { match_no, until, last_tick, ranking });
}

fn back_to_lobby(world: &mut World, room: Entity, reason: Option<String>) {
    if let Some(mut clock) = world.get_mut::<RoomClock>(room) {
        clock.stop();
    }
    enter(world, room, RoomPhase::Lobby { reason });
}
