//! Automatic ready state: always for the autopilot, and for the first match of a practice room.

use bevy::prelude::*;
use framehouse_client::client::Client;
use framehouse_shared::protocol::messages::{Phase, PlayerState};

use super::{JoinTarget, PRACTICE_BOTS, Session};

/// Reports once a lobby that the player is ready, where no click is needed.
pub fn ready_unattended(mut session: ResMut<Session>, mut told: Local<bool>) {
    let (is_autopilot, is_practice) = (session.is_autopilot(), session.target == Some(JoinTarget::Practice));
    let Some(client) = session.room().filter(|client| matches!(client.phase(), Some(Phase::Lobby { .. }))) else {
        *told = false;
        return;
    };
    let is_first = client.stats().matches_seen == 0;
    let is_wanted = is_autopilot || (is_practice && is_first);
    let is_idle = client.state() == Some(PlayerState::Idle);
    if is_wanted && is_idle && !*told && (!is_practice || has_companions(client)) {
        client.set_ready(true);
        *told = true;
    }
}

fn has_companions(client: &Client) -> bool {
    client.members().into_iter().flatten().flatten().count() > usize::from(PRACTICE_BOTS)
}
