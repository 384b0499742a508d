//! The arena with further systems, for servers that are measured.

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    game::Game,
    ids::Slot,
    input::Input,
    rng::SimRng,
    sim::{GameFile, GameFileError, MatchSetup},
};

/// The arena, with the systems that this function adds. It has what a server asks of a game, which needs a bot for its
/// fingerprint.
#[derive(Clone, Copy)]
pub struct ExtendedArena(pub fn(&mut App));

impl Game for ExtendedArena {
    fn id(&self) -> &'static str {
        ArenaPlugin.id()
    }

    fn rules_version(&self) -> u32 {
        ArenaPlugin.rules_version()
    }

    fn players_max(&self) -> u8 {
        ArenaPlugin.players_max()
    }

    fn protocol_parts(&self) -> &'static [(&'static str, &'static str)] {
        ArenaPlugin.protocol_parts()
    }

    fn build(&self, app: &mut App) {
        ArenaPlugin.build(app);
        self.0(app);
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        ArenaPlugin.open_match(room, setup);
    }

    fn maps(&self, world: &World) -> Vec<String> {
        ArenaPlugin.maps(world)
    }

    fn load_rules(&self, world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
        ArenaPlugin.load_rules(world, files)
    }

    fn missing_input(&self, last: Input) -> Input {
        ArenaPlugin.missing_input(last)
    }

    fn points_per_second_max(&self, room: EntityRef) -> Option<i64> {
        ArenaPlugin.points_per_second_max(room)
    }

    fn bot_input(&self, room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        ArenaPlugin.bot_input(room, slot, last, rng)
    }
}
