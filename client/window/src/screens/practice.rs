//! Bots for a player who practises: they come when the player's room is there, and go when the player goes.

use bevy::prelude::*;
use framehouse_client::bots::company::Company;

use crate::session::{PRACTICE_BOTS, Session, Wish};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Bots>();
    app.add_systems(Update, keep_company);
}

/// The bots of the room for practice.
#[derive(Resource, Default)]
struct Bots(Option<Company>);

fn keep_company(session: Res<Session>, mut bots: ResMut<Bots>) {
    let is_practice = session.wish() == Some(&Wish::Practice) && session.problem().is_none();
    if !is_practice {
        if bots.0.is_some() {
            bots.0 = None;
        }
        return;
    }
    let code = session.client().and_then(|client| client.code());
    if let Some(code) = code.filter(|_| bots.0.is_none()) {
        bots.0 = Some(Company::join(session.server(), code, PRACTICE_BOTS, session.game().config()));
    }
}
