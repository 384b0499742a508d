//! Replays: every match is recorded in `DATA-DIR/replays/<match id>.fhr` and can be run again.
//!
//! The tick thread only copies frames: a room's [`Recording`] collects 300 ticks and queues them. The thread of
//! [`writer`] compresses and writes them, with a single zstd context: rooms that started together fill their blocks in
//! the same tick, and 250 compressions would delay it.
//!
//! ```text
//! recording.rs  the recording of a running match;  queue.rs  the queue to the thread
//! copy.rs       the replay of a running match so far
//! fate.rs       what became of a replay
//! writer.rs     the thread;  folder.rs  file names;  recovery.rs  what a crash left
//! retention.rs  quotas, ages;  owners.rs  who caused a replay
//! desync.rs     reports of desyncs, next to the replay;  reports.rs  their files
//! verify.rs     runs a replay again;  info.rs  a summary for people
//! ```

mod copy;
pub mod desync;
mod fate;
pub mod folder;
pub mod info;
mod owners;
mod queue;
mod recording;
mod recovery;
mod reports;
mod retention;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod writer;

use std::{net::IpAddr, ops::RangeInclusive, time::Duration};

use bevy::prelude::*;
use framehouse_shared::{
    api::Feature,
    fields::FieldDifference,
    game::GameHandle,
    ids::MatchId,
    input::{Frame, RosterChange},
    match_end::MatchEnd,
    protocol::messages::RankingEntry,
    replay::{BUILD_BYTES_MAX, Header, MAP_BYTES_MAX, RankedPlayer},
    room_state::RoomStates,
    sim::{Rooms, SimRoom},
    state_hash::StateHashes,
};

pub use desync::{Finding, MakeSimulation};
pub use fate::QueuedReplay;
pub use queue::{ReplayQueue, ReplayStats};
pub use recording::Recording;

use copy::CopyJob;
use desync::{DesyncJob, HashJob, Source};
use queue::{Job, Times};

use crate::{
    features::Features,
    net::{endpoint::BoxedEndpoint, outgoing::PeerAddress},
    room::{
        self, Room,
        compared::{self, ComparedHashes},
        current_match::{CurrentMatch, OpeningState},
        history::{self, FrameHistory},
        inputs::Participants,
    },
    schedule::{Now, TickRate, TickSet},
};

/// Name and version of this program, as written into replays. A release sets `FRAMEHOUSE_BUILD` to its commit at build
/// time.
pub const BUILD: &str = match option_env!("FRAMEHOUSE_BUILD") {
    Some(commit) => commit,
    None => concat!("framehouse-server ", env!("CARGO_PKG_VERSION")),
};
/// Time between two looks at what has become too old.
const CLOCK_INTERVAL: Duration = Duration::from_secs(60);
const _: () = assert!(BUILD.len() <= BUILD_BYTES_MAX, "FRAMEHOUSE_BUILD is too long for a replay's header");

/// Records matches, if a queue is set.
pub(crate) struct ReplayPlugin;

impl Plugin for ReplayPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Replays>().add_systems(
            FixedUpdate,
            (begin_recordings, note_addresses, record_ticks, tell_time)
                .chain()
                .in_set(TickSet::Record)
                .after(history::record_frames),
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
fn begin_recordings(world: &mut World, opened: &mut QueryState<Entity, With<OpeningState>>) {
    let mut set: Vec<Entity> = opened.iter(world).collect();
    set.sort();
    for room in set {
        if let Some(OpeningState(opening)) = world.entity_mut(room).take() {
            begin_match(world, room, opening);
        }
    }
}

fn begin_match(world: &mut World, room: Entity, opening: Vec<u8>) {
    if !world.resource::<Features>().is_on(Feature::Replays) {
        return;
    }
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

/// Notes the addresses of players when somebody joins a recorded match. Runs in `TickSet::Record`.
fn note_addresses(world: &mut World, rooms: &mut QueryState<(Entity, &Frame), With<Recording>>) {
    let has_join = |frame: &Frame| frame.events.iter().any(|event| event.change == RosterChange::Join);
    let joined: Vec<Entity> = rooms.iter(world).filter(|(_, frame)| has_join(frame)).map(|(room, _)| room).collect();
    for room in joined {
        let addresses: Vec<IpAddr> = room::players(world, room).filter_map(|(it, _)| address_of(world, it)).collect();
        if let Some(mut recording) = world.get_mut::<Recording>(room) {
            addresses.into_iter().for_each(|address| recording.note_address(address));
        }
    }
}

fn address_of(world: &World, player: Entity) -> Option<IpAddr> {
    let PeerAddress { endpoint, client } = *world.get(player)?;
    world.get::<BoxedEndpoint>(endpoint)?.ip(client)
}

/// Tells the thread the time once a minute. Runs in `TickSet::Record`.
fn tell_time(now: Res<Now>, replays: Res<Replays>, mut next: Local<Duration>) {
    let Some(queue) = replays.0.as_ref().filter(|_| now.elapsed >= *next) else { return };
    *next = now.elapsed + CLOCK_INTERVAL;
    let times = Times { elapsed: now.elapsed, unix_s: now.unix().as_secs() };
    // If the queue is full, a minute later will do.
    let _ = queue.send(Job::Clock(times));
}

/// Records the tick that each recorded room was just stepped with. Runs in `TickSet::Record`.
fn record_ticks(mut rooms: Rooms<(&Frame, &FrameHistory, &Participants, &ComparedHashes, &mut Recording)>) {
    rooms.for_each_room(|(frame, history, participants, hashes, mut recording)| {
        let encoded_frame = history.newest().expect("the room was stepped, and its frame is kept");
        recording.record(frame, encoded_frame, |slot| participants.name(slot), hashes.after(frame.tick));
    });
}

/// Ends the recording of a room's match, if there is one. State and `ranking` (best first) must be those after its last
/// tick.
///
/// Returns the replay, if it was queued for writing.
pub(crate) fn finish_match(
    world: &mut World,
    room: Entity,
    end: MatchEnd,
    ranking: &[RankingEntry],
) -> Option<QueuedReplay> {
    let mut recording = world.get_entity_mut(room).ok().and_then(|mut room| room.take::<Recording>())?;
    let ranked = |entry: &RankingEntry| RankedPlayer { slot: entry.slot, name: entry.name.clone(), score: entry.score };
    // A panic leaves a tick half simulated: its state is in no recorded frame.
    let is_whole = world.get::<SimRoom>(room).is_some_and(|sim| !sim.is_faulted());
    let ranking = is_whole.then(|| ranking.iter().map(ranked).collect());
    let hashes = is_whole.then(|| compared::hashes_now(world, room)).flatten();
    recording.end(end, hashes, ranking)
}

/// Queues the question for the hashes of the states after these ticks of a room's running match. `callback` gets them; none
/// if the recording does not give them. Returns whether it was queued.
pub(crate) fn ask_hashes(
    world: &mut World,
    room: Entity,
    match_id: MatchId,
    ticks: RangeInclusive<u32>,
    callback: impl FnOnce(Vec<StateHashes>) + Send + 'static,
) -> bool {
    let Some(queue) = world.resource::<Replays>().0.clone() else { return false };
    let source = source(world, room, match_id);
    queue.send(Job::Hash(Box::new(HashJob { match_id, ticks, source, callback: Box::new(callback) }))).is_ok()
}

fn source(world: &mut World, room: Entity, match_id: MatchId) -> Source {
    let simulation = world.resource::<MakeSimulation>().clone();
    let unfinished = world.get_mut::<Recording>(room).and_then(|mut recording| recording.unfinished(match_id));
    Source { simulation, unfinished }
}

/// Queues the question for the replay of a room's running match, as far as it has come. `callback` gets it; nothing if no tick
/// is recorded. It is dropped if there is no recording, or the queue is full.
pub(crate) fn ask_copy(world: &mut World, room: Entity, callback: impl FnOnce(Option<Vec<u8>>) + Send + 'static) {
    let (Some(queue), Some(match_id)) =
        (world.resource::<Replays>().0.clone(), world.get::<CurrentMatch>(room).map(CurrentMatch::id))
    else {
        return;
    };
    let unfinished = world.get_mut::<Recording>(room).and_then(|mut recording| recording.unfinished(match_id));
    let Some(unfinished) = unfinished else { return };
    // A full queue drops it, and so tells that there is no time.
    let _ = queue.send(Job::Copy(Box::new(CopyJob { match_id, unfinished, callback: Box::new(callback) })));
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
    let source = source(world, room, finding.match_id);
    let (name, match_id) = (finding.file_name(), finding.match_id);
    let protocol = world.resource::<GameHandle>().protocol_hash();
    let job = DesyncJob { finding, protocol, source, callback: Box::new(callback) };
    if queue.send(Job::Report(Box::new(job))).is_ok() {
        return Some(name);
    }
    queue.note_report_lost();
    tracing::debug!(%match_id, report = name, "a desync report is lost: the thread that writes replays does not keep up");
    None
}
