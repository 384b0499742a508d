//! What leads back into a room after a crash or a restart: kept beside the settings while the player has a seat.

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::*;
use framehouse_shared::ids::RoomCode;
use serde::{Deserialize, Serialize};

use super::{Farewell, Session};
use crate::window::settings::Store;

const FILE: &str = "seat.toml";
/// The file is written anew so often, in seconds, so that its age says how long ago the player was there.
const WRITE_INTERVAL: f32 = 10.0;
/// A seat that was left so many seconds ago is not offered: servers keep seats for half a minute, or some more.
const AGE_MAX: u64 = 300;

/// A seat that can be had again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The server.
    pub server: String,
    /// The room.
    pub code: RoomCode,
    /// The player.
    pub name: String,
    /// The secret that the seat belongs to.
    pub resume: String,
    /// When the player was last there, in seconds of the Unix time.
    pub at: u64,
}

/// The seat of an earlier run, until the player has taken or declined it.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Offer(pub Option<Ticket>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Offer>();
    app.add_systems(Startup, find);
    app.add_systems(Last, keep.in_set(Farewell));
}

fn find(store: Res<Store>, mut offer: ResMut<Offer>) {
    let ticket: Option<Ticket> = store.read_text(FILE).and_then(|text| toml::from_str(&text).ok());
    let age = |ticket: &Ticket| unix_seconds().saturating_sub(ticket.at);
    offer.0 = ticket.filter(|ticket| age(ticket) < AGE_MAX);
}

/// Writes the ticket while there is a seat, and removes it when there is none any more.
fn keep(
    time: Res<Time<Real>>,
    session: Res<Session>,
    offer: Res<Offer>,
    store: Res<Store>,
    exit: MessageReader<AppExit>,
    mut written: Local<Option<(String, f32)>>,
) {
    let now = time.elapsed_secs();
    // Whoever closes the window leaves the room.
    match session.ticket().filter(|_| exit.is_empty()) {
        Some((code, request)) => {
            let resume = request.resume.clone().unwrap_or_default();
            let is_fresh = |(key, at): &(String, f32)| *key == resume && now - at < WRITE_INTERVAL;
            if written.as_ref().is_some_and(is_fresh) {
                return;
            }
            let (server, name) = (session.server().to_owned(), request.name.clone());
            let ticket = Ticket { server, code, name, resume: resume.clone(), at: unix_seconds() };
            let text = toml::to_string(&ticket).expect("a ticket is a table of plain values");
            // Nothing is lost but the offer: the settings' trouble says what is wrong with the folder.
            drop(store.write(FILE, &text));
            *written = Some((resume, now));
        }
        None => {
            let is_declined = offer.is_changed() && offer.0.is_none();
            if written.take().is_some() || is_declined {
                store.remove(FILE);
            }
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}
