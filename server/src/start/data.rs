//! What a running server has in its data folder: keys, results, replays, and the store behind them.

use std::{path::PathBuf, time::Duration};

use framehouse_shared::{
    game::Game,
    replay::{PublicKey, ServerKey},
};

use super::{data_dir::DataDir, wall_clock};
use crate::{
    config::Settings,
    fleet::FleetKey,
    key,
    ops::alerts::reading::ErrorStreaks,
    replay::{folder::FOLDER_NAME, writer::ReplayWriter},
    results::ResultStore,
    room::message_log::{self, ArchivedMessages, MessageQueue},
    server::Server,
    store::{self, Prover, Store, StoreOptions, StoreThread},
};

/// Longest time to write the last replays when the server stops.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(10);
/// Time for an attempt to store results to fail, after the last one was made.
const STORE_TIME_MORE: Duration = Duration::from_secs(1);

/// The open data folder.
pub(super) struct Data {
    /// The folder, which no other server can use now.
    pub folder: DataDir,
    /// Folder of the replays.
    pub replay_folder: PathBuf,
    /// Public half of the key that signs replays.
    pub public_key: PublicKey,
    /// Key that makes the ids of players.
    pub players_key: ServerKey,
    /// Answers questions about players, matches and leaderboards.
    pub store: Store,
    results: ResultStore,
    messages: Option<MessageQueue>,
    writers: Writers,
}

impl Data {
    /// Locks the folder, opens everything and starts the threads that write. A node of a fleet has the key of that.
    ///
    /// # Errors
    /// With a sentence, when something cannot be used.
    pub fn open(game: &(impl Game + Clone), settings: &Settings, fleet: Option<&FleetKey>) -> Result<Self, String> {
        let path = &settings.server.data_dir;
        let folder = DataDir::lock(path)?;
        let own_key = key::open(path).map_err(|error| error.to_string())?;
        // All nodes of a fleet sign with its key, and make the same ids.
        let (key, players_key) = match fleet {
            Some(fleet) => (fleet.of_server().clone(), fleet.of_server().clone()),
            None => (own_key.clone(), key::open_players(path, &own_key).map_err(|error| error.to_string())?),
        };
        let public_key = key.public();
        let results = ResultStore::open(path).map_err(|error| error.to_string())?;
        let replay_folder = path.join(FOLDER_NAME);
        let (messages, archived) = settings.store.messages.then(message_log::queue).unzip();
        let has_replays = settings.replays.enabled;
        let prover = has_replays.then(|| Prover::new(game.clone(), replay_folder.clone(), public_key));
        let options = store_options(settings, own_key.public(), prover, archived);
        let (store, store_thread) = store::start(options).map_err(|error| error.to_string())?;
        let start_replays = || ReplayWriter::start(replay_folder.clone(), &settings.replays, key);
        let replays = has_replays.then(start_replays).transpose()?;
        let store_time = settings.store.stop_limit() + STORE_TIME_MORE;
        let writers = Writers { replays, store: store_thread, store_time };
        Ok(Self { folder, replay_folder, public_key, players_key, store, results, messages, writers })
    }

    /// Lets the alerts see where errors are counted.
    pub fn show_errors(&self, errors: &mut ErrorStreaks) {
        errors.results = self.results.error_streak();
        errors.store = self.store.error_streak();
        self.writers.replays.iter().for_each(|writer| errors.replays = writer.queue().error_streak());
    }

    /// Lets the server write results, messages and replays. Returns the folder and what has to be closed after the server.
    pub fn give_to(self, server: &mut Server) -> (DataDir, Writers) {
        server.set_key(self.players_key);
        server.keep_results(self.results);
        self.messages.into_iter().for_each(|queue| server.archive_messages(queue));
        self.writers.replays.iter().for_each(|writer| server.record_replays(writer.queue()));
        (self.folder, self.writers)
    }
}

fn store_options(
    settings: &Settings,
    own_key: PublicKey,
    prover: Option<Prover>,
    messages: Option<ArchivedMessages>,
) -> StoreOptions {
    let database = settings.store.database.as_ref();
    StoreOptions {
        data_dir: settings.server.data_dir.clone(),
        url: database.map(|url| url.reveal().to_owned()),
        // Archivers store nothing in the SQLite of this server.
        stream: settings.fleet.redis.as_ref().filter(|_| database.is_some()).map(|url| url.reveal().to_owned()),
        // Names its results files, so no two servers have the same.
        key: own_key,
        clock: wall_clock,
        prover,
        boards_unproven: settings.store.boards_unproven,
        messages,
        message_days: settings.store.message_days,
        stop_limit: settings.store.stop_limit(),
    }
}

/// The threads that write replays and store results.
pub(super) struct Writers {
    replays: Option<ReplayWriter>,
    store: StoreThread,
    /// Longest time to store the last results when the server stops.
    store_time: Duration,
}

impl Writers {
    /// Waits for a while until all is written. The server must be gone: only then does the thread of the replays stop.
    pub fn close(self) {
        if self.replays.is_some_and(|writer| !writer.close(REPLAY_TIME_MAX)) {
            tracing::warn!(
                "the last replays or reports could not be written in time: the next start completes the replays"
            );
        }
        if !self.store.close(self.store_time) {
            tracing::warn!("the last results are not in the database yet: the next start stores them");
        }
    }
}
