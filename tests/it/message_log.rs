//! Chat lines and game messages are left for the archive in the order in which members get them.

use framehouse_client::client::Notice;
use framehouse_harness::world::World;
use framehouse_server::room::{
    directory::JoinTarget,
    message_log::{self, MessageContent},
};
use framehouse_shared::{
    ids::{MatchId, Slot},
    protocol::messages::{Phase, RoomEvent},
};
use framehouse_tiny::TinyPlugin;

/// Numbers and contents of the messages that a client was sent.
fn told(world: &mut World, client: usize) -> Vec<MessageContent> {
    let content = |notice| match notice {
        Notice::Room(RoomEvent::Chat { text, .. }) => Some(MessageContent::Chat(text)),
        Notice::Room(RoomEvent::GameMessage { bytes, .. }) => Some(MessageContent::Game(bytes)),
        _ => None,
    };
    world.clients[client].client.drain_notices().filter_map(content).collect()
}

#[test]
fn messages_are_archived_as_members_get_them_with_sender_and_match() {
    let mut world = World::new(TinyPlugin, 61);
    let (queue, archive) = message_log::queue();
    world.server.archive_messages(queue);
    let room = JoinTarget::Create { size: 2, private: false, practice: false, economy: None };
    world.join(room).expect("an empty server");
    world.step_ticks(30);
    world.clients[0].client.chat("before");
    world.step_ticks(30);
    let code = world.room_code();
    world.join(JoinTarget::Code(code)).expect("a free seat");
    world.step_to_playing();
    let spectator = world.join(JoinTarget::Watch(code)).expect("a place");
    world.step_ticks(60);
    world.clients[1].client.send_game_message(&[7, 8]);
    world.step_ticks(30);
    world.clients[spectator].client.chat("nice");
    world.step_ticks(30);
    let archived: Vec<_> = archive.take().collect();
    let contents: Vec<_> = archived.iter().map(|message| message.content.clone()).collect();
    let chat = |text: &str| MessageContent::Chat(text.to_owned());
    assert_eq!(contents, [chat("before"), MessageContent::Game(vec![7, 8]), chat("nice")]);
    assert_eq!(told(&mut world, 0), contents);
    assert!(archived.windows(2).all(|pair| pair[0].msg_id < pair[1].msg_id), "{archived:?}");
    let slots: Vec<_> = archived.iter().map(|message| message.slot).collect();
    assert_eq!(slots, [Slot::new(0), Slot::new(1), None]);
    let matches: Vec<Option<MatchId>> = archived.iter().map(|message| message.match_id).collect();
    assert!(matches[0].is_none() && matches[1].is_some() && matches[1] == matches[2], "{matches:?}");
    assert!(archived[0].account != archived[1].account && archived.iter().all(|message| message.code == code));
    assert!(matches!(world.clients[0].client.phase(), Some(Phase::Playing { .. })));
}
