//! What a log line concerns: room, match, player and session, under the same field names in all lines.

use std::fmt;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{MatchId, PlayerId, RoomCode, RoomId, SessionId, Slot},
    sim::SimRoom,
};

use super::{
    InRoom, Player, Room, Spectator,
    current_match::{CurrentMatch, MatchOver},
    members,
    phase::RoomPhase,
};
use crate::net::session::{Session, SessionState};

/// Whom or what a log line concerns. Fields that are not known, or do not apply, are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who<'w> {
    /// `room`: id of the room.
    pub room: Option<RoomId>,
    /// `code`: code of the room.
    pub code: Option<ShownCode>,
    /// `match_id`: id of the room's match; none between matches.
    pub match_id: Option<MatchId>,
    /// `player`: name as others in the room see it.
    pub player: Option<&'w str>,
    /// `player_id`: id of the player, as in results.
    pub player_id: Option<PlayerId>,
    /// `slot`: seat of the player, as in results; spectators have none.
    pub slot: Option<Slot>,
    /// `session`: id of the connection.
    pub session: Option<SessionId>,
}

/// A code in the log: a long one is a key to a private room, so only its first two characters are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownCode(pub RoomCode);

impl fmt::Display for ShownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_long() { write!(f, "{}****", &self.0.as_str()[..2]) } else { write!(f, "{}", self.0) }
    }
}

/// The code of a room that is closed, for the log lines of its end.
#[derive(Component, Debug)]
pub(super) struct ClosedRoom(pub RoomCode);

/// Logs a line about somebody or something: `log_line!(INFO, Who::of_member(world, player), "player joined")`. Nothing is
/// looked up when the level is off.
macro_rules! log_line {
    ($level:ident, $who:expr, $($line:tt)+) => {
        if tracing::enabled!(tracing::Level::$level) {
            let who: $crate::room::who::Who = $who;
            tracing::event!(
                tracing::Level::$level,
                room = who.room.map(tracing::field::display),
                code = who.code.map(tracing::field::display),
                match_id = who.match_id.map(tracing::field::display),
                player = who.player,
                player_id = who.player_id.map(tracing::field::display),
                slot = who.slot.map(u8::from),
                session = who.session.map(tracing::field::display),
                $($line)+
            );
        }
    };
}
pub(crate) use log_line;

impl<'w> Who<'w> {
    /// A room and its match.
    pub fn of_room(world: &'w World, room: Entity) -> Self {
        let in_lobby = matches!(world.get::<RoomPhase>(room), Some(RoomPhase::Lobby { .. }) | None);
        let has_match = !in_lobby || world.get::<MatchOver>(room).is_some();
        let whole = Self::of_match(world, room);
        Self { match_id: whole.match_id.filter(|_| has_match), ..whole }
    }

    /// A room and its newest match, also when that is over.
    pub fn of_match(world: &'w World, room: Entity) -> Self {
        let closed = || world.get::<ClosedRoom>(room).map(|closed| closed.0);
        let code = world.get::<Room>(room).map(Room::code).or_else(closed).map(ShownCode);
        let match_id = world.get::<CurrentMatch>(room).map(CurrentMatch::id);
        Self { room: world.get::<SimRoom>(room).map(|room| room.id), code, match_id, ..Self::default() }
    }

    /// A player or spectator in its room.
    pub fn of_member(world: &'w World, member: Entity) -> Self {
        let session = members::session_of(world, member).and_then(|session| world.get::<Session>(session));
        let whole = Self { session: session.map(|session| session.id), ..Self::in_room(world, member) };
        match (world.get::<Player>(member), world.get::<Spectator>(member)) {
            (Some(player), _) => whole.with_player(player),
            (None, Some(spectator)) => Self { player: Some(&spectator.name), player_id: Some(spectator.id), ..whole },
            (None, None) => whole,
        }
    }

    fn in_room(world: &'w World, member: Entity) -> Self {
        world.get::<InRoom>(member).map_or_else(Self::default, |room| Self::of_room(world, room.0))
    }

    /// A session and its member, which may not have arrived.
    pub fn of_session(world: &'w World, session: Entity) -> Self {
        let Some(data) = world.get::<Session>(session) else { return Self::default() };
        let session = Some(data.id);
        match data.state {
            SessionState::Seated(member) if world.get::<InRoom>(member).is_some() => {
                Self { session, ..Self::of_member(world, member) }
            }
            _ => {
                let (player, player_id) = (Some(data.name.as_str()), Some(data.player));
                Self { player, player_id, session, ..Self::of_room(world, data.room) }
            }
        }
    }

    /// A player of a running match.
    pub fn of_player(room: &Room, current: &CurrentMatch, player: &'w Player) -> Self {
        let (code, match_id) = (Some(ShownCode(room.code)), Some(current.id()));
        Self { room: Some(room.id), code, match_id, ..Self::default() }.with_player(player)
    }

    fn with_player(self, player: &'w Player) -> Self {
        Self { player: Some(&player.name), player_id: Some(player.id), slot: Some(player.slot), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_code_of_a_private_room_is_not_in_the_log() {
        let (short, long) = (RoomCode::from_number(7), RoomCode::long_from_number(7));
        assert_eq!((ShownCode(short).to_string(), ShownCode(long).to_string()), ("9222".into(), "92****".into()));
    }

    #[test]
    fn nobody_is_looked_up_when_the_level_is_off() {
        let looked_up = Cell::new(0);
        let who = || {
            looked_up.set(looked_up.get() + 1);
            Who { player: Some("Ada"), ..Who::default() }
        };
        let log = || {
            log_line!(DEBUG, who(), "a detail");
            log_line!(INFO, who(), "a change");
        };
        let levels = tracing_subscriber::fmt().with_writer(std::io::sink);
        tracing::subscriber::with_default(levels.with_max_level(tracing::Level::INFO).finish(), log);
        assert_eq!(looked_up.get(), 1);
    }
}
