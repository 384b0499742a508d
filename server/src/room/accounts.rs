//! Lasting ids of players, and the rule that each has one seat.

use std::collections::HashMap;

use bevy::prelude::*;
use framehouse_shared::{api::PlayerSecret, ids::AccountId, protocol::end::EndCode, replay::ServerKey};

use super::{
    Player,
    directory::JoinError,
    members,
    presence::{Presence, ResumeIndex},
    sessions,
};
use crate::net::{
    secret::ResumeSecret,
    session::{Session, SessionState},
};

/// Number of entries from which on those without a seat are looked for.
const CLEAN_UP_FROM: usize = 1024;

/// Makes lasting ids, and knows the last session of each player that has a secret.
#[derive(Resource)]
pub(crate) struct Accounts {
    key: ServerKey,
    last: HashMap<AccountId, LastSession>,
    /// Number of entries at which those without a seat are removed.
    clean_up_at: usize,
}

/// The last session of a player. Its seat has the same resume secret.
#[derive(Clone, Copy)]
struct LastSession {
    session: Entity,
    secret: ResumeSecret,
    /// Rating of the player in hundredths, when it joined.
    rating: Option<i32>,
}

impl Default for Accounts {
    /// With a key of this process only.
    fn default() -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system gives random bytes");
        Self::new(ServerKey::from_secret(secret))
    }
}

impl Accounts {
    /// With the key of the server, which makes the same ids in every process.
    pub fn new(key: ServerKey) -> Self {
        Self { key, last: HashMap::new(), clean_up_at: CLEAN_UP_FROM }
    }

    /// The id of the player with this secret; without one, that of a new guest.
    pub fn of(&self, secret: Option<PlayerSecret>) -> AccountId {
        let mut bits = [0; 16];
        secret.map_or_else(
            || {
                getrandom::fill(&mut bits).expect("the operating system gives random bytes");
                AccountId(u128::from_ne_bytes(bits))
            },
            |secret| self.key.account(secret),
        )
    }

    /// Whether a player has proven this id with a secret: a guest has not.
    pub(super) fn is_proven(&self, account: AccountId) -> bool {
        self.last.contains_key(&account)
    }

    /// Rating in hundredths of a player that has a seat, as it was when it joined.
    pub(super) fn rating(&self, account: AccountId) -> Option<i32> {
        self.last.get(&account)?.rating
    }
}

/// What an account has on this server.
enum Held {
    /// A seat, with this player.
    Seat(Entity),
    /// A session that has not arrived yet.
    Session(Entity),
}

/// Refuses a player that has a seat and is heard there. Whoever restarts a client that was killed gets in at once.
pub(super) fn check(world: &World, account: AccountId) -> Result<(), JoinError> {
    let Some(Held::Seat(player)) = held(world, account) else { return Ok(()) };
    let is_heard = world.get::<Player>(player).is_some_and(|player| matches!(player.presence, Presence::Here(_)));
    if is_heard { Err(JoinError::AlreadyPlaying) } else { Ok(()) }
}

/// Notes a player's new session. It loses what it had: a seat where it is not heard any more, or a session on its way.
pub(super) fn note_session(
    world: &mut World,
    account: AccountId,
    session: Entity,
    secret: ResumeSecret,
    rating: Option<i32>,
) {
    match held(world, account) {
        Some(Held::Seat(player)) => members::send_away(world, player, EndCode::TakenOver),
        Some(Held::Session(earlier)) => sessions::close(world, earlier, EndCode::TakenOver),
        None => {}
    }
    world.resource_mut::<Accounts>().last.insert(account, LastSession { session, secret, rating });
    clean_up(world);
}

fn held(world: &World, account: AccountId) -> Option<Held> {
    let last = *world.resource::<Accounts>().last.get(&account)?;
    held_by(world, last)
}

fn held_by(world: &World, LastSession { session, secret, .. }: LastSession) -> Option<Held> {
    if let Some(player) = world.resource::<ResumeIndex>().find(secret) {
        return Some(Held::Seat(player));
    }
    let state = world.get::<Session>(session)?.state;
    matches!(state, SessionState::Reserved { .. } | SessionState::Greeting { .. }).then_some(Held::Session(session))
}

/// Forgets accounts that hold nothing, when there are twice as many entries as after the last time.
fn clean_up(world: &mut World) {
    if world.resource::<Accounts>().last.len() < world.resource::<Accounts>().clean_up_at {
        return;
    }
    world.resource_scope(|world, mut accounts: Mut<Accounts>| {
        accounts.last.retain(|_, last| held_by(world, *last).is_some());
        accounts.clean_up_at = CLEAN_UP_FROM.max(2 * accounts.last.len());
    });
}
