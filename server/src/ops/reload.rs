//! Rules reload: an operator's new game files, for the matches that begin from now on.
//!
//! A running match keeps the rules that it began with: they are part of its state. Files are parsed twice, first on the
//! thread that has read them, in a simulation of its own, so that the tick thread never sees files that are refused.

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

/// Says whether a server of this game would take these files; may be called on any thread.
pub type CheckRules = Arc<dyn Fn(&[GameFile]) -> Result<(), GameFileError> + Send + Sync>;

/// The tick thread's end of the queue of game files that are to be taken.
#[derive(Resource)]
pub struct RulesQueue(Mutex<Receiver<Vec<GameFile>>>);

impl RulesQueue {
    /// A queue for one set of files: the sender of the next one waits until the tick thread has taken it.
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

/// Takes the files that wait, between two ticks.
pub(crate) fn reload_waiting(world: &mut World) {
    let Some(queue) = world.get_resource::<RulesQueue>() else { return };
    let Ok(files) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
    match reload(world, &files) {
        Ok(()) => {
            tracing::info!(files = files.len(), "rules reloaded: matches that begin from now on are played by them")
        }
        // They were checked, so this is a bug of the game; the old rules are still in use.
        Err(error) => tracing::error!("rules were not reloaded: {error}"),
    }
}

/// Replaces the rules and maps for matches that begin from now on.
///
/// # Errors
/// When a file is refused; nothing has changed then.
pub(crate) fn reload(world: &mut World, files: &[GameFile]) -> Result<(), GameFileError> {
    let game = world.resource::<GameHandle>().clone();
    game.load_rules(world, files)?;
    status::note_maps(world);
    host::forget_missing_maps(world);
    Ok(())
}
