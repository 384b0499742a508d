//! Chat lines and game messages between members.

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    protocol::messages::{CHAT_CHARS_MAX, RoomEvent},
    text::clean_line,
};

use super::{
    InRoom, Members, Player, Room, Spectator, announce,
    message_log::{self, MessageContent, Sender},
};
use crate::{config::NetSettings, counters::Counters, net::session::Session, schedule::Now};

/// Overhead of a game message on the wire, in bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 12;

/// Why a message is not sent when its room's budget is used up.
const ROOM_BUSY: &str = "this room has too many messages at once: this one was dropped, send fewer";

/// Sends a game message of a player to all members of its room, itself included. The bytes are the game's own.
///
/// # Errors
/// With a sentence for the player when it is not sent.
pub fn send_game_message(world: &mut World, player: Entity, bytes: Vec<u8>) -> Result<(), &'static str> {
    let Some((sender, slot, room)) = seated(world, player) else { return Ok(()) };
    if bytes.len() > world.resource::<NetSettings>().room_message_bytes as usize {
        world.resource_mut::<Counters>().invalid_messages += 1;
        return Err("your game message was not sent: it is longer than this server allows (room_message_bytes)");
    }
    if !may_send(world, room, bytes.len()) {
        return Err(ROOM_BUSY);
    }
    message_log::note(world, room, sender, MessageContent::Game(bytes.clone()));
    announce(world, room, RoomEvent::GameMessage { slot, bytes });
    Ok(())
}

fn seated(world: &World, player: Entity) -> Option<(Sender, Slot, Entity)> {
    let (Player { account, slot, name, .. }, room) = (world.get(player)?, world.get::<InRoom>(player)?.0);
    Some((Sender { account: *account, slot: Some(*slot), name: name.clone() }, *slot, room))
}

/// Sends a chat line of a member to all members of its room, itself included.
///
/// # Errors
/// With a sentence for the member when it is not sent.
pub fn send_line(world: &mut World, session: Entity, member: Entity, text: &str) -> Result<(), &'static str> {
    let Some(text) = line_of(text) else {
        world.resource_mut::<Counters>().invalid_messages += 1;
        return Err("your line was not sent: it is empty, too long, or has control characters");
    };
    let now = world.resource::<Now>().elapsed;
    if !world.get_mut::<Session>(session).is_some_and(|mut session| session.may_chat(now)) {
        return Err("you write too fast: wait a few seconds");
    }
    let Some((sender, room)) = writer(world, session, member) else { return Ok(()) };
    if !may_send(world, room, text.len() + sender.name.len()) {
        return Err(ROOM_BUSY);
    }
    let (slot, name) = (sender.slot, sender.name.clone());
    message_log::note(world, room, sender, MessageContent::Chat(text.clone()));
    announce(world, room, RoomEvent::Chat { slot, name, text });
    Ok(())
}

fn writer(world: &World, session: Entity, member: Entity) -> Option<(Sender, Entity)> {
    let (slot, name) = match (world.get::<Player>(member), world.get::<Spectator>(member)) {
        (Some(player), _) => (Some(player.slot), player.name.clone()),
        (None, spectator) => (None, spectator?.name.clone()),
    };
    let account = world.get::<Session>(session)?.account;
    Some((Sender { account, slot, name }, world.get::<InRoom>(member)?.0))
}

/// The line that members are shown. Nothing if a client of ours would not have sent the text.
fn line_of(text: &str) -> Option<String> {
    let text = text.trim();
    let is_sane = text.chars().count() <= CHAT_CHARS_MAX && !text.chars().any(char::is_control);
    clean_line(text).filter(|_| is_sane)
}

/// Charges the room's message budget. Messages over the budget are dropped before they get an event number, so that the
/// numbers have no gap.
fn may_send(world: &mut World, room: Entity, bytes: usize) -> bool {
    let now = world.resource::<Now>().elapsed;
    let cost = (bytes + MESSAGE_OVERHEAD_BYTES) as f32;
    let is_limited = world.resource::<NetSettings>().limits_messages();
    let may_send = world.get_mut::<Room>(room).is_some_and(|mut room| !is_limited || room.messages.take(cost, now));
    let members = Members::entities(world.get::<Members>(room)).len() as u64;
    let mut counters = world.resource_mut::<Counters>();
    if may_send {
        counters.room_messages_in += 1;
        counters.room_messages_out += members;
    } else {
        counters.room_messages_dropped += 1;
    }
    may_send
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_hides_something_in_a_line_is_shown_without_it() {
        assert_eq!(line_of(" good\u{202e} game\u{200b} ").as_deref(), Some("good game"));
        assert_eq!(line_of("Zoe\u{308}").as_deref(), Some("Zo\u{eb}"));
        for nothing in ["", " ", "\u{200b}", "\u{202e}\u{2066}", "a\u{1b}[2Jb", "a\nb"] {
            assert_eq!(line_of(nothing), None, "{nothing:?}");
        }
        assert_eq!(line_of(&"a".repeat(CHAT_CHARS_MAX + 1)), None);
    }
}
