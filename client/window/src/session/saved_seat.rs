//! The saved seat: a file beside the settings that leads back into a room after a crash or a restart.
//!
//! The window whose seat it is holds a lock as long as it runs, so that a second window neither offers that seat nor
//! overwrites it. The seat of a second window is not saved.

use std::{
    fs::File,
    time::{SystemTime, UNIX_EPOCH},
};

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;
use serde::{Deserialize, Serialize};

use super::{Session, Shutdown};
use crate::settings::Store;

const FILE: &str = "seat.toml";
const LOCK: &str = "seat.lock";
/// Interval at which the file is rewritten, in seconds, so that it says when the player was last in the room.
const WRITE_INTERVAL: f32 = 10.0;
/// The longest time in which a server notices that a player is gone, in seconds: the seat's grace period starts then.
const NOTICE_SECONDS: u64 = 15;

/// A seat that can be resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSeat {
    /// The server's address.
    pub server: String,
    /// The room's code.
    pub code: RoomCode,
    /// The player's name.
    pub name: String,
    /// The secret that resumes the seat.
    pub resume: String,
    /// Until when resuming may succeed, in seconds of Unix time.
    pub until: u64,
}

/// The saved seat of an earlier run, until the player has accepted or declined it.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct ResumePrompt(pub Option<SavedSeat>);

/// The lock on the saved seat, while it is this window's.
#[derive(Resource, Default)]
struct SeatLock(Option<File>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ResumePrompt>().init_resource::<SeatLock>();
    app.add_systems(Startup, find);
    app.add_systems(Last, keep.in_set(Shutdown));
}

fn find(store: Res<Store>, mut resume_prompt: ResMut<ResumePrompt>, mut lock: ResMut<SeatLock>) {
    lock.0 = store.lock(LOCK);
    if lock.0.is_some() {
        let saved_seat: Option<SavedSeat> = store.read_text(FILE).and_then(|text| toml::from_str(&text).ok());
        resume_prompt.0 = saved_seat.filter(|saved_seat| unix_seconds() < saved_seat.until);
    }
}

/// Writes the saved seat while there is a seat, and removes it afterwards.
fn keep(
    time: Res<Time<Real>>,
    session: Res<Session>,
    resume_prompt: Res<ResumePrompt>,
    store: Res<Store>,
    exit: MessageReader<AppExit>,
    mut lock: ResMut<SeatLock>,
    mut written: Local<Option<(String, f32)>>,
) {
    let now = time.elapsed_secs();
    // A player who closes the window leaves the room. A lost session cannot leave, so its seat is kept.
    let has_left = !exit.is_empty() && session.seconds_to_reconnect(time.elapsed()).is_none();
    match session.saved_seat().filter(|_| !has_left) {
        Some((code, request, seat_kept)) => {
            let resume = request.resume.clone().unwrap_or_default();
            let is_fresh = |(key, at): &(String, f32)| *key == resume && now - at < WRITE_INTERVAL;
            if written.as_ref().is_some_and(is_fresh) {
                return;
            }
            *written = Some((resume.clone(), now));
            if lock.0.is_none() {
                lock.0 = store.lock(LOCK);
            }
            if lock.0.is_none() {
                return;
            }
            let (server, name) = (session.server().to_owned(), request.name.clone());
            let until = unix_seconds() + seat_kept.as_secs() + WRITE_INTERVAL as u64 + NOTICE_SECONDS;
            let saved_seat = SavedSeat { server, code, name, resume, until };
            let text = toml::to_string(&saved_seat).expect("a saved seat is a table of plain values");
            // A failure only loses the resume prompt: the settings report errors of the folder.
            drop(store.write_quickly(FILE, &text));
        }
        None => {
            let is_declined = resume_prompt.is_changed() && resume_prompt.0.is_none();
            if (written.take().is_some() || is_declined) && lock.0.take().is_some() {
                store.remove(FILE);
            }
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}
