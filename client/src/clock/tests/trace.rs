//! A client's clock and a model room, with a seeded network between them.

use framehouse_shared::{
    net_sim::NetSim,
    protocol::datagram::{Feedback, INPUTS_MAX},
    rng::SimRng,
};

use super::{model_room::ModelRoom, *};

/// Interval at which the server reads datagrams.
const SERVER_STEP: Duration = Duration::from_millis(4);

/// One direction of the network: a [`NetSim`] with stalls, in which nothing arrives, and then everything at once.
struct Way {
    sim: NetSim,
    /// Average number of steps between stalls; 0 for none.
    stall_every: u32,
    stalled_until: Duration,
    rng: SimRng,
}

impl Way {
    fn new(network: &str, stall_every: u32, seed: u64) -> Self {
        let sim = NetSim::new(network.parse().expect("a good description"), seed);
        Self { sim, stall_every, stalled_until: Duration::ZERO, rng: SimRng::new(!seed) }
    }

    fn arrived(&mut self, now: Duration) -> Vec<Vec<u8>> {
        if self.stall_every > 0 && self.rng.one_in(self.stall_every) {
            self.stalled_until = now + Duration::from_millis(u64::from(50 + self.rng.below(100)));
        }
        let is_open = now >= self.stalled_until;
        std::iter::from_fn(|| self.sim.pop(now).filter(|_| is_open)).collect()
    }
}

/// The whole trace; [`run`](Self::run) advances it.
pub struct Trace {
    pub clock: Clock,
    pub room: ModelRoom,
    /// The true time since the trace began.
    pub now: Duration,
    /// Error of the client's own clock against the true time.
    pub clock_ahead: Duration,
    pub is_asleep: bool,
    /// The client is updated once in this many steps of 4 ms.
    pub steps_per_update: u32,
    up: Way,
    down: Way,
    steps: u32,
    acknowledged: u32,
    next_input: Option<u32>,
    /// Time at which the last inputs were sent.
    sent: Duration,
    /// The largest lead since this was set to 0, in ticks.
    pub lead_max: f64,
    /// Number of updates in which the input time advanced by more than slewing allows.
    pub jumps: u32,
}

impl Trace {
    /// A trace over a network, described as for `--net-sim`, that stalls on average once in `stall_every` steps of 4
    /// ms.
    pub fn new(network: &str, stall_every: u32, seed: u64) -> Self {
        Self::at_rate(30, network, stall_every, seed)
    }

    /// A trace at this tick rate.
    pub fn at_rate(rate: u16, network: &str, stall_every: u32, seed: u64) -> Self {
        Self {
            clock: Clock::new(rate, Duration::ZERO),
            room: ModelRoom::new(3.0, rate.into()),
            now: Duration::ZERO,
            clock_ahead: Duration::ZERO,
            is_asleep: false,
            steps_per_update: 4,
            up: Way::new(network, stall_every, seed),
            down: Way::new(network, stall_every, seed + 1),
            steps: 0,
            acknowledged: 0,
            next_input: None,
            sent: Duration::ZERO,
            lead_max: 0.0,
            jumps: 0,
        }
    }

    /// This trace in economy mode, from its start on.
    pub fn in_economy(mut self) -> Self {
        self.room.datagram_ticks = 2;
        self.clock.start_match(self.now, 2);
        self
    }

    pub fn run(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while self.now < end {
            self.step();
        }
    }

    /// Late inputs of the next `seconds`, in per cent of all.
    pub fn late_percent_in(&mut self, seconds: f64) -> f64 {
        let before = self.room.feedback.late;
        self.run(seconds);
        f64::from(self.room.feedback.late - before) * 100.0 / (seconds * self.room.rate)
    }

    /// Changes both directions of the network; datagrams in flight are lost.
    pub fn change_network(&mut self, up: &str, down: &str) {
        self.up = Way::new(up, 0, 77);
        self.down = Way::new(down, 0, 78);
    }

    /// Error of the lead, in ticks, when the way to the server takes `way_ms` milliseconds.
    pub fn lead_error(&self, way_ms: f64) -> f64 {
        let lead = self.clock.input_time().expect("known") - self.room.time(self.now);
        lead - way_ms / 1000.0 * self.room.rate - self.clock.target_margin_ticks()
    }

    /// Error of the clock's room time, in ticks.
    pub fn error(&self) -> f64 {
        self.clock.room_time().expect("a room time is known") - self.room.time(self.now)
    }

    pub fn step(&mut self) {
        self.now += SERVER_STEP;
        self.steps += 1;
        if self.steps.is_multiple_of(self.steps_per_update) && !self.is_asleep {
            self.update_client();
        }
        self.update_room();
    }

    fn update_room(&mut self) {
        for message in self.up.arrived(self.now) {
            match *message {
                [b'p', ref nonce @ ..] => {
                    let room_time = (self.room.time(self.now) * 256.0) as i64;
                    self.down.sim.push(self.now, &[b"p", nonce, &room_time.to_le_bytes()].concat());
                }
                [b'i', count, ref newest @ ..] => self.room.take(self.now, number(newest), count.into()),
                _ => unreachable!("the client sends pings and inputs"),
            }
        }
        while let Some(header) = self.room.close(self.now) {
            let Feedback { margin, late, replaced, .. } = header.feedback.unwrap_or_default();
            let has_feedback = u32::from(header.feedback.is_some());
            let numbers = [header.newest.0, header.input_ack.0, has_feedback, margin as u32, late, replaced];
            let bytes: Vec<u8> = b"f".iter().copied().chain(numbers.iter().flat_map(|n| n.to_le_bytes())).collect();
            self.down.sim.push(self.now, &bytes);
        }
    }

    fn update_client(&mut self) {
        let local = self.now + self.clock_ahead;
        for message in self.down.arrived(self.now) {
            match *message {
                [b'p', ref rest @ ..] => {
                    let time = i64::from_le_bytes(rest[4..].try_into().expect("eight bytes"));
                    self.clock.take_pong(local, &Pong { nonce: number(&rest[..4]), room_time: Some(time) });
                }
                [b'f', ref rest @ ..] => self.take_frames_header(&header(rest)),
                _ => unreachable!("the room sends pongs and frames"),
            }
        }
        let before = (self.clock.input_time(), self.clock.view_time(), self.clock.now);
        self.clock.advance(local);
        self.check_advance(before);
        self.send(local);
    }

    fn take_frames_header(&mut self, header: &FramesHeader) {
        self.acknowledged = self.acknowledged.max(header.input_ack.0);
        self.clock.take_frames_header(header);
    }

    /// Checks that no time went back or jumped.
    fn check_advance(&mut self, (input, view, at): (Option<f64>, Option<f64>, Duration)) {
        let (Some(input_before), Some(view_before)) = (input, view) else { return };
        let elapsed = (self.clock.now.as_secs_f64() - at.as_secs_f64()) * self.room.rate;
        let input = self.clock.input_time().expect("it was known") - input_before;
        let view = self.clock.view_time().expect("it was known") - view_before;
        assert!(input >= 0.0 && view >= 0.0, "back by {input} or {view} ticks at {:?}", self.now);
        self.jumps += u32::from(input > elapsed * (1.0 + INPUT_SLEW_LARGE) + 1e-6);
        self.lead_max = self.lead_max.max(self.clock.lead_ticks());
    }

    fn send(&mut self, local: Duration) {
        if let Some(ping) = self.clock.due_ping(local) {
            self.up.sim.push(self.now, &[b"p".as_slice(), &ping.nonce.to_le_bytes()].concat());
        }
        let Some(newest) = self.clock.input_tick().map(|tick| tick.0) else { return };
        // Without a new input the last ones are repeated now and then, with the client's acknowledgement of frames.
        let is_new = self.next_input.is_none_or(|next| newest + 1 >= next + self.room.datagram_ticks);
        if is_new || local.saturating_sub(self.sent) > Duration::from_millis(100) {
            self.sent = local;
            self.next_input = self.next_input.max(Some(newest + 1));
            let newest = self.next_input.map_or(newest, |next| next - 1);
            let count = (newest + 1).saturating_sub(self.acknowledged).clamp(1, INPUTS_MAX as u32).min(newest + 1);
            self.up.sim.push(self.now, &[[b'i', count as u8].as_slice(), &newest.to_le_bytes()].concat());
            self.clock.note_sent(Tick(newest));
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn header(bytes: &[u8]) -> FramesHeader {
    let numbers: Vec<u32> = bytes.chunks(4).map(number).collect();
    let [newest, input_ack, has_feedback, margin, late, replaced] = numbers[..] else { unreachable!("six numbers") };
    let feedback = Feedback { margin: margin as i16, worst_margin: 0, late, replaced };
    FramesHeader {
        match_low: 1,
        newest: Tick(newest),
        input_ack: Tick(input_ack),
        feedback: (has_feedback == 1).then_some(feedback),
    }
}
