//! The interface between engine and game: the trait [`Game`] and its handle.
//!
//! The engine contains no rules of a game, and a game contains no network code. Server, window, bots and replays all
//! take a value that implements [`Game`]. This is a complete game:
//!
//! ```
//! use bevy::prelude::*;
//! use framehouse_shared::{
//!     game::Game,
//!     ids::{SLOTS_MAX, Slot, slots_in},
//!     input::{Frame, Input},
//!     rng::SimRng,
//!     room_state::{AddRoomState, RoomState},
//!     score::Scoreboard,
//!     sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
//!     simulation::Simulation,
//!     tick::{SimRate, Tick},
//! };
//! use serde::{Deserialize, Serialize};
//!
//! /// The player that holds the button for the longest time within ten seconds wins.
//! #[derive(Clone)]
//! struct Hold;
//!
//! /// Number of ticks for which each player has held the button: the whole state of a match.
//! #[derive(Component, Clone, Default, Serialize, Deserialize, RoomState)]
//! struct Held {
//!     ticks: [u32; SLOTS_MAX],
//! }
//!
//! impl Game for Hold {
//!     fn id(&self) -> &'static str {
//!         "hold"
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_room_state::<Held>("held");
//!         app.add_systems(SimTick, (count.in_set(SimSet::Apply), score.in_set(SimSet::Score)));
//!     }
//!
//!     fn open_match(&self, room: &mut EntityWorldMut, _: &MatchSetup) {
//!         room.insert(Held::default());
//!     }
//!
//!     fn bot_input(&self, _: EntityRef, _: Slot, _: Input, rng: &mut SimRng) -> Input {
//!         Input([u8::from(rng.one_in(2)), 0, 0, 0, 0, 0, 0, 0])
//!     }
//! }
//!
//! fn count(mut rooms: Rooms<(&Frame, &Roster, &mut Held)>) {
//!     rooms.for_each_room(|(frame, roster, mut held)| {
//!         for slot in slots_in(roster.seated).filter(|slot| frame.inputs[slot.index()].0[0] == 1) {
//!             held.ticks[slot.index()] += 1;
//!         }
//!     });
//! }
//!
//! fn score(mut rooms: Rooms<(&Frame, &SimRate, &Held, &mut Scoreboard)>) {
//!     rooms.for_each_room(|(frame, rate, held, mut scores)| {
//!         for slot in Slot::all() {
//!             scores.set(slot, i64::from(held.ticks[slot.index()]), [0; 16], frame.tick);
//!         }
//!         // Durations are in seconds, because the tick rate is the server's choice.
//!         scores.over = frame.tick.plus(1) >= Tick(rate.ticks(10.0));
//!     });
//! }
//!
//! let mut simulation = Simulation::new(Hold);
//! simulation.open(&MatchSetup { seed: 1, map: String::new(), seats: 2, rate: SimRate::DEFAULT });
//! for tick in (0..300).map(Tick) {
//!     assert!(!simulation.is_over());
//!     simulation.step(&Frame { tick, ..default() });
//! }
//! assert!(simulation.is_over());
//! ```

use std::sync::Arc;

use bevy::prelude::*;

use crate::{
    guarded::{Panicked, guarded},
    ids::{SLOTS_MAX, Slot},
    input::{CommandBytes, Input},
    observation::Observation,
    protocol::messages::protocol_hash,
    rng::SimRng,
    sim::{GameFile, GameFileError, MatchSetup},
    web_view::ViewWriter,
};

/// A game: its rules as systems of [`SimTick`](crate::sim::SimTick), and the answers that the engine needs from it.
///
/// [`id`](Self::id), [`build`](Self::build) and [`open_match`](Self::open_match) are required; everything else has a
/// default. The engine calls a game through its [`GameHandle`]. On the server a panic in `open_match`, `missing_input`,
/// `points_per_second_max`, `maps` or `load_rules` is caught and closes at most the room that the call was made for.
///
/// **Random numbers** of the rules come from the room's [`SimRng`] only: not from a clone of it, not from another
/// generator assigned to it, and not from [`Frame::entropy`](crate::input::Frame::entropy). A client undoes a prediction
/// after late entropy only if the room's `SimRng` says that a number was drawn.
pub trait Game: Send + Sync + 'static {
    /// Short name of the game, 1 to 32 bytes; also the name of its folder of rules. Other clients are refused.
    fn id(&self) -> &'static str;

    /// Version of the rules. Raise it with every change that makes the same inputs give another result: clients of
    /// another version are refused.
    fn rules_version(&self) -> u32 {
        1
    }

    /// Maximum number of players in a room of this game, 1 to [`SLOTS_MAX`].
    fn players_max(&self) -> u8 {
        SLOTS_MAX as u8
    }

    /// The game's part of the protocol hash: name and version of every crate whose arithmetic the game uses. Both ends
    /// must have the same.
    fn protocol_parts(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Registers the game's components with [`add_room_state`](crate::room_state::AddRoomState::add_room_state) and
    /// adds its systems to [`SimTick`](crate::sim::SimTick). The engine's own components and systems are already there.
    fn build(&self, app: &mut App);

    /// Inserts the game's components, as they are before tick 0. The engine's components are already there.
    ///
    /// `setup.rate` is the tick rate: convert durations from seconds to ticks here.
    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup);

    /// Names of the maps that a match can be played on. Default: none.
    fn maps(&self, _world: &World) -> Vec<String> {
        Vec::new()
    }

    /// Replaces the rules for the next match with an operator's files.
    ///
    /// # Errors
    /// When the files are refused; the old rules stay. The default refuses every file.
    fn load_rules(&self, _world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
        let refuse = |file: &GameFile| GameFileError::Value {
            path: file.path.clone(),
            message: "this game reads no files".to_owned(),
        };
        files.first().map_or(Ok(()), |file| Err(refuse(file)))
    }

    /// The replacement for a player's input that did not arrive, made from the player's last input. The default repeats
    /// it unchanged; a game whose inputs contain single presses clears those.
    fn missing_input(&self, last: Input) -> Input {
        last
    }

    /// Input of the game's bot in `slot`. `last` is the bot's previous input, which may be for a later tick than the
    /// state in `room`. Default: neutral.
    fn bot_input(&self, _room: EntityRef, _slot: Slot, _last: Input, _rng: &mut SimRng) -> Input {
        Input::NEUTRAL
    }

    /// Command of the game's bot in one tick; called once a tick, independently of the input. Default: none.
    fn bot_command(&self, _room: EntityRef, _slot: Slot, _rng: &mut SimRng) -> Option<CommandBytes> {
        None
    }

    /// Upper bound of the points that one player can gain in the next second; called at the beginning of every second
    /// of a match. The server counts and logs larger gains as faults of the game, without any other effect. Default: no
    /// bound.
    fn points_per_second_max(&self, _room: EntityRef) -> Option<i64> {
        None
    }

    /// What an input of a player shows about whoever has made it, before it is simulated. `last` is the player's input
    /// before, and differs from it. The server counts what a person cannot do and shows the numbers to its operator, without
    /// any other effect. Called for every change of an input, so it must be cheap. A panic closes the room. Default: nothing.
    fn observe(&self, _room: EntityRef, _slot: Slot, _last: Input, _input: Input) -> Observation {
        Observation::default()
    }

    /// Position at which a view shows the object of a slot, in units of the game; `None` while nothing is shown. The
    /// simulation does not use it: clients measure with it how far a wrong prediction moved the object.
    fn view_position(&self, _room: EntityRef, _slot: Slot) -> Option<Vec2> {
        None
    }

    /// Smallest jump of a [`view_position`](Self::view_position) that a player would notice, in units of the game.
    fn noticed_jump(&self) -> f32 {
        f32::INFINITY
    }

    /// Writes what a browser shows of a room: quantised positions and whatever else the game's [`web_module`] draws.
    /// Called at most 20 times a second for a room with browsers in it, with the state between two ticks. A panic closes
    /// the room. Default: nothing.
    ///
    /// [`web_module`]: Self::web_module
    fn web_view(&self, _room: EntityRef, _view: &mut ViewWriter) {}

    /// The game's ES module for browsers, as text: it draws the bytes of [`web_view`](Self::web_view) and makes inputs.
    /// The server has it at `/web/view.js`. Default: none.
    fn web_module(&self) -> Option<&'static str> {
        None
    }
}

/// Handle of the game that a world plays, as a resource for systems.
#[derive(Resource, Clone)]
pub struct GameHandle {
    game: Arc<dyn Game>,
    id: &'static str,
    rules_version: u32,
    protocol: u64,
    players_max: u8,
}

impl GameHandle {
    /// Creates the handle of a game.
    pub fn new(game: impl Game) -> Self {
        // What never changes is asked once: a game that panics over it panics before anybody plays.
        Self {
            id: game.id(),
            rules_version: game.rules_version(),
            protocol: protocol_hash(game.protocol_parts()),
            players_max: game.players_max().clamp(1, SLOTS_MAX as u8),
            game: Arc::new(game),
        }
    }

    /// Short name of the game: [`Game::id`].
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Version of the rules: [`Game::rules_version`].
    pub const fn rules_version(&self) -> u32 {
        self.rules_version
    }

    /// Maximum number of players in a room: the game's value, limited to 1 to [`SLOTS_MAX`].
    pub const fn players_max(&self) -> u8 {
        self.players_max
    }

    /// Hash over the version of everything that both ends need in the same version: the engine's parts and the game's.
    pub const fn protocol_hash(&self) -> u64 {
        self.protocol
    }

    /// Names of the maps; empty if the game panics.
    pub fn maps(&self, world: &World) -> Vec<String> {
        guarded(|| self.game.maps(world)).unwrap_or_else(|Panicked| {
            tracing::error!(game = self.id, "the game panicked while listing its maps");
            Vec::new()
        })
    }

    /// Replaces the rules for the next match.
    ///
    /// # Errors
    /// When the game refuses the files, or panics while reading them.
    pub fn load_rules(&self, world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
        guarded(|| self.game.load_rules(world, files)).unwrap_or(Err(GameFileError::Panicked))
    }
}

impl std::ops::Deref for GameHandle {
    type Target = dyn Game;
    fn deref(&self) -> &Self::Target {
        &*self.game
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Simulation;

    struct Broken;

    impl Game for Broken {
        fn id(&self) -> &'static str {
            "broken"
        }
        fn build(&self, _: &mut App) {}
        fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}
        fn maps(&self, _: &World) -> Vec<String> {
            panic!("a test wants this game to have no maps")
        }
        fn load_rules(&self, _: &mut World, _: &[GameFile]) -> Result<(), GameFileError> {
            panic!("a test wants this game to read no files")
        }
    }

    struct Least;

    impl Game for Least {
        fn id(&self) -> &'static str {
            "least"
        }
        fn players_max(&self) -> u8 {
            200
        }
        fn build(&self, _: &mut App) {}
        fn open_match(&self, _: &mut EntityWorldMut, _: &MatchSetup) {}
        fn protocol_parts(&self) -> &'static [(&'static str, &'static str)] {
            &[("arithmetic", "1")]
        }
    }

    #[test]
    fn a_game_that_panics_over_maps_or_files_takes_nobody_along() {
        let (game, mut world) = (GameHandle::new(Broken), World::new());
        assert_eq!(game.maps(&world), Vec::<String>::new());
        assert_eq!(game.load_rules(&mut world, &[]), Err(GameFileError::Panicked));
    }

    #[test]
    fn a_game_without_files_refuses_them_by_name() {
        let (game, mut world) = (GameHandle::new(Least), World::new());
        let file = GameFile { path: "rules.ron".to_owned(), text: String::new() };
        let error = game.load_rules(&mut world, &[file]).expect_err("it has no files");
        assert_eq!(error.to_string(), "rules.ron: this game reads no files");
        assert_eq!(game.load_rules(&mut world, &[]), Ok(()));
    }

    #[test]
    fn no_game_has_more_players_than_there_are_slots() {
        assert_eq!(GameHandle::new(Least).players_max(), 16);
    }

    #[test]
    fn a_games_own_parts_change_the_protocol() {
        let protocol = |game: &Simulation| game.game().protocol_hash();
        assert_ne!(protocol(&Simulation::new(Least)), protocol(&Simulation::new(Broken)));
    }
}
