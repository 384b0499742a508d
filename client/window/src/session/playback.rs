//! A replay in place of a session: read on a background thread, then shown by the same view.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use framehouse_client::{playback::Playback, replays::fetch_replay};
use framehouse_shared::{ids::MatchId, replay::FILE_BYTES_MAX};

use super::{BackgroundTask, Problem, Session, Stage};
use crate::{game::Game, settings::Settings};

impl Session {
    /// Shows the replay in this file, and leaves the present session.
    pub(crate) fn show_replay(&mut self, file: PathBuf, settings: &Settings, now: Duration) {
        self.leave(now);
        let (game, settings) = (self.game.clone(), settings.clone());
        self.stage = Stage::Opening(BackgroundTask::begin(move || open(&game, &file, &settings)));
    }

    /// Fetches the replay of a match from the server of the settings and shows it; leaves the present session.
    pub(crate) fn show_match(&mut self, match_id: MatchId, settings: &Settings, now: Duration) {
        self.leave(now);
        let (game, settings) = (self.game.clone(), settings.clone());
        self.stage = Stage::Opening(BackgroundTask::begin(move || {
            let fetched = fetch_replay(&settings.server, match_id);
            let bytes = fetched.map_err(|error| Problem::of_missing_replay(&error, &settings))?;
            play(&game, &bytes, &settings)
        }));
    }

    pub(super) fn take_playback(&mut self) {
        let Stage::Opening(opening) = &mut self.stage else { return };
        match opening.take() {
            None => {}
            Some(Ok(playback)) => self.stage = Stage::Showing(playback),
            Some(Err(problem)) => self.stage = Stage::Over(problem, None),
        }
    }
}

fn open(game: &Game, file: &Path, settings: &Settings) -> Result<Box<Playback>, Problem> {
    let mut bytes = Vec::new();
    // One byte more than the largest replay is enough to detect a file that is too large.
    File::open(file)
        .and_then(|opened| opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| Problem::of_file(file, &error, settings))?;
    play(game, &bytes, settings)
}

fn play(game: &Game, bytes: &[u8], settings: &Settings) -> Result<Box<Playback>, Problem> {
    let make = game.config().game.as_ref().expect("the window's client has a game");
    Playback::open(make(), bytes).map(Box::new).map_err(|error| Problem::of_playback(&error, settings))
}
