//! Test harness for Framehouse games: a whole server and many clients in one process, in virtual time.
//!
//! The netcode, the reliable path and the simulation are the real ones. Only sockets and clocks are replaced, so that a test
//! of a minute of play takes milliseconds and the same seed gives the same run.
//!
//! ```
//! use bevy::prelude::*;
//! use framehouse_harness::world::World;
//! use framehouse_shared::{
//!     game::Game,
//!     ids::{Slot, slots_in},
//!     input::{Frame, Input},
//!     rng::SimRng,
//!     score::Scoreboard,
//!     sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
//! };
//!
//! /// A point for every tick in which a player holds the button. The scores are the whole state of a match.
//! #[derive(Clone)]
//! struct Hold;
//!
//! impl Game for Hold {
//!     fn id(&self) -> &'static str {
//!         "hold"
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_systems(SimTick, score.in_set(SimSet::Score));
//!     }
//!
//!     fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}
//!
//!     fn bot_input(&self, _: EntityRef, _: Slot, _: Input, rng: &mut SimRng) -> Input {
//!         Input([u8::from(rng.one_in(2)), 0, 0, 0, 0, 0, 0, 0])
//!     }
//! }
//!
//! fn score(mut rooms: Rooms<(&Frame, &Roster, &mut Scoreboard)>) {
//!     rooms.for_each_room(|(frame, roster, mut scores)| {
//!         for slot in slots_in(roster.seated).filter(|slot| frame.inputs[slot.index()].0[0] == 1) {
//!             let points = scores.slots[slot.index()].points + 1;
//!             scores.set(slot, points, [0; 16], frame.tick);
//!         }
//!     });
//! }
//!
//! // Two players in one room. Every link delays datagrams by 40 ms and loses 5 % of them, in each direction.
//! let mut world = World::new(Hold, 7).with_link("delay=40,loss=0.05").with_players(2);
//! world.step_to_playing();
//!
//! // The first player holds the button for two seconds; the game's bot plays for the second one.
//! world.clients[0].input = Some(Input([1, 0, 0, 0, 0, 0, 0, 0]));
//! world.step_ticks(60);
//!
//! let room = world.rooms()[0].1;
//! let scores = world.server.world().get::<Scoreboard>(room).expect("the engine puts it into every room");
//! assert!(scores.slots[0].points >= 50, "a lost input repeats the last one: {scores:?}");
//! assert_eq!(world.desyncs(), 0);
//! assert_eq!(world.errors(), Vec::<String>::new());
//! ```
//!
//! * [`world::World`]: a server and its clients in virtual time, joined by the links of [`link`].
//! * [`check`]: assertions about the server, run after every tick of a world.
//! * [`live`]: a server in this process with real sockets and its own thread, for tests in real time.
//! * [`postgres`], [`redis`]: real servers of these programs, for tests with a database or a fleet.
//! * [`thin`]: a client over a WebSocket that simulates nothing.

pub mod check;
mod keeper;
pub mod link;
pub mod live;
pub mod postgres;
pub mod redis;
pub mod thin;
pub mod world;
