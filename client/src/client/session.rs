//! The reliable side of a session: greeting, room events and phases, end.

use std::time::Duration;

use framehouse_shared::{
    protocol::messages::{ClientMessage, Phase, RankingEntry, RoomEvent, ServerMessage, Welcome},
    tick::{SimRate, Tick},
};

use super::{
    Client, Draining, LEAVE_TIME_MAX, Leaderboard, Leaving, MatchResults, Notice, RoomView, WELCOME_TIME_MAX,
    current_match::CurrentMatch, snapshot::ChunkPosition,
};
use crate::{
    clock::Clock,
    net::{Cause, Status},
};

impl Client {
    /// Sends the greeting once the connection stands, and limits the wait for the welcome.
    pub(super) fn greet(&mut self, now: Duration) {
        match self.connected {
            None if self.connection.status() == Status::Connected => {
                self.connected = Some(now);
                self.connection.queue_control(&ClientMessage::Hello(self.hello.clone()));
            }
            Some(since) if self.room.is_none() && now.saturating_sub(since) > WELCOME_TIME_MAX => {
                self.connection
                    .give_up(Cause::NoSeat, "The server accepted the connection but gave no seat in time: try again.");
            }
            _ => {}
        }
    }

    pub(super) fn take_control(&mut self, now: Duration, message: ServerMessage) {
        if let ServerMessage::Welcome(welcome) = message {
            return self.take_welcome(now, *welcome);
        }
        if let ServerMessage::Goodbye(reason) = message {
            return self.connection.take_goodbye(&reason);
        }
        if self.room.is_none() {
            return self.stats.errors.note("a message came before the welcome");
        }
        match message {
            ServerMessage::Event { msg_id, event } => self.take_event(now, msg_id, event),
            ServerMessage::SnapshotChunk { match_no, next_tick, index, count, bytes } => {
                self.take_chunk(now, match_no, ChunkPosition { next_tick, index, count }, &bytes);
            }
            ServerMessage::Frames { match_no, first, encoded_frames } => {
                self.take_old_frames(match_no, first, &encoded_frames)
            }
            ServerMessage::HistoryChunk { match_no, content, index, count, bytes } => {
                self.take_history(now, match_no, content, (index, count), &bytes);
            }
            ServerMessage::Leaderboard { match_no, tick, entries } => {
                if self.match_no() == Some(match_no) {
                    self.leaderboard = Some(Leaderboard { match_no, tick, entries });
                }
            }
            ServerMessage::Ranking { match_no, ranking } => {
                if let Some(results) = self.results_of(match_no) {
                    results.ranking = ranking;
                }
            }
            ServerMessage::ScoreCurve { match_no, slot, curve } => {
                if let Some(results) = self.results_of(match_no) {
                    results.curves[slot.index()] = curve.points().collect();
                }
            }
            ServerMessage::WantHashes { match_no, first, hashes } => self.answer_hashes(match_no, first, &hashes),
            ServerMessage::Desync { match_no, tick, component, field } => {
                self.take_desync(match_no, tick, component, field);
            }
            ServerMessage::Refused { reason } => self.notices.push(Notice::Refused(reason)),
            ServerMessage::ResultSaved { match_no, match_id } => {
                self.stats.note_result(match_id);
                self.notices.push(Notice::ResultSaved { match_no, match_id });
            }
            ServerMessage::Draining { seconds } => {
                let until = seconds.map(|seconds| now + Duration::from_secs(seconds.into()));
                self.draining = Some(Draining { until });
            }
            ServerMessage::Welcome(_) | ServerMessage::Goodbye(_) => unreachable!("taken above"),
        }
    }

    fn take_welcome(&mut self, now: Duration, welcome: Welcome) {
        if self.room.is_some() {
            return self.stats.errors.note("the server welcomed twice");
        }
        let Some(room) = RoomView::new(welcome, now) else {
            let sentence = "This client does not understand the server's welcome: update the older of the two.";
            return self.connection.close(Cause::NotUnderstood, sentence);
        };
        self.clock = Clock::new(room.tick_rate, now);
        self.prediction.iter_mut().for_each(|prediction| prediction.set_rate(room.rate));
        let phase = room.phase.clone();
        self.room = Some(room);
        self.enter(now, phase);
        self.notices.push(Notice::Welcomed);
        if let Some(ready) = self.ready_wanted.take() {
            self.set_ready(ready);
        }
    }

    fn take_event(&mut self, now: Duration, msg_id: u64, event: RoomEvent) {
        let Some(room) = &mut self.room else { return };
        if let Err(gap) = room.take_msg_id(msg_id) {
            self.stats.event_gaps += 1;
            self.stats.errors.note(gap);
        }
        room.apply(&event, now);
        if let RoomEvent::Phase(phase) = &event {
            self.enter(now, phase.clone());
        }
        self.notices.push(Notice::Room(event));
    }

    fn enter(&mut self, now: Duration, phase: Phase) {
        match phase {
            Phase::Lobby { .. } => self.current = None,
            Phase::Loading { match_no } | Phase::Playing { match_no } => self.set_match(now, match_no),
            Phase::Countdown { match_no, .. } => {
                self.set_match(now, match_no);
                // The room's time begins only now, shortly before tick 0.
                self.clock.start_match(now, self.datagram_ticks());
            }
            Phase::Results { match_no, last_tick, ranking } => self.end_match(now, match_no, last_tick, ranking),
        }
    }

    /// Begins a match with the first of its phases that we see, and with no later one.
    fn set_match(&mut self, now: Duration, number: u32) {
        if self.match_no() == Some(number) {
            return;
        }
        let rate = self.room.as_ref().map_or(SimRate::DEFAULT, |room| room.rate);
        let datagram_ticks = self.datagram_ticks();
        self.current = Some(CurrentMatch::new(number, rate, datagram_ticks));
        self.leaderboard = None;
        self.results = None;
        self.clock.start_match(now, datagram_ticks);
    }

    /// Ticks from one datagram of inputs or frames to the next. The host changes it only between matches.
    fn datagram_ticks(&self) -> u32 {
        self.room.as_ref().map_or(1, |room| room.options.datagram_ticks())
    }

    fn end_match(&mut self, now: Duration, match_no: u32, last_tick: Tick, ranking: Vec<RankingEntry>) {
        if let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) {
            current.last_tick = Some(last_tick);
            // A viewer in the past is brought back to see the end.
            current.rewind = None;
            // The last frames may still be in flight: they are requested a little later.
            current.frames_wanted = Some(now);
            self.stats.matches_seen += 1;
        }
        self.results = Some(MatchResults { match_no, last_tick, ranking, curves: Default::default() });
    }

    fn results_of(&mut self, match_no: u32) -> Option<&mut MatchResults> {
        self.results.as_mut().filter(|results| results.match_no == match_no)
    }

    pub(super) fn finish_leaving(&mut self, now: Duration) {
        let Some(leaving) = self.leaving else { return };
        let since = if let Leaving::Since(since) = leaving { since } else { now };
        self.leaving = Some(Leaving::Since(since));
        let is_heard = self.connection.status() != Status::Connected || self.connection.is_flushed();
        if is_heard || now.saturating_sub(since) > LEAVE_TIME_MAX {
            self.connection.close(Cause::Left, "You left the room.");
        }
    }

    pub(super) fn notice_end(&mut self) {
        if let Status::Ended(end) = self.connection.status() {
            self.notices.push(Notice::Ended(end.reason.clone()));
            self.end = Some(end.clone());
        }
    }
}
