//! Players whom an operator has banned from this server, or muted. Whoever keeps the list outlives the process; here is
//! what is in force.

use std::collections::{BTreeSet, HashMap};

use bevy::prelude::*;
use framehouse_shared::{
    date,
    ids::AccountId,
    protocol::end::{EndCode, EndReason},
};

use super::{InRoom, Player, directory::JoinError, members, presence::Presence, sessions};
use crate::{net::session::Session, schedule::Now};

/// Bans and mutes in force.
#[derive(Resource, Clone, Debug, Default)]
pub struct Sanctions {
    /// Banned players.
    pub bans: HashMap<AccountId, Term>,
    /// Muted players.
    pub mutes: HashMap<AccountId, Term>,
}

/// How long a ban or a mute lasts, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// When it ends, in seconds since 1970-01-01 UTC; `None` for never.
    pub until_unix_s: Option<u64>,
    /// What the player is told.
    pub reason: String,
}

impl Term {
    fn lasts(&self, unix_s: u64) -> bool {
        self.until_unix_s.is_none_or(|until| unix_s < until)
    }

    /// The sentence for a banned player.
    fn sentence(&self) -> String {
        let until = self.until_unix_s.map(|until| format!(" until {}", date::minute(until))).unwrap_or_default();
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("you are banned from this server{until}{reason}")
    }
}

/// Refuses a banned player.
pub(super) fn check(world: &World, account: AccountId) -> Result<(), JoinError> {
    let now = world.resource::<Now>().unix().as_secs();
    match world.resource::<Sanctions>().bans.get(&account) {
        Some(ban) if ban.lasts(now) => Err(JoinError::Banned(ban.sentence())),
        _ => Ok(()),
    }
}

/// Whether a player's messages are refused.
pub(super) fn is_muted(world: &World, account: AccountId) -> bool {
    let now = world.resource::<Now>().unix().as_secs();
    world.resource::<Sanctions>().mutes.get(&account).is_some_and(|mute| mute.lasts(now))
}

/// Puts bans and mutes in force, and sends away whoever is banned now.
pub(crate) fn enforce(world: &mut World, sanctions: Sanctions) {
    world.insert_resource(sanctions);
    let mut sessions = world.query::<&Session>();
    let mut here: BTreeSet<AccountId> = sessions.iter(world).map(|session| session.account).collect();
    let mut players = world.query::<&Player>();
    here.extend(players.iter(world).map(|player| player.account));
    for account in here {
        if let Err(JoinError::Banned(sentence)) = check(world, account) {
            send_away(world, account, &EndReason { code: EndCode::Banned, sentence });
        }
    }
}

/// Ends all sessions of a player, and removes it from its room. Returns whether there was something to end.
pub(crate) fn send_away(world: &mut World, account: AccountId, reason: &EndReason) -> bool {
    let mut sessions = world.query::<(Entity, &Session)>();
    let sessions = sessions.iter(world).filter(|(_, session)| session.account == account);
    let mut sessions: Vec<Entity> = sessions.map(|(session, _)| session).collect();
    // Players whose connection is lost.
    let mut players = world.query_filtered::<(Entity, &Player), With<InRoom>>();
    let lost = players
        .iter(world)
        .filter(|(_, player)| player.account == account && matches!(player.presence, Presence::Lost { .. }));
    let mut lost: Vec<Entity> = lost.map(|(player, _)| player).collect();
    sessions.sort();
    lost.sort();
    let is_here = !sessions.is_empty() || !lost.is_empty();
    for session in sessions {
        sessions::close(world, session, reason.clone());
    }
    for player in lost {
        members::leave(world, player, reason.code);
    }
    is_here
}
