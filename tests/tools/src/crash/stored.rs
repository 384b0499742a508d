//! The database of a test, compared with the files of results: it has each of them once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use framehouse_server::{
    key,
    results::{FILE_NAME, MatchResult},
    store::{self, Store, StoreOptions, StoreThread},
};
use framehouse_shared::ids::{AccountId, MatchId};
use tokio::runtime;

use super::{
    archivers::Archivers,
    compare::{Found, compare},
};

/// The most time to store what the servers had no time for.
const STORE_TIME_MAX: Duration = Duration::from_secs(60);

/// Checks the results of servers that have stopped or were killed: every one that a client was told is saved is in the
/// files once, and every one of the files is in the database once, also by the judgement of `store check` of this program.
/// Stores the rest first, through the stream of Redis if there are archivers, which then has to become empty. `folder` is
/// the folder that a [`ServerProcess`](crate::load::process::ServerProcess) had, `url` that of its Postgres database.
///
/// # Errors
/// A sentence, if something is missing or there twice, or stays in the stream.
pub(crate) fn check_stored(
    program: &Path,
    folder: &Path,
    url: Option<&str>,
    archivers: Option<&mut Archivers>,
    told: &BTreeSet<MatchId>,
) -> Result<Found, String> {
    let data_dir = folder.join("data");
    let text = read(&data_dir).map_err(|error| format!("cannot read the results in {}: {error}", folder.display()))?;
    let found = compare(&text, told)?;
    let results: Vec<MatchResult> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    // As the server: a store without the stream would bring the results into the database itself.
    let stream = archivers.as_ref().map(|archivers| archivers.redis_url());
    let start = || start(&data_dir, url, stream.clone());
    if !start()?.1.close(STORE_TIME_MAX) {
        return Err("the results were not stored within a minute".to_owned());
    }
    archivers.map_or(Ok(()), Archivers::wait_until_stored)?;
    let (store, _thread) = start()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(look_for(&store, &results))?;
    run_check(program, folder, &data_dir)?;
    Ok(found)
}

/// The whole lines of all results files. The last line may be torn until the next start.
fn read(data_dir: &Path) -> io::Result<String> {
    let put_away =
        (1..).map(|number| data_dir.join(format!("results-{number}.jsonl"))).take_while(|path| path.exists());
    // Without it the server never saved a result.
    let newest = Some(data_dir.join(FILE_NAME)).filter(|path| path.exists());
    let files: Vec<PathBuf> = put_away.chain(newest).collect();
    let mut text = files.iter().map(fs::read_to_string).collect::<io::Result<String>>()?;
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    Ok(text)
}

async fn look_for(store: &Store, results: &[MatchResult]) -> Result<(), String> {
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

fn start(data_dir: &Path, url: Option<&str>, stream: Option<String>) -> Result<(Store, StoreThread), String> {
    let key = key::open(data_dir).map_err(|error| error.to_string())?.public();
    let clock = || Duration::ZERO;
    let options = StoreOptions::in_folder(data_dir.to_owned(), key, clock);
    store::start(StoreOptions { url: url.map(str::to_owned), stream, ..options }).map_err(|error| error.to_string())
}

/// Runs `store check` as an operator would, with the settings of the servers. A missing match is a difference for it only
/// before the position that the database has of the files, and with archivers it has none; so nothing may wait.
fn run_check(program: &Path, folder: &Path, data_dir: &Path) -> Result<(), String> {
    let mut command = Command::new(program);
    command.arg("--config").arg(folder.join("server.toml")).arg("--data-dir").arg(data_dir).args(["store", "check"]);
    match command.output() {
        Ok(Output { status, stdout, .. }) if status.success() => {
            let told = String::from_utf8_lossy(&stdout);
            if told.contains("of which 0 wait to be stored") { Ok(()) } else { Err(format!("store check: {told}")) }
        }
        Ok(Output { stderr, .. }) => Err(format!("store check: {}", String::from_utf8_lossy(&stderr).trim())),
        Err(error) => Err(format!("cannot run store check: {error}")),
    }
}
