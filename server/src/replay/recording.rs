//! Recording of a running match.

use std::net::IpAddr;

use arrayvec::ArrayVec;
use bevy::prelude::*;
use framehouse_shared::{
    ids::{MatchId, SLOTS_MAX, Slot},
    input::Frame,
    match_end::MatchEnd,
    replay::{Header, OPENING_BYTES_MAX, RankedPlayer, RawBlock, Recorder, Trailer},
    state_hash::StateHashes,
};

use super::{
    fate::QueuedReplay,
    folder,
    queue::{Ending, Job, QueueFull, ReplayQueue},
};
use crate::room::who::ShownCode;

/// Recording of a room's match, as a component. Dropping it with its room ends the replay as "room closed".
#[derive(Component)]
// Sparse, as all components that come during a match: in a table they would move the whole row of the room, and every
// table keeps the memory of the rooms that were in it.
#[component(storage = "SparseSet")]
pub struct Recording {
    queue: ReplayQueue,
    match_id: MatchId,
    code: ShownCode,
    state: State,
    recorder: Recorder,
    /// Addresses of those who took part: the first ones, as far as known.
    addresses: ArrayVec<IpAddr, SLOTS_MAX>,
}

enum State {
    /// Nothing was queued: a match that ends before its first tick leaves no file.
    Unsent(Box<(Header, Vec<u8>)>),
    /// The beginning was queued.
    Sent,
    /// The end was queued, or the recording was abandoned.
    Over,
}

impl Recording {
    /// Begins a recording. `None` if the opening state is too large for a replay.
    pub(super) fn new(queue: ReplayQueue, header: Header, opening: Vec<u8>) -> Option<Self> {
        let (match_id, code) = (header.match_id, ShownCode(header.room));
        if opening.len() > OPENING_BYTES_MAX {
            tracing::error!(%match_id, %code, bytes = opening.len(), "a match is not recorded: its opening state is too large");
            return None;
        }
        let state = State::Unsent(Box::new((header, opening)));
        Some(Self { queue, match_id, code, state, recorder: Recorder::default(), addresses: ArrayVec::new() })
    }

    /// Notes where a participant plays from.
    pub(super) fn note_address(&mut self, address: IpAddr) {
        if !self.addresses.contains(&address) {
            // Beyond the first ones nobody is needed: one of them owns the replay.
            let _ = self.addresses.try_push(address);
        }
    }

    pub(super) fn record<'a>(
        &mut self,
        frame: &Frame,
        encoded_frame: &[u8],
        name: impl Fn(Slot) -> &'a str,
        hashes: Option<&StateHashes>,
    ) {
        if let State::Over = self.state {
            return;
        }
        let Some(block) = self.recorder.push(frame, encoded_frame, name, hashes) else { return };
        if self.send_block(block).is_err() {
            self.give_up();
        } else if self.recorder.is_full() {
            self.end(MatchEnd::TooLong, hashes.cloned(), None);
        }
    }

    fn send_block(&mut self, block: RawBlock) -> Result<(), QueueFull> {
        self.send_beginning()?;
        self.queue.send(Job::Block(self.match_id, block))
    }

    fn send_beginning(&mut self) -> Result<(), QueueFull> {
        if let State::Unsent(beginning) = &mut self.state {
            let (header, opening) = &mut **beginning;
            self.queue.send(Job::Begin(Box::new(header.clone()), std::mem::take(opening)))?;
            self.state = State::Sent;
        }
        Ok(())
    }

    /// Recorded ticks of this match that were not queued. Queues the beginning, if that has not happened.
    pub(super) fn unfinished(&mut self, match_id: MatchId) -> Option<RawBlock> {
        if self.match_id != match_id || matches!(self.state, State::Over) {
            return None;
        }
        if self.send_beginning().is_err() {
            self.give_up();
            return None;
        }
        Some(self.recorder.unfinished().clone())
    }

    /// Ends the replay. Returns it if it was queued for writing.
    pub(super) fn end(
        &mut self,
        ending: MatchEnd,
        hashes: Option<StateHashes>,
        ranking: Option<Vec<RankedPlayer>>,
    ) -> Option<QueuedReplay> {
        let ticks = self.recorder.ticks();
        if ticks == 0 || matches!(self.state, State::Over) {
            self.state = State::Over;
            return None;
        }
        let trailer = Trailer { ending, ticks, hashes, ranking };
        let last = self.recorder.take_block();
        let (replay, fate) = QueuedReplay::new(folder::file_name(self.match_id));
        let ending = Box::new(Ending { last, trailer, addresses: self.addresses.clone(), fate });
        let sent = self.send_beginning().and_then(|()| self.queue.send(Job::End(self.match_id, ending)));
        if sent.is_err() {
            self.give_up();
        }
        self.state = State::Over;
        sent.is_ok().then_some(replay)
    }

    /// Abandons the replay: with a gap it is useless, and the tick thread must not wait for the disk.
    fn give_up(&mut self) {
        if matches!(self.state, State::Sent) {
            // If this fails, the next start handles the file.
            let _ = self.queue.send(Job::Abandon(self.match_id));
        }
        self.state = State::Over;
        self.recorder = Recorder::default();
        self.queue.note_given_up();
        tracing::error!(match_id = %self.match_id, code = %self.code, "the recording of a match is abandoned: the thread that writes replays does not keep up");
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end(MatchEnd::RoomClosed, None, None);
    }
}
