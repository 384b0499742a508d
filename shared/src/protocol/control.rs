//! Control messages: rare, reliable, ordered, serialised by bincode inside the batches of `channel.rs`.

use serde::{Deserialize, Serialize};

pub use super::hello::Hello;

use super::{
    codec::{self, CodecError},
    end::{EndCode, EndReason},
};
use crate::{
    fields::{Field, FieldDifference},
    ids::{MatchId, PlayerId, RoomCode, RoomId, SLOTS_MAX, Slot},
    input::CommandBytes,
    replay::RANGE_TICKS_MAX,
    score::{ScoreCurve, ScoreFrame},
    state_hash::StateHashes,
    tick::Tick,
};

/// netcode's own protocol id. It never changes: netcode drops a mismatch silently, so versions are compared by
/// [`Hello`], which can answer with a sentence.
pub const NETCODE_PROTOCOL_ID: u64 = 0x4672_616d_6568_6f75;

/// What has to be equal on both ends, whatever the game: the wire's version, and the exact versions of the crates that
/// encode it and draw random numbers. A test compares them with the lock file. A game adds its own parts.
pub const PROTOCOL_PARTS: &[(&str, &str)] =
    &[("framehouse-wire", "6"), ("rand", "0.10.3"), ("rand_pcg", "0.10.2"), ("bincode", "2.0.1")];

/// The most bytes of memory one control message may claim while it is decoded.
const CONTROL_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of state in one [`ServerMessage::SnapshotChunk`].
pub const SNAPSHOT_CHUNK_BYTES: usize = 1024;
/// The most chunks of one snapshot: 48 KiB compressed, so that it fits into the reliable path beside everything else.
pub const SNAPSHOT_CHUNKS_MAX: u16 = 48;
/// The most chunks of one part of a match's history: what a range of incompressible frames takes.
pub const HISTORY_CHUNKS_MAX: u16 = 520;
/// The most bytes of a game message; a server's own limit may be lower.
pub const GAME_MESSAGE_BYTES_MAX: usize = 1000;
/// The most characters in a player's name.
pub const NAME_CHARS_MAX: usize = 24;
/// The most bytes in a player's name: sixteen of them have to fit into one message.
pub const NAME_BYTES_MAX: usize = 32;
/// The most characters in a line of chat.
pub const CHAT_CHARS_MAX: usize = 200;
/// The most bytes in a line of chat: as many characters in any script but the rarest.
pub const CHAT_BYTES_MAX: usize = 600;
/// The most bytes in a map's name.
pub const MAP_NAME_BYTES_MAX: usize = 32;
/// The most bytes in a game's id.
pub const GAME_ID_BYTES_MAX: usize = 32;
/// The most ticks in one [`ServerMessage::WantHashes`]: twice as many as pass between two comparisons of hashes.
pub const HASHES_ASKED_MAX: usize = 60;
/// The most bytes of the fields in one [`ClientMessage::Fields`].
pub const FIELDS_BYTES_MAX: usize = 1024;
/// The most bytes of a sentence for a player.
pub const REASON_BYTES_MAX: usize = 400;

/// The number that [`PROTOCOL_PARTS`] and a game's [own parts](crate::game::Game::protocol_parts) stand for.
pub fn protocol_hash(game_parts: &[(&str, &str)]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(&codec::encode(&(PROTOCOL_PARTS, game_parts)))
}

/// From a client.
#[expect(clippy::large_enum_variant, reason = "it lives from the decoder to its handler, once a second a client")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// The first message of a session.
    Hello(Hello),
    /// The player is ready for a match, or no longer.
    Ready(bool),
    /// The player leaves the room and the server.
    Leave,
    /// The client has the opening snapshot (or a later one) and can simulate from `next_tick`.
    Loaded {
        /// The match's number in its room.
        match_no: u32,
        /// The first tick the client will simulate.
        next_tick: Tick,
    },
    /// The client lacks frames that are too old for the unreliable path.
    WantFrames {
        /// The match's number in its room.
        match_no: u32,
        /// The first frame it lacks.
        first: Tick,
    },
    /// The hashes of one of the client's confirmed states: of a tick whose frame brought another hash, or, in answer to
    /// [`ServerMessage::WantHashes`], of the first tick that differs.
    Hashes {
        /// The match's number in its room.
        match_no: u32,
        /// The tick after which the state was hashed.
        tick: Tick,
        /// Whether this answers a question. The two may cross on their way, and only one names the first tick.
        is_answer: bool,
        /// One hash per registered component.
        hashes: StateHashes,
    },
    /// A message to everybody in the room: opaque bytes of the game's, at most [`GAME_MESSAGE_BYTES_MAX`].
    GameMessage(Vec<u8>),
    /// The player gives the running match up and stays in the room.
    GiveUp,
    /// A line of text for everybody in the room, at most [`CHAT_CHARS_MAX`] characters and [`CHAT_BYTES_MAX`] bytes.
    Chat(String),
    /// What only the room's host may ask for.
    Host(HostCommand),
    /// The answer to [`ServerMessage::Desync`]: what the component held on the client's side, in as many messages as it
    /// takes.
    Fields {
        /// The match's number in its room.
        match_no: u32,
        /// The tick of the question.
        tick: Tick,
        /// Whether these are the last.
        is_last: bool,
        /// At most [`FIELDS_BYTES_MAX`] of them, and only sane ones.
        fields: Vec<Field>,
    },
    /// A command of the game for the simulation. The server applies it once, in the first frame from `tick` on that is
    /// still open and has room, after every earlier command of the same player. It answers with
    /// [`ServerMessage::Refused`] if the player takes no part in the match or has too many commands waiting.
    Command {
        /// The match's number in its room; a command for another match than the running one is ignored.
        match_no: u32,
        /// The tick the client predicts it in.
        tick: Tick,
        /// The game's bytes, at least one.
        bytes: CommandBytes,
    },
    /// A spectator, or a player who gave the match up, wants to go back in the running match. One part is sent at a time:
    /// while it is on its way, further requests are ignored.
    WantHistory {
        /// The match's number in its room.
        match_no: u32,
        /// The part.
        part: HistoryPart,
    },
}

/// A part of a match's history that a client lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryPart {
    /// The state before tick 0.
    Opening,
    /// The frames from this tick on, as many as the server sends in one part.
    From(Tick),
}

/// What the bytes of a part of a match's history are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryContent {
    /// The state before tick 0, compressed by zstd.
    Opening,
    /// Consecutive frames, as [`read_range`](crate::replay::read_range) reads them.
    Frames {
        /// The first one's tick: the one that was asked for, or one before it.
        first: Tick,
        /// How many there are, 1 to [`RANGE_TICKS_MAX`](crate::replay::RANGE_TICKS_MAX).
        ticks: u16,
        /// Whether the bytes are compressed by zstd.
        is_compressed: bool,
    },
}

/// What a room's host may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostCommand {
    /// Start the match, ready or not.
    Start,
    /// End the match without a result.
    Abort,
    /// Send a player away.
    Kick(Slot),
    /// Make another player the host.
    HandOver(Slot),
    /// Change what the next match is like; only in the lobby.
    Configure(RoomOptions),
    /// Send everybody away and close the room.
    Close,
}

/// What a host decides about a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOptions {
    /// How many seats it has.
    pub seats: u8,
    /// Whether it is hidden from quick match and lists: whoever has the code gets in.
    pub private: bool,
    /// The map to play on; nothing to go through all of them in turn.
    pub map: Option<String>,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ServerMessage {
    /// The session is in its room; this is the room's state before event `next_msg_id`.
    Welcome(Box<Welcome>),
    /// Something happened in the room. Gap-free: a client that misses a number has found a bug.
    Event {
        /// The event's place in the room's order.
        msg_id: u64,
        /// What happened.
        event: RoomEvent,
    },
    /// A part of a zstd-compressed room state.
    SnapshotChunk {
        /// The match's number in its room.
        match_no: u32,
        /// The first tick to simulate from the state.
        next_tick: Tick,
        /// The chunk's place, from 0.
        index: u16,
        /// How many chunks there are, at most [`SNAPSHOT_CHUNKS_MAX`].
        count: u16,
        /// The bytes, at most [`SNAPSHOT_CHUNK_BYTES`].
        bytes: Vec<u8>,
    },
    /// Frames that were asked for, encoded as in the unreliable datagrams.
    Frames {
        /// The match's number in its room.
        match_no: u32,
        /// The tick of the first one.
        first: Tick,
        /// One after the other.
        encoded_frames: Vec<Vec<u8>>,
    },
    /// Who leads, every 2 s and at the end of a match.
    Leaderboard {
        /// The match's number in its room.
        match_no: u32,
        /// The tick after which it was made.
        tick: Tick,
        /// Best first.
        entries: Vec<LeaderboardRow>,
    },
    /// The client's state differs from the server's after the last of these ticks: after which did it first?
    WantHashes {
        /// The match's number in its room.
        match_no: u32,
        /// The first of the ticks.
        first: Tick,
        /// For each the server's hash of the state after it, all components in one; at most [`HASHES_ASKED_MAX`].
        hashes: Vec<u64>,
    },
    /// The client's state differs from the server's: this is where it first did. Said twice if a field is found, too.
    Desync {
        /// The match's number in its room.
        match_no: u32,
        /// The first tick after which the states differ.
        tick: Tick,
        /// The first component that differs after it.
        component: String,
        /// The first field of it that differs. While there is none, the client is asked for [`ClientMessage::Fields`].
        field: Option<FieldDifference>,
    },
    /// The session ends, and why.
    Goodbye(EndReason),
    /// Something the player asked for is not done, and why, in a sentence.
    Refused {
        /// The sentence.
        reason: String,
    },
    /// The result of a match lies on the server's disk.
    ResultSaved {
        /// The match's number in its room.
        match_no: u32,
        /// Its name in the server's results.
        match_id: MatchId,
    },
    /// A piece of the part of a match's history that was asked for, in order and without gaps.
    HistoryChunk {
        /// The match's number in its room.
        match_no: u32,
        /// What the part is; the same in all of its chunks.
        content: HistoryContent,
        /// The chunk's index, from 0.
        index: u16,
        /// How many chunks there are, at most [`HISTORY_CHUNKS_MAX`].
        count: u16,
        /// The bytes, at most [`SNAPSHOT_CHUNK_BYTES`].
        bytes: Vec<u8>,
    },
    /// The ranking of the match whose results the room shows, for a session that comes now: its welcome has none.
    Ranking {
        /// The match's number in its room.
        match_no: u32,
        /// Best first.
        ranking: Vec<RankingEntry>,
    },
    /// The points of a seat over the match whose results the room shows: one message for each line of the ranking, to
    /// everybody when the results begin and to every session that comes later.
    ScoreCurve {
        /// The match's number in its room.
        match_no: u32,
        /// The seat.
        slot: Slot,
        /// Its points; the last are those of the ranking.
        curve: ScoreCurve,
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

/// The room as a joining session finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The room.
    pub room: RoomId,
    /// Its name for people.
    pub code: RoomCode,
    /// What its host has decided.
    pub options: RoomOptions,
    /// Ticks a second.
    pub tick_rate: u16,
    /// The session's own player.
    pub player: PlayerId,
    /// The session's own seat; a spectator has none.
    pub slot: Option<Slot>,
    /// Everybody who has a seat, this session included.
    pub members: Vec<Member>,
    /// The seat of the host; nothing in a room that nobody has a seat in.
    pub host: Option<Slot>,
    /// How many people watch.
    pub spectators: u8,
    /// Where the room is in its life.
    pub phase: Phase,
    /// The number of the next event.
    pub next_msg_id: u64,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The player.
    pub player: PlayerId,
    /// The player's seat.
    pub slot: Slot,
    /// What others see, at most [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// What the player is about.
    pub state: PlayerState,
}

/// What a member of a room is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlayerState {
    /// In the lobby, not ready.
    Idle,
    /// In the lobby, ready for a match.
    Ready,
    /// Getting the state of a match: it takes part from the tick after it has reported that.
    Loading,
    /// Has the state of a match that is about to begin.
    Loaded,
    /// Takes part in the match.
    Playing,
    /// Has played the match to its end.
    Finished,
    /// Has given the match up and waits for the next one.
    Aborted,
    /// Watches, without a seat.
    Spectating,
    /// Its connection is lost or silent; its seat is kept for a while.
    Away,
}

impl PlayerState {
    /// The state that the room's next phase puts a player into: it is implied by the phase's event, so that a room of
    /// sixteen needs no sixteen messages more.
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

/// Where a room is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Waiting for players; `reason` says why the room is back here, if something cut a match short.
    Lobby {
        /// A sentence, or nothing.
        reason: Option<String>,
    },
    /// A match is set, and its opening snapshot is on the way: whoever has it says [`ClientMessage::Loaded`].
    Loading {
        /// The match's number in its room, from 1.
        match_no: u32,
    },
    /// Everybody who takes part has the match, and tick 0 is named by the room's time in the pongs.
    Countdown {
        /// The match's number in its room, from 1.
        match_no: u32,
        /// How long the countdown takes, in ticks.
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
        /// The last tick that was simulated.
        last_tick: Tick,
        /// Best first.
        ranking: Vec<RankingEntry>,
    },
}

/// One line of a leaderboard while a match runs: no more than everybody needs every two seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderboardRow {
    /// The seat.
    pub slot: Slot,
    /// What players are ranked by.
    pub points: i64,
}

/// One line of the ranking at the end of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingEntry {
    /// The seat.
    pub slot: Slot,
    /// The name of who sat there last.
    pub name: String,
    /// The score.
    pub score: ScoreFrame,
}

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomEvent {
    /// Somebody came.
    Joined(Member),
    /// Somebody is gone.
    Left {
        /// The seat that is free now.
        slot: Slot,
        /// Why.
        code: EndCode,
    },
    /// Somebody is about something else now.
    State {
        /// Whose seat.
        slot: Slot,
        /// What.
        state: PlayerState,
    },
    /// The room goes on to its next phase.
    Phase(Phase),
    /// A member says something to everybody: opaque bytes of the game's.
    GameMessage {
        /// Who says it.
        slot: Slot,
        /// What.
        bytes: Vec<u8>,
    },
    /// Somebody wrote a line of chat.
    Chat {
        /// The writer's seat; a spectator has none.
        slot: Option<Slot>,
        /// The writer's name.
        name: String,
        /// The line.
        text: String,
    },
    /// The room has another host.
    Host {
        /// The host's seat.
        slot: Slot,
    },
    /// The host has changed the room.
    Options(RoomOptions),
    /// Another number of people watches.
    Spectators {
        /// How many.
        count: u8,
    },
}

impl ClientMessage {
    /// Reads a whole message.
    ///
    /// # Errors
    /// When it is not one.
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
    /// Reads a whole message.
    ///
    /// # Errors
    /// When it is not one, or a list is longer than any server makes it.
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
        let score = ScoreFrame { points: 2, since: Tick(5), detail: [9; 16] };
        let ranking = vec![RankingEntry { slot, name: "x".to_owned(), score }];
        let bytes = [&[11, 1, 1, 3, 1, b'x', 4, 5][..], &[9; 16]].concat();
        assert_eq!(codec::encode(&ServerMessage::Ranking { match_no: 1, ranking }), bytes);
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
        // Differences of the most bytes each, whether or not there could be as many of them.
        let longest_curve: Vec<(u32, i64)> = vec![(u32::MAX, i64::MIN); CURVE_POINTS_MAX];
        let longest_curve = codec::decode::<ScoreCurve, 4096>(&codec::encode(&longest_curve)).expect("its encoding");
        let reason = "r".repeat(REASON_BYTES_MAX);
        let (match_no, tick) = (u32::MAX, Tick(u32::MAX));
        let results = |ranking| Phase::Results { match_no, last_tick: tick, ranking };
        let event = |event| ServerMessage::Event { msg_id: u64::MAX, event };
        let options = RoomOptions { seats: 16, private: true, map: Some("m".repeat(MAP_NAME_BYTES_MAX)) };
        let welcome = |phase| {
            ServerMessage::Welcome(Box::new(Welcome {
                room: RoomId(u64::MAX),
                code: RoomCode::from_number(0),
                options: options.clone(),
                tick_rate: u16::MAX,
                player,
                slot: Some(slot),
                members: vec![member.clone(); SLOTS_MAX],
                host: Some(slot),
                spectators: u8::MAX,
                phase,
                next_msg_id: u64::MAX,
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
