//! Messages of the server as thin clients get them.

use framehouse_shared::{
    api::ws::{Down, Row, code_of, state_of},
    protocol::messages::{Phase, RoomEvent, ServerMessage},
};

/// The message as all thin clients get it; `None` for one that differs by client or that only simulating clients get.
pub(in crate::net) fn translate(message: &ServerMessage) -> Option<Down> {
    Some(match message {
        ServerMessage::Event { msg_id, event } => of_event(*msg_id, event),
        ServerMessage::Leaderboard { match_no, tick, entries } => Down::Leaderboard {
            match_no: *match_no,
            frame_id: tick.0,
            entries: entries.iter().map(|row| Row { slot: row.slot, points: row.points }).collect(),
        },
        ServerMessage::Goodbye(reason) => Down::Left { code: code_of(reason.code), reason: reason.sentence.clone() },
        ServerMessage::Refused { reason } => Down::Refused { code: None, reason: reason.clone(), queue: None },
        ServerMessage::ResultSaved { match_no, match_id } => {
            Down::ResultSaved { match_no: *match_no, match_id: match_id.to_string() }
        }
        ServerMessage::Ranking { match_no, ranking } => Down::Results {
            msg_id: None,
            match_no: *match_no,
            last_frame: None,
            ranking: ranking.iter().map(Into::into).collect(),
        },
        ServerMessage::Draining { seconds } => Down::Draining { seconds: *seconds },
        // The endpoint makes these for each client.
        ServerMessage::Welcome(_) | ServerMessage::SnapshotChunk { .. } => return None,
        // Answers to simulating clients, and curves, which no thin client draws.
        ServerMessage::Frames { .. }
        | ServerMessage::WantHashes { .. }
        | ServerMessage::Desync { .. }
        | ServerMessage::HistoryChunk { .. }
        | ServerMessage::ScoreCurve { .. } => return None,
    })
}

fn of_event(msg_id: u64, event: &RoomEvent) -> Down {
    match event {
        RoomEvent::Joined(member) => {
            Down::PlayerJoined { msg_id, slot: member.slot, name: member.name.clone(), state: state_of(member.state) }
        }
        RoomEvent::Left { slot, code } => Down::PlayerLeft { msg_id, slot: *slot, code: code_of(*code) },
        RoomEvent::State { slot, state } => Down::PlayerState { msg_id, slot: *slot, state: state_of(*state) },
        RoomEvent::Phase(Phase::Results { match_no, last_tick, ranking }) => Down::Results {
            msg_id: Some(msg_id),
            match_no: *match_no,
            last_frame: Some(last_tick.0),
            ranking: ranking.iter().map(Into::into).collect(),
        },
        RoomEvent::Phase(phase) => Down::Phase { msg_id, phase: phase.into() },
        RoomEvent::GameMessage { slot, bytes } => Down::Message { msg_id, from: *slot, data: bytes.clone().into() },
        RoomEvent::Chat { slot, name, text } => {
            Down::Chat { msg_id, from: *slot, name: name.clone(), text: text.clone() }
        }
        RoomEvent::Host { slot } => Down::Host { msg_id, slot: *slot },
        RoomEvent::Options(options) => Down::Options { msg_id, options: options.into() },
        RoomEvent::Spectators { count } => Down::Spectators { msg_id, count: *count },
        RoomEvent::Code(code) => Down::Code { msg_id, code: code.to_string() },
        RoomEvent::StartsIn { ticks } => Down::StartsIn { msg_id, ticks: *ticks },
        RoomEvent::AbortVote(vote) => Down::AbortVote { msg_id, vote: vote.as_ref().map(Into::into) },
    }
}
