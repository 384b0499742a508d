//! Replays: every match is recorded in `DATA-DIR/replays/<match id>.fhr` and can be run again.
//!
//! The tick thread only copies frames: a room's [`Recording`] collects 300 ticks and queues them. The thread of
//! [`writer`] compresses and writes them, with a single zstd context: rooms that started together fill their blocks in
//! the same tick, and 250 compressions would delay it.
//!
//! ```text
//! recording.rs  the recording of a running match;  queue.rs  the queue to the thread
//! writer.rs     the thread;  folder.rs  file names, recovery after a crash, quotas
//! desync.rs     reports of desyncs, next to the replay;  reports.rs  their files
//! verify.rs     runs a replay again;  info.rs  a summary for people;  command.rs  both as subcommands
//! ```

pub mod command;
pub mod desync;
pub mod folder;
pub mod info;
mod queue;
mod recording;
mod reports;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod writer;

use bevy::prelude::*;
use framehouse_shared::{
    fields::FieldDifference,
    game::GameHandle,
    input::Frame,
    match_end::MatchEnd,
    protocol::messages::RankingEntry,
    replay::{BUILD_BYTES_MAX, HASH_TICKS, Header, MAP_BYTES_MAX, RankedPlayer},
    room_state::RoomStates,
    sim::{Rooms, SimRoom},
    state_hash::StateHashes,
};

pub use desync::{Finding, MakeSimulation};
pub use queue::{ReplayQueue, ReplayStats};
pub use recording::Recording;

use desync::DesyncJob;
use queue::Job;

use crate::{
    room::{
        Room,
        current_match::{CurrentMatch, OpeningState},
        history::{self, FrameHistory, HASH_INTERVAL},
        inputs::Participants,
    },
    schedule::{TickRate, TickSet},
};

/// Name and version of this program, as written into replays. A release sets `FRAMEHOUSE_BUILD` to its commit at build
/// time.
pub const BUILD: &str = match option_env!("FRAMEHOUSE_BUILD") {
    Some(commit) => commit,
    None => concat!("framehouse-server ", env!("CARGO_PKG_VERSION")),
};
const _: () = assert!(HASH_TICKS == HASH_INTERVAL, "a replay has the hashes that the clients got");
const _: () = assert!(BUILD.len() <= BUILD_BYTES_MAX, "FRAMEHOUSE_BUILD is too long for a replay's header");

/// Records matches, if a queue is set.
pub(crate) struct ReplayPlugin;

impl Plugin for ReplayPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Replays>().add_systems(
            FixedUpdate,
            (begin_recordings, record_ticks).chain().in_set(TickSet::Record).after(history::record_frames),
        );
    }
}

/// The queue that recordings go to; `None` disables recording.
#[derive(Resource, Default)]
pub struct Replays(pub Option<ReplayQueue>);

impl Replays {
    /// Statistics of recording, for the status page.
    pub fn stats(&self) -> ReplayStats {
        self.0.as_ref().map(ReplayQueue::stats).unwrap_or_default()
    }
}

/// Begins recording the matches that were opened in this tick. Runs in `TickSet::Record`.
fn begin_recordings(world: &mut World) {
    let mut set: Vec<Entity> = world.query_filtered::<Entity, With<OpeningState>>().iter(world).collect();
    set.sort();
    for room in set {
        if let Some(OpeningState(opening)) = world.entity_mut(room).take() {
            begin_match(world, room, opening);
        }
    }
}

fn begin_match(world: &mut World, room: Entity, opening: Vec<u8>) {
    let Some(queue) = world.resource::<Replays>().0.clone() else { return };
    let Some(header) = header(world, room) else { return };
    if let Some(recording) = Recording::new(queue, header, opening) {
        world.entity_mut(room).insert(recording);
    }
}

fn header(world: &World, room: Entity) -> Option<Header> {
    let (game, current) = (world.resource::<GameHandle>(), world.get::<CurrentMatch>(room)?);
    let setup = current.setup();
    Some(Header {
        match_id: current.id(),
        room: world.get::<Room>(room)?.code(),
        started_unix_s: current.started_unix(),
        build: BUILD.to_owned(),
        protocol: game.protocol_hash(),
        game: game.id().to_owned(),
        rules_version: game.rules_version(),
        rules_hash: current.rules_hash(),
        seed: setup.seed,
        map: setup.map[..setup.map.floor_char_boundary(MAP_BYTES_MAX)].to_owned(),
        seats: setup.seats,
        tick_rate: world.resource::<TickRate>().0,
        components: world.resource::<RoomStates>().names().map(str::to_owned).collect(),
    })
}

/// Records the tick that each recorded room was just stepped with. Runs in `TickSet::Record`.
fn record_ticks(mut rooms: Rooms<(&Frame, &FrameHistory, &Participants, &StateHashes, &mut Recording)>) {
    rooms.for_each_room(|(frame, history, participants, hashes, mut recording)| {
        let encoded_frame = history.newest().expect("the room was stepped, and its frame is kept");
        recording.record(frame, encoded_frame, |slot| participants.name(slot), hashes);
    });
}

/// Ends the recording of a room's match, if there is one. State and `ranking` (best first) must be those after its last
/// tick.
///
/// Returns the file name of the replay, if it was queued for writing.
pub(crate) fn finish_match(world: &mut World, room: Entity, end: MatchEnd, ranking: &[RankingEntry]) -> Option<String> {
    let mut recording = world.get_entity_mut(room).ok().and_then(|mut room| room.take::<Recording>())?;
    let ranked = |entry: &RankingEntry| RankedPlayer { slot: entry.slot, name: entry.name.clone(), score: entry.score };
    // A panic leaves a tick half simulated: its state is in no recorded frame.
    let is_whole = world.get::<SimRoom>(room).is_some_and(|sim| !sim.is_faulted());
    let ranking = is_whole.then(|| ranking.iter().map(ranked).collect());
    let hashes = world.get::<StateHashes>(room).filter(|_| is_whole).cloned();
    recording.end(end, hashes, ranking).then(|| folder::file_name(recording.match_id()))
}

/// Queues a report of a desync, to be written next to the replay. `callback` gets the first different field.
///
/// Returns the file name of the report, if it was queued.
pub(crate) fn report_desync(
    world: &mut World,
    room: Entity,
    finding: Finding,
    callback: impl FnOnce(FieldDifference) + Send + 'static,
) -> Option<String> {
    let queue = world.resource::<Replays>().0.clone()?;
    let simulation = world.resource::<MakeSimulation>().clone();
    let unfinished = world.get_mut::<Recording>(room).and_then(|mut match_| match_.unfinished(finding.match_id));
    let name = finding.file_name();
    let protocol = world.resource::<GameHandle>().protocol_hash();
    let job = DesyncJob { finding, protocol, simulation, unfinished, callback: Box::new(callback) };
    if queue.send(Job::Report(Box::new(job))).is_ok() {
        return Some(name);
    }
    queue.note_report_lost();
    tracing::warn!(name, "a desync report is lost: the thread that writes replays does not keep up");
    None
}
