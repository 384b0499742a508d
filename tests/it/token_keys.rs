//! The key of connect tokens changes now and then, and no player notices.

use framehouse_harness::world::World;
use framehouse_server::{
    config::{NetSettings, RoomSettings},
    room::directory::JoinTarget,
};
use framehouse_tiny::TinyPlugin;

#[test]
fn players_stay_and_newcomers_get_in_while_the_key_changes() {
    // Every 36 seconds.
    let net = NetSettings { token_key_h: 0.01, ..Default::default() };
    let mut world = World::with_settings(TinyPlugin, 130, RoomSettings::default(), net).with_players(2);
    world.step_to_playing();
    for _ in 0..70 {
        let target = JoinTarget::Create { size: 2, private: false, practice: false, economy: None };
        let newcomer = world.join(target).expect("there is room");
        // A bit more than two seconds, so that joins meet the changes at all moments of a second.
        world.step_ticks(61);
        assert!(world.clients[newcomer].client.slot().is_some(), "newcomer {newcomer}");
        world.clients[newcomer].client.leave();
    }
    for player in [0, 1] {
        assert_eq!(world.told(player), None);
        assert!(world.clients[player].client.slot().is_some(), "they have played on");
    }
}
