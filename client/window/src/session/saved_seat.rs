//! What leads back into a room after a crash or a restart: kept beside the settings while the player has a seat.

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;
use serde::{Deserialize, Serialize};

use super::{Session, Shutdown};
use crate::settings::Store;

const FILE: &str = "seat.toml";
/// The file is written anew so often, in seconds, so that it says when the player was last there.
const WRITE_INTERVAL: f32 = 10.0;
/// How many seconds a server may take to notice that a player is gone: only then its seat is kept for so long.
const NOTICE_SECONDS: u64 = 15;

/// A seat that can be had again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSeat {
    /// The server.
    pub server: String,
    /// The room.
    pub code: RoomCode,
    /// The player.
    pub name: String,
    /// The secret that the seat belongs to.
    pub resume: String,
    /// Until when the seat is worth a try, in seconds of the Unix time.
    pub until: u64,
}

/// The seat of an earlier run, until the player has taken or declined it.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct ResumePrompt(pub Option<SavedSeat>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ResumePrompt>();
    app.add_systems(Startup, find);
    app.add_systems(Last, keep.in_set(Shutdown));
}

fn find(store: Res<Store>, mut resume_prompt: ResMut<ResumePrompt>) {
    let saved_seat: Option<SavedSeat> = store.read_text(FILE).and_then(|text| toml::from_str(&text).ok());
    resume_prompt.0 = saved_seat.filter(|saved_seat| unix_seconds() < saved_seat.until);
}

/// Writes the saved seat while there is a seat, and removes it when there is none any more.
fn keep(
    time: Res<Time<Real>>,
    session: Res<Session>,
    resume_prompt: Res<ResumePrompt>,
    store: Res<Store>,
    exit: MessageReader<AppExit>,
    mut written: Local<Option<(String, f32)>>,
) {
    let now = time.elapsed_secs();
    // Whoever closes the window leaves the room; but from a lost session nobody can take leave, and its seat is kept.
    let has_left = !exit.is_empty() && session.seconds_to_reconnect(time.elapsed()).is_none();
    match session.saved_seat().filter(|_| !has_left) {
        Some((code, request, seat_kept)) => {
            let resume = request.resume.clone().unwrap_or_default();
            let is_fresh = |(key, at): &(String, f32)| *key == resume && now - at < WRITE_INTERVAL;
            if written.as_ref().is_some_and(is_fresh) {
                return;
            }
            let (server, name) = (session.server().to_owned(), request.name.clone());
            let until = unix_seconds() + seat_kept.as_secs() + WRITE_INTERVAL as u64 + NOTICE_SECONDS;
            let saved_seat = SavedSeat { server, code, name, resume: resume.clone(), until };
            let text = toml::to_string(&saved_seat).expect("a saved seat is a table of plain values");
            // Nothing is lost but the offer: the settings' trouble says what is wrong with the folder.
            drop(store.write_quickly(FILE, &text));
            *written = Some((resume, now));
        }
        None => {
            let is_declined = resume_prompt.is_changed() && resume_prompt.0.is_none();
            if written.take().is_some() || is_declined {
                store.remove(FILE);
            }
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}
