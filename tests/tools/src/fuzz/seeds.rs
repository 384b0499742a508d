//! Seeds: real messages as the first corpus of each fuzz target.

use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    api::ws::{self, Create, Down, Encoding, GameFrame, Hidden, JoinRoom, SlotData, Up},
    fields::{Field, FieldDifference},
    ids::{MatchId, PlayerId, RoomCode, RoomId, SLOTS_MAX, Slot},
    input::{Command, Entropy, Frame, Input, RosterChange, RosterEvent},
    protocol::{
        channel::Outbox,
        codec,
        datagram::{Feedback, FramesHeader, Inputs, Ping, Pong, encode_frame, put_frames},
        end::EndCode,
        messages::{
            AbortVote, ClientMessage, Hello, HistoryContent, HistoryPart, HostCommand, LeaderboardRow, Member, Phase,
            PlayerState, RankingEntry, RoomEvent, RoomOptions, ServerMessage, Welcome,
        },
    },
    replay::put_past_tick,
    score::{ScoreCurve, ScoreFrame},
    simulation::{Simulation, bot_match},
    state_hash::StateHashes,
    tick::Tick,
};
use framehouse_tiny::TinyPlugin;

use super::{pair, payloads, records, states};

/// Unreliable datagrams, and single frames.
pub fn datagrams() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |encode: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        encode(&mut bytes);
        seeds.push(bytes);
    };
    for inputs in [0, 1, 3, 8] {
        for report in [None, Some((Tick(299), 0x0123_4567_89ab_cdef))] {
            add(&|bytes| inputs_message(inputs, report).encode(bytes));
        }
    }
    add(&|bytes| Ping { nonce: 0x0403_0201 }.encode(bytes));
    for room_time in [None, Some(-3), Some(1 << 40)] {
        add(&|bytes| Pong { nonce: 9, room_time }.encode(bytes));
    }
    let encoded_frames = encoded_frames();
    encoded_frames.iter().take(8).for_each(|encoded_frame| add(&|bytes| bytes.extend_from_slice(encoded_frame)));
    for count in [1, 2, 7, 8, 16] {
        for feedback in [None, Some(Feedback { margin: -9, worst_margin: -300, late: 2, replaced: 400 })] {
            let header = FramesHeader { match_low: 3, newest: Tick(59), input_ack: Tick(63), feedback };
            let newest = &encoded_frames[60 - count..60];
            add(&|bytes| put_frames(bytes, &header, newest.iter().map(Vec::as_slice)));
        }
    }
    for ticks in [1, 6, 60] {
        add(&|bytes| bytes.extend([&[ticks as u8], &range(ticks)[..]].concat()));
    }
    seeds
}

/// Messages of WebSockets, in both encodings.
pub fn websocket() -> Vec<Vec<u8>> {
    let text = |text: &str| text.to_owned();
    let up = [
        Up::Auth {
            name: text("Ada"),
            secret: Some(Hidden("0".repeat(32))),
            token: Some(Hidden(text("a.b.c"))),
            resume: None,
            view: true,
        },
        Up::JoinRoom(JoinRoom { room_id: Some(text("lounge")), view: true, ..Default::default() }),
        Up::JoinRoom(JoinRoom {
            create: Some(Create { size: 4, private: true, practice: false }),
            ..Default::default()
        }),
        Up::Input { frame_id: Some(300), input_data: vec![7; 8].into() },
        Up::Input { frame_id: None, input_data: vec![0; 8].into() },
        Up::Message { data: vec![0, 255].into() },
        Up::Chat { text: text("h\u{e9}llo") },
        Up::Configure { seats: 4, private: false, economy: true, map: Some(text("basin")) },
        Up::Ping { seq: u32::MAX },
        Up::LeaveRoom,
    ];
    let frame = GameFrame {
        frame_id: 300,
        inputs: vec![SlotData { slot: slot(1), data: vec![9; 8].into() }],
        confirmed: true,
        hash: Some("0".repeat(16)),
        joined: vec![slot(2)],
        left: Vec::new(),
        commands: Vec::new(),
        entropy: Some(7),
    };
    let down = [
        Down::GameFrame(Box::new(frame)),
        Down::ViewFrame { match_no: 1, frame_id: 300, data: vec![1; 40].into() },
        Down::Phase { msg_id: 7, phase: ws::Phase::Countdown { match_no: 1, ticks: 90 } },
        Down::Pong { seq: 1, tick: Some(-1.5) },
    ];
    let both = [Encoding::Json, Encoding::MessagePack];
    let up = up.iter().flat_map(|message| both.map(|encoding| encoding.encode(message)));
    up.chain(down.iter().flat_map(|message| both.map(|encoding| encoding.encode(message)))).collect()
}

fn inputs_message(count: u8, report: Option<(Tick, u64)>) -> Inputs {
    Inputs {
        match_low: 3,
        next_frame: Tick(300),
        seen_frames: Tick(302),
        newest: if count == 0 { Tick(0) } else { Tick(305) },
        inputs: (0..count).map(|n| Input([n / 2, n * 9, 0, 0, 0, 0, 0, n % 2])).collect(),
        report,
    }
}

/// The frames of a real match, encoded one after the other; one of them with a command.
fn encoded_frames() -> Vec<Vec<u8>> {
    let mut previous = [Input::NEUTRAL; SLOTS_MAX];
    let mut encoded_frames = Vec::new();
    bot_match(ArenaPlugin, 5, 4, 60, |tick, simulation| {
        let mut frame = simulation.get::<Frame>().expect("a match has frames").clone();
        if tick == Tick(3) {
            frame.commands.push(Command { slot: slot(0), bytes: [5, 6, 7].into_iter().collect() });
            frame.events.push(RosterEvent { change: RosterChange::Leave, slot: slot(2) });
            frame.entropy = Some(Entropy(7));
        }
        let hash = (tick.0 % 30 == 29).then(|| simulation.hashes().combined());
        encoded_frames.push(encode_frame(&frame, &previous, hash));
        previous = frame.inputs;
    });
    encoded_frames
}

/// The same frames as a range of a match's history.
fn range(ticks: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tick, encoded_frame) in encoded_frames().iter().enumerate().take(ticks) {
        let joined = if tick == 0 { 4 } else { 0 };
        put_past_tick(&mut bytes, encoded_frame, (0..joined).map(|_| "player"));
    }
    bytes
}

fn slot(number: u8) -> Slot {
    Slot::new(number).expect("a seat of a small room")
}

/// Control messages in both directions, and batches of them.
pub fn control() -> Vec<Vec<u8>> {
    let up = client_messages();
    let down = server_messages();
    let mut seeds: Vec<Vec<u8>> = up.iter().map(codec::encode).chain(down.iter().map(codec::encode)).collect();
    let mut outbox = Outbox::default();
    for message in seeds.iter().filter(|message| message.len() < 1000) {
        outbox.push(message, 0);
    }
    seeds.extend(std::iter::from_fn(|| outbox.next_batch(1)));
    seeds
}

fn client_messages() -> Vec<ClientMessage> {
    let hashes = StateHashes([Some(1), None, Some(u64::MAX)].into_iter().collect());
    let field = |slot, name: &str| Field { slot, name: name.into(), value: "-0.0".into() };
    vec![
        ClientMessage::Hello(Hello {
            protocol: u64::MAX,
            game: "arena".into(),
            rules_version: 1,
            components: vec!["tick".into(), "bodies".into()],
            fingerprint: 2,
        }),
        ClientMessage::Ready(true),
        ClientMessage::Leave,
        ClientMessage::Loaded { match_no: 2, next_tick: Tick(70_000) },
        ClientMessage::WantFrames { match_no: 2, first: Tick(300) },
        ClientMessage::Hashes { match_no: 2, tick: Tick(299), is_answer: true, hashes },
        ClientMessage::GameMessage(b"good game".to_vec()),
        ClientMessage::GiveUp,
        ClientMessage::Chat("good game".into()),
        ClientMessage::Host(HostCommand::Start),
        ClientMessage::Host(HostCommand::Kick(slot(1))),
        ClientMessage::Host(HostCommand::HandOver(slot(1))),
        ClientMessage::Host(HostCommand::Configure(options())),
        ClientMessage::Fields {
            match_no: 2,
            tick: Tick(299),
            is_last: false,
            fields: vec![field(Some(slot(1)), "gems")],
        },
        ClientMessage::Fields {
            match_no: 2,
            tick: Tick(299),
            is_last: true,
            fields: vec![field(None, "gem 7 fades"); 9],
        },
        ClientMessage::Command { match_no: 2, tick: Tick(301), bytes: [1, 2, 255].into_iter().collect() },
        ClientMessage::WantHistory { match_no: 2, part: HistoryPart::Opening },
        ClientMessage::WantHistory { match_no: 2, part: HistoryPart::From(Tick(300)) },
        ClientMessage::Vote(true),
    ]
}

fn options() -> RoomOptions {
    RoomOptions { seats: 4, private: true, economy: false, map: Some("basin".into()) }
}

fn server_messages() -> Vec<ServerMessage> {
    let member = |number| Member {
        player: PlayerId(u64::from(number) + 1),
        slot: slot(number),
        name: format!("player {number}"),
        state: if number == 1 { PlayerState::Ready } else { PlayerState::Idle },
    };
    let entry = |number| RankingEntry {
        slot: slot(number),
        name: format!("player {number}"),
        score: ScoreFrame { points: -3, since: Tick(9), detail: [7; 16] },
    };
    let phases = [
        Phase::Lobby { reason: Some("too few players were left".into()) },
        Phase::Loading { match_no: 1 },
        Phase::Countdown { match_no: 1, ticks: 90 },
        Phase::Playing { match_no: 1 },
        Phase::Results { match_no: 1, last_tick: Tick(899), ranking: vec![entry(0), entry(1)] },
    ];
    let vote = AbortVote { voters: 3, agreed: 1, refused: 2, needed: 2, ticks: 600 };
    let welcome = Welcome {
        room: RoomId(3),
        code: RoomCode::from_number(123_456),
        options: options(),
        tick_rate: 30,
        player: PlayerId(1),
        slot: Some(slot(0)),
        members: vec![member(0), member(1)],
        host: Some(slot(0)),
        spectators: 1,
        phase: Phase::Lobby { reason: None },
        next_msg_id: 3,
        starts_in: Some(600),
        vote: Some(vote),
    };
    let events = [
        RoomEvent::Joined(member(2)),
        RoomEvent::Left { slot: slot(2), code: EndCode::ConnectionLost },
        RoomEvent::State { slot: slot(1), state: PlayerState::Away },
        RoomEvent::Chat { slot: None, name: "player 9".into(), text: "hello".into() },
        RoomEvent::Host { slot: slot(1) },
        RoomEvent::Options(options()),
        RoomEvent::Spectators { count: 2 },
        RoomEvent::GameMessage { slot: slot(1), bytes: b"hello".to_vec() },
        RoomEvent::Code(RoomCode::long_from_number(123_456)),
        RoomEvent::StartsIn { ticks: Some(600) },
        RoomEvent::StartsIn { ticks: None },
        RoomEvent::AbortVote(Some(vote)),
        RoomEvent::AbortVote(None),
    ];
    let events = events.into_iter().chain(phases.map(RoomEvent::Phase));
    let chunk = |index| ServerMessage::SnapshotChunk {
        match_no: 1,
        next_tick: Tick(0),
        index,
        count: 2,
        bytes: vec![index as u8; 40],
    };
    let past = |content, bytes| ServerMessage::HistoryChunk { match_no: 1, content, index: 0, count: 1, bytes };
    let frames = |is_compressed| HistoryContent::Frames { first: Tick(0), ticks: 6, is_compressed };
    let (field, server) = ("velocity.x".into(), Some("1.5".into()));
    let difference = FieldDifference { slot: Some(slot(1)), field, server, client: None };
    let mut server_messages = vec![
        ServerMessage::Welcome(Box::new(welcome)),
        chunk(0),
        chunk(1),
        ServerMessage::Frames {
            match_no: 1,
            first: Tick(0),
            encoded_frames: encoded_frames().into_iter().take(6).collect(),
        },
        ServerMessage::Leaderboard {
            match_no: 1,
            tick: Tick(59),
            entries: vec![LeaderboardRow { slot: slot(1), points: 7 }, LeaderboardRow { slot: slot(0), points: -1 }],
        },
        ServerMessage::WantHashes { match_no: 1, first: Tick(58), hashes: vec![7, u64::MAX] },
        ServerMessage::Desync { match_no: 1, tick: Tick(59), component: "bodies".into(), field: None },
        ServerMessage::Desync { match_no: 1, tick: Tick(59), component: "bodies".into(), field: Some(difference) },
        ServerMessage::Refused { reason: "only the host can do that".into() },
        ServerMessage::ResultSaved { match_no: 1, match_id: MatchId(7) },
        ServerMessage::Draining { seconds: Some(133) },
        ServerMessage::Draining { seconds: None },
        ServerMessage::Ranking { match_no: 1, ranking: vec![entry(0), entry(1)] },
        ServerMessage::ScoreCurve {
            match_no: 1,
            slot: slot(1),
            curve: ScoreCurve::new(&[(Tick(0), 0), (Tick(60), 7), (Tick(899), -3)]),
        },
        past(HistoryContent::Opening, vec![7; 40]),
        past(frames(false), range(6)),
        past(frames(true), zstd::encode_all(&range(6)[..], 1).expect("compressing into memory does not fail")),
    ];
    server_messages.extend(EndCode::ALL.iter().map(|code| ServerMessage::Goodbye((*code).into())));
    server_messages.extend((0..).zip(events).map(|(msg_id, event)| ServerMessage::Event { msg_id, event }));
    server_messages
}

/// renet's packets: messages in and out of order, acknowledgements of one or several ranges, and packets that a correct
/// guard refuses.
fn packets() -> Vec<Vec<u8>> {
    let batch = [5, 3, b'b', b'y', b'e', 1, 2, 1, 1];
    let message = |sequence: u8, id: u8| [&[0, sequence, 0, 0, 1, id, batch.len() as u8], &batch[..]].concat();
    let two = [&[0, 5, 0, 0, 2, 0, 1, 7, 1, 9][..], &batch].concat();
    vec![
        message(0, 0),
        message(1, 1),
        message(9, 3),
        two,
        vec![4, 0, 3, 3, 0],
        vec![4, 1, 20, 4, 2, 1, 2, 3, 1],
        vec![4, 2, 0x80, 0, 0x40, 0, 1, 0],
        // A whole slice with an index beyond the count of slices, on which renet 2.0.1 panics; one of the other kind.
        [&[2, 0, 0, 0, 9, 1, 0x44, 0xb0][..], &[7; 1200]].concat(),
        vec![3, 0, 0, 0, 9, 1, 1, 7],
        // An unreliable message, an unknown channel, a message far ahead, an empty one.
        vec![1, 0, 0, 0, 1, 1, 7],
        vec![0, 0, 9, 0, 1, 0, 1, 7],
        vec![0, 0, 0, 0, 1, 0xc0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 7],
        vec![0, 0, 0, 0, 1, 0, 0],
    ]
}

/// Payloads and datagrams for the guards.
pub fn payloads() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut all = Vec::new();
    for packet in packets() {
        for side in [payloads::TO_SERVER, payloads::TO_CLIENT] {
            let mut seed = Vec::new();
            records::put(&mut seed, payloads::TIME | 20 << 2, b"said by both");
            records::put(&mut seed, side, &packet);
            records::put(&mut seed, payloads::TIME | 30 << 2, &[]);
            all.extend_from_slice(&seed);
            seeds.push(seed);
        }
    }
    seeds.push(all);
    for (first, length) in [(0, 1078), (0x11, 18), (0x12, 326), (0x13, 326), (0x14, 26), (0x75, 60), (0x16, 18)] {
        let mut seed = Vec::new();
        let datagram: Vec<u8> = std::iter::once(first).chain((1..length).map(|n| n as u8)).collect();
        records::put(&mut seed, payloads::DATAGRAM, &datagram);
        seeds.push(seed);
    }
    seeds
}

/// States of the arena in a match of bots, every 50 ticks.
pub(super) fn arena_states() -> Vec<Vec<u8>> {
    let mut states = Vec::new();
    bot_match(ArenaPlugin, 5, 4, 151, |tick, simulation| {
        if tick.0.is_multiple_of(50) {
            states.push(simulation.encode());
        }
    });
    states
}

/// States of both games: unchanged, edited and compressed.
pub fn states() -> Vec<Vec<u8>> {
    let of_kind = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let arena = arena_states();
    let mut seeds: Vec<Vec<u8>> = arena.iter().map(|state| of_kind(states::ARENA, state)).collect();
    let packed = |state: &Vec<u8>| zstd::encode_all(&state[..], 1).expect("compressing into memory does not fail");
    seeds.extend(arena.iter().map(|state| of_kind(states::COMPRESSED, &packed(state))));
    let tiny = |_, simulation: &Simulation| seeds.push(of_kind(states::TINY, &simulation.encode()));
    bot_match(TinyPlugin, 5, 3, 3, tiny);
    seeds.push(of_kind(states::ARENA_EDITS, &[0, 0, 9, 100, 2, 0xfd, 3, 3, 0xff]));
    seeds
}

/// Operations on an endpoint and its client.
pub fn pair() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |records: &[(u8, &[u8])]| {
        let mut seed = Vec::new();
        records.iter().for_each(|(op, bytes)| records::put(&mut seed, *op, bytes));
        seeds.push(seed);
    };
    let second = (pair::TIME | 31 << 3, &b"a message"[..]);
    for packet in packets() {
        add(&[second, (pair::SEALED_BY_CLIENT, &packet), (pair::SEALED_BY_ENDPOINT, &packet), second]);
    }
    for message in datagrams().iter().step_by(4) {
        add(&[(pair::SEALED_BY_CLIENT, message), (pair::SEALED_BY_ENDPOINT, message)]);
    }
    let end_of_stock: [u8; 18] = std::array::from_fn(|place| if place == 0 { 0xf5 } else { 0 });
    let near_max = [&[0x85][..], &[0xff; 8], &[0; 40]].concat();
    for op in [pair::RAW_CONNECTED, pair::RAW_PENDING, pair::RAW_UNKNOWN, pair::RAW_TO_CLIENT] {
        add(&[(op, &end_of_stock), (op, &near_max), (op, &[0; 1078]), (op, &[0x13; 326]), (op, &[0x16; 18]), second]);
    }
    for which in 0..8 {
        let op = pair::REPLAYED | which << 3;
        add(&[second, (op, &[0]), (op, &[1]), (op, &[2]), (op, &[0, 1, 1]), (op, &[1, 9, 0x80]), second]);
    }
    seeds
}
