//! Control messages: infrequent, reliable and ordered, serialised by bincode inside the batches of `channel.rs`.

use serde::{Deserialize, Serialize};

pub use super::hello::Hello;

use super::{
    codec::{self, CodecError},
    end::{EndCode, EndReason},
};
use crate::{
    fields::{Field, FieldDifference},
    ids::{MatchId, PlayerId, RoomCode, RoomId, SLOTS_MAX, Slot, SlotMask},
    input::CommandBytes,
    replay::RANGE_TICKS_MAX,
    score::{ScoreCurve, ScoreFrame},
    state_hash::StateHashes,
    tick::Tick,
};

/// Protocol id for netcode. It never changes: netcode drops a mismatch silently, so versions are compared in [`Hello`],
/// whose refusal has a sentence for the player.
pub const NETCODE_PROTOCOL_ID: u64 = 0x4672_616d_6568_6f75;

/// The engine's part of the protocol hash: version of the wire format, and exact versions of the crates that encode it
/// and draw random numbers. A test compares them with the lock file. A game adds its own parts.
pub const PROTOCOL_PARTS: &[(&str, &str)] =
    &[("framehouse-wire", "10"), ("rand", "0.10.3"), ("rand_pcg", "0.10.2"), ("bincode", "2.0.1")];

/// Maximum memory that decoding one control message may claim, in bytes.
const CONTROL_BYTES_MAX: usize = 16 * 1024;
/// Maximum size of the state in one [`ServerMessage::SnapshotChunk`], in bytes.
pub const SNAPSHOT_CHUNK_BYTES: usize = 1024;
/// Maximum number of chunks in a snapshot: 48 KiB compressed, so that it fits into the reliable path beside other data.
pub const SNAPSHOT_CHUNKS_MAX: u16 = 48;
/// Maximum number of chunks in one part of a match's history: the size of a range of incompressible frames.
pub const HISTORY_CHUNKS_MAX: u16 = 520;
/// Maximum size of a game message, in bytes; a server may set a lower limit.
pub const GAME_MESSAGE_BYTES_MAX: usize = 1000;
/// Maximum length of a player's name, in characters.
pub const NAME_CHARS_MAX: usize = 24;
/// Maximum length of a player's name, in bytes: sixteen names fit into one message.
pub const NAME_BYTES_MAX: usize = 32;
/// Maximum length of a line of chat, in characters.
pub const CHAT_CHARS_MAX: usize = 200;
/// Maximum length of a line of chat, in bytes: [`CHAT_CHARS_MAX`] characters of up to three bytes.
pub const CHAT_BYTES_MAX: usize = 600;
/// Maximum length of a map's name, in bytes.
pub const MAP_NAME_BYTES_MAX: usize = 32;
/// Maximum length of a game's id, in bytes.
pub const GAME_ID_BYTES_MAX: usize = 32;
/// Maximum number of ticks in one [`ServerMessage::WantHashes`]: twice the interval between two hashes in frames (6 s
/// at 10 Hz, 2 s at 30 Hz, 0.5 s at 120 Hz).
pub const HASHES_ASKED_MAX: usize = 60;
/// Maximum size of the fields in one [`ClientMessage::Fields`], in bytes.
pub const FIELDS_BYTES_MAX: usize = 1024;
/// Maximum length of a sentence for a player, in bytes.
pub const REASON_BYTES_MAX: usize = 400;

/// Hash over [`PROTOCOL_PARTS`] and the game's [own parts](crate::game::Game::protocol_parts).
pub fn protocol_hash(game_parts: &[(&str, &str)]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(&codec::encode(&(PROTOCOL_PARTS, game_parts)))
}

/// Message from a client to the server.
#[expect(clippy::large_enum_variant, reason = "it lives from the decoder to its handler, once a second a client")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// First message of a session.
    Hello(Hello),
    /// Whether the player is ready for a match.
    Ready(bool),
    /// The player leaves the room and the server.
    Leave,
    /// The client has a snapshot of the match and can simulate from `next_tick`.
    Loaded {
        /// Number of the match in its room.
        match_no: u32,
        /// First tick that the client will simulate.
        next_tick: Tick,
    },
    /// Request for missing frames that are too old for the unreliable path.
    WantFrames {
        /// Number of the match in its room.
        match_no: u32,
        /// First missing frame.
        first: Tick,
    },
    /// Hashes of a confirmed state of the client: after a tick whose frame has another hash, or, as the answer to
    /// [`ServerMessage::WantHashes`], after the first tick that differs.
    Hashes {
        /// Number of the match in its room.
        match_no: u32,
        /// Tick after which the state was hashed.
        tick: Tick,
        /// Whether this is an answer: it can cross with a question, and only an answer names the first differing tick.
        is_answer: bool,
        /// One hash for each registered component.
        hashes: StateHashes,
    },
    /// Message of the game to all members of the room: opaque bytes, at most [`GAME_MESSAGE_BYTES_MAX`].
    GameMessage(Vec<u8>),
    /// The player gives up the running match and stays in the room.
    GiveUp,
    /// Line of chat to all members of the room, at most [`CHAT_CHARS_MAX`] characters and [`CHAT_BYTES_MAX`] bytes.
    Chat(String),
    /// Command that only the host of the room may send.
    Host(HostCommand),
    /// Answer to [`ServerMessage::Desync`]: the client's fields of the component, in one or more messages.
    Fields {
        /// Number of the match in its room.
        match_no: u32,
        /// Tick of the question.
        tick: Tick,
        /// Whether this is the last message of the answer.
        is_last: bool,
        /// Fields within the limits, at most [`FIELDS_BYTES_MAX`] bytes.
        fields: Vec<Field>,
    },
    /// Command of the game for the simulation. The server applies it once, after all earlier commands of the same
    /// player, in the first frame from `tick` on that is still open and has fewer than
    /// [`COMMANDS_MAX`](crate::input::COMMANDS_MAX) commands. It answers with [`ServerMessage::Refused`] if the player
    /// does not participate in the match or has too many waiting commands.
    Command {
        /// Number of the match in its room; a command for another match is ignored.
        match_no: u32,
        /// Tick in which the client predicts the command.
        tick: Tick,
        /// Payload for the game, at least one byte.
        bytes: CommandBytes,
    },
    /// Request for a part of the running match's history, from a spectator or a player that gave up. One part is sent
    /// at a time; further requests are ignored until it is complete.
    WantHistory {
        /// Number of the match in its room.
        match_no: u32,
        /// Requested part.
        part: HistoryPart,
    },
    /// Whether the player agrees to end the match without a result: the answer to [`RoomEvent::AbortVote`].
    Vote(bool),
}

/// Part of a match's history, as a client requests it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryPart {
    /// The state before tick 0.
    Opening,
    /// Frames from this tick on, as many as fit into one part.
    From(Tick),
}

/// Format of the bytes in a part of a match's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryContent {
    /// State before tick 0, compressed by zstd.
    Opening,
    /// Consecutive frames, in the format of [`read_range`](crate::replay::read_range).
    Frames {
        /// Tick of the first frame: the requested one, or an earlier one.
        first: Tick,
        /// Number of frames, 1 to [`RANGE_TICKS_MAX`].
        ticks: u16,
        /// Whether the bytes are compressed by zstd.
        is_compressed: bool,
    },
}

/// Command of the room's host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostCommand {
    /// Start the match, even if players are not ready.
    Start,
    /// End the match without a result. After its first tick most players have to agree: [`RoomEvent::AbortVote`].
    Abort,
    /// Remove a player from the room, for as long as the room exists.
    Kick(Slot),
    /// Make another player the host.
    HandOver(Slot),
    /// Change the options for the next match; only in the lobby.
    Configure(RoomOptions),
    /// Remove all members and close the room; not while a match runs.
    Close,
}

/// Options of a room, set by its host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOptions {
    /// Number of seats.
    pub seats: u8,
    /// Whether the room is hidden from quick match and from lists; players join it by its code.
    pub private: bool,
    /// Economy mode: inputs and frames are sent in every second tick, for thin links. Everything is confirmed later.
    pub economy: bool,
    /// Map to play on; `None` to play all maps in turn.
    pub map: Option<String>,
}

impl RoomOptions {
    /// Ticks from one datagram with inputs or frames to the next, in each direction.
    pub const fn datagram_ticks(&self) -> u32 {
        if self.economy { 2 } else { 1 }
    }
}

/// Message from the server to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ServerMessage {
    /// The session has joined its room: the state of the room before event `next_msg_id`.
    Welcome(Box<Welcome>),
    /// Event in the room. Numbers have no gaps: a missing one is a bug.
    Event {
        /// Number of the event in the room.
        msg_id: u64,
        /// The event.
        event: RoomEvent,
    },
    /// Chunk of a room's state, compressed by zstd.
    SnapshotChunk {
        /// Number of the match in its room.
        match_no: u32,
        /// First tick to simulate from the state.
        next_tick: Tick,
        /// Index of the chunk, from 0.
        index: u16,
        /// Number of chunks, at most [`SNAPSHOT_CHUNKS_MAX`].
        count: u16,
        /// Content, at most [`SNAPSHOT_CHUNK_BYTES`].
        bytes: Vec<u8>,
    },
    /// Requested frames, encoded as in the unreliable datagrams.
    Frames {
        /// Number of the match in its room.
        match_no: u32,
        /// Tick of the first frame.
        first: Tick,
        /// Encoded frames of consecutive ticks.
        encoded_frames: Vec<Vec<u8>>,
    },
    /// Current leaderboard, sent every 2 s and at the end of a match.
    Leaderboard {
        /// Number of the match in its room.
        match_no: u32,
        /// Tick after which it was made.
        tick: Tick,
        /// Rows, best first.
        entries: Vec<LeaderboardRow>,
    },
    /// The client's state differs from the server's after the last of these ticks. Question: after which one first?
    WantHashes {
        /// Number of the match in its room.
        match_no: u32,
        /// First of the ticks.
        first: Tick,
        /// Server's hash of the whole state after each of the ticks; at most [`HASHES_ASKED_MAX`].
        hashes: Vec<u64>,
    },
    /// Position of the first difference between both states. Sent again when the field is found, too.
    Desync {
        /// Number of the match in its room.
        match_no: u32,
        /// First tick after which the states differ.
        tick: Tick,
        /// First component that differs after it.
        component: String,
        /// First field that differs. While it is `None`, the client answers with [`ClientMessage::Fields`].
        field: Option<FieldDifference>,
    },
    /// Reason for the end of the session.
    Goodbye(EndReason),
    /// A request of the player was refused.
    Refused {
        /// Reason, as a sentence for the player.
        reason: String,
    },
    /// The result of a match is on the server's disk.
    ResultSaved {
        /// Number of the match in its room.
        match_no: u32,
        /// Id of the match in the server's results.
        match_id: MatchId,
    },
    /// Chunk of the requested part of a match's history, in order and without gaps.
    HistoryChunk {
        /// Number of the match in its room.
        match_no: u32,
        /// Format of the part, equal in all of its chunks.
        content: HistoryContent,
        /// Index of the chunk, from 0.
        index: u16,
        /// Number of chunks, at most [`HISTORY_CHUNKS_MAX`].
        count: u16,
        /// Content, at most [`SNAPSHOT_CHUNK_BYTES`].
        bytes: Vec<u8>,
    },
    /// Ranking of the match whose results the room shows; sent after a [`Welcome`] in that phase, which has no ranking.
    Ranking {
        /// The match's number in its room.
        match_no: u32,
        /// Best first.
        ranking: Vec<RankingEntry>,
    },
    /// Score curve of one player in the match whose results the room shows; one message for each entry of the ranking.
    /// Sent to all members when the results begin, and after a [`Welcome`] in that phase.
    ScoreCurve {
        /// The match's number in its room.
        match_no: u32,
        /// The player's slot.
        slot: Slot,
        /// The player's points; the last point is the score in the ranking.
        curve: ScoreCurve,
    },
    /// The server is about to restart: running matches go on to their end, and no match starts any more. Sent to all
    /// members when that begins, and later after each [`Welcome`].
    Draining {
        /// Seconds until matches that still run are ended without a result; `None` if the server waits for all of them.
        seconds: Option<u32>,
    },
}

impl HistoryContent {
    fn is_sane(&self) -> bool {
        match self {
            Self::Opening => true,
            Self::Frames { ticks, .. } => (1..=RANGE_TICKS_MAX).contains(&u32::from(*ticks)),
        }
    }
}

/// State of a room at the moment when a session joins it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Id of the room.
    pub room: RoomId,
    /// Code of the room, for people.
    pub code: RoomCode,
    /// Options set by the host.
    pub options: RoomOptions,
    /// Ticks a second.
    pub tick_rate: u16,
    /// Player of this session.
    pub player: PlayerId,
    /// Seat of this session; `None` for a spectator.
    pub slot: Option<Slot>,
    /// All members that have a seat, this session included.
    pub members: Vec<Member>,
    /// Seat of the host; `None` in a room without players.
    pub host: Option<Slot>,
    /// Number of spectators.
    pub spectators: u8,
    /// Phase of the room.
    pub phase: Phase,
    /// Number of the next event.
    pub next_msg_id: u64,
    /// Ticks until the match starts because most players are ready; see [`RoomEvent::StartsIn`].
    pub starts_in: Option<u32>,
    /// Open vote on ending the match.
    pub vote: Option<AbortVote>,
}

/// Vote on ending the running match without a result, because the host wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbortVote {
    /// Players that have a say: those who had a seat when the match began to run, and have not left it.
    pub voters: SlotMask,
    /// Players that agree. The host is one of them, if it has a say.
    pub agreed: SlotMask,
    /// Players that refuse.
    pub refused: SlotMask,
    /// Number of players that have to agree: more than half of the voters. Those of them that are disconnected count as
    /// not agreeing, and players that were sent away during the match as refusing.
    pub needed: u8,
    /// Ticks until the vote ends.
    pub ticks: u32,
}

/// A member of a room that has a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Id of the player.
    pub player: PlayerId,
    /// Seat of the player.
    pub slot: Slot,
    /// Name, at most [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// State of the player.
    pub state: PlayerState,
}

/// State of a member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlayerState {
    /// In the lobby, not ready.
    Idle,
    /// In the lobby, ready for a match.
    Ready,
    /// Receives the state of a match. The player participates from the tick after reporting that it is complete.
    Loading,
    /// Has the state of a match that is about to begin.
    Loaded,
    /// Participates in the match.
    Playing,
    /// Has played the match to its end.
    Finished,
    /// Has given up the match and waits for the next one.
    Aborted,
    /// Watches without a seat.
    Spectating,
    /// Its connection is lost or silent; its seat is kept for the grace time.
    Away,
}

impl PlayerState {
    /// State of the player in the next phase of the room. It follows from the event of the phase, so that a change of
    /// phase needs no message for each of 16 players.
    pub const fn after(self, next: &Phase) -> Self {
        match (self, next) {
            (Self::Away | Self::Spectating, _) => self,
            (_, Phase::Lobby { .. }) => Self::Idle,
            (_, Phase::Loading { .. }) => Self::Loading,
            (Self::Loaded, Phase::Playing { .. }) => Self::Playing,
            (Self::Playing, Phase::Results { .. }) => Self::Finished,
            _ => self,
        }
    }
}

/// Phase of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Waiting for players. `reason` says why the last match was cut short, if it was.
    Lobby {
        /// Sentence for the players.
        reason: Option<String>,
    },
    /// A match is set and its opening snapshot is being sent; clients answer with [`ClientMessage::Loaded`].
    Loading {
        /// Number of the match in its room, from 1.
        match_no: u32,
    },
    /// All participants have loaded the match. The room's time in the pongs tells when tick 0 begins.
    Countdown {
        /// Number of the match in its room, from 1.
        match_no: u32,
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
        /// Last simulated tick.
        last_tick: Tick,
        /// Ranking, best first.
        ranking: Vec<RankingEntry>,
    },
}

/// One row of a leaderboard during a match, kept short because it is sent every 2 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderboardRow {
    /// Seat.
    pub slot: Slot,
    /// Points.
    pub points: i64,
}

/// One row of the ranking at the end of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingEntry {
    /// Seat.
    pub slot: Slot,
    /// Name of the player that had the seat last.
    pub name: String,
    /// Score.
    pub score: ScoreFrame,
}

/// Event in a room, sent to all members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomEvent {
    /// A player joined.
    Joined(Member),
    /// A player left.
    Left {
        /// Seat that is free now.
        slot: Slot,
        /// Reason.
        code: EndCode,
    },
    /// The state of a player changed.
    State {
        /// Seat of the player.
        slot: Slot,
        /// New state.
        state: PlayerState,
    },
    /// The room entered its next phase.
    Phase(Phase),
    /// Message of the game, from a member to all members: opaque bytes.
    GameMessage {
        /// Seat of the sender.
        slot: Slot,
        /// Payload.
        bytes: Vec<u8>,
    },
    /// Line of chat.
    Chat {
        /// Seat of the sender; `None` for a spectator.
        slot: Option<Slot>,
        /// Name of the sender.
        name: String,
        /// Text.
        text: String,
    },
    /// The room has a new host.
    Host {
        /// Seat of the host.
        slot: Slot,
    },
    /// The host changed the options of the room.
    Options(RoomOptions),
    /// The number of spectators changed.
    Spectators {
        /// New number.
        count: u8,
    },
    /// The room has another code, because it became private.
    Code(RoomCode),
    /// Most players are ready: the match starts without the others, unless that changes.
    StartsIn {
        /// Ticks until then; `None` when most players are no longer ready.
        ticks: Option<u32>,
    },
    /// The host asks the players to end the match without a result, or a player has answered. `None` when the vote is
    /// over: the match has ended, or it goes on.
    AbortVote(Option<AbortVote>),
}

impl ClientMessage {
    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let message = codec::decode::<Self, CONTROL_BYTES_MAX>(bytes)?;
        let fits = match &message {
            Self::GameMessage(bytes) => (1..=GAME_MESSAGE_BYTES_MAX).contains(&bytes.len()),
            Self::Hello(hello) => hello.is_sane(),
            Self::Chat(text) => (1..=CHAT_BYTES_MAX).contains(&text.len()),
            Self::Command { bytes, .. } => !bytes.is_empty(),
            Self::Host(HostCommand::Configure(options)) => {
                options.map.as_ref().is_none_or(|map| map.len() <= MAP_NAME_BYTES_MAX)
            }
            Self::Fields { fields, .. } => {
                fields.iter().map(Field::bytes).sum::<usize>() <= FIELDS_BYTES_MAX && fields.iter().all(Field::is_sane)
            }
            _ => true,
        };
        if fits { Ok(message) } else { Err(CodecError::Invalid) }
    }
}

impl ServerMessage {
    /// Decodes a whole message.
    ///
    /// # Errors
    /// When the bytes are not one, or when a list is longer than a server makes it.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let message = codec::decode::<Self, CONTROL_BYTES_MAX>(bytes)?;
        let fits = match &message {
            Self::Welcome(welcome) => welcome.members.len() <= SLOTS_MAX,
            Self::SnapshotChunk { index, count, bytes, .. } => {
                index < count && *count <= SNAPSHOT_CHUNKS_MAX && bytes.len() <= SNAPSHOT_CHUNK_BYTES
            }
            Self::HistoryChunk { content, index, count, bytes, .. } => {
                content.is_sane()
                    && index < count
                    && *count <= HISTORY_CHUNKS_MAX
                    && bytes.len() <= SNAPSHOT_CHUNK_BYTES
            }
            Self::Leaderboard { entries, .. } => entries.len() <= SLOTS_MAX,
            Self::WantHashes { hashes, .. } => hashes.len() <= HASHES_ASKED_MAX,
            Self::Ranking { ranking, .. } => ranking.len() <= SLOTS_MAX,
            Self::ScoreCurve { curve, .. } => curve.is_sane(),
            _ => true,
        };
        if fits { Ok(message) } else { Err(CodecError::Invalid) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{input::COMMAND_BYTES_MAX, protocol::channel::MESSAGE_BYTES_MAX, score::CURVE_POINTS_MAX};

    #[test]
    fn the_protocol_hash_covers_the_crates_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for (name, version) in &PROTOCOL_PARTS[1..] {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
            assert!(lock.contains(&entry), "{name} is not at {version} in Cargo.lock: update PROTOCOL_PARTS");
        }
    }

    #[test]
    fn control_messages_have_their_golden_bytes() {
        assert_eq!(codec::encode(&ClientMessage::Ready(true)), [1, 1]);
        assert_eq!(codec::encode(&ClientMessage::WantFrames { match_no: 2, first: Tick(300) }), [4, 2, 251, 44, 1]);
        let goodbye = ServerMessage::Goodbye(EndReason { code: EndCode::Kicked, sentence: "bye".to_owned() });
        assert_eq!(codec::encode(&goodbye), [7, 2, 3, b'b', b'y', b'e']);
        assert_eq!(codec::encode(&ClientMessage::GameMessage(vec![7, 8])), [6, 2, 7, 8]);
        assert_eq!(codec::encode(&ClientMessage::Chat("hi".to_owned())), [8, 2, b'h', b'i']);
        let slot = Slot::new(3).expect("in range");
        let event = ServerMessage::Event { msg_id: 9, event: RoomEvent::State { slot, state: PlayerState::Loaded } };
        assert_eq!(codec::encode(&event), [1, 9, 2, 3, 3]);
        let left = ServerMessage::Event { msg_id: 9, event: RoomEvent::Left { slot, code: EndCode::Kicked } };
        assert_eq!(codec::encode(&left), [1, 9, 1, 3, 2]);
        assert_eq!(ServerMessage::decode(&codec::encode(&event)), Ok(event));
        let asked = ServerMessage::WantHashes { match_no: 1, first: Tick(2), hashes: vec![3, 4] };
        assert_eq!(codec::encode(&asked), [5, 1, 2, 2, 3, 4]);
        let field = Field { slot: Some(slot), name: "x".to_owned(), value: "1".to_owned() };
        let fields = ClientMessage::Fields { match_no: 1, tick: Tick(2), is_last: true, fields: vec![field] };
        assert_eq!(codec::encode(&fields), [10, 1, 2, 1, 1, 1, 3, 1, b'x', 1, b'1']);
        let bytes = [7, 8].into_iter().collect();
        let command = ClientMessage::Command { match_no: 1, tick: Tick(2), bytes };
        assert_eq!(codec::encode(&command), [11, 1, 2, 2, 7, 8]);
        assert_eq!(ClientMessage::decode(&[11, 1, 2, 2, 7, 8]), Ok(command));
        let field = FieldDifference { slot: None, field: "x".to_owned(), server: None, client: Some("1".to_owned()) };
        let named = ServerMessage::Desync { match_no: 1, tick: Tick(2), component: "c".to_owned(), field: Some(field) };
        assert_eq!(codec::encode(&named), [6, 1, 2, 1, b'c', 1, 0, 1, b'x', 0, 1, 1, b'1']);
        assert_eq!(codec::encode(&ClientMessage::WantHistory { match_no: 1, part: HistoryPart::Opening }), [12, 1, 0]);
        let wanted = ClientMessage::WantHistory { match_no: 1, part: HistoryPart::From(Tick(300)) };
        assert_eq!(codec::encode(&wanted), [12, 1, 1, 251, 44, 1]);
        let chunk = |content, bytes| ServerMessage::HistoryChunk { match_no: 1, content, index: 0, count: 2, bytes };
        assert_eq!(codec::encode(&chunk(HistoryContent::Opening, vec![7])), [10, 1, 0, 0, 2, 1, 7]);
        let frames = HistoryContent::Frames { first: Tick(3), ticks: 4, is_compressed: true };
        assert_eq!(codec::encode(&chunk(frames, vec![7, 8])), [10, 1, 1, 3, 4, 1, 0, 2, 2, 7, 8]);
        let curve = ScoreCurve::new(&[(Tick(6), 2), (Tick(306), 1)]);
        let curve = ServerMessage::ScoreCurve { match_no: 1, slot, curve };
        assert_eq!(codec::encode(&curve), [12, 1, 3, 2, 6, 4, 251, 44, 1, 1]);
        assert_eq!(ServerMessage::decode(&codec::encode(&curve)), Ok(curve));
        assert_eq!(codec::encode(&ClientMessage::Vote(true)), [13, 1]);
        let vote = AbortVote { voters: 7, agreed: 1, refused: 2, needed: 3, ticks: 300 };
        let event = |event| codec::encode(&ServerMessage::Event { msg_id: 9, event });
        assert_eq!(event(RoomEvent::AbortVote(Some(vote))), [1, 9, 11, 1, 7, 1, 2, 3, 251, 44, 1]);
        assert_eq!(event(RoomEvent::StartsIn { ticks: Some(300) }), [1, 9, 10, 1, 251, 44, 1]);
        assert_eq!(event(RoomEvent::Code(RoomCode::from_number(7))), [1, 9, 9, 4, b'9', b'2', b'2', b'2']);
        let score = ScoreFrame { points: 2, since: Tick(5), detail: [9; 16] };
        let ranking = vec![RankingEntry { slot, name: "x".to_owned(), score }];
        let bytes = [&[11, 1, 1, 3, 1, b'x', 4, 5][..], &[9; 16]].concat();
        assert_eq!(codec::encode(&ServerMessage::Ranking { match_no: 1, ranking }), bytes);
        assert_eq!(codec::encode(&ServerMessage::Draining { seconds: Some(133) }), [13, 1, 133]);
        assert_eq!(codec::encode(&ServerMessage::Draining { seconds: None }), [13, 0]);
    }

    #[test]
    fn lists_longer_than_any_peer_makes_them_are_refused() {
        let field = |value: String| Field { slot: None, name: "x".to_owned(), value };
        let fields =
            |fields| codec::encode(&ClientMessage::Fields { match_no: 1, tick: Tick(2), is_last: false, fields });
        let most = FIELDS_BYTES_MAX / field("1".to_owned()).bytes();
        assert!(ClientMessage::decode(&fields(vec![field("1".to_owned()); most])).is_ok());
        assert!(ClientMessage::decode(&fields(vec![field("1".to_owned()); most + 1])).is_err());
        assert!(ClientMessage::decode(&fields(vec![field("1".repeat(1 << 20))])).is_err());
        assert!(ClientMessage::decode(&fields(vec![field("\u{1b}[2J".to_owned())])).is_err());
        let hashes = vec![0; HASHES_ASKED_MAX + 1];
        let asked = ServerMessage::WantHashes { match_no: 1, first: Tick(2), hashes };
        assert!(ServerMessage::decode(&codec::encode(&asked)).is_err());
        let curve = |count: u8| [&[12, 1, 3, count][..], &vec![0; 2 * usize::from(count)]].concat();
        assert!(ServerMessage::decode(&curve(CURVE_POINTS_MAX as u8)).is_ok());
        assert!(ServerMessage::decode(&curve(CURVE_POINTS_MAX as u8 + 1)).is_err());
        let beyond_ticks = [12, 1, 3, 2, 252, 255, 255, 255, 255, 0, 1, 0];
        assert!(ServerMessage::decode(&beyond_ticks).is_err());
        let score = ScoreFrame::default();
        let entry = RankingEntry { slot: Slot::new(3).expect("in range"), name: String::new(), score };
        let ranking = ServerMessage::Ranking { match_no: 1, ranking: vec![entry; SLOTS_MAX + 1] };
        assert!(ServerMessage::decode(&codec::encode(&ranking)).is_err());
    }

    #[test]
    fn an_empty_command_and_one_that_is_too_long_are_refused() {
        let command = |length: u8| [&[11, 1, 2, length][..], &vec![7; usize::from(length)]].concat();
        assert!(ClientMessage::decode(&command(COMMAND_BYTES_MAX as u8)).is_ok());
        assert!(ClientMessage::decode(&command(COMMAND_BYTES_MAX as u8 + 1)).is_err());
        assert!(ClientMessage::decode(&command(0)).is_err());
    }

    #[test]
    fn history_that_no_server_sends_is_refused() {
        let is_taken = |ticks, index, count, bytes| {
            let content = HistoryContent::Frames { first: Tick(0), ticks, is_compressed: false };
            let chunk = ServerMessage::HistoryChunk { match_no: 1, content, index, count, bytes: vec![0; bytes] };
            ServerMessage::decode(&codec::encode(&chunk)).is_ok()
        };
        let ticks_max = RANGE_TICKS_MAX as u16;
        assert!(is_taken(ticks_max, 0, HISTORY_CHUNKS_MAX, SNAPSHOT_CHUNK_BYTES));
        assert!(!is_taken(ticks_max + 1, 0, 1, 1) && !is_taken(0, 0, 1, 1), "too many ticks, or none");
        assert!(!is_taken(1, 1, 1, 1) && !is_taken(1, 0, HISTORY_CHUNKS_MAX + 1, 1), "no such chunk");
        assert!(!is_taken(1, 0, 1, SNAPSHOT_CHUNK_BYTES + 1), "a chunk that is too long");
    }

    #[test]
    fn the_largest_of_every_message_fits_into_one_batch() {
        let slot = Slot::new(15).expect("in range");
        let player = PlayerId(u64::MAX);
        let name = "n".repeat(NAME_BYTES_MAX);
        let member = Member { player, slot, name: name.clone(), state: PlayerState::Away };
        let score = ScoreFrame { points: i64::MIN, since: Tick(u32::MAX), detail: [255; 16] };
        let ranking = vec![RankingEntry { slot, name, score }; SLOTS_MAX];
        // Each difference has the longest encoding. Not a valid curve, but no valid one is longer.
        let longest_curve: Vec<(u32, i64)> = vec![(u32::MAX, i64::MIN); CURVE_POINTS_MAX];
        let longest_curve = codec::decode::<ScoreCurve, 4096>(&codec::encode(&longest_curve)).expect("its encoding");
        let reason = "r".repeat(REASON_BYTES_MAX);
        let (match_no, tick) = (u32::MAX, Tick(u32::MAX));
        let results = |ranking| Phase::Results { match_no, last_tick: tick, ranking };
        let event = |event| ServerMessage::Event { msg_id: u64::MAX, event };
        let vote =
            AbortVote { voters: u16::MAX, agreed: u16::MAX, refused: u16::MAX, needed: u8::MAX, ticks: u32::MAX };
        let options =
            RoomOptions { seats: 16, private: true, economy: false, map: Some("m".repeat(MAP_NAME_BYTES_MAX)) };
        let welcome = |phase| {
            ServerMessage::Welcome(Box::new(Welcome {
                room: RoomId(u64::MAX),
                code: RoomCode::long_from_number(0),
                options: options.clone(),
                tick_rate: u16::MAX,
                player,
                slot: Some(slot),
                members: vec![member.clone(); SLOTS_MAX],
                host: Some(slot),
                spectators: u8::MAX,
                phase,
                next_msg_id: u64::MAX,
                starts_in: Some(u32::MAX),
                vote: Some(vote),
            }))
        };
        let largest = [
            welcome(results(Vec::new())),
            welcome(Phase::Lobby { reason: Some("r".repeat(100)) }),
            event(RoomEvent::Joined(member.clone())),
            event(RoomEvent::Left { slot, code: EndCode::Desynced }),
            ServerMessage::Ranking { match_no, ranking: ranking.clone() },
            ServerMessage::ScoreCurve { match_no, slot, curve: longest_curve },
            event(RoomEvent::Phase(results(ranking))),
            event(RoomEvent::GameMessage { slot, bytes: vec![255; GAME_MESSAGE_BYTES_MAX] }),
            event(RoomEvent::Chat { slot: Some(slot), name: member.name.clone(), text: "t".repeat(CHAT_BYTES_MAX) }),
            event(RoomEvent::Options(options.clone())),
            ServerMessage::SnapshotChunk {
                match_no,
                next_tick: tick,
                index: u16::MAX,
                count: u16::MAX,
                bytes: vec![0; SNAPSHOT_CHUNK_BYTES],
            },
            ServerMessage::HistoryChunk {
                match_no,
                content: HistoryContent::Frames { first: tick, ticks: u16::MAX, is_compressed: true },
                index: u16::MAX,
                count: u16::MAX,
                bytes: vec![0; SNAPSHOT_CHUNK_BYTES],
            },
            ServerMessage::Leaderboard {
                match_no,
                tick,
                entries: vec![LeaderboardRow { slot, points: i64::MIN }; SLOTS_MAX],
            },
            ServerMessage::Goodbye(EndReason { code: EndCode::Desynced, sentence: reason }),
            ServerMessage::WantHashes { match_no, first: tick, hashes: vec![u64::MAX; HASHES_ASKED_MAX] },
            ServerMessage::Refused { reason: "r".repeat(REASON_BYTES_MAX) },
            ServerMessage::ResultSaved { match_no, match_id: MatchId(u128::MAX) },
            event(RoomEvent::State { slot, state: PlayerState::Away }),
            event(RoomEvent::Host { slot }),
            event(RoomEvent::Spectators { count: u8::MAX }),
            event(RoomEvent::Code(RoomCode::long_from_number(0))),
            event(RoomEvent::StartsIn { ticks: Some(u32::MAX) }),
            event(RoomEvent::AbortVote(Some(vote))),
        ];
        for message in largest {
            let bytes = codec::encode(&message).len();
            assert!(bytes <= MESSAGE_BYTES_MAX, "{bytes} bytes: {message:?}");
        }
        let field = Field { slot: Some(slot), name: String::new(), value: String::new() };
        let fields = vec![field.clone(); FIELDS_BYTES_MAX / field.bytes()];
        let bytes = codec::encode(&ClientMessage::Fields { match_no, tick, is_last: false, fields }).len();
        assert!(bytes <= MESSAGE_BYTES_MAX, "{bytes} bytes of fields");
    }

    #[test]
    fn a_slot_out_of_range_is_refused() {
        assert!(ServerMessage::decode(&[1, 9, 2, 16, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = (ClientMessage::decode(&bytes), ServerMessage::decode(&bytes));
        }
    }
}
