//! The database of a crash test, compared with the file of results: it has each of them once.

use std::{collections::BTreeMap, path::Path, time::Duration};

use framehouse_server::{
    key,
    results::MatchResult,
    store::{self, Store, StoreOptions, StoreThread},
};
use framehouse_shared::ids::AccountId;
use tokio::runtime;

/// The most time to store what the killed servers had no time for.
const STORE_TIME_MAX: Duration = Duration::from_secs(60);

/// Stores what is left of the results in this file, and compares.
///
/// # Errors
/// A sentence, if a match is missing, or counts more than once for one of its players.
pub fn check(data_dir: &Path, file: &str) -> Result<(), String> {
    let results: Vec<MatchResult> = file.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !start(data_dir)?.1.close(STORE_TIME_MAX) {
        return Err("the results were not stored in the database within a minute".to_owned());
    }
    let (store, _thread) = start(data_dir)?;
    let runtime = runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(compare(&store, &results))
}

async fn compare(store: &Store, results: &[MatchResult]) -> Result<(), String> {
    let mut matches: BTreeMap<AccountId, u64> = BTreeMap::new();
    for result in results {
        let stored = store.match_info(result.match_id).await;
        let stored = stored.map_err(|error| format!("match {} is not in the database ({error:?})", result.match_id))?;
        if stored.players.len() != result.players.len() {
            return Err(format!("match {} has {} players in the database", result.match_id, stored.players.len()));
        }
        for account in result.players.iter().filter_map(|player| player.account) {
            *matches.entry(account).or_default() += 1;
        }
    }
    for (account, expected) in matches {
        let stored = store.player(account).await.map_err(|error| format!("player {account} is missing ({error:?})"))?;
        if stored.matches != expected {
            return Err(format!("player {account} has {} matches in the database, not {expected}", stored.matches));
        }
    }
    Ok(())
}

fn start(data_dir: &Path) -> Result<(Store, StoreThread), String> {
    let key = key::open(data_dir).map_err(|error| error.to_string())?.public();
    let clock = || Duration::ZERO;
    store::start(StoreOptions::in_folder(data_dir.to_owned(), key, clock)).map_err(|error| error.to_string())
}
