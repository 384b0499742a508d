//! Desync handling: a client whose state differs gets a snapshot at once, and then the cause is investigated.
//!
//! ```text
//! client                                             server
//! hash of a confirmed tick (in inputs)         ──▶
//!   or Hashes, if a frame's hash differs       ──▶   it differs: desync
//!                                              ◀──   a snapshot; the recording of the match is run again
//!                                              ◀──   WantHashes with the hashes after each of the last ticks
//! Hashes, as an answer: first different tick   ──▶   first different component
//!                                              ◀──   Desync: tick and component
//! Fields of that component                     ──▶   report next to the replay (`replay/desync.rs`)
//!                                              ◀──   Desync: tick, component and field
//! ```
//!
//! States are hashed only where they are compared, every 15 ticks. The ticks between them are hashed by the thread that
//! writes replays, from the recording. Without one, the client is asked for the compared tick alone.
//!
//! A client that does not answer is reported anyway. Everything a client sends is bounded and only compared.

mod conclusion;
mod field_findings;
mod investigation;
mod mailbox;

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
use field_findings::FieldFinding;
use investigation::{DesyncLog, Investigation};
use mailbox::Mailbox;

use crate::{
    counters::Counters,
    net::outgoing,
    replay::{self, desync::FirstBad},
    room::{
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
        app.init_resource::<Mailbox<FieldFinding>>()
            .init_resource::<Mailbox<Recorded>>()
            .init_resource::<conclusion::Warnings>();
    }
}

/// Longest wait for a client's answer, in milliseconds; then the desync is reported without it.
const ANSWER_MS_MAX: u64 = 3000;

/// Compares the hashes that clients have reported together with inputs. Runs in `TickSet::Control`.
pub(crate) fn compare_reports(world: &mut World, members: &mut QueryState<(Entity, &mut SyncState)>) {
    let mut reports: Vec<(Entity, Tick, u64)> = Vec::new();
    for (member, mut sync) in members.iter_mut(world) {
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
pub(crate) fn conclude_overdue(world: &mut World, open: &mut QueryState<(Entity, &Investigation)>) {
    let now = world.resource::<Now>().tick;
    let mut overdue: Vec<Entity> =
        open.iter(world).filter(|(_, open)| now >= open.until).map(|(member, _)| member).collect();
    overdue.sort();
    for member in overdue {
        let is_asked = world.get::<Investigation>(member).is_some_and(Investigation::is_asked);
        // The recording was not run again in time: the detected tick alone has to do.
        if is_asked { conclude(world, member) } else { ask(world, member, Vec::new()) }
    }
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
    let Some((_, room)) = address_and_room(world, member) else { return };
    let ours = world.get::<FrameHistory>(room).and_then(|history| history.hashes(tick)).cloned();
    let Some(mut open) = ours.and_then(|ours| Investigation::open(world, member, room, tick, ours)) else { return };
    let Some(mut sync) = world.get_mut::<SyncState>(member) else { return };
    // What was before the last snapshot is another state of the client.
    let first = sync.snapshot_tick().max(tick.minus(HASHES_ASKED_MAX as u32 - 1));
    sync.replace_state();
    world.resource_mut::<Counters>().desyncs += 1;
    let now = world.resource::<Now>().elapsed;
    let mut log = world.entity_mut(member).take::<DesyncLog>().unwrap_or_default();
    open.is_one_too_many = log.note(now);
    open.until = deadline(world);
    let (match_id, match_no) = (open.finding.match_id, open.match_no);
    world.entity_mut(member).insert((open, log));
    let answer = world.resource::<Mailbox<Recorded>>().answer();
    let answer = move |hashes| answer(Recorded { member, match_no, detected: tick, hashes });
    if !replay::ask_hashes(world, room, match_id, first.0..=tick.0, answer) {
        ask(world, member, Vec::new());
    }
}

/// The hashes before a desync, as the recording of the match gives them.
struct Recorded {
    member: Entity,
    match_no: u32,
    detected: Tick,
    hashes: Vec<StateHashes>,
}

/// Asks the members whose matches were run again. Runs in `TickSet::Control`.
pub(crate) fn ask_members(world: &mut World) {
    for Recorded { member, match_no, detected, hashes } in world.resource::<Mailbox<Recorded>>().take() {
        let open = world.get::<Investigation>(member);
        if open.is_some_and(|open| open.match_no == match_no && open.finding.detected == detected) {
            ask(world, member, hashes);
        }
    }
}

/// Asks a member for its first different tick. `recorded` are the hashes after the last ticks, if they are known.
fn ask(world: &mut World, member: Entity, recorded: Vec<StateHashes>) {
    let until = deadline(world);
    let Some((address, _)) = address_and_room(world, member) else { return };
    let Some(mut open) = world.get_mut::<Investigation>(member) else { return };
    open.until = until;
    let match_no = open.match_no;
    let (first, hashes) = open.ask(recorded);
    outgoing::send(world, address, &ServerMessage::WantHashes { match_no, first, hashes });
}

fn deadline(world: &World) -> u64 {
    world.resource::<Now>().tick + u64::from(world.resource::<TickRate>().ticks_in(ANSWER_MS_MAX))
}

/// Names the first different component to the client, and so asks it for the component's fields.
fn name(world: &mut World, member: Entity, tick: Tick, theirs: StateHashes) {
    let Some((address, _)) = address_and_room(world, member) else { return };
    let ours = world.get::<Investigation>(member).and_then(|open| open.hashes(tick)).cloned();
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
