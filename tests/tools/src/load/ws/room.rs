//! One room of thin clients.

use std::time::Duration;

use framehouse_client::stats::{Distribution, ErrorLog};
use framehouse_harness::thin::ThinClient;
use framehouse_shared::{
    api::ws::{self, Create, Down, Encoding, JoinRoom, Up},
    ids::Slot,
    rng::SimRng,
};

use crate::load::{
    args::Args,
    order::{TestMessage, TotalOrder},
    room::{tenth_ms, tenths_of_ms},
};

/// Part of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Clients connect and begin to play.
    Joining,
    /// They send messages, and everything is counted.
    Measured,
    /// The last messages arrive.
    Settling,
    /// The connections end.
    Over,
}

impl Phase {
    pub(super) const fn of(number: u8) -> Self {
        match number {
            0 => Self::Joining,
            1 => Self::Measured,
            2 => Self::Settling,
            _ => Self::Over,
        }
    }
}

/// What was measured.
pub(super) struct Counts {
    /// Frames of matches in the measured time.
    pub frames: u64,
    /// Messages sent.
    pub said: u64,
    /// Messages received.
    pub heard: u64,
    pub message_tenth_ms: Distribution,
    pub order: ErrorLog,
    pub failed: ErrorLog,
    /// Clients that did not read and were cut off.
    pub cut: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            frames: 0,
            said: 0,
            heard: 0,
            message_tenth_ms: tenths_of_ms(),
            order: ErrorLog::default(),
            failed: ErrorLog::default(),
            cut: 0,
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.said += other.said;
        self.heard += other.heard;
        self.message_tenth_ms.add(&other.message_tenth_ms);
        self.order.add(&other.order);
        self.failed.add(&other.failed);
        self.cut += other.cut;
    }
}

struct Member {
    client: ThinClient,
    rng: SimRng,
    /// Whether it talks, too.
    talks: bool,
    is_gone: bool,
    slot: Option<Slot>,
    next_msg_id: u64,
    said: u64,
}

/// A room.
pub(super) struct WsRoom {
    readers: Vec<Member>,
    /// Clients that take a seat and then read nothing.
    slow: Vec<ThinClient>,
    order: TotalOrder,
    counts: Counts,
    messages_per_s: u32,
    measured_since: Option<Duration>,
    has_settled: bool,
}

impl WsRoom {
    /// Connects all clients of the room. The server answers later.
    pub(super) fn join(args: &Args, url: &str, number: u32) -> Result<Self, String> {
        let create = Create { size: args.players as u8, private: true, practice: false };
        let room_id = Some(format!("load-{number}"));
        let join = Up::JoinRoom(JoinRoom { room_id, create: Some(create), ..Default::default() });
        let connect = |index: u32| {
            let encoding = if index.is_multiple_of(2) { Encoding::Json } else { Encoding::MessagePack };
            let name = format!("ws {index}");
            let mut client = ThinClient::connect(url, encoding).map_err(|error| format!("no socket: {error}"))?;
            for message in [&Up::Auth { name, secret: None, token: None, resume: None, view: false }, &join] {
                client.send(message).map_err(|error| format!("a socket broke: {error}"))?;
            }
            Ok::<_, String>(client)
        };
        let slow = args.slow.min(args.players - 1);
        let readers = (slow..args.players).map(|index| {
            Ok(Member {
                client: connect(index)?,
                rng: SimRng::new(u64::from(number * 100 + index)),
                talks: index - slow < args.talkers,
                is_gone: false,
                slot: None,
                next_msg_id: 0,
                said: 0,
            })
        });
        let readers = readers.collect::<Result<Vec<_>, String>>()?;
        Ok(Self {
            order: TotalOrder::new(readers.len()),
            readers,
            slow: (0..slow).map(connect).collect::<Result<_, _>>()?,
            counts: Counts::default(),
            messages_per_s: args.messages,
            measured_since: None,
            has_settled: false,
        })
    }

    /// Number of clients that are in the room; those that do not read count as well.
    pub(super) fn joined(&self) -> u64 {
        let joined = self.readers.iter().filter(|reader| reader.slot.is_some()).count();
        if joined == self.readers.len() { (joined + self.slow.len()) as u64 } else { joined as u64 }
    }

    /// Reads what has arrived, plays, and talks.
    pub(super) fn update(&mut self, now: Duration, phase: Phase) {
        if phase == Phase::Measured {
            self.measured_since.get_or_insert(now);
        }
        self.has_settled |= phase == Phase::Settling;
        let Self { readers, order, counts, .. } = self;
        for (index, reader) in readers.iter_mut().enumerate().filter(|(_, reader)| !reader.is_gone) {
            loop {
                match reader.client.receive() {
                    Ok(Some(message)) => reader.take(index, message, now, phase, order, counts),
                    Ok(None) => break,
                    Err((code, reason)) => {
                        reader.is_gone = true;
                        counts.failed.note(format!("a connection ended with {code} {reason}"));
                        break;
                    }
                }
            }
        }
        if phase == Phase::Measured {
            self.talk(now);
        }
    }

    /// Sends the messages that have become due.
    fn talk(&mut self, now: Duration) {
        let since = now.saturating_sub(self.measured_since.unwrap_or(now));
        let due = (since.as_secs_f64() * f64::from(self.messages_per_s)) as u64;
        for reader in self.readers.iter_mut().filter(|reader| reader.talks && !reader.is_gone) {
            while reader.said < due {
                let message = TestMessage { number: reader.said, said_at: now };
                if reader.client.send(&Up::Message { data: message.encode().to_vec().into() }).is_err() {
                    break;
                }
                reader.said += 1;
                self.counts.said += 1;
            }
        }
    }

    /// Ends the connections. Returns what was counted.
    pub(super) fn end(mut self) -> Counts {
        if self.has_settled
            && let Err(sentence) = self.order.check_end(self.counts.said)
        {
            self.counts.order.note(sentence);
        }
        for client in &mut self.slow {
            // Those that were cut off find the end of the connection behind what was on its way.
            while let Ok(Some(_)) = client.receive() {}
            self.counts.cut += u64::from(client.receive().is_err());
        }
        self.counts
    }
}

impl Member {
    fn take(
        &mut self,
        index: usize,
        message: Down,
        now: Duration,
        phase: Phase,
        order: &mut TotalOrder,
        counts: &mut Counts,
    ) {
        if let Some(msg_id) = message.msg_id() {
            if msg_id != self.next_msg_id {
                counts.order.note(format!("event {msg_id} came where {} was due", self.next_msg_id));
            }
            self.next_msg_id = msg_id + 1;
        }
        match message {
            Down::Joined(joined) => {
                (self.slot, self.next_msg_id) = (joined.slot, joined.msg_id);
                self.say(&Up::Ready { ready: true });
            }
            Down::Phase { phase: ws::Phase::Lobby { .. }, .. } => self.say(&Up::Ready { ready: true }),
            Down::GameFrame(frame) => {
                counts.frames += u64::from(phase == Phase::Measured);
                // In every tick half of the inputs change, as with the clients over UDP.
                let half = (frame.frame_id / 2) as u8;
                let input_data = vec![half, self.rng.below(4) as u8, 0, 0, 0, 0, 0, 0].into();
                self.say(&Up::Input { frame_id: None, input_data });
            }
            Down::Message { from, data, .. } => {
                let Some(said) = TestMessage::decode(&data.0) else {
                    return counts.order.note("a message was changed on its way");
                };
                counts.heard += 1;
                counts.message_tenth_ms.record(tenth_ms(now.saturating_sub(said.said_at)));
                if let Err(sentence) = order.hear(index, from, said.number) {
                    counts.order.note(sentence);
                }
            }
            Down::Refused { reason, .. } => counts.failed.note(reason),
            Down::Left { reason, .. } => counts.failed.note(reason),
            _ => {}
        }
    }

    fn say(&mut self, message: &Up) {
        // A broken connection is noted when it is read.
        let _ = self.client.send(message);
    }
}
