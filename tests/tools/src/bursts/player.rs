//! Player: one thin client, with its orders and its records.

use std::time::Duration;

use framehouse_client::{
    client::{Client, Notice},
    stats::{Distribution, ErrorLog},
};
use framehouse_shared::{
    ids::{MatchId, Slot},
    input::Input,
    protocol::messages::{HostCommand, Phase, PlayerState, RoomEvent},
};

use crate::load::{order::TestMessage, room::tenth_ms};

/// The group of a client. Orders go to groups, and frames are counted by group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Plays, and should not be affected by the burst.
    Bystander,
    /// Plays in a room with a client that stops.
    Mate,
    /// Plays in a room with a client that stops, and sends game messages.
    Talker,
    /// Makes the burst.
    Actor,
    /// Makes the same burst in another way.
    OtherActor,
}

impl Group {
    pub const ALL: [Self; 5] = [Self::Bystander, Self::Mate, Self::Talker, Self::Actor, Self::OtherActor];
}

/// An order to a client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Be ready for a match.
    Ready,
    /// Be ready for each further match.
    PlayOn,
    /// Close the room, as its host.
    Close,
    /// Leave the room.
    Leave,
    /// Send this number of game messages a second from now on.
    Talk(u32),
    /// Do nothing at all, as a stopped process: read no socket, send nothing.
    Stop,
    /// Resume after [`Stop`](Self::Stop).
    GoOn,
}

/// The record of a client. Times count from the start of the scene.
#[derive(Clone, Debug)]
pub(crate) struct Diary {
    pub group: Group,
    /// The number of its room among those of the scene.
    pub room: u32,
    pub slot: Option<Slot>,
    /// When its seat was requested.
    pub asked_at: Duration,
    pub welcomed_at: Option<Duration>,
    /// When it had carried out its last order.
    pub obeyed_at: Option<Duration>,
    pub stopped_at: Option<Duration>,
    pub loading_at: Option<Duration>,
    pub playing_at: Option<Duration>,
    /// Seats that were shown as away, with times.
    pub away: Vec<(Slot, Duration)>,
    /// When and why the session ended.
    pub ended: Option<(Duration, String)>,
    pub said: u64,
    pub heard: u64,
    pub event_gaps: u64,
    pub errors: ErrorLog,
    /// Matches whose results it was told are saved.
    pub told: Vec<MatchId>,
}

impl Diary {
    fn new(group: Group, room: u32, asked_at: Duration) -> Self {
        Self {
            group,
            room,
            slot: None,
            asked_at,
            welcomed_at: None,
            obeyed_at: None,
            stopped_at: None,
            loading_at: None,
            playing_at: None,
            away: Vec::new(),
            ended: None,
            said: 0,
            heard: 0,
            event_gaps: 0,
            errors: ErrorLog::default(),
            told: Vec::new(),
        }
    }

    /// Records a notice.
    fn note(&mut self, now: Duration, notice: Notice) {
        match notice {
            Notice::Welcomed => self.welcomed_at = Some(now),
            Notice::Ended(reason) => self.ended = Some((now, reason)),
            Notice::Room(RoomEvent::Phase(Phase::Loading { .. })) => self.loading_at = Some(now),
            Notice::Room(RoomEvent::Phase(Phase::Playing { .. })) => self.playing_at = Some(now),
            Notice::Room(RoomEvent::State { slot, state: PlayerState::Away }) => self.away.push((slot, now)),
            Notice::Room(RoomEvent::GameMessage { .. }) => self.heard += 1,
            _ => {}
        }
    }
}

/// The rate of game messages, and the time it began.
#[derive(Clone, Copy)]
struct Talk {
    since: Duration,
    per_s: u32,
}

/// A client with its record.
pub(crate) struct Player {
    client: Client,
    diary: Diary,
    /// The match of the last frames, and their time of arrival.
    last_frame: Option<(u32, Duration)>,
    talk: Option<Talk>,
    is_stopped: bool,
    plays_on: bool,
    is_ready: bool,
}

impl Player {
    pub fn new(client: Client, group: Group, room: u32, asked_at: Duration) -> Self {
        let diary = Diary::new(group, room, asked_at);
        Self { client, diary, last_frame: None, talk: None, is_stopped: false, plays_on: false, is_ready: false }
    }

    pub const fn group(&self) -> Group {
        self.diary.group
    }

    pub fn has_ended(&self) -> bool {
        self.client.ended().is_some()
    }

    /// Carries out an order. Messages leave with the next update.
    pub fn obey(&mut self, order: Order, now: Duration) {
        self.diary.obeyed_at = None;
        match order {
            Order::Ready => self.client.set_ready(true),
            Order::PlayOn => self.plays_on = true,
            Order::Close => self.client.order(HostCommand::Close),
            Order::Leave => self.client.leave(),
            Order::Talk(per_s) => self.talk = Some(Talk { since: now, per_s }),
            Order::Stop => self.stop(now),
            Order::GoOn => self.is_stopped = false,
        }
    }

    /// Updates the client, unless it is stopped. If new frames arrived, records the time since the previous ones in
    /// `intervals`.
    pub fn update(&mut self, now: Duration, intervals: &mut Distribution) {
        self.diary.obeyed_at.get_or_insert(now);
        if self.is_stopped {
            return;
        }
        self.say_what_is_due(now);
        let before = self.client.stats().ticks_confirmed;
        self.client.update(now, &mut |_| Input::NEUTRAL);
        if self.client.stats().ticks_confirmed > before {
            self.note_frames(now, intervals);
        }
        for notice in self.client.drain_notices() {
            self.diary.note(now, notice);
        }
        if self.plays_on {
            self.play_on();
        }
    }

    /// Is ready, once in each lobby.
    fn play_on(&mut self) {
        let is_in_lobby = matches!(self.client.phase(), Some(Phase::Lobby { .. }));
        if is_in_lobby && !self.is_ready {
            self.client.set_ready(true);
        }
        self.is_ready = is_in_lobby;
    }

    /// Records the time since the last frames of the same match. Between two matches no frames are due.
    fn note_frames(&mut self, now: Duration, intervals: &mut Distribution) {
        let Some(match_no) = self.client.match_no() else { return };
        let last = self.last_frame.replace((match_no, now)).filter(|(last_no, _)| *last_no == match_no);
        if let Some((_, at)) = last {
            intervals.record(tenth_ms(now - at));
        }
    }

    const fn stop(&mut self, now: Duration) {
        self.is_stopped = true;
        self.diary.stopped_at = Some(now);
    }

    fn say_what_is_due(&mut self, now: Duration) {
        let Some(talk) = self.talk else { return };
        let due = (now.saturating_sub(talk.since).as_secs_f64() * f64::from(talk.per_s)) as u64;
        while self.diary.said < due {
            self.client.send_game_message(&TestMessage { number: self.diary.said, said_at: now }.encode());
            self.diary.said += 1;
        }
    }

    /// Its record so far.
    pub fn diary(&self) -> Diary {
        let stats = self.client.stats();
        let (errors, told) = (stats.errors.clone(), stats.results_saved.iter().copied().collect());
        Diary { slot: self.client.slot(), event_gaps: stats.event_gaps, errors, told, ..self.diary.clone() }
    }
}
