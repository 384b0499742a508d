//! Loads match states: the opening one, a later one for a late joiner, or one that replaces ours.

use std::time::Duration;

use framehouse_shared::{protocol::messages::ClientMessage, tick::Tick};

use super::{
    Client, Notice,
    snapshot::{ChunkPosition, SnapshotError, decompress},
};
use crate::net::Cause;

impl Client {
    pub(super) fn take_chunk(&mut self, now: Duration, match_no: u32, position: ChunkPosition, bytes: &[u8]) {
        // The state belongs to an earlier match: the room has gone on.
        let Some(current) = self.current.as_mut().filter(|current| current.number == match_no) else { return };
        let loaded = match current.assembler.take(position, bytes) {
            Ok(None) => return,
            Ok(Some(compressed)) => self.load(now, position.next_tick, &compressed),
            Err(error) => Err(error),
        };
        if let Err(error) = loaded {
            self.stats.errors.note(error.to_string());
        }
    }

    fn load(&mut self, now: Duration, next_tick: Tick, compressed: &[u8]) -> Result<(), SnapshotError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if let Some(prediction) = &mut self.prediction {
            let state = decompress(compressed)?;
            let loaded = if current.loaded.is_some() { prediction.correct(&state) } else { prediction.load(&state) };
            if loaded != Ok(next_tick) {
                // The simulation may hold parts of two states now.
                current.loaded = None;
                let reason = "the server sent a match that this client cannot read: the two are of different versions";
                self.connection.close(Cause::NotUnderstood, reason);
                return Err(SnapshotError::State);
            }
        }
        current.frame_buffer.start_at(next_tick);
        current.was_desynced = std::mem::take(&mut current.is_desynced);
        // The report is about the old state.
        current.report = None;
        let is_resync = current.loaded.replace((now, next_tick)).is_some();
        self.stats.resyncs += u64::from(is_resync);
        self.notices.push(if is_resync { Notice::Resynced } else { Notice::Loaded });
        let match_no = current.number;
        self.connection.queue_control(&ClientMessage::Loaded { match_no, next_tick });
        Ok(())
    }
}
