//! Metrics of rooms, matches and members.

use std::fmt;

use framehouse_shared::api::{RoomsByPhase, SessionsByKind, Status};

use super::families::Families;

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let RoomsByPhase { lobby, loading, countdown, playing, results } = status.rooms_by_phase;
    let rooms =
        [("lobby", lobby), ("loading", loading), ("countdown", countdown), ("playing", playing), ("results", results)];
    families.gauges("rooms", "Open rooms by phase", "phase", rooms.map(|(phase, count)| (phase, count as i64)))?;
    families.gauge(
        "players",
        "Players in rooms, also those whose lost connection is waited for",
        status.players as i64,
    )?;
    families.gauge("spectators", "Spectators in rooms", status.spectators as i64)?;
    families.gauge("sessions", "Sessions, also those that only hold a reservation", status.sessions as i64)?;
    let SessionsByKind { udp, websocket } = status.sessions_by_kind;
    families.gauges(
        "sessions_by_kind",
        "The same by kind of connection",
        "kind",
        [("udp", udp as i64), ("websocket", websocket as i64)],
    )?;
    families.gauge(
        "accepting",
        "1 while newcomers are let in, 0 while the server drains or stops",
        i64::from(status.accepting),
    )?;
    let refused = [
        ("address_limit", status.joins_limited),
        ("overloaded", status.joins_overloaded),
        ("wrong_code", status.codes_wrong),
    ];
    families.counters("joins_refused", "Join requests refused, by reason", "reason", refused)?;
    families.counter("matches_finished", "Matches played to their end", status.matches_finished)?;
    families.counter("rooms_faulted", "Rooms closed because of a panic in them", status.errors.rooms_faulted)?;
    families.counter("kicks", "Sessions ended for what they sent, or for repeated desyncs", status.kicked)?;
    families.counter(
        "score_rate_exceeded",
        "Seconds in which a player gained more points than the rules of the game allow",
        status.score_rate_exceeded,
    )?;
    families.counters(
        "cheat_signals",
        "What players did that a person cannot do, by kind",
        "kind",
        status.cheat_signals.by_kind(),
    )?;
    let messages = [("in", status.room_messages_in), ("out", status.room_messages_out)];
    families.counters(
        "room_messages",
        "Game messages accepted from clients and queued for them",
        "direction",
        messages,
    )?;
    families.counter(
        "room_messages_dropped",
        "Game messages dropped because their room sent too many",
        status.room_messages_dropped,
    )
}
