//! Simulation of a single room without a server, for prediction, replays and the determinism fingerprint.

use bevy::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use crate::{
    game::{Game, GameHandle},
    ids::{RoomId, SLOTS_MAX, Slot, slots_in},
    input::{CommandBytes, Frame, Input, RosterChange, RosterEvent},
    protocol::{codec::CodecError, messages::Hello},
    rng::SimRng,
    room_state::{RoomSnapshot, RoomStates},
    score::Scoreboard,
    sim::{
        GameFile, GameFileError, LastInputs, MatchSetup, Roster, SimPlugin, SimRoom, SimTick, SimTickCount, open_match,
    },
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

/// A world with a single room, stepped by its caller.
pub struct Simulation {
    world: World,
    room: Entity,
}

impl Simulation {
    /// Creates a simulation of this game at 30 ticks a second, with the embedded rules and no open match.
    pub fn new(game: impl Game) -> Self {
        let mut app = App::empty();
        app.add_plugins(SimPlugin::new(game));
        app.finish();
        app.cleanup();
        let mut world = std::mem::take(app.world_mut());
        let room = world.spawn((stepping_room(), SimRate::DEFAULT)).id();
        Self { world, room }
    }

    /// Sets the tick rate for states that are decoded from now on: a serialised state does not contain it.
    pub fn set_rate(&mut self, rate: SimRate) {
        self.world.entity_mut(self.room).insert(rate);
    }

    /// Tick rate of the room.
    pub fn rate(&self) -> SimRate {
        self.get::<SimRate>().copied().unwrap_or_default()
    }

    /// Opens a match: the room gets the state before tick 0.
    pub fn open(&mut self, setup: &MatchSetup) {
        open_match(&mut self.world.entity_mut(self.room), setup);
    }

    /// Replaces the room's state with a serialised one, which continues at the simulation's tick rate.
    ///
    /// # Errors
    /// When the bytes are not a state of this game. Open a match or decode another state before the next use.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<(), CodecError> {
        // `open` inserts what is not part of the state (the frame); the bytes replace the rest.
        self.world.entity_mut(self.room).insert(Frame::default());
        // A state that made a system panic is gone, and its fault with it.
        self.world.entity_mut(self.room).insert(stepping_room());
        self.world
            .resource_scope(|world, states: Mut<RoomStates>| states.decode(&mut world.entity_mut(self.room), bytes))?;
        // A peer's state may lack them, and without a tick count no tick would ever be counted.
        self.has_engine_states().then_some(()).ok_or(CodecError::Invalid)
    }

    fn has_engine_states(&self) -> bool {
        let room = self.room();
        room.contains::<SimTickCount>()
            && room.contains::<Roster>()
            && room.contains::<LastInputs>()
            && room.contains::<SimRng>()
            && room.contains::<Scoreboard>()
    }

    /// Serialises the room's state.
    pub fn encode(&self) -> Vec<u8> {
        self.world.resource::<RoomStates>().encode(self.room())
    }

    /// Simulates one tick. The frame must be the next one.
    ///
    /// # Panics
    /// When the frame is not that of the next tick, or when a system panics: the state is then invalid.
    pub fn step(&mut self, frame: &Frame) {
        assert!(self.try_step(frame), "the simulation of tick {} panicked", frame.tick);
    }

    /// Simulates one tick of a state from an untrusted source. Returns false if a system panicked; the state is then
    /// invalid.
    pub fn try_step(&mut self, frame: &Frame) -> bool {
        self.world.get_mut::<Frame>(self.room).expect("a match is open").clone_from(frame);
        self.world.run_schedule(SimTick);
        self.world.get::<SimRoom>(self.room).is_some_and(|room| !room.is_faulted())
    }

    /// Clones the state into `snapshot`, reusing its memory.
    pub fn save(&self, snapshot: &mut RoomSnapshot) {
        self.world.resource::<RoomStates>().save(self.room(), self.next_tick(), snapshot);
    }

    /// Restores a saved state.
    pub fn restore(&mut self, snapshot: &RoomSnapshot) {
        self.world.resource_scope(|world, states: Mut<RoomStates>| {
            states.restore(&mut world.entity_mut(self.room), snapshot);
        });
    }

    /// Next tick to simulate.
    pub fn next_tick(&self) -> Tick {
        self.get::<SimTickCount>().map_or(Tick(0), |count| count.0)
    }

    /// Hashes the state.
    pub fn hashes(&self) -> StateHashes {
        self.states().hashes(self.room())
    }

    /// Taken seats.
    pub fn roster(&self) -> Roster {
        self.get::<Roster>().cloned().unwrap_or_default()
    }

    /// Whether the game has declared the match over.
    pub fn is_over(&self) -> bool {
        self.get::<Scoreboard>().is_some_and(|scores| scores.over)
    }

    /// A component of the room, for views and tests.
    pub fn get<C: Component>(&self) -> Option<&C> {
        self.world.get::<C>(self.room)
    }

    /// The room entity, for access to several components.
    pub fn room(&self) -> EntityRef<'_> {
        self.world.entity(self.room)
    }

    /// The room entity, mutable.
    pub(crate) fn present(&mut self) -> EntityWorldMut<'_> {
        self.world.entity_mut(self.room)
    }

    /// The room entity, mutable, for tests that set up a situation.
    #[cfg(any(test, feature = "corrupt"))]
    pub fn room_mut(&mut self) -> EntityWorldMut<'_> {
        self.world.entity_mut(self.room)
    }

    /// Replaces the embedded rules with an operator's files, for matches that are opened from now on.
    ///
    /// # Errors
    /// When a file is refused; the old rules stay.
    pub fn load_rules(&mut self, files: &[GameFile]) -> Result<(), GameFileError> {
        let game = self.game().clone();
        game.load_rules(&mut self.world, files)
    }

    /// Names of the maps that a match can be played on; may be empty.
    pub fn maps(&self) -> Vec<String> {
        self.game().maps(&self.world)
    }

    /// Handle of the game.
    pub fn game(&self) -> &GameHandle {
        self.world.resource::<GameHandle>()
    }

    /// Position at which a view shows the object of a slot, in units of the game.
    pub fn view_position(&self, slot: Slot) -> Option<Vec2> {
        self.game().view_position(self.room(), slot)
    }

    /// Registry of the room's state components, for their names.
    pub fn states(&self) -> &RoomStates {
        self.world.resource::<RoomStates>()
    }

    /// Command of the game's bot in this slot for this tick, if any.
    pub fn bot_command(&self, slot: Slot, rng: &mut SimRng) -> Option<CommandBytes> {
        self.game().bot_command(self.room(), slot, rng)
    }

    /// Next input of the game's bot in this slot, after the last simulated input.
    pub fn bot_input(&self, slot: Slot, rng: &mut SimRng) -> Input {
        let last = self.get::<LastInputs>().map_or(Input::NEUTRAL, |inputs| inputs.0[slot.index()]);
        self.bot_input_after(slot, last, rng)
    }

    /// Next input of the game's bot in this slot, after an input that may not be simulated yet.
    pub fn bot_input_after(&self, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        self.game().bot_input(self.room(), slot, last, rng)
    }
}

/// Marker of a room that every call of [`SimTick`] steps.
fn stepping_room() -> SimRoom {
    let mut room = SimRoom::new(RoomId(0));
    room.stepping = true;
    room
}

/// Length of each match behind [`determinism_fingerprint`], in ticks at 30 ticks a second. After 300 ticks the last of
/// 16 bots has joined.
pub const FINGERPRINT_TICKS: u32 = 360;

/// The matches behind [`determinism_fingerprint`]: one on each embedded map, by name, with as many bots as the game has
/// seats.
pub fn fingerprint_matches(game: impl Game) -> Vec<(String, BotMatch)> {
    let simulation = Simulation::new(game);
    let seats = simulation.game().players_max();
    let bots = BotMatch { seed: 0xF1A9, seats, ticks_max: FINGERPRINT_TICKS, rate: SimRate::DEFAULT };
    let maps = simulation.maps();
    let maps = if maps.is_empty() { vec![String::new()] } else { maps };
    maps.into_iter().map(|map| (map, bots)).collect()
}

/// Plays fixed matches of bots on the embedded rules, with joins and leaves, and returns a hash of their last states:
/// one match on each map, with all seats taken.
///
/// Server and client compute it at start and compare: a machine with different arithmetic is refused with an error
/// message, instead of causing a desync in the middle of a match.
pub fn determinism_fingerprint(game: impl Game + Clone) -> u64 {
    let mut fingerprint = Xxh3::new();
    for (map, bots) in fingerprint_matches(game.clone()) {
        let mut last = 0;
        bots.play_on(&map, game.clone(), |_, simulation| last = simulation.hashes().combined());
        fingerprint.update(&last.to_le_bytes());
    }
    fingerprint.digest()
}

/// Creates the first message that a client of this game sends. Takes as long as [`determinism_fingerprint`].
pub fn hello(game: impl Game + Clone) -> Hello {
    let fingerprint = determinism_fingerprint(game.clone());
    let simulation = Simulation::new(game);
    let game = simulation.game();
    Hello {
        protocol: game.protocol_hash(),
        game: game.id().to_owned(),
        rules_version: game.rules_version(),
        components: simulation.states().names().map(str::to_owned).collect(),
        fingerprint,
    }
}

/// Plays a [`BotMatch`] at 30 ticks a second.
pub fn bot_match(game: impl Game, seed: u64, seats: u8, ticks_max: u32, after_tick: impl FnMut(Tick, &Simulation)) {
    BotMatch { seed, seats, ticks_max, rate: SimRate::DEFAULT }.play(game, after_tick);
}

/// A seeded match of bots on the first map.
///
/// Half of the bots join at tick 0, then one every 2/3 s; every 5 s one bot leaves for 4/3 s.
#[derive(Clone, Copy, Debug)]
pub struct BotMatch {
    /// Seed of the match and of its bots.
    pub seed: u64,
    /// Number of bots.
    pub seats: u8,
    /// Maximum length, in ticks.
    pub ticks_max: u32,
    /// Tick rate.
    pub rate: SimRate,
}

impl BotMatch {
    /// Plays the match to its end or to `ticks_max`, and calls `after_tick` after every tick.
    pub fn play(self, game: impl Game, mut after_tick: impl FnMut(Tick, &Simulation)) {
        self.play_in(Simulation::new(game), None, &mut after_tick);
    }

    /// Plays the match on this map, as [`play`](Self::play) does on the first one.
    pub fn play_on(self, map: &str, game: impl Game, mut after_tick: impl FnMut(Tick, &Simulation)) {
        self.play_in(Simulation::new(game), Some(map), &mut after_tick);
    }

    fn play_in(self, mut simulation: Simulation, map: Option<&str>, after_tick: &mut dyn FnMut(Tick, &Simulation)) {
        let Self { seed, ticks_max, rate, .. } = self;
        let first_map = || simulation.maps().into_iter().next().unwrap_or_default();
        let map = map.map_or_else(first_map, str::to_owned);
        let seats = self.seats.min(SLOTS_MAX as u8);
        simulation.open(&MatchSetup { seed, map, seats, rate });
        let mut bots: Vec<SimRng> = (0..SLOTS_MAX as u64).map(|slot| SimRng::new(seed ^ (slot + 1))).collect();
        for tick in (0..ticks_max).map(Tick) {
            simulation.step(&bot_frame(&simulation, tick, seats, &mut bots));
            after_tick(tick, &simulation);
            if simulation.is_over() {
                break;
            }
        }
    }
}

fn bot_frame(simulation: &Simulation, tick: Tick, seats: u8, bots: &mut [SimRng]) -> Frame {
    let mut frame = Frame { tick, ..default() };
    frame.events = canned_roster_events(tick, seats, simulation.roster().seated, simulation.rate());
    let seated = frame.events.iter().fold(simulation.roster().seated, |seated, event| match event.change {
        RosterChange::Join => seated | event.slot.bit(),
        RosterChange::Leave => seated & !event.slot.bit(),
    });
    for slot in slots_in(seated) {
        frame.inputs[slot.index()] = simulation.bot_input(slot, &mut bots[slot.index()]);
    }
    frame
}

fn canned_roster_events(
    tick: Tick,
    seats: u8,
    seated: u16,
    rate: SimRate,
) -> arrayvec::ArrayVec<RosterEvent, { 2 * SLOTS_MAX }> {
    let (round, leaves, between) = (rate.ticks(5.0), rate.ticks(11.0 / 3.0), rate.ticks(2.0 / 3.0));
    let mut events = arrayvec::ArrayVec::new();
    for slot in Slot::all().take(usize::from(seats)) {
        let number = u32::from(u8::from(slot));
        let is_away = tick.0 % round >= leaves && (tick.0 / round) % u32::from(seats) == number;
        let has_come = number < u32::from(seats).div_ceil(2) || tick.0 >= number * between;
        let change = match (seated & slot.bit() != 0, has_come && !is_away) {
            (true, false) => RosterChange::Leave,
            (false, true) => RosterChange::Join,
            _ => continue,
        };
        events.push(RosterEvent { change, slot });
    }
    events.sort();
    events
}
