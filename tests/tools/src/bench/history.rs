//! Old frames of a room of four: compressed in the room's history, and sealed in its replay. An operation is one block of
//! 300 frames.

use bevy::prelude::*;
use framehouse_server::{
    config::RoomSettings,
    room::{
        compared::ComparedHashes,
        history::{FrameHistory, record_frames},
        inputs::Participants,
    },
    schedule::TickRate,
};
use framehouse_shared::{
    ids::{RoomId, SLOTS_MAX},
    input::{Frame, Input},
    protocol::datagram::encode_frame,
    replay::{BLOCK_TICKS, Compressor, RawBlock, Recorder, ReplayEncoder, is_hash_tick},
    sim::SimRoom,
};

use super::{Body, scripted::ScriptedMatch};

/// Blocks of a run.
const REPEATS: usize = 10;

/// The tick in which a room compresses its oldest frames.
pub fn compress() -> Body {
    let settings = RoomSettings::default();
    // A room whose id is 0 compresses as soon as it has twice as many frames as it keeps.
    let frames = ScriptedMatch::from_the_start(4, 1, 2 * settings.history_frames(TickRate(30))).frames;
    let mut world = World::new();
    world.insert_resource(settings);
    world.insert_resource(TickRate(30));
    let mut record = Schedule::default();
    record.add_systems(record_frames);
    Box::new(move |timer| {
        for _ in 0..REPEATS {
            let mut room = world.spawn((stepping_room(), ComparedHashes::default(), Participants::default()));
            let room = room.insert((Frame::default(), FrameHistory::default())).id();
            for frame in &frames {
                world.get_mut::<Frame>(room).expect("just inserted").clone_from(frame);
                let is_last = frame.tick.0 as usize + 1 == frames.len();
                if is_last { timer.time(1, || record.run(&mut world)) } else { record.run(&mut world) }
            }
            let history = world.get::<FrameHistory>(room).expect("just inserted");
            assert_ne!(history.first().0, 0, "the last frame made the room compress the oldest");
            world.despawn(room);
        }
    })
}

/// A block of a replay: compression and checksums.
pub fn seal() -> Body {
    let (block, mut compressor) = (recorded_block(), Compressor::new());
    Box::new(move |timer| {
        let mut encoder = ReplayEncoder::resume(&[]);
        timer.time(REPEATS, || (0..REPEATS).map(|_| encoder.block(&mut compressor, &block).len()).sum::<usize>());
    })
}

fn stepping_room() -> SimRoom {
    let mut room = SimRoom::new(RoomId(0));
    room.stepping = true;
    room
}

fn recorded_block() -> RawBlock {
    let mut scripted = ScriptedMatch::from_the_start(4, 1, BLOCK_TICKS);
    scripted.rewind();
    let ScriptedMatch { frames, simulation, .. } = &mut scripted;
    let (mut recorder, mut previous) = (Recorder::default(), [Input::NEUTRAL; SLOTS_MAX]);
    let mut push = |frame: &Frame| {
        simulation.step(frame);
        let hashes = simulation.hashes();
        let encoded = encode_frame(frame, &previous, is_hash_tick(frame.tick).then(|| hashes.combined()));
        previous = frame.inputs;
        recorder.push(frame, &encoded, |_| "player", Some(&hashes))
    };
    frames.iter().find_map(&mut push).expect("a block has as many frames")
}
