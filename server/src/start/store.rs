//! The subcommands `store backup`, `store restore`, `store check` and `store forget`.

use super::{data_dir::DataDir, print::print, wall_clock};
use crate::{
    config::{Settings, StoreAction},
    ops::admin,
    store::tools::Place,
};

/// Runs a subcommand, and prints what it did.
///
/// # Errors
/// With a sentence, when it cannot be done, or something differs.
pub(super) fn run(action: &StoreAction, settings: &Settings) -> Result<(), String> {
    let data_dir = &settings.server.data_dir;
    let url = settings.store.database.as_ref().map(|url| url.reveal().to_owned());
    let place = Place { data_dir: data_dir.clone(), url, boards_unproven: settings.store.boards_unproven };
    match action {
        StoreAction::Backup { file } => print(place.backup(file, wall_clock())?),
        StoreAction::Restore { file, until } => {
            // Made here, so only if the file is one.
            if !file.is_file() {
                return Err(format!("there is no backup {}", file.display()));
            }
            let _locked = DataDir::lock(data_dir)?;
            print(place.restore(file, until.map(|until| until.unix_s))?)
        }
        StoreAction::Check => {
            let checked = place.check()?;
            print(&checked)?;
            checked.first.map_or(Ok(()), |first| Err(format!("the first difference: {first}")))
        }
        StoreAction::Forget { player } => {
            if !data_dir.is_dir() {
                return Err(format!("there is no data folder {}", data_dir.display()));
            }
            let _locked = DataDir::lock(data_dir)?;
            // Of somebody who was only reported, the store knows nothing.
            if let Some(told) = admin::forget(data_dir, *player)? {
                print(told)?;
            }
            print(place.forget(*player)?)
        }
    }
}
