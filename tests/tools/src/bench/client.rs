//! One client of a live match of four, in virtual time. An operation is one of its 60 updates a second: network, clocks and
//! prediction, without input devices and drawing.

use std::time::Duration;

use framehouse_arena::{ArenaPlugin, input::ArenaInput};
use framehouse_harness::world::World;
use framehouse_shared::{input::Input, rng::SimRng};

use super::{Body, timer::Timer};

/// Time between two updates, in ticks.
const UPDATES_PER_TICK: u32 = 2;
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 30);
/// Ticks of a run: five seconds of play.
const TICKS: u32 = 150;
/// Ticks of play before, in which clocks settle.
const SETTLE_TICKS: u32 = 150;

/// A client on this link.
pub fn over(link: &'static str) -> Body {
    Box::new(move |timer| {
        let mut world =
            World::new(ArenaPlugin, 7).with_steps_per_tick(UPDATES_PER_TICK).with_link(link).with_players(4);
        world.step_to_playing();
        world.step_unchecked(SETTLE_TICKS);
        // From now on its updates are called here.
        world.clients[0].is_asleep = true;
        let mut player = Player { rng: SimRng::new(1), input: ArenaInput::default() };
        for _ in 0..TICKS {
            player.update(&mut world, timer);
            world.step_unchecked(1);
        }
        assert_eq!(world.desyncs(), 0, "the client plays the same match");
    })
}

/// Somebody at the keys: a new input every few ticks.
struct Player {
    rng: SimRng,
    input: ArenaInput,
}

impl Player {
    /// Updates the first client as often as it is in the tick that the world makes next.
    fn update(&mut self, world: &mut World, timer: &mut Timer) {
        let began = world.now();
        for update in 1..=UPDATES_PER_TICK {
            let now = began + TICK * update / UPDATES_PER_TICK;
            world.network.set_now(now);
            let client = &mut world.clients[0].client;
            timer.time(1, || client.update(now, &mut |_| self.press()));
        }
    }

    fn press(&mut self) -> Input {
        if self.rng.one_in(8) {
            let [direction, aim, ..] = self.rng.bits().to_le_bytes();
            self.input =
                ArenaInput { direction, throttle: 255, aim, fire: self.rng.one_in(2), dash: self.rng.one_in(4) };
        }
        self.input.into()
    }
}
