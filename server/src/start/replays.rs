//! The subcommands `replay verify FILE...` and `replay info FILE`.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use framehouse_shared::{
    game::Game,
    ids::MatchId,
    replay::{PublicKey, Replay},
    text::Printable,
};

use super::print::print;
use crate::{
    key,
    replay::{folder, info, verify::verify},
    results::{MatchResult, compare, find},
};

/// What replays are compared with, besides the rules of the game.
pub(super) struct Known {
    /// Key of the server; the reason if it is not known.
    key: Result<PublicKey, String>,
    /// The data folder.
    data_dir: PathBuf,
}

impl Known {
    /// What a data folder knows. `key` is the server's key, if the caller knows it.
    pub fn of(data_dir: &Path, key: Option<PublicKey>) -> Self {
        let in_folder = || match key::public(data_dir) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(format!("there is no {} in {}", key::FILE_NAME, data_dir.display())),
            Err(error) => Err(error.to_string()),
        };
        Self { key: key.map_or_else(in_folder, Ok), data_dir: data_dir.to_owned() }
    }
}

/// Whether something holds for a replay, and why.
enum Claim {
    Holds(String),
    NotChecked(String),
    Fails(String),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(why) => write!(f, "yes, {why}"),
            Self::NotChecked(why) => write!(f, "not checked, {why}"),
            Self::Fails(why) => write!(f, "no: {why}"),
        }
    }
}

/// Runs replays again and prints for each what holds: that it was played by its rules, by this server, and that it has
/// the result that the server has stored.
///
/// # Errors
/// With one sentence for each thing that does not hold.
pub(super) fn verify_files(game: impl Game + Clone, files: &[PathBuf], known: &Known) -> Result<(), String> {
    // A panic in the simulation is reported as a sentence, so the default message is suppressed.
    std::panic::set_hook(Box::new(|_| {}));
    let read: Vec<Result<Vec<u8>, String>> = files.iter().map(|file| read(file)).collect();
    let ids = read.iter().flatten().filter_map(|bytes| Some(Replay::read(bytes).ok()?.header().match_id));
    let results = find::results(&known.data_dir, &ids.collect());
    let mut bad = Vec::new();
    for (file, bytes) in files.iter().zip(read) {
        match bytes.and_then(|bytes| verify_one(game.clone(), file, &bytes, known, &results)) {
            Ok((report, broken)) => {
                print(report)?;
                bad.extend(broken);
            }
            Err(sentence) => bad.push(sentence),
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
}

type Results = std::io::Result<HashMap<MatchId, MatchResult>>;

/// Returns the report, and a sentence for each thing that does not hold.
fn verify_one(
    game: impl Game,
    file: &Path,
    bytes: &[u8],
    known: &Known,
    results: &Results,
) -> Result<(String, Vec<String>), String> {
    let shown = file.display();
    let replay = Replay::read(bytes).map_err(|error| format!("{shown}: {error}"))?;
    let rules = format!("rules {:016x}", replay.header().rules_hash);
    let played = verify(game, bytes).map_or_else(|error| Claim::Fails(error.to_string()), |_| Claim::Holds(rules));
    let claims = [
        ("played by these rules", played),
        ("by this server", by_this_server(&replay, known)),
        ("this result", this_result(&replay, results, &known.data_dir)),
    ];
    let is_good = !claims.iter().any(|(_, claim)| matches!(claim, Claim::Fails(_)));
    let (verdict, trailer) = (if is_good { "good" } else { "not good" }, &replay.trailer);
    let mut report =
        format!("{}: {verdict}, {} ticks, {}\n", Printable(&shown.to_string()), trailer.ticks, trailer.ending);
    let mut broken = Vec::new();
    for (what, claim) in claims {
        report += &format!("  {what}: {claim}\n");
        if let Claim::Fails(why) = claim {
            broken.push(format!("{shown}: {why}"));
        }
    }
    Ok((report, broken))
}

fn by_this_server(replay: &Replay, known: &Known) -> Claim {
    match (&replay.signature, &known.key) {
        (Some(signature), _) if !signature.is_right() => Claim::Fails("its signature is wrong".to_owned()),
        (None, Ok(_)) => Claim::Fails("nobody has signed it".to_owned()),
        (None, Err(_)) => Claim::NotChecked("nobody has signed it".to_owned()),
        (Some(signature), Ok(key)) if signature.key == *key => Claim::Holds(format!("key {key}")),
        (Some(signature), Ok(_)) => Claim::Fails(format!("the server with the key {} has signed it", signature.key)),
        (Some(signature), Err(why)) => {
            Claim::NotChecked(format!("the server with the key {} has signed it, and {why}", signature.key))
        }
    }
}

fn this_result(replay: &Replay, results: &Results, data_dir: &Path) -> Claim {
    let results = match results {
        Ok(results) => results,
        Err(error) => {
            return Claim::NotChecked(format!("the results in {} cannot be read: {error}", data_dir.display()));
        }
    };
    match results.get(&replay.header().match_id) {
        None => Claim::NotChecked(format!("there is no result of this match in {}", data_dir.display())),
        Some(_) if !replay.trailer.ending.has_result() => {
            Claim::NotChecked("the replay ends before the match does".to_owned())
        }
        Some(result) => match compare::difference(result, replay) {
            None => Claim::Holds("as it is stored".to_owned()),
            Some(what) => Claim::Fails(format!("the stored result of this match has {what}")),
        },
    }
}

/// Prints a summary of a replay.
///
/// # Errors
/// With a sentence, if the file cannot be read or is not a complete replay.
pub(super) fn show_info(file: &Path) -> Result<(), String> {
    print(info::summary(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    folder::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}
