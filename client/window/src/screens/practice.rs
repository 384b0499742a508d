//! Bots of a practice room: they join when the player's room is open, and leave when the player leaves.

use bevy::prelude::*;
use framehouse_client::bots::companions::Companions;

use crate::session::{JoinTarget, PRACTICE_BOTS, Session};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Bots>();
    app.add_systems(Update, run_companions);
}

/// The bots of the practice room.
#[derive(Resource, Default)]
struct Bots(Option<Companions>);

fn run_companions(session: Res<Session>, mut bots: ResMut<Bots>) {
    let is_practice = session.target() == Some(&JoinTarget::Practice) && session.problem().is_none();
    if !is_practice {
        if bots.0.is_some() {
            bots.0 = None;
        }
        return;
    }
    let code = session.client().and_then(|client| client.code());
    if let Some(code) = code.filter(|_| bots.0.is_none()) {
        bots.0 = Some(Companions::join(session.server(), code, PRACTICE_BOTS, session.game().config()));
    }
}
