//! Messages from the server to a thin client.

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use crate::{
    api::QueuePlace,
    ids::Slot,
    protocol::{
        end::EndCode,
        messages::{self, PlayerState},
    },
};

/// Message from the server to a thin client. The table in the [module](super) describes each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the table in the module describes them")]
pub enum Down {
    Authenticated {
        player_id: Option<String>,
        resume: Option<String>,
    },
    Joined(Box<Joined>),
    Left {
        code: String,
        reason: String,
    },
    Refused {
        code: Option<String>,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<QueuePlace>,
    },
    PlayerJoined {
        msg_id: u64,
        slot: Slot,
        name: String,
        state: String,
    },
    PlayerLeft {
        msg_id: u64,
        slot: Slot,
        code: String,
    },
    PlayerState {
        msg_id: u64,
        slot: Slot,
        state: String,
    },
    Phase {
        msg_id: u64,
        phase: Phase,
    },
    Results {
        msg_id: Option<u64>,
        match_no: u32,
        last_frame: Option<u32>,
        ranking: Vec<Ranked>,
    },
    Message {
        msg_id: u64,
        from: Slot,
        data: Bytes,
    },
    Chat {
        msg_id: u64,
        from: Option<Slot>,
        name: String,
        text: String,
    },
    Host {
        msg_id: u64,
        slot: Slot,
    },
    Options {
        msg_id: u64,
        options: Options,
    },
    Spectators {
        msg_id: u64,
        count: u8,
    },
    Code {
        msg_id: u64,
        code: String,
    },
    StartsIn {
        msg_id: u64,
        ticks: Option<u32>,
    },
    AbortVote {
        msg_id: u64,
        vote: Option<Vote>,
    },
    Leaderboard {
        match_no: u32,
        frame_id: u32,
        entries: Vec<Row>,
    },
    ResultSaved {
        match_no: u32,
        match_id: String,
    },
    Draining {
        seconds: Option<u32>,
    },
    GameFrame(Box<GameFrame>),
    Snapshot {
        match_no: u32,
        frame_id: u32,
        state: Bytes,
    },
    ViewFrame {
        match_no: u32,
        frame_id: u32,
        data: Bytes,
    },
    Pong {
        seq: u32,
        tick: Option<f64>,
    },
}

impl Down {
    /// Number of the room's event, if the message is one.
    pub const fn msg_id(&self) -> Option<u64> {
        match self {
            Self::PlayerJoined { msg_id, .. }
            | Self::PlayerLeft { msg_id, .. }
            | Self::PlayerState { msg_id, .. }
            | Self::Phase { msg_id, .. }
            | Self::Message { msg_id, .. }
            | Self::Chat { msg_id, .. }
            | Self::Host { msg_id, .. }
            | Self::Options { msg_id, .. }
            | Self::Spectators { msg_id, .. }
            | Self::Code { msg_id, .. }
            | Self::StartsIn { msg_id, .. }
            | Self::AbortVote { msg_id, .. } => Some(*msg_id),
            Self::Results { msg_id, .. } => *msg_id,
            _ => None,
        }
    }
}

/// Payload of `joined`: the state of the room when the client joins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Code of the room.
    pub code: String,
    /// Lasting id of the player.
    pub player_id: String,
    /// Secret with which the seat is taken again after a lost connection; `None` for a spectator.
    pub resume: Option<String>,
    /// Seat of the client; `None` for a spectator.
    pub slot: Option<Slot>,
    /// Seat of the host.
    pub host: Option<Slot>,
    /// Ticks a second.
    pub tick_rate: u16,
    /// Options set by the host.
    pub options: Options,
    /// Phase of the room.
    pub phase: Phase,
    /// Members with a seat.
    pub members: Vec<Member>,
    /// Number of spectators.
    pub spectators: u8,
    /// Ticks until the match starts because most players are ready.
    pub starts_in: Option<u32>,
    /// Open vote on ending the match.
    pub abort_vote: Option<Vote>,
    /// Number of the next event.
    pub msg_id: u64,
}

/// Phase of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the list in the module describes them")]
pub enum Phase {
    Lobby { reason: Option<String> },
    Loading { match_no: u32 },
    Countdown { match_no: u32, ticks: u32 },
    Playing { match_no: u32 },
    Results { match_no: u32, last_frame: u32 },
}

impl From<&messages::Phase> for Phase {
    fn from(phase: &messages::Phase) -> Self {
        match phase {
            messages::Phase::Lobby { reason } => Self::Lobby { reason: reason.clone() },
            messages::Phase::Loading { match_no } => Self::Loading { match_no: *match_no },
            messages::Phase::Countdown { match_no, ticks } => Self::Countdown { match_no: *match_no, ticks: *ticks },
            messages::Phase::Playing { match_no } => Self::Playing { match_no: *match_no },
            messages::Phase::Results { match_no, last_tick, .. } => {
                Self::Results { match_no: *match_no, last_frame: last_tick.0 }
            }
        }
    }
}

/// A member of a room that has a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Seat.
    pub slot: Slot,
    /// Name.
    pub name: String,
    /// State.
    pub state: String,
}

impl From<&messages::Member> for Member {
    fn from(member: &messages::Member) -> Self {
        Self { slot: member.slot, name: member.name.clone(), state: state_of(member.state) }
    }
}

/// Options of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Number of seats.
    pub seats: u8,
    /// Whether quick match and lists leave the room out.
    pub private: bool,
    /// Economy mode of the members over UDP.
    pub economy: bool,
    /// Map to play on; `None` to play all in turn.
    pub map: Option<String>,
}

impl From<&messages::RoomOptions> for Options {
    fn from(options: &messages::RoomOptions) -> Self {
        let messages::RoomOptions { seats, private, economy, map } = options.clone();
        Self { seats, private, economy, map }
    }
}

/// Vote on ending the match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Players that have a say.
    pub voters: Vec<Slot>,
    /// Players that agree.
    pub agreed: Vec<Slot>,
    /// Players that refuse.
    pub refused: Vec<Slot>,
    /// Number of players that have to agree.
    pub needed: u8,
    /// Ticks until the vote ends.
    pub ticks: u32,
}

impl From<&messages::AbortVote> for Vote {
    fn from(vote: &messages::AbortVote) -> Self {
        let slots = |mask| crate::ids::slots_in(mask).collect();
        let messages::AbortVote { voters, agreed, refused, needed, ticks } = *vote;
        Self { voters: slots(voters), agreed: slots(agreed), refused: slots(refused), needed, ticks }
    }
}

/// Row of a leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Seat.
    pub slot: Slot,
    /// Points.
    pub points: i64,
}

/// Row of the results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// Seat.
    pub slot: Slot,
    /// Name of the player that had the seat last.
    pub name: String,
    /// Points.
    pub points: i64,
}

impl From<&messages::RankingEntry> for Ranked {
    fn from(entry: &messages::RankingEntry) -> Self {
        Self { slot: entry.slot, name: entry.name.clone(), points: entry.score.points }
    }
}

/// Payload of `game_frame`: one closed tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameFrame {
    /// Tick.
    pub frame_id: u32,
    /// Inputs that are not neutral.
    pub inputs: Vec<SlotData>,
    /// Whether the frame is final. The server sends no other ones.
    pub confirmed: bool,
    /// Hash of the state after the tick, 16 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Seats whose players join in this tick.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Slot>,
    /// Seats whose players leave in this tick.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Slot>,
    /// Commands of the tick.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<SlotData>,
    /// Random bits of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<u32>,
}

/// An input or a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotData {
    /// Seat of the sender.
    pub slot: Slot,
    /// Bytes of the game.
    pub data: Bytes,
}

/// Code of an end, as thin clients get it: `room_closed`.
pub fn code_of(code: EndCode) -> String {
    snake_case(&format!("{code:?}"))
}

/// Name of a player's state, as thin clients get it.
pub fn state_of(state: PlayerState) -> String {
    snake_case(&format!("{state:?}"))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
