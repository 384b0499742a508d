//! Load room: clients that play match after match and send game messages.

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
use serde::{Deserialize, Serialize};

use super::{
    drive::Driven,
    order::{TestMessage, TotalOrder},
    shared::Course,
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
            self.say(now);
        }
    }

    fn say(&mut self, now: Duration) {
        self.client.send_game_message(&TestMessage { number: self.said, said_at: now }.encode());
        self.said += 1;
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

/// What the clients do in an update.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub now: Duration,
    pub course: Course,
    pub talk: Option<Talk>,
    /// Whether the first client of the room has to make its announcement.
    pub is_announced: bool,
}

/// The rate of messages, and its start.
#[derive(Clone, Copy)]
pub(super) struct Talk {
    pub since: Duration,
    pub per_s: u32,
}

/// Counters of the measured time. Bytes are those of thin clients.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
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
    players: usize,
    /// When the announcement was made: its time in the message, in whole microseconds.
    announced_at: Option<Duration>,
    /// Not all of its seats were granted, so it never plays.
    is_given_up: bool,
}

impl LoadRoom {
    /// A room with this number of seats, still empty.
    pub fn new(players: u32) -> Self {
        let players = players as usize;
        Self {
            members: Vec::with_capacity(players),
            order: TotalOrder::new(players),
            players,
            announced_at: None,
            is_given_up: false,
        }
    }

    pub fn add(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Lets its clients leave, because it does not get all of its seats.
    pub fn give_up(&mut self) {
        self.is_given_up = true;
        self.members.iter_mut().for_each(|member| member.client.leave());
    }

    /// Updates every client and sends the messages that are due.
    pub fn update(&mut self, moment: Moment, driven: &mut Driven) {
        let Moment { now, course, talk, is_announced } = moment;
        if is_announced && self.announced_at.is_none() && !self.is_given_up {
            self.announce(now);
        }
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
                    let way = now.saturating_sub(saying.said_at);
                    if Some(saying.said_at) == self.announced_at {
                        driven.announced_tenth_ms.record(tenth_ms(way));
                    } else if course == Course::Measure {
                        driven.message_tenth_ms.record(tenth_ms(way));
                    }
                }
            }
        }
        if (Course::Play..Course::Leave).contains(&course) && self.is_complete() {
            for member in self.members.iter_mut().filter(|member| !member.is_ready) {
                member.client.set_ready(true);
                member.is_ready = true;
            }
        }
    }

    fn announce(&mut self, now: Duration) {
        // The first member has made the room, so it is the host.
        if let Some(host) = self.members.first_mut() {
            host.say(now);
            self.announced_at = Some(Duration::from_micros(now.as_micros() as u64));
        }
    }

    /// Checks that all messages have arrived, then lets all clients leave.
    pub fn leave(&mut self, driven: &mut Driven) {
        let said = self.members.iter().map(|member| member.said).sum();
        if !self.is_given_up
            && let Err(sentence) = self.order.check_end(said)
        {
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
        self.members.len() == self.players && !self.is_given_up && self.members.iter().all(Member::is_in_lobby)
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
