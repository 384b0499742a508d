//! Tests: the same inputs give the same bits after snapshots and rollbacks, beside other rooms, in every build.

use std::{collections::BTreeSet, fs, path::PathBuf};

use bevy::app::TaskPoolPlugin;
use framehouse_shared::{
    ids::{RoomId, SLOTS_MAX},
    rng::SimRng,
    room_state::{RoomSnapshot, RoomStates},
    sim::{SimPlugin, SimRoom, SimTick, open_match},
    simulation::{bot_match, determinism_fingerprint, fingerprint_matches},
    state_hash::StateHashes,
};

use super::*;
use crate::RULES_VERSION;

/// All players push to the centre, so that crafts are in contact all the time.
fn scrum_frame(simulation: &Simulation, rng: &mut SimRng) -> Frame {
    let mut frame = Frame { tick: simulation.next_tick(), ..default() };
    let bodies = simulation.get::<Bodies>().expect("a match is open");
    for (slot, position) in bodies.positions() {
        let mut input = ArenaInput { fire: rng.one_in(5), dash: rng.one_in(30), ..default() };
        input.steer(-position);
        input.aim = rng.below(256) as u8;
        frame.inputs[slot.index()] = input.into();
    }
    frame
}

#[test]
fn a_decoded_room_goes_on_bit_for_bit() {
    for seats in [4, 16] {
        let (mut original, mut rng) = (opened(11, seats), SimRng::new(5));
        for _ in 0..200 {
            original.step(&scrum_frame(&original, &mut rng));
        }
        assert!(original.get::<Bodies>().expect("open").touching() > 0, "the test needs living contacts");
        let mut copy = Simulation::new(ArenaPlugin);
        copy.decode(&original.encode()).expect("a state decodes");
        for _ in 0..300 {
            let frame = scrum_frame(&original, &mut rng);
            original.step(&frame);
            copy.step(&frame);
            assert_eq!(original.hashes(), copy.hashes(), "{seats} seats, tick {}", frame.tick);
        }
        assert_eq!(original.encode(), copy.encode());
    }
}

#[test]
fn the_longest_match_decodes_to_its_end() {
    // As many ticks as the rules allow: counters that only grow must not be refused as indices.
    let (mut simulation, mut rng) = (opened(13, 4), SimRng::new(7));
    for tick in 1..108_000 {
        simulation.step(&scrum_frame(&simulation, &mut rng));
        if tick % 9_000 == 0 {
            let (state, mut copy) = (simulation.encode(), Simulation::new(ArenaPlugin));
            copy.decode(&state).expect("a state decodes");
            assert!(copy.encode() == state, "after tick {tick}");
        }
    }
}

#[test]
fn a_rolled_back_room_repeats_itself_bit_for_bit() {
    let (mut simulation, mut rng) = (opened(12, 6), SimRng::new(6));
    let mut saved = RoomSnapshot::default();
    for _ in 0..40 {
        for _ in 0..5 {
            simulation.step(&scrum_frame(&simulation, &mut rng));
        }
        simulation.save(&mut saved);
        let mut guess = SimRng::new(rng.clone().bits().into());
        let mut frames = Vec::new();
        let mut first = Vec::new();
        for _ in 0..12 {
            frames.push(scrum_frame(&simulation, &mut guess));
            simulation.step(frames.last().expect("just pushed"));
            first.push((simulation.hashes(), simulation.encode()));
        }
        simulation.restore(&saved);
        for (frame, (hashes, bytes)) in frames.iter().zip(&first) {
            simulation.step(frame);
            assert_eq!((&simulation.hashes(), &simulation.encode()), (hashes, bytes), "tick {}", frame.tick);
        }
        simulation.restore(&saved);
    }
}

#[test]
fn a_decoded_room_goes_on_at_the_rate_that_it_is_told() {
    for hz in [10, 120] {
        let rate = SimRate::new(hz).expect("in range");
        let (mut original, mut rng) = (opened_at(rate, 14, 4), SimRng::new(8));
        let mut copy = Simulation::new(ArenaPlugin);
        copy.set_rate(rate);
        copy.decode(&original.encode()).expect("a state decodes");
        for _ in 0..100 {
            let frame = scrum_frame(&original, &mut rng);
            original.step(&frame);
            copy.step(&frame);
            assert_eq!(original.hashes(), copy.hashes(), "{hz} Hz, tick {}", frame.tick);
        }
    }
}

/// Enough rooms for several threads to share the heavy systems.
#[test]
fn rooms_of_one_world_do_not_touch_each_other() {
    const ROOMS: u64 = 12;
    let frames: Vec<Vec<Frame>> = (0..ROOMS).map(recorded).collect();
    let expected: Vec<StateHashes> = (0..ROOMS).map(|room| replayed(&[room], &frames).remove(0)).collect();
    let together = replayed(&(0..ROOMS).collect::<Vec<_>>(), &frames);
    assert_eq!(together, expected);
}

/// Frames of a match in a room with this seed, simulated alone.
fn recorded(seed: u64) -> Vec<Frame> {
    let (mut simulation, mut rng) = (Simulation::new(ArenaPlugin), SimRng::new(seed));
    simulation.open(&setup(seed));
    let mut first = Frame::default();
    first.events.extend((0..4).map(|number| RosterEvent { change: RosterChange::Join, slot: slot(number) }));
    let mut frames = vec![first];
    simulation.step(&frames[0]);
    for _ in 0..200 {
        frames.push(scrum_frame(&simulation, &mut rng));
        simulation.step(frames.last().expect("just pushed"));
    }
    frames
}

fn setup(seed: u64) -> MatchSetup {
    MatchSetup { seed, map: ["basin", "crossing"][seed as usize % 2].to_owned(), seats: 4, rate: SimRate::DEFAULT }
}

/// Last hashes of these rooms after their frames, stepped together in one world.
fn replayed(seeds: &[u64], frames: &[Vec<Frame>]) -> Vec<StateHashes> {
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), SimPlugin::new(ArenaPlugin)));
    app.finish();
    let world = app.world_mut();
    let open = |seed: &u64| {
        let mut room = world.spawn(SimRoom::new(RoomId(*seed)));
        open_match(&mut room, &setup(*seed));
        room.get_mut::<SimRoom>().expect("just spawned").stepping = true;
        room.id()
    };
    let rooms: Vec<Entity> = seeds.iter().map(open).collect();
    for tick in (0..frames[0].len()).map(|tick| Tick(tick as u32)) {
        for (room, seed) in rooms.iter().zip(seeds) {
            let frame = frames[*seed as usize].iter().find(|frame| frame.tick == tick).expect("of the same length");
            world.get_mut::<Frame>(*room).expect("a match is open").clone_from(frame);
        }
        world.run_schedule(SimTick);
    }
    let states = world.resource::<RoomStates>();
    rooms.iter().map(|room| states.hashes(world.entity(*room))).collect()
}

#[test]
fn the_fingerprint_has_every_map_all_seats_and_contacts_with_every_shape() {
    let matches = fingerprint_matches(ArenaPlugin);
    let maps: Vec<&str> = matches.iter().map(|(map, _)| map.as_str()).collect();
    assert_eq!(maps, Simulation::new(ArenaPlugin).maps());
    let (mut there, mut touched, mut crafts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (map, bots) in &matches {
        bots.play_on(map, ArenaPlugin, |_, simulation| {
            let bodies = simulation.get::<Bodies>().expect("a match is open");
            there.extend(bodies.fixed_shapes());
            touched.extend(bodies.touched_shapes());
            crafts.insert(bodies.positions().count());
        });
    }
    assert_eq!(touched, there, "a shape that nobody touches is not compared");
    assert_eq!(crafts.last(), Some(&SLOTS_MAX));
}

/// Hashes of a whole match of bots, and the fingerprint that server and client compare.
#[test]
fn the_golden_match_has_its_golden_hashes() {
    let mut lines = vec![format!("rules {}", RULES_VERSION)];
    bot_match(ArenaPlugin, 2024, 4, 3600, |tick, simulation| {
        if tick.plus(1).0.is_multiple_of(600) {
            lines.push(format!("{} {:016x}", tick.plus(1), simulation.hashes().combined()));
        }
    });
    lines.push(format!("fingerprint {:016x}", determinism_fingerprint(ArenaPlugin)));
    let text = lines.join("\n") + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/hashes.txt");
    if std::env::var_os("FRAMEHOUSE_BLESS").is_some() {
        fs::write(&path, &text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(
        text, golden,
        "if the rules were meant to change: raise RULES_VERSION and bless with FRAMEHOUSE_BLESS=1"
    );
}
