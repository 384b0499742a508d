//! Desync handling: a client whose state differs gets a snapshot at once, and then the cause is investigated.
//!
//! ```text
//! client                                             server
//! hash of a confirmed tick (in inputs)         ──▶
//!   or Hashes, if a frame's hash differs       ──▶   it differs: desync
//!                                              ◀──   WantHashes with the server's last hashes; then a snapshot
//! Hashes, as an answer: first different tick   ──▶   first different component
//!                                              ◀──   Desync: tick and component
//! Fields of that component                     ──▶   report next to the replay (`replay/desync.rs`)
//!                                              ◀──   Desync: tick, component and field
//! ```
//!
//! A client that does not answer is reported anyway. Everything a client sends is bounded and only compared.

mod conclusion;
mod field_findings;
mod investigation;

use bevy::prelude::*;
use framehouse_shared::{
    fields::{Field, LIST_BYTES_MAX},
    protocol::messages::{HASHES_ASKED_MAX, ServerMessage},
    room_state::RoomStates,
    state_hash::StateHashes,
    tick::Tick,
};

pub(crate) use conclusion::conclude_departed;
pub(crate) use field_findings::send_field_findings;

use conclusion::conclude;
use field_findings::FieldFindings;
use investigation::{DesyncLog, Investigation};

use crate::{
    counters::Counters,
    net::outgoing,
    replay::desync::FirstBad,
    room::{
        clock::RoomClock,
        history::FrameHistory,
        inputs::SyncState,
        resync::{address_and_room, is_current_match},
    },
    schedule::{Now, TickRate},
};

/// State of desync handling. [`control`](crate::dispatch) runs its systems.
pub(crate) struct DesyncPlugin;

impl Plugin for DesyncPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<FieldFindings>();
    }
}

/// Longest wait for a client's answer, in milliseconds; then the desync is reported without it.
const ANSWER_MS_MAX: u64 = 3000;

/// Compares the hashes that clients have reported together with inputs. Runs in `TickSet::Control`.
pub(crate) fn compare_reports(world: &mut World) {
    let mut reports: Vec<(Entity, Tick, u64)> = Vec::new();
    for (member, mut sync) in world.query::<(Entity, &mut SyncState)>().iter_mut(world) {
        reports.extend(sync.take_report().map(|(tick, hash)| (member, tick, hash)));
    }
    reports.sort();
    for (member, tick, hash) in reports {
        if differs(world, member, tick, hash) {
            begin(world, member, tick);
        }
    }
}

/// Handles a client's report that its state after a tick does not match the hash in the tick's frame.
pub(crate) fn take_desync_report(world: &mut World, member: Entity, match_no: u32, tick: Tick, theirs: &StateHashes) {
    if !is_sound(world, member, match_no, theirs) {
        world.resource_mut::<Counters>().invalid_messages += 1;
    } else if differs(world, member, tick, theirs.combined()) {
        begin(world, member, tick);
    }
}

/// Handles a client's answer: the first tick after which its state differed.
pub fn take_answer(world: &mut World, member: Entity, match_no: u32, tick: Tick, theirs: StateHashes) {
    let is_asked_for = world.get::<Investigation>(member).is_some_and(|open| open.asks_for(match_no, tick));
    if is_asked_for && is_sound(world, member, match_no, &theirs) {
        name(world, member, tick, theirs);
    } else {
        note_unasked(world, member);
    }
}

/// Handles the fields of the first different component of a client's state.
pub fn take_fields(world: &mut World, member: Entity, match_no: u32, tick: Tick, is_last: bool, fields: Vec<Field>) {
    let open = world.get_mut::<Investigation>(member);
    let Some(first) = open.and_then(|open| open.into_inner().waits_for_fields(match_no, tick)) else {
        return note_unasked(world, member);
    };
    first.fields.extend(fields);
    if is_last || first.fields.iter().map(Field::bytes).sum::<usize>() > LIST_BYTES_MAX {
        conclude(world, member);
    }
}

fn is_sound(world: &World, member: Entity, match_no: u32, theirs: &StateHashes) -> bool {
    is_current_match(world, member, match_no) && theirs.0.len() == world.resource::<RoomStates>().count()
}

/// Counts an unexpected answer as invalid, unless the client has had a desync: then the answer may just be late.
fn note_unasked(world: &mut World, member: Entity) {
    if world.get::<DesyncLog>(member).is_none() {
        world.resource_mut::<Counters>().invalid_messages += 1;
    }
}

/// Reports desyncs whose client has not answered in time. Runs in `TickSet::Control`.
pub(crate) fn conclude_overdue(world: &mut World) {
    let now = world.resource::<Now>().tick;
    let mut open = world.query::<(Entity, &Investigation)>();
    let mut overdue: Vec<Entity> =
        open.iter(world).filter(|(_, open)| now >= open.until).map(|(member, _)| member).collect();
    overdue.sort();
    overdue.into_iter().for_each(|member| conclude(world, member));
}

/// Whether a client's hash after a tick differs from the server's. False if it cannot be compared.
fn differs(world: &World, member: Entity, tick: Tick, theirs: u64) -> bool {
    let counts = world.get::<SyncState>(member).is_some_and(|sync| sync.is_compared(tick));
    let ours = address_and_room(world, member).and_then(|(_, room)| world.get::<FrameHistory>(room)?.hashes(tick));
    counts && ours.is_some_and(|ours| ours.combined() != theirs)
}

/// Starts an investigation: asks the client for its first different tick, and requests a snapshot for it.
fn begin(world: &mut World, member: Entity, tick: Tick) {
    // Reports an earlier investigation without an answer.
    conclude(world, member);
    let Some((address, room)) = address_and_room(world, member) else { return };
    let Some((first, hashes)) = world.get::<FrameHistory>(room).map(|history| hashes_until(history, tick)) else {
        return;
    };
    let Some(match_no) = world.get::<RoomClock>(room).map(RoomClock::match_no) else { return };
    let Some(mut open) = Investigation::open(world, member, room, first, tick) else { return };
    outgoing::send(world, address, &ServerMessage::WantHashes { match_no, first, hashes });
    if let Some(mut sync) = world.get_mut::<SyncState>(member) {
        sync.replace_state();
    }
    world.resource_mut::<Counters>().desyncs += 1;
    let now = world.resource::<Now>().elapsed;
    let mut log = world.entity_mut(member).take::<DesyncLog>().unwrap_or_default();
    open.is_one_too_many = log.note(now);
    open.until = deadline(world);
    world.entity_mut(member).insert((open, log));
}

/// The combined hashes of the ticks up to `last`, and the first of those ticks.
fn hashes_until(history: &FrameHistory, last: Tick) -> (Tick, Vec<u64>) {
    let mut first = last;
    while last.since(first) + 1 < HASHES_ASKED_MAX as u32 && first > Tick(0) && history.hashes(first.minus(1)).is_some()
    {
        first = first.minus(1);
    }
    let hash = |tick| history.hashes(Tick(tick)).map(StateHashes::combined);
    (first, (first.0..=last.0).filter_map(hash).collect())
}

fn deadline(world: &World) -> u64 {
    world.resource::<Now>().tick + u64::from(world.resource::<TickRate>().ticks_in(ANSWER_MS_MAX))
}

/// Names the first different component to the client, and so asks it for the component's fields.
fn name(world: &mut World, member: Entity, tick: Tick, theirs: StateHashes) {
    let Some((address, room)) = address_and_room(world, member) else { return };
    let ours = world.get::<FrameHistory>(room).and_then(|history| history.hashes(tick)).cloned();
    let Some((ours, index)) = ours.and_then(|ours| ours.first_difference(&theirs).map(|index| (ours, index))) else {
        world.resource_mut::<Counters>().invalid_messages += 1;
        return;
    };
    let components = world.resource::<RoomStates>().names().collect();
    let first = FirstBad { tick, index, components, ours, theirs, fields: Vec::new() };
    let component = first.component().to_owned();
    let until = deadline(world);
    let Some(mut open) = world.get_mut::<Investigation>(member) else { return };
    let match_no = open.match_no;
    open.finding.first_bad = Some(first);
    open.until = until;
    world.resource_mut::<Counters>().desyncs_named += 1;
    outgoing::send(world, address, &ServerMessage::Desync { match_no, tick, component, field: None });
}
