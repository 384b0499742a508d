//! One room of the test game with one client in it, played by hand in virtual time.

use framehouse_shared::{
    input::{Frame, RosterChange, RosterEvent},
    protocol::{
        datagram::{FramesHeader, Inputs, Ping, Pong, TAG_INPUTS, TAG_PING, encode_frame, put_frames},
        messages::SNAPSHOT_CHUNK_BYTES,
    },
    sim::MatchSetup,
    state_hash::StateHashes,
    tick::SimRate,
};

use super::*;
use crate::{
    fake_server::{FakeServer, OWN, TICK_RATE, welcome},
    test_game::{TestGamePlugin, test_game},
};

/// Updates of client and server in one tick.
const STEPS_PER_TICK: u32 = 4;

pub const LOBBY: Phase = Phase::Lobby { reason: None };

pub struct Harness {
    pub server: FakeServer,
    pub client: Client,
    pub simulation: Simulation,
    /// Updates a client that replaces `client`.
    pub takes_over: Option<Box<dyn FnMut(Duration)>>,
    slot: Option<Slot>,
    pub frames: Vec<Frame>,
    pub sampled: Vec<Tick>,
    /// Frames are closed and not sent.
    pub is_mute: bool,
    /// Nothing reaches the server, so nothing comes back.
    pub is_deaf: bool,
    pub lies_about_hashes: bool,
    /// Number of the newest frames that are still in flight.
    pub frames_on_their_way: usize,
    encoded_frames: Vec<Vec<u8>>,
    /// The client's `Inputs` messages, in order.
    pub heard: Vec<Inputs>,
    received: Vec<Option<Input>>,
    steps: u32,
    epoch_step: Option<i64>,
    next_msg_id: u64,
}

impl Harness {
    pub fn connected() -> Self {
        Self::new(Some(test_game()))
    }

    pub fn in_lobby() -> Self {
        Self::connected().welcomed(LOBBY)
    }

    /// A client that joins in the middle of a match.
    pub fn welcomed_in(phase: Phase) -> Self {
        Self::connected().welcomed(phase)
    }

    pub fn thin() -> Self {
        Self::new(None).welcomed(LOBBY)
    }

    pub fn spectator() -> Self {
        let mut harness = Self::connected();
        harness.slot = None;
        harness.welcomed(LOBBY)
    }

    pub fn in_match() -> Self {
        let mut harness = Self::in_lobby();
        harness.begin();
        harness
    }

    /// The player's input in a tick.
    pub fn input(tick: Tick) -> Input {
        Input([(tick.0 / 7) as u8 & 3, 0, 0, 1, 0, 0, 0, 0])
    }

    /// Runs the first phases of a match, up to its first tick.
    pub fn begin(&mut self) {
        self.load_match();
        self.count_down();
        self.phase(Phase::Playing { match_no: 1 });
    }

    /// Sets a match and sends its opening state.
    pub fn load_match(&mut self) {
        self.phase(Phase::Loading { match_no: 1 });
        self.load_set_match();
    }

    /// Loads the match, for a client that learned of it from the welcome.
    pub fn load_set_match(&mut self) {
        self.open_match();
        self.send_snapshot();
        self.run_ticks(3);
        assert_eq!(self.said(|message| *message == ClientMessage::Loaded { match_no: 1, next_tick: Tick(0) }), 1);
    }

    /// Runs a countdown of one second.
    pub fn count_down(&mut self) {
        self.phase(Phase::Countdown { match_no: 1, ticks: TICK_RATE.into() });
        self.wait_for_tick_0();
    }

    /// Begins a match without telling the client.
    pub fn begin_unheard(&mut self) {
        self.open_match();
        self.wait_for_tick_0();
    }

    pub fn phase(&mut self, phase: Phase) {
        self.tell(RoomEvent::Phase(phase));
    }

    pub fn tell(&mut self, event: RoomEvent) {
        self.server.send_message(&ServerMessage::Event { msg_id: self.next_msg_id, event });
        self.next_msg_id += 1;
    }

    fn open_match(&mut self) {
        self.simulation.open(&MatchSetup { seed: 5, map: String::new(), seats: 4, rate: SimRate::DEFAULT });
    }

    /// Waits for tick 0, one second away.
    pub fn wait_for_tick_0(&mut self) {
        self.epoch_step = Some(i64::from(self.steps + u32::from(TICK_RATE) * STEPS_PER_TICK));
        self.run_ticks(u32::from(TICK_RATE));
    }

    /// Closes this number of ticks.
    pub fn play(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.close_tick();
            self.run_ticks(1);
        }
    }

    pub fn run_ticks(&mut self, ticks: u32) {
        for _ in 0..ticks * STEPS_PER_TICK {
            self.step();
        }
    }

    /// Number of the client's messages that match `is_it`.
    pub fn said(&self, is_it: impl Fn(&ClientMessage) -> bool) -> usize {
        self.server.control.iter().filter(|message| is_it(message)).count()
    }

    /// Sends the state that the next frame builds on.
    pub fn send_snapshot(&mut self) {
        let bytes = zstd::encode_all(&self.simulation.encode()[..], 1).expect("compresses");
        let chunks: Vec<&[u8]> = bytes.chunks(SNAPSHOT_CHUNK_BYTES).collect();
        for (index, chunk) in chunks.iter().enumerate() {
            self.server.send_message(&ServerMessage::SnapshotChunk {
                match_no: 1,
                next_tick: self.simulation.next_tick(),
                index: index as u16,
                count: chunks.len() as u16,
                bytes: chunk.to_vec(),
            });
        }
    }

    /// The frames so far, encoded as on the wire.
    pub fn encoded_frames(&self) -> &[Vec<u8>] {
        &self.encoded_frames
    }

    pub fn send_old_frames(&mut self, from: usize, to: usize) {
        let encoded_frames = self.encoded_frames[from..to].to_vec();
        self.server.send_message(&ServerMessage::Frames { match_no: 1, first: Tick(from as u32), encoded_frames });
    }

    /// Sends a next frame that the server itself does not simulate.
    pub fn send_poisoned_frame(&mut self, input: Input) {
        let last = self.frames.last().expect("some frames were closed");
        let mut frame = Frame { tick: last.tick.plus(1), inputs: last.inputs, ..Default::default() };
        frame.inputs[0] = input;
        self.encoded_frames.push(encode_frame(&frame, &last.inputs, None));
        self.send_newest();
    }

    fn new(game: Option<MakeSimulation>) -> Self {
        let server = FakeServer::new();
        let hello =
            Hello { protocol: 1, game: "toy".to_owned(), rules_version: 1, components: Vec::new(), fingerprint: 2 };
        let config = ClientConfig { hello, game };
        let client = Client::new(&server.token(), server.link(), &config, Duration::ZERO).expect("a good token");
        Self {
            server,
            client,
            simulation: Simulation::new(TestGamePlugin),
            takes_over: None,
            slot: Some(OWN),
            frames: Vec::new(),
            sampled: Vec::new(),
            is_mute: false,
            is_deaf: false,
            lies_about_hashes: false,
            frames_on_their_way: 0,
            encoded_frames: Vec::new(),
            heard: Vec::new(),
            received: vec![None; 1000],
            steps: 0,
            epoch_step: None,
            next_msg_id: 1,
        }
    }

    fn welcomed(mut self, phase: Phase) -> Self {
        self.run_ticks(10);
        assert_eq!(self.said(|message| matches!(message, ClientMessage::Hello(_))), 1);
        self.server.send_message(&ServerMessage::Welcome(Box::new(welcome(self.slot, phase))));
        self.run_ticks(2);
        assert!(self.client.phase().is_some());
        self
    }

    /// The client's time.
    pub fn now(&self) -> Duration {
        Duration::from_secs(1) * self.steps / (u32::from(TICK_RATE) * STEPS_PER_TICK)
    }

    fn step(&mut self) {
        self.steps += 1;
        let now = self.now();
        let sampled = &mut self.sampled;
        match &mut self.takes_over {
            Some(update) => update(now),
            None => self.client.update(now, &mut |request| {
                sampled.push(request.tick);
                Self::input(request.tick)
            }),
        }
        if self.is_deaf {
            return;
        }
        self.server.update(now);
        for message in std::mem::take(&mut self.server.datagrams) {
            match message[0] {
                TAG_PING => self.answer(&Ping::decode(&message).expect("our client's ping")),
                TAG_INPUTS => self.take_inputs(&Inputs::decode(&message).expect("our client's inputs")),
                tag => panic!("a client sent an unreliable datagram with tag {tag}"),
            }
        }
    }

    fn answer(&mut self, ping: &Ping) {
        let steps_in = self.epoch_step.map(|epoch| i64::from(self.steps) - epoch);
        let room_time = steps_in.map(|steps| steps * 256 / i64::from(STEPS_PER_TICK));
        let mut bytes = Vec::new();
        Pong { nonce: ping.nonce, room_time }.encode(&mut bytes);
        self.server.send_datagram(&bytes);
    }

    fn take_inputs(&mut self, message: &Inputs) {
        self.heard.push(message.clone());
        for (age, input) in message.inputs.iter().enumerate() {
            let place = &mut self.received[message.newest.0 as usize - age];
            assert!(place.is_none_or(|earlier| earlier == *input), "an input changed after it was sent");
            *place = Some(*input);
        }
    }

    /// Simulates the next tick with a second player whose input cannot be guessed, and sends it.
    fn close_tick(&mut self) {
        let tick = self.simulation.next_tick();
        let previous = self.frames.last().map(|frame| frame.inputs).unwrap_or_default();
        let mut frame = Frame { tick, ..Default::default() };
        if tick == Tick(0) {
            let join = |slot| RosterEvent { change: RosterChange::Join, slot };
            frame.events.extend([join(Slot::new(0).expect("in range")), join(OWN)]);
        }
        frame.inputs[0] = Input([(tick.0 / 3 % 5) as u8, 0, 0, 0, 0, 0, 0, 0]);
        frame.inputs[OWN.index()] = self.received[tick.0 as usize].unwrap_or(previous[OWN.index()]);
        self.simulation.step(&frame);
        let hash = StateHashes::combined(&self.simulation.hashes()) ^ u64::from(self.lies_about_hashes);
        self.encoded_frames.push(encode_frame(&frame, &previous, (tick.0 % 30 == 29).then_some(hash)));
        self.frames.push(frame);
        self.send_newest();
    }

    fn send_newest(&mut self) {
        if self.is_mute || self.encoded_frames.len() <= self.frames_on_their_way {
            return;
        }
        let newest = self.encoded_frames.len() - 1 - self.frames_on_their_way;
        let acknowledged = self.received.iter().rposition(Option::is_some).map_or(0, |tick| tick as u32 + 1);
        let header =
            FramesHeader { match_low: 1, newest: Tick(newest as u32), input_ack: Tick(acknowledged), feedback: None };
        let mut bytes = Vec::new();
        let encoded_frames = &self.encoded_frames[newest.saturating_sub(1)..=newest];
        put_frames(&mut bytes, &header, encoded_frames.iter().map(Vec::as_slice));
        self.server.send_datagram(&bytes);
    }
}
