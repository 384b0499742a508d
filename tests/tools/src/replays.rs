//! Replays for tests: temporary folders, matches of any length, and alterations with correct checksums.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use bevy::prelude::*;
use framehouse_arena::ArenaPlugin;
use framehouse_shared::{
    game::Game,
    ids::{SLOTS_MAX, Slot},
    input::Input,
    protocol::datagram::encode_frame,
    replay::{Compressor, Header, RawBlock, Recorded, Recorder, Replay, ReplayEncoder, Trailer, is_hash_tick},
    rng::SimRng,
    sim::{GameFile, MatchSetup},
};

const RULES: &str = include_str!("../../../shared/arena/assets/rules.ron");

/// A folder that is removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder; no other test of this process may use the same name.
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("framehouse-replays-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("there is room for temporary files");
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The files in it, by name.
    pub fn files(&self) -> Vec<PathBuf> {
        files_in(&self.0)
    }
}

/// The files in a folder, by name, without the server's list of owners.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("a readable folder").path());
    let mut files: Vec<PathBuf> = files.filter(|file| !file.ends_with("owners.txt")).collect();
    files.sort();
    files
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The arena with another length of a match.
#[derive(Clone, Copy)]
pub struct ArenaFor {
    /// The length, 10 to 3600 s.
    pub match_s: u32,
}

impl Game for ArenaFor {
    fn id(&self) -> &'static str {
        ArenaPlugin.id()
    }

    fn rules_version(&self) -> u32 {
        ArenaPlugin.rules_version()
    }

    fn protocol_parts(&self) -> &'static [(&'static str, &'static str)] {
        ArenaPlugin.protocol_parts()
    }

    fn build(&self, app: &mut App) {
        ArenaPlugin.build(app);
        let text = RULES.replace("match_s: 120.0,", &format!("match_s: {}.0,", self.match_s));
        let file = GameFile { path: "rules.ron".to_owned(), text };
        ArenaPlugin.load_rules(app.world_mut(), &[file]).expect("the length is in its range");
    }

    fn open_match(&self, room: &mut EntityWorldMut, setup: &MatchSetup) {
        ArenaPlugin.open_match(room, setup);
    }

    fn maps(&self, world: &World) -> Vec<String> {
        ArenaPlugin.maps(world)
    }

    fn bot_input(&self, room: EntityRef, slot: Slot, last: Input, rng: &mut SimRng) -> Input {
        ArenaPlugin.bot_input(room, slot, last, rng)
    }
}

/// The parts of a replay, so that a test can change them and still get correct checksums.
pub struct Parts {
    /// The description of the match.
    pub header: Header,
    /// The state before tick 0, serialised.
    pub opening: Vec<u8>,
    /// All ticks.
    pub ticks: Vec<Recorded>,
    /// How the match ended.
    pub trailer: Trailer,
}

impl Parts {
    /// Splits a replay into its parts.
    ///
    /// # Panics
    /// If the bytes are not a replay.
    pub fn of(bytes: &[u8]) -> Self {
        let replay = Replay::read(bytes).expect("a whole replay");
        Self {
            header: replay.header().clone(),
            opening: replay.beginning.opening().expect("a whole replay"),
            ticks: replay.beginning.iter_ticks().map(|tick| tick.expect("a whole replay")).collect(),
            trailer: replay.trailer,
        }
    }

    /// Encodes the parts, with correct checksums.
    pub fn build(&self) -> Vec<u8> {
        let mut compressor = Compressor::new();
        let (mut encoder, mut bytes) = ReplayEncoder::begin(&mut compressor, &self.header, &self.opening);
        for block in self.blocks() {
            bytes.extend(encoder.block(&mut compressor, &block));
        }
        bytes.extend(encoder.end(&self.trailer));
        bytes
    }

    /// The ticks as a server passes them to its replay thread.
    pub fn blocks(&self) -> Vec<RawBlock> {
        let (mut recorder, mut previous) = (Recorder::default(), [Input::NEUTRAL; SLOTS_MAX]);
        let push = |Recorded { frame, joined, hashes }: &Recorded| {
            let hashes = hashes.clone().unwrap_or_default();
            let encoded_frame = encode_frame(frame, &previous, is_hash_tick(frame.tick).then(|| hashes.combined()));
            previous = frame.inputs;
            let name = |slot| joined.iter().find(|(at, _)| *at == slot).map_or("", |(_, name)| name.as_str());
            recorder.push(frame, &encoded_frame, name, Some(&hashes))
        };
        let full: Vec<RawBlock> = self.ticks.iter().filter_map(push).collect();
        full.into_iter().chain(recorder.take_block()).collect()
    }
}
