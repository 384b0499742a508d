//! Score curves of all participants of a match, former ones included, from their first tick to the final score.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{PlayerId, SLOTS_MAX, Slot},
    protocol::messages::{RankingEntry, ServerMessage},
    score::ScoreCurve,
    tick::Tick,
};

use super::{
    super::{
        Player,
        inputs::{Participants, REPLACED_MAX},
        players,
    },
    ScoreBuffer,
};
use crate::{
    config::RoomSettings,
    net::outgoing::{self, PeerAddress},
};

/// Score curves of players that left the room's match or gave it up.
#[derive(Component, Debug, Default)]
pub struct PastCurves {
    match_no: u32,
    /// At most as many as a result can list.
    curves: Vec<(PlayerId, Vec<(Tick, i64)>)>,
}

impl PastCurves {
    /// No curves, for the match with this number in its room.
    pub(in crate::room) fn of_match(match_no: u32) -> Self {
        Self { match_no, curves: Vec::new() }
    }

    /// Number of points of all curves.
    pub fn len(&self) -> usize {
        self.curves.iter().map(|(_, points)| points.len()).sum()
    }

    /// Whether there is no curve.
    pub fn is_empty(&self) -> bool {
        self.curves.is_empty()
    }

    /// Size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let points = |(_, points): &(PlayerId, Vec<(Tick, i64)>)| points.capacity() * size_of::<(Tick, i64)>();
        self.curves.iter().map(points).sum()
    }

    fn of(&self, player: PlayerId) -> Option<&[(Tick, i64)]> {
        self.curves.iter().find(|(id, _)| *id == player).map(|(_, points)| &points[..])
    }
}

/// Copies a player's score curve before its buffer is freed, for the results of the running match.
pub(in crate::room) fn keep(world: &mut World, room: Entity, player: Entity) {
    let (Some(data), Some(buffer)) = (world.get::<Player>(player), world.get::<ScoreBuffer>(player)) else { return };
    let (id, match_no, points) = (data.id, buffer.match_no, buffer.points.clone());
    if let Some(mut past) = world.get_mut::<PastCurves>(room)
        && past.match_no == match_no
        && past.curves.len() < SLOTS_MAX + REPLACED_MAX
        && !points.is_empty()
        && past.of(id).is_none()
    {
        past.curves.push((id, points));
    }
}

/// Score curve of a participant of the room's match: at most `score_buffer_maxlen` points, oldest first, ending with
/// the final score. `last` is the final score with its tick.
pub fn of_player(world: &World, room: Entity, player: PlayerId, last: (Tick, i64)) -> Vec<(Tick, i64)> {
    let past = world.get::<PastCurves>(room);
    let match_no = past.map_or(0, |past| past.match_no);
    let member = players(world, room).find(|(_, data)| data.id == player);
    let buffer = member.and_then(|(entity, _)| world.get::<ScoreBuffer>(entity));
    let present = buffer.filter(|buffer| buffer.match_no == match_no).map(ScoreBuffer::points);
    let points = past.and_then(|past| past.of(player)).or(present).unwrap_or_default();
    end(points.to_vec(), last, world.resource::<RoomSettings>().score_buffer_maxlen as usize)
}

fn end(mut points: Vec<(Tick, i64)>, last: (Tick, i64), max: usize) -> Vec<(Tick, i64)> {
    // For a player whose seat was taken by another one, `last` is the last change of the score, maybe long ago.
    let is_whole = points.last().is_some_and(|newest| newest.1 == last.1 && newest.0 >= last.0);
    if !is_whole {
        points.retain(|(tick, _)| *tick < last.0);
        points.push(last);
    }
    if points.len() > max.max(1) {
        points.remove(points.len() - 2);
    }
    points
}

/// Score curves of all players in a ranking, as sent to clients.
pub(crate) fn of_ranking(
    world: &World,
    room: Entity,
    last_tick: Tick,
    ranking: &[RankingEntry],
) -> Vec<(Slot, ScoreCurve)> {
    let participants = world.get::<Participants>(room);
    let curve = |entry: &RankingEntry| {
        let player = participants?.last(entry.slot)?.player;
        Some((entry.slot, ScoreCurve::new(&of_player(world, room, player, (last_tick, entry.score.points)))))
    };
    ranking.iter().filter_map(curve).collect()
}

/// Sends the score curves of a match.
pub(in crate::room) fn send(world: &mut World, to: &[PeerAddress], match_no: u32, curves: &[(Slot, ScoreCurve)]) {
    for (slot, curve) in curves {
        let message = ServerMessage::ScoreCurve { match_no, slot: *slot, curve: curve.clone() };
        outgoing::send_to_all(world, to, &message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_with_the_final_score_and_has_no_more_points_than_the_maximum() {
        let points =
            |ticks: &[(u32, i64)]| ticks.iter().map(|(tick, points)| (Tick(*tick), *points)).collect::<Vec<_>>();
        let curve = |ticks: &[(u32, i64)], last: (u32, i64), max| end(points(ticks), (Tick(last.0), last.1), max);
        assert_eq!(curve(&[(0, 0), (6, 2)], (9, 5), 50), points(&[(0, 0), (6, 2), (9, 5)]));
        assert_eq!(curve(&[(0, 0), (6, 2)], (6, 3), 50), points(&[(0, 0), (6, 3)]));
        assert_eq!(curve(&[(0, 0), (6, 2)], (6, 2), 50), points(&[(0, 0), (6, 2)]));
        assert_eq!(curve(&[(0, 0), (6, 2), (12, 3)], (14, 5), 3), points(&[(0, 0), (6, 2), (14, 5)]));
        assert_eq!(curve(&[(0, 0), (6, 2), (12, 2)], (5, 2), 50), points(&[(0, 0), (6, 2), (12, 2)]));
        assert_eq!(curve(&[(0, 0)], (6, 2), 1), points(&[(6, 2)]));
        assert_eq!(curve(&[], (6, 2), 50), points(&[(6, 2)]));
    }
}
