//! The player's lasting ids, by server: a file beside the settings, so that leaderboards show the player's own entries
//! before there is a session.

use std::collections::BTreeMap;

use bevy::prelude::*;
use framehouse_shared::ids::AccountId;

use super::Session;
use crate::settings::{Settings, Store};

const FILE: &str = "players.toml";
/// Maximum number of servers in the file.
const SERVERS_MAX: usize = 64;

/// The player's lasting ids, by the address of the server.
#[derive(Resource, Clone, Debug, Default)]
pub struct KnownPlayers(BTreeMap<String, AccountId>);

impl KnownPlayers {
    /// The player's id on a server; nothing before the first session there.
    pub fn of(&self, server: &str) -> Option<AccountId> {
        self.0.get(server.trim()).copied()
    }

    /// Notes an id; returns whether it is new.
    fn note(&mut self, server: &str, player: AccountId) -> bool {
        let server = server.trim();
        if self.of(server) == Some(player) {
            return false;
        }
        if self.0.len() >= SERVERS_MAX && !self.0.contains_key(server) {
            self.0.pop_first();
        }
        self.0.insert(server.to_owned(), player);
        true
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<KnownPlayers>();
    app.add_systems(Startup, load);
    app.add_systems(Update, note);
}

fn load(store: Res<Store>, mut known: ResMut<KnownPlayers>) {
    known.0 = store.read_text(FILE).and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
}

fn note(session: Res<Session>, settings: Res<Settings>, store: Res<Store>, mut known: ResMut<KnownPlayers>) {
    let Some(player) = session.player() else { return };
    let is_new = known.note(session.server(), player);
    // The id of a guest is forgotten with the window.
    if is_new && settings.player_secret.is_some() {
        let text = toml::to_string(&known.0).expect("a table of texts");
        // A failure only costs the mark of own entries: the settings report errors of the folder.
        drop(store.write_quickly(FILE, &text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_known_by_server_and_bounded() {
        let mut known = KnownPlayers::default();
        assert!(known.note(" http://a:1 ", AccountId(1)) && !known.note("http://a:1", AccountId(1)));
        assert!(known.note("http://a:1", AccountId(2)));
        assert_eq!((known.of("http://a:1 "), known.of("http://b:1")), (Some(AccountId(2)), None));
        assert!((0..200).all(|n| known.note(&format!("http://{n}:1"), AccountId(n))));
        assert_eq!((known.0.len(), known.of("http://199:1")), (SERVERS_MAX, Some(AccountId(199))));
    }

    #[test]
    fn the_file_reads_back() {
        let mut known = KnownPlayers::default();
        known.note("http://127.0.0.1:7777", AccountId(u128::MAX));
        let text = toml::to_string(&known.0).expect("a table of texts");
        assert_eq!(toml::from_str::<BTreeMap<String, AccountId>>(&text), Ok(known.0));
    }
}
