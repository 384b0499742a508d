//! Rules reload: new game files for matches that begin from now on.
//!
//! A running match keeps its rules, which are part of its state. Files are parsed twice: first by the thread that has
//! read them, in a separate simulation, so that bad files never reach the tick thread.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    sim::{GameFile, GameFileError},
};

use super::status;
use crate::{replay::MakeSimulation, room::host};

/// Checks whether the game would accept some files. Callable on any thread.
pub type CheckRules = Arc<dyn Fn(&[GameFile]) -> Result<(), GameFileError> + Send + Sync>;

/// Receiving end of the queue of reloaded game files.
#[derive(Resource)]
pub struct RulesQueue(Mutex<Receiver<Vec<GameFile>>>);

impl RulesQueue {
    /// A queue with room for one set of files. Sending another set waits until the tick thread has taken the first.
    pub fn new() -> (SyncSender<Vec<GameFile>>, Self) {
        let (sender, receiver) = sync_channel(1);
        (sender, Self(Mutex::new(receiver)))
    }
}

/// The check for the game of this world.
pub(crate) fn check_of(world: &World) -> CheckRules {
    let make = Arc::clone(&world.resource::<MakeSimulation>().0);
    Arc::new(move |files| make().load_rules(files))
}

/// Loads waiting files, between two ticks.
pub(crate) fn reload_waiting(world: &mut World) {
    let Some(queue) = world.get_resource::<RulesQueue>() else { return };
    let Ok(files) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
    match reload(world, &files) {
        Ok(()) => {
            tracing::info!(files = files.len(), "rules reloaded: they apply to matches that begin from now on")
        }
        // The files were checked, so this is a bug of the game. The old rules stay in use.
        Err(error) => tracing::error!("rules were not reloaded: {error}"),
    }
}

/// Replaces the rules and maps for matches that begin from now on.
///
/// # Errors
/// When a file is refused. Nothing changes then.
pub(crate) fn reload(world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
    let game = world.resource::<GameHandle>().clone();
    game.load_rules(world, files)?;
    status::note_maps(world);
    host::forget_missing_maps(world);
    Ok(())
}
