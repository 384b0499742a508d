//! Reports of desyncs: what a client told of its first bad state, beside what the match's own recording says, as a JSON file
//! beside the replay.
//!
//! The tick thread keeps no old states. The thread that writes replays runs the match again up to the first bad tick, and
//! lists the fields that the client's state had other values in.

mod report;
mod rerun;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use bevy::prelude::*;
use framehouse_shared::{
    fields::{Field, FieldDifference, differences},
    ids::{MatchId, PlayerId, RoomCode, Slot},
    replay::RawBlock,
    room_state::RoomSnapshot,
    simulation::Simulation,
    state_hash::StateHashes,
    tick::Tick,
};
use serde::Serialize;

use super::reports;

/// Makes the game's simulation, with its embedded rules.
#[derive(Resource, Clone)]
pub struct MakeSimulation(pub Arc<dyn Fn() -> Simulation + Send + Sync>);

/// What is known of a desync when the client has told what it can.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The match.
    pub match_id: MatchId,
    /// The code of its room.
    pub room: RoomCode,
    /// The player, or who watches.
    pub player: PlayerId,
    /// Its name.
    pub name: String,
    /// Its seat; who watches has none.
    pub slot: Option<Slot>,
    /// The tick after which the hashes were compared and differed.
    pub detected: Tick,
    /// When that was, in milliseconds since 1970.
    pub detected_unix_ms: u64,
    /// The connection at that moment.
    pub link: LinkFigures,
    /// Where the states first differed; nothing when the client did not say.
    pub first_bad: Option<FirstBad>,
}

/// Where two states first differed.
#[derive(Clone, Debug)]
pub struct FirstBad {
    /// The tick.
    pub tick: Tick,
    /// The place of the first component that differs, in the order of registration.
    pub index: usize,
    /// The names of all components.
    pub components: Vec<&'static str>,
    /// The server's hashes of all components.
    pub ours: StateHashes,
    /// The client's.
    pub theirs: StateHashes,
    /// What the client's component held; nothing when the game lists no fields of it, or none came.
    pub fields: Vec<Field>,
}

/// What the server knows of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LinkFigures {
    /// How long before its tick closed the newest input came, in ticks; negative when it was late.
    pub margin_ticks: f32,
    /// The worst of the last second.
    pub worst_margin_ticks: f32,
    /// Inputs of the match that came too late.
    pub late_inputs: u32,
    /// Ticks of the match for which an input had to be made up.
    pub replaced_inputs: u32,
    /// Closed frames that the client is not known to have.
    pub frames_behind: u32,
    /// Milliseconds since something last came from it.
    pub silent_ms: u64,
}

impl FirstBad {
    /// The name of the first component that differs.
    pub fn component(&self) -> &'static str {
        self.components.get(self.index).copied().unwrap_or("unknown")
    }
}

impl Finding {
    /// The tick that the report is about: the first bad one, if that is known.
    pub fn tick(&self) -> Tick {
        self.first_bad.as_ref().map_or(self.detected, |first| first.tick)
    }

    /// The name of the report's file.
    pub fn file_name(&self) -> String {
        reports::file_name(self.match_id, self.slot, self.player, self.tick())
    }
}

/// A report that is to be written.
pub(super) struct DesyncJob {
    pub finding: Finding,
    /// The client's and the server's: they are compared when a session begins.
    pub protocol: u64,
    pub simulation: MakeSimulation,
    /// The ticks of the match that are recorded and not in its file yet.
    pub unfinished: Option<RawBlock>,
    /// Is told the first field that differs.
    pub callback: Box<dyn FnOnce(FieldDifference) + Send>,
}

impl DesyncJob {
    /// Bytes that it takes while it waits.
    pub fn bytes(&self) -> usize {
        let fields = self.finding.first_bad.iter().flat_map(|first| &first.fields).map(Field::bytes).sum::<usize>();
        self.unfinished.as_ref().map_or(0, |block| block.bytes.len()) + fields
    }

    /// Writes the report and says how many bytes it has. Nothing that goes wrong in the game's code is in its way.
    pub fn write(self, folder: &Path) -> io::Result<u64> {
        let compared = catch_unwind(AssertUnwindSafe(|| self.compare(folder)));
        let compared = compared.unwrap_or_else(|_| Err("running the match again failed".to_owned()));
        let path = folder.join(self.finding.file_name());
        let bytes = report::write(&path, &self.finding, self.protocol, &compared)?;
        if let Some(first) = compared.ok().and_then(|compared| compared.differences.into_iter().next()) {
            (self.callback)(first);
        }
        Ok(bytes)
    }

    fn compare(&self, folder: &Path) -> Result<Compared, String> {
        let first = self.finding.first_bad.as_ref().ok_or("the client did not say where its state first differed")?;
        let simulation = rerun::state_after(self, folder, first.tick)?;
        let mut state = RoomSnapshot::default();
        simulation.save(&mut state);
        let states = simulation.states();
        let ours = states.digest(&state).fields(first.index);
        let differences = if first.fields.is_empty() { Vec::new() } else { differences(&ours, &first.fields) };
        Ok(Compared { replay_agrees: simulation.hashes() == first.ours, differences })
    }
}

/// What running the match again has shown.
struct Compared {
    /// Whether the match came out as the server had it: if not, the server may be the one that went wrong.
    replay_agrees: bool,
    differences: Vec<FieldDifference>,
}
