//! Cheat signals: what a program does is counted for its player, an honest player has none, and unchanged inputs cost nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use bevy::prelude::*;
use framehouse_harness::world::World;
use framehouse_server::{
    counters::Counters,
    room::{Player, signals::InputSignals},
};
use framehouse_shared::{
    api::CheatSignals, game::Game, ids::Slot, input::Input, observation::Observation, sim::MatchSetup,
};
use framehouse_tiny::{PRESS, TinyPlugin};

/// The tiny game, which tells about presses and counts how often it is asked.
#[derive(Clone, Default)]
struct Watched {
    asked: Arc<AtomicU32>,
}

impl Game for Watched {
    fn id(&self) -> &'static str {
        TinyPlugin.id()
    }

    fn build(&self, app: &mut App) {
        TinyPlugin.build(app);
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        TinyPlugin.open_match(room, setup);
    }

    fn missing_input(&self, last: Input) -> Input {
        TinyPlugin.missing_input(last)
    }

    fn observe(&self, _: EntityRef, _: Slot, last: Input, input: Input) -> Observation {
        self.asked.fetch_add(1, Relaxed);
        Observation { begun: input.0[7] & !last.0[7], ..Observation::default() }
    }
}

/// A match of two players that press nothing.
fn match_of_two(game: &Watched) -> World {
    let mut world = World::new(game.clone(), 811).with_players(2);
    for client in &mut world.clients {
        client.input = Some(Input::NEUTRAL);
    }
    world.step_to_playing();
    world.step_ticks(30);
    world
}

/// Signals of both players in the first match, by slot.
fn signals(world: &mut World) -> Vec<CheatSignals> {
    let ecs = world.server.world_mut();
    let mut players: Vec<_> = ecs.query::<(&Player, &InputSignals)>().iter(ecs).collect();
    players.sort_by_key(|(player, _)| player.slot());
    players.into_iter().map(|(_, signals)| signals.of_match(1)).collect()
}

#[test]
fn a_program_that_presses_in_every_second_tick_is_counted_and_its_neighbour_is_not() {
    let game = Watched::default();
    let mut world = match_of_two(&game);
    let slot = world.clients[0].client.slot().expect("seated").index();
    for tick in 0..300 {
        world.clients[0].input = Some(if tick % 2 == 0 { PRESS } else { Input::NEUTRAL });
        world.step_ticks(1);
    }
    world.clients[0].input = Some(Input::NEUTRAL);
    world.step_ticks(30);
    let signals = signals(&mut world);
    assert!(signals[slot].too_fast >= 8, "{signals:?}");
    assert!(signals[1 - slot].is_empty(), "{signals:?}");
    let counters = world.server.world().resource::<Counters>();
    assert_eq!(counters.cheat_signals, signals[slot]);
    assert_eq!((world.desyncs(), world.errors()), (0, vec![]), "nothing is done about it");
}

#[test]
fn the_game_is_asked_once_for_a_changed_input_and_never_for_an_unchanged_one() {
    let game = Watched::default();
    let mut world = match_of_two(&game);
    let before = game.asked.load(Relaxed);
    world.step_ticks(100);
    assert_eq!(game.asked.load(Relaxed), before, "nobody does anything");
    for tick in 0..50_u8 {
        world.clients[1].input = Some(Input([tick, 0, 0, 0, 0, 0, 0, 0]));
        world.step_ticks(1);
    }
    world.step_ticks(30);
    let asked = game.asked.load(Relaxed) - before;
    assert!((40..=50).contains(&asked), "50 ticks with another input each: {asked}");
}
