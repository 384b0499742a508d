use bevy::prelude::*;
use framehouse_shared::{
    arena::ArenaPlugin, ids::*, input::*, rng::SimRng, room_state::*, sim::*, simulation::*, state_hash::StateHashes,
    tick::*,
};
use std::time::Instant;
fn run(seats: u8) {
    // record frames by bots
    let mut s = Simulation::new(ArenaPlugin);
    s.open(&MatchSetup { seed: 3, map: "basin".into(), seats });
    let mut frames = vec![];
    let mut rngs: Vec<SimRng> = (0..16).map(SimRng::new).collect();
    let mut f = Frame::default();
    f.events.extend(Slot::all().take(seats.into()).map(|slot| RosterEvent { change: RosterChange::Join, slot }));
    frames.push(f.clone());
    s.step(&f);
    let mut bot = std::time::Duration::ZERO;
    for t in 1..3000 {
        let mut f = Frame { tick: Tick(t), ..default() };
        let a = Instant::now();
        for slot in Slot::all().take(seats.into()) {
            f.inputs[slot.index()] = s.bot_input(slot, &mut rngs[slot.index()]);
        }
        bot += a.elapsed();
        s.step(&f);
        frames.push(f);
    }
    let mut best = f64::MAX;
    for _ in 0..3 {
        let mut s = Simulation::new(ArenaPlugin);
        s.open(&MatchSetup { seed: 3, map: "basin".into(), seats });
        let a = Instant::now();
        for f in &frames {
            s.step(f);
        }
        best = best.min(a.elapsed().as_secs_f64() * 1e6 / frames.len() as f64);
    }
    let bytes = s.encode();
    let z = zstd::bulk::compress(&bytes, 1).unwrap().len();
    let mut snap = RoomSnapshot::default();
    s.save(&mut snap);
    let a = Instant::now();
    for _ in 0..1000 {
        s.save(&mut snap);
    }
    let save = a.elapsed().as_secs_f64() * 1e3;
    let a = Instant::now();
    for _ in 0..1000 {
        s.restore(&snap);
    }
    let restore = a.elapsed().as_secs_f64() * 1e3;
    let a = Instant::now();
    for _ in 0..200 {
        s.encode();
    }
    let enc = a.elapsed().as_secs_f64() * 5e3;
    let mut d = Simulation::new(ArenaPlugin);
    let a = Instant::now();
    for _ in 0..200 {
        d.decode(&bytes).unwrap();
    }
    let dec = a.elapsed().as_secs_f64() * 5e3;
    println!(
        "{seats} seats: {best:.1} us/tick (schedule of one room), bots {:.1} us/tick, encode {} B, zstd-1 {z} B, save {save:.1} us, restore {restore:.1} us, encode {enc:.0} us, decode {dec:.0} us",
        bot.as_secs_f64() * 1e6 / 3000.0,
        bytes.len()
    );
}
fn many() {
    let mut app = App::empty();
    app.add_plugins((SimPlugin, ArenaPlugin));
    app.finish();
    app.cleanup();
    let mut world = std::mem::take(app.world_mut());
    let mut s = Simulation::new(ArenaPlugin);
    s.open(&MatchSetup { seed: 3, map: "basin".into(), seats: 4 });
    let mut f = Frame::default();
    f.events.extend(Slot::all().take(4).map(|slot| RosterEvent { change: RosterChange::Join, slot }));
    let rooms: Vec<Entity> = (0..7)
        .map(|n| {
            let mut r = SimRoom::new(RoomId(n));
            r.stepping = true;
            let e = world.spawn(r).id();
            open_match(&mut world.entity_mut(e), &MatchSetup { seed: n, map: "basin".into(), seats: 4 });
            e
        })
        .collect();
    let mut rngs: Vec<SimRng> = (0..16).map(SimRng::new).collect();
    let mut frames = vec![f.clone()];
    s.step(&f);
    for t in 1..2000 {
        let mut f = Frame { tick: Tick(t), ..default() };
        for slot in Slot::all().take(4) {
            f.inputs[slot.index()] = s.bot_input(slot, &mut rngs[slot.index()]);
        }
        s.step(&f);
        frames.push(f);
    }
    let a = Instant::now();
    for f in &frames {
        for r in &rooms {
            world.get_mut::<Frame>(*r).unwrap().clone_from(f);
        }
        world.run_schedule(SimTick);
    }
    println!("7 rooms serial: {:.1} us/room-tick", a.elapsed().as_secs_f64() * 1e6 / frames.len() as f64 / 7.0);
    let _ = world.get::<StateHashes>(rooms[0]);
}
fn main() {
    run(2);
    run(4);
    run(16);
    many();
}
