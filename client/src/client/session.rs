//! The reliable side of a session: the greeting, the room's events and phases, states on their way in, the end.

use std::time::Duration;

use framehouse_shared::{
    protocol::control::{ControlDown, ControlUp, Phase, RoomEvent, Welcome},
    tick::Tick,
};

use super::{
    Client, LEAVE_TIME_MAX, Leaderboard, Leaving, MatchResults, Notice, RoomView, WELCOME_TIME_MAX,
    current_match::CurrentMatch,
    snapshot::{ChunkPlace, SnapshotError, decompress},
};
use crate::{clock::Clock, net::Status};

impl Client {
    /// Says hello once the connection stands, and waits for the welcome only so long.
    pub(super) fn greet(&mut self, now: Duration) {
        match self.connected {
            None if self.connection.status() == Status::Connected => {
                self.connected = Some(now);
                self.connection.queue_control(&ControlUp::Hello(self.hello.clone()));
            }
            Some(since) if self.room.is_none() && now.saturating_sub(since) > WELCOME_TIME_MAX => {
                self.connection.close("The server took the connection but gave no seat in time: try again.");
            }
            _ => {}
        }
    }

    pub(super) fn take_control(&mut self, now: Duration, message: ControlDown) {
        if let ControlDown::Welcome(welcome) = message {
            return self.take_welcome(now, *welcome);
        }
        if let ControlDown::Goodbye { reason } = message {
            return self.connection.close(&reason);
        }
        if self.room.is_none() {
            return self.stats.errors.note("a message came before the welcome");
        }
        match message {
            ControlDown::Event { msg_id, event } => self.take_event(now, msg_id, event),
            ControlDown::SnapshotChunk { match_no, next_tick, index, count, bytes } => {
                self.take_chunk(now, match_no, ChunkPlace { next_tick, index, count }, &bytes);
            }
            ControlDown::Frames { match_no, first, blobs } => self.take_old_frames(match_no, first, &blobs),
            ControlDown::Leaderboard { match_no, tick, entries } => {
                if self.match_no() == Some(match_no) {
                    self.leaderboard = Some(Leaderboard { match_no, tick, entries });
                }
            }
            ControlDown::WantHashes { match_no, tick } => {
                if self.match_no() == Some(match_no) {
                    self.report_hashes(tick);
                }
            }
            ControlDown::Desync { tick, component } => self.note_desync(tick, Some(component)),
            ControlDown::Welcome(_) | ControlDown::Goodbye { .. } => unreachable!("taken above"),
        }
    }

    fn take_welcome(&mut self, now: Duration, welcome: Welcome) {
        if self.room.is_some() {
            return self.stats.errors.note("the server welcomed twice");
        }
        let Some(room) = RoomView::new(welcome) else {
            return self.connection.close("The server's welcome makes no sense to this client: update the older one.");
        };
        self.clock = Clock::new(room.tick_rate, now);
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
            self.stats.errors.note(gap);
        }
        room.apply(&event);
        if let RoomEvent::Phase(phase) = &event {
            self.enter(now, phase.clone());
        }
        self.notices.push(Notice::Room(event));
    }

    fn enter(&mut self, now: Duration, phase: Phase) {
        match phase {
            Phase::Lobby { .. } => self.current = None,
            Phase::Countdown { match_no, .. } => self.set_match(now, match_no),
            // Whoever comes late never saw the countdown.
            Phase::Playing { match_no } if self.match_no() != Some(match_no) => self.set_match(now, match_no),
            Phase::Playing { .. } => {}
            Phase::Results { match_no, last_tick, ranking } => {
                if let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) {
                    current.last_tick = Some(last_tick);
                    // The last frames may still be on their way: they are asked for a little later.
                    current.frames_wanted = Some(now);
                    self.stats.matches_seen += 1;
                }
                self.results = Some(MatchResults { match_no, last_tick, ranking });
            }
        }
    }

    fn set_match(&mut self, now: Duration, number: u32) {
        self.current = Some(CurrentMatch::new(number));
        self.leaderboard = None;
        self.results = None;
        self.clock.start_match(now);
    }

    fn take_chunk(&mut self, now: Duration, match_no: u32, place: ChunkPlace, bytes: &[u8]) {
        // A state of a match that is over: the room has gone on meanwhile.
        let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) else { return };
        let loaded = match current.assembly.take(place, bytes) {
            Ok(None) => return,
            Ok(Some(compressed)) => self.load(now, place.next_tick, &compressed),
            Err(error) => Err(error),
        };
        if let Err(error) = loaded {
            self.stats.errors.note(error.to_string());
        }
    }

    /// Puts the match into a state from the server: the opening one, or a later one that replaces ours.
    fn load(&mut self, now: Duration, next_tick: Tick, compressed: &[u8]) -> Result<(), SnapshotError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if let Some(prediction) = &mut self.prediction {
            let state = decompress(compressed)?;
            if prediction.load(&state) != Ok(next_tick) {
                // The simulation may hold parts of two states now.
                current.loaded = None;
                let reason = "the server sent a match that this client cannot read: the two are of different versions";
                self.connection.close(reason);
                return Err(SnapshotError::State);
            }
        }
        current.stash.start_at(next_tick);
        current.is_desynced = false;
        let is_resync = current.loaded.replace((now, next_tick)).is_some();
        self.stats.resyncs += u64::from(is_resync);
        self.notices.push(if is_resync { Notice::Resynced } else { Notice::Loaded });
        let match_no = current.number;
        self.connection.queue_control(&ControlUp::Loaded { match_no, next_tick });
        Ok(())
    }

    /// Counts a desync once, until a new state is loaded.
    pub(super) fn note_desync(&mut self, tick: Tick, component: Option<String>) {
        let Some(current) = &mut self.current else { return };
        let is_new = !std::mem::replace(&mut current.is_desynced, true);
        self.stats.desyncs += u64::from(is_new);
        if is_new || component.is_some() {
            self.notices.push(Notice::Desync { tick, component });
        }
    }

    pub(super) fn finish_leaving(&mut self, now: Duration) {
        let Some(leaving) = self.leaving else { return };
        let since = if let Leaving::Since(since) = leaving { since } else { now };
        self.leaving = Some(Leaving::Since(since));
        let is_heard = self.connection.status() != Status::Connected || self.connection.is_flushed();
        if is_heard || now.saturating_sub(since) > LEAVE_TIME_MAX {
            self.connection.close("You left the room.");
        }
    }

    pub(super) fn notice_end(&mut self) {
        if let Status::Ended(reason) = self.connection.status() {
            let reason = reason.to_owned();
            self.notices.push(Notice::Ended(reason.clone()));
            self.ended = Some(reason);
        }
    }
}
