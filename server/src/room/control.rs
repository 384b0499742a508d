//! Control messages of sessions, once a tick, in the order they came.

use bevy::prelude::*;
use framehouse_shared::protocol::control::{ControlUp, Hello};

use super::{directory::LocalHello, members, resync};
use crate::{
    net::session::{self, Session, SessionState},
    ops::status::Counters,
};

/// Handles what sessions have sent since the last tick. Runs in `TickSet::Control`.
pub fn handle_messages(world: &mut World) {
    let mut waiting: Vec<(Entity, Vec<ControlUp>)> = world
        .query::<(Entity, &mut Session)>()
        .iter_mut(world)
        .map(|(entity, mut session)| (entity, session.take_messages()))
        .filter(|(_, messages)| !messages.is_empty())
        .collect();
    waiting.sort_by_key(|(entity, _)| *entity);
    for (session, messages) in waiting {
        for message in messages {
            handle_message(world, session, message);
        }
    }
}

fn handle_message(world: &mut World, session: Entity, message: ControlUp) {
    let Some(state) = world.get::<Session>(session).map(|session| session.state) else { return };
    match (state, message) {
        (SessionState::Greeting { .. }, ControlUp::Hello(hello)) => greet(world, session, &hello),
        (SessionState::Seated(player), ControlUp::Ready(ready)) => members::set_ready(world, player, ready),
        (SessionState::Seated(_), ControlUp::Leave) => session::close(world, session, "you left"),
        (SessionState::Seated(player), ControlUp::Loaded { match_no, next_tick }) => {
            resync::note_loaded(world, player, match_no, next_tick);
        }
        (SessionState::Seated(player), ControlUp::WantFrames { match_no, first }) => {
            resync::send_frames(world, player, match_no, first);
        }
        (SessionState::Seated(player), ControlUp::Hashes { match_no, tick, hashes }) => {
            resync::compare_hashes(world, player, match_no, tick, &hashes);
        }
        (SessionState::Seated(player), ControlUp::Message(bytes)) => members::say(world, player, bytes),
        // What a closing session still sends does not matter; everything else is out of turn.
        (SessionState::Closing { .. } | SessionState::Gone, _) => {}
        _ => world.resource_mut::<Counters>().invalid_messages += 1,
    }
}

fn greet(world: &mut World, session: Entity, hello: &Hello) {
    let checked = world.resource::<LocalHello>().0.check(hello);
    match checked {
        Ok(()) => members::seat_player(world, session),
        Err(sentence) => session::close(world, session, &sentence),
    }
}
