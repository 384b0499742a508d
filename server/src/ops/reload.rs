//! Reload: new settings, and new rules and maps for matches that begin from now on.
//!
//! A running match keeps its rules, which are part of its state. Everything is read and checked by other threads; files of
//! the game are parsed twice, first in a separate simulation, so that bad ones never reach the tick thread. What is good
//! takes effect between two ticks, all at once.

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
use crate::{
    config::{CleanupSettings, NetSettings, RoomSettings},
    net::budget::Rates,
    replay::MakeSimulation,
    room::{
        caller_days::{CallerDays, CallerLimits},
        host,
    },
    schedule::TickRate,
};

/// Checks whether the game would accept some files. Callable on any thread.
pub type CheckRules = Arc<dyn Fn(&[GameFile]) -> Result<(), GameFileError> + Send + Sync>;

/// What a reload changes on the tick thread.
#[derive(Clone, Debug)]
pub struct Change {
    /// The game's files, if they are others.
    pub files: Option<Vec<GameFile>>,
    /// Settings of rooms.
    pub rooms: RoomSettings,
    /// Settings of the cleanup.
    pub cleanup: CleanupSettings,
    /// Settings of connections. Those that have connected keep their budgets and timeouts.
    pub net: NetSettings,
    /// Numbers above which the log names a caller.
    pub callers: CallerLimits,
}

/// Receiving end of the queue of changes.
#[derive(Resource)]
pub struct ChangeQueue(Mutex<Receiver<Change>>);

impl ChangeQueue {
    /// A queue with room for one change. Another one has to wait until the tick thread has taken the first.
    pub fn new() -> (SyncSender<Change>, Self) {
        let (sender, receiver) = sync_channel(1);
        (sender, Self(Mutex::new(receiver)))
    }
}

/// The check for the game of this world.
pub(crate) fn check_of(world: &World) -> CheckRules {
    let make = Arc::clone(&world.resource::<MakeSimulation>().0);
    Arc::new(move |files| make().load_rules(files))
}

/// Makes a waiting change, between two ticks.
pub(crate) fn reload_waiting(world: &mut World) {
    let Some(queue) = world.get_resource::<ChangeQueue>() else { return };
    let Ok(change) = queue.0.lock().expect("nothing panics while holding this lock").try_recv() else { return };
    let Change { files, rooms, cleanup, net, callers } = change;
    let rates = Rates::new(world.resource::<TickRate>().0, &net);
    world.insert_resource(rooms);
    world.insert_resource(cleanup);
    world.insert_resource(net);
    world.insert_resource(rates);
    world.resource_mut::<CallerDays>().set_limits(callers);
    // The files were checked, so this is a bug of the game. The old rules stay in use.
    if let Some(Err(error)) = files.map(|files| reload(world, &files)) {
        tracing::error!("rules were not reloaded: {error}");
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
