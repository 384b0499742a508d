//! Desync reports: JSON files next to the replay that compare the client's first bad state with the recording of the
//! match.
//!
//! The tick thread keeps no old states. The thread that writes replays runs the match again up to the first bad tick
//! and lists the fields that differ in the client's state.

mod report;
mod rerun;

use std::{io, ops::RangeInclusive, path::Path, sync::Arc};

use bevy::prelude::*;
use framehouse_shared::{
    fields::{Field, FieldDifference, differences},
    guarded::guarded,
    ids::{MatchId, PlayerId, RoomCode, Slot},
    protocol::messages::HASHES_ASKED_MAX,
    replay::RawBlock,
    room_state::RoomSnapshot,
    simulation::Simulation,
    state_hash::StateHashes,
    tick::Tick,
};
use serde::Serialize;

use super::reports;

/// Creates a simulation of the game, with its embedded rules.
#[derive(Resource, Clone)]
pub struct MakeSimulation(pub Arc<dyn Fn() -> Simulation + Send + Sync>);

/// What is known about a desync after the client's answers.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Id of the match.
    pub match_id: MatchId,
    /// Code of the room.
    pub room: RoomCode,
    /// Id of the player or spectator.
    pub player: PlayerId,
    /// Name of the player or spectator.
    pub name: String,
    /// Slot of the player; `None` for a spectator.
    pub slot: Option<Slot>,
    /// The tick after which the compared hashes differed.
    pub detected: Tick,
    /// Time of detection, in milliseconds since 1970-01-01 UTC.
    pub detected_unix_ms: u64,
    /// State of the connection at that time.
    pub link: LinkFigures,
    /// The first difference; `None` if the client did not answer.
    pub first_bad: Option<FirstBad>,
}

/// The first difference between two states.
#[derive(Clone, Debug)]
pub struct FirstBad {
    /// The first tick after which the states differ.
    pub tick: Tick,
    /// Index of the first different component, in order of registration.
    pub index: usize,
    /// Names of all components.
    pub components: Vec<&'static str>,
    /// The server's hashes of all components.
    pub ours: StateHashes,
    /// The client's hashes of all components.
    pub theirs: StateHashes,
    /// Fields of the client's component; empty if the game lists none or the client sent none.
    pub fields: Vec<Field>,
}

/// State of a connection, as the server knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LinkFigures {
    /// Margin of the newest input: ticks between its arrival and the closing of its tick; negative if it was late.
    pub margin_ticks: f32,
    /// Smallest margin in the last second, in ticks.
    pub worst_margin_ticks: f32,
    /// Number of late inputs in the match.
    pub late_inputs: u32,
    /// Number of ticks in the match whose input was substituted.
    pub replaced_inputs: u32,
    /// Number of closed frames that the client has not acknowledged.
    pub frames_behind: u32,
    /// Milliseconds since the last packet from the client.
    pub silent_ms: u64,
}

impl FirstBad {
    /// Name of the first different component.
    pub fn component(&self) -> &'static str {
        self.components.get(self.index).copied().unwrap_or("unknown")
    }
}

impl Finding {
    /// The tick of the report: the first bad tick, if known, else the tick of detection.
    pub fn tick(&self) -> Tick {
        self.first_bad.as_ref().map_or(self.detected, |first| first.tick)
    }

    /// File name of the report.
    pub fn file_name(&self) -> String {
        reports::file_name(self.match_id, self.slot, self.player, self.tick())
    }
}

/// Job of the writer thread: hash the states after some ticks, as the recording of the match gives them.
pub(super) struct HashJob {
    pub match_id: MatchId,
    /// The ticks, at most [`HASHES_ASKED_MAX`].
    pub ticks: RangeInclusive<u32>,
    pub source: Source,
    /// Is called with the hashes after each of the ticks; with none if the recording does not give all of them.
    pub callback: Box<dyn FnOnce(Vec<StateHashes>) + Send>,
}

impl HashJob {
    /// Hashes the states. A panic in the game's code gives no hashes.
    pub fn run(self, folder: &Path) {
        let mut hashes = Vec::with_capacity(HASHES_ASKED_MAX);
        let (first, last) = (Tick(*self.ticks.start()), Tick(*self.ticks.end()));
        let done = guarded(|| {
            rerun::run_to(&self.source, self.match_id, folder, last, |tick, simulation| {
                if tick >= first {
                    hashes.push(simulation.hashes());
                }
            })
        });
        if !matches!(done, Ok(Ok(_))) || hashes.len() != self.ticks.count() {
            hashes.clear();
        }
        (self.callback)(hashes);
    }
}

/// What a match is run again from, beside its file.
pub(super) struct Source {
    pub simulation: MakeSimulation,
    /// Recorded ticks of the match that are not in its file yet.
    pub unfinished: Option<RawBlock>,
}

impl Source {
    /// Size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |block| block.bytes.len())
    }
}

/// Job of the writer thread: write a report.
pub(super) struct DesyncJob {
    pub finding: Finding,
    /// Protocol hash of server and client, which are compared when a session begins.
    pub protocol: u64,
    pub source: Source,
    /// Is called with the first different field.
    pub callback: Box<dyn FnOnce(FieldDifference) + Send>,
}

impl DesyncJob {
    /// Size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let fields = self.finding.first_bad.iter().flat_map(|first| &first.fields).map(Field::bytes).sum::<usize>();
        self.source.bytes() + fields
    }

    /// Writes the report and returns its size in bytes. A panic in the game's code does not prevent the report.
    pub fn write(self, folder: &Path) -> io::Result<u64> {
        let compared = guarded(|| self.compare(folder));
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
        let simulation = rerun::run_to(&self.source, self.finding.match_id, folder, first.tick, |_, _| ())?;
        let mut state = RoomSnapshot::default();
        simulation.save(&mut state);
        let states = simulation.states();
        let ours = states.digest(&state).fields(first.index);
        let differences = if first.fields.is_empty() { Vec::new() } else { differences(&ours, &first.fields) };
        Ok(Compared { replay_agrees: simulation.hashes() == first.ours, differences })
    }
}

/// Result of running the match again.
struct Compared {
    /// Whether the recorded match gives the server's hashes. If not, the server's state may be the wrong one.
    replay_agrees: bool,
    differences: Vec<FieldDifference>,
}
