//! Load room: four clients that play match after match and send game messages.

use std::time::Duration;

use framehouse_client::{
    client::{Client, Notice},
    net::Traffic,
    stats::Distribution,
};
use framehouse_shared::{
    protocol::messages::{Phase, RoomEvent},
    rng::SimRng,
};

use super::{
    args::ROOM_PLAYERS,
    drive::{Course, Driven},
    order::{TestMessage, TotalOrder},
};

/// Updates per second in which a client sends messages, as the frames of a game.
const TALKS_PER_S: u32 = 30;

/// One client.
pub(super) struct Member {
    client: Client,
    rng: SimRng,
    is_real: bool,
    is_ready: bool,
    said: u64,
    heard: u64,
    talk_at: Duration,
}

impl Member {
    pub const fn new(client: Client, rng: SimRng, is_real: bool) -> Self {
        Self { client, rng, is_real, is_ready: false, said: 0, heard: 0, talk_at: Duration::ZERO }
    }

    fn update(&mut self, now: Duration) {
        let Self { client, rng, .. } = self;
        client.update(now, &mut |request| request.bot_input(rng));
        self.is_ready &= self.is_in_lobby();
    }

    fn is_in_lobby(&self) -> bool {
        matches!(self.client.phase(), Some(Phase::Lobby { .. }))
    }

    /// Sends the messages that have become due since the start.
    fn talk(&mut self, now: Duration, talk: Talk) {
        if now < self.talk_at {
            return;
        }
        self.talk_at = now + Duration::from_secs(1) / TALKS_PER_S;
        let due = (now.saturating_sub(talk.since).as_secs_f64() * f64::from(talk.per_s)) as u64;
        while self.said < due {
            self.client.send_game_message(&TestMessage { number: self.said, said_at: now }.encode());
            self.said += 1;
        }
    }

    fn tally(&self) -> Tally {
        let stats = self.client.stats();
        Tally {
            traffic: if self.is_real { Traffic::default() } else { stats.playing_traffic },
            playing: if self.is_real { Duration::ZERO } else { stats.playing_time },
            ticks_confirmed: stats.ticks_confirmed,
            late: stats.late_inputs,
            replaced: stats.replaced_inputs,
            heard: self.heard,
        }
    }
}

/// The rate of messages, and its start.
#[derive(Clone, Copy)]
pub(super) struct Talk {
    pub since: Duration,
    pub per_s: u32,
}

/// Counters of the measured time. Bytes are those of thin clients.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub traffic: Traffic,
    pub playing: Duration,
    pub ticks_confirmed: u64,
    pub late: u64,
    pub replaced: u64,
    pub heard: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.traffic += other.traffic;
        self.playing += other.playing;
        self.ticks_confirmed += other.ticks_confirmed;
        self.late += other.late;
        self.replaced += other.replaced;
        self.heard += other.heard;
    }

    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            traffic: self.traffic - earlier.traffic,
            playing: self.playing - earlier.playing,
            ticks_confirmed: self.ticks_confirmed - earlier.ticks_confirmed,
            late: self.late - earlier.late,
            replaced: self.replaced - earlier.replaced,
            heard: self.heard - earlier.heard,
        }
    }
}

/// The clients of one room.
pub(super) struct LoadRoom {
    members: Vec<Member>,
    order: TotalOrder,
}

impl LoadRoom {
    pub fn new() -> Self {
        Self { members: Vec::new(), order: TotalOrder::new(ROOM_PLAYERS as usize) }
    }

    pub fn add(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Updates every client and sends the messages that are due.
    pub fn update(&mut self, now: Duration, course: Course, talk: Option<Talk>, driven: &mut Driven) {
        for (place, member) in self.members.iter_mut().enumerate() {
            if let Some(talk) = talk {
                member.talk(now, talk);
            }
            member.update(now);
            for notice in member.client.drain_notices() {
                if let Notice::Room(RoomEvent::GameMessage { slot, bytes }) = notice {
                    member.heard += 1;
                    let Some(saying) = TestMessage::decode(&bytes) else {
                        driven.order.note("a room message came that nobody said");
                        continue;
                    };
                    if let Err(sentence) = self.order.hear(place, slot, saying.number) {
                        driven.order.note(sentence);
                    }
                    if course == Course::Measure {
                        driven.message_tenth_ms.record(tenth_ms(now.saturating_sub(saying.said_at)));
                    }
                }
            }
        }
        if self.is_complete() && course != Course::Leave {
            for member in self.members.iter_mut().filter(|member| !member.is_ready) {
                member.client.set_ready(true);
                member.is_ready = true;
            }
        }
    }

    /// Checks that all messages have arrived, then lets all clients leave.
    pub fn leave(&mut self, driven: &mut Driven) {
        let said = self.members.iter().map(|member| member.said).sum();
        if let Err(sentence) = self.order.check_end(said) {
            driven.order.note(sentence);
        }
        self.members.iter_mut().for_each(|member| member.client.leave());
    }

    /// Whether all connections have ended.
    pub fn is_empty(&self) -> bool {
        self.members.iter().all(|member| member.client.ended().is_some())
    }

    pub fn tally(&self, sum: &mut Tally) {
        self.members.iter().for_each(|member| sum.add(&member.tally()));
    }

    /// Adds the faults.
    pub fn report(&self, driven: &mut Driven) {
        for Member { client, .. } in &self.members {
            driven.errors.add(&client.stats().errors);
            driven.desyncs += client.stats().desyncs;
            driven.resyncs += client.stats().resyncs;
            if let Some(sentence) = client.ended().filter(|_| !client.is_leaving()) {
                driven.failed.note(sentence);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.members.len() == ROOM_PLAYERS as usize && self.members.iter().all(Member::is_in_lobby)
    }
}

/// A duration in the unit of a [`Distribution`].
pub(crate) fn tenth_ms(duration: Duration) -> i64 {
    (duration.as_micros() / 100) as i64
}

/// For durations up to ten seconds, in 0.1 ms.
pub(crate) fn tenths_of_ms() -> Distribution {
    Distribution::new(0, 100_000)
}
