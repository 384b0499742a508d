//! Bad networks: loss, jitter, duplicates and silence.

use framehouse_arena::ArenaPlugin;
use framehouse_harness::world::World;
use framehouse_server::config::RoomSettings;
use framehouse_tiny::TinyPlugin;
use framehouse_tools::soak::{Soak, soak};

const AWFUL: &str = "spread=400,loss=0.2,dup=0.05";

#[test]
fn twenty_minutes_of_an_awful_network_never_desync() {
    for (economy, minutes) in [(false, 20), (true, 10)] {
        let report = soak(TinyPlugin, &Soak { seed: 11, minutes, players: 8, link: AWFUL, economy });
        assert_eq!((report.desyncs, report.errors.as_slice()), (0, &[][..]));
        assert!(report.matches >= u64::from(3 * minutes / 4), "{report:?}");
        assert!(report.lag_max <= 120, "{report:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| soak(ArenaPlugin, &Soak { seed, minutes: 1, players: 4, link: AWFUL, economy: false });
    let (first, second, other) = (run(5), run(5), run(6));
    assert_eq!(first.desyncs, 0);
    assert_eq!(first.digest, second.digest);
    assert_ne!(first.digest, other.digest);
}

#[test]
fn a_distant_client_stays_within_forty_ticks_of_the_server() {
    let mut world = World::new(TinyPlugin, 3).with_link("delay=100,loss=0.05").with_players(4);
    world.step_to_playing();
    for _ in 0..20 {
        world.step_ticks(40);
        let lag = world.confirmed_lag();
        assert!(lag.iter().all(|lag| *lag <= 40), "{lag:?}");
    }
    assert_eq!(world.desyncs(), 0);
}

#[test]
fn a_short_silence_is_caught_up_by_range_and_a_long_one_by_a_snapshot() {
    for economy in [false, true] {
        silences_are_caught_up(economy);
    }
}

fn silences_are_caught_up(economy: bool) {
    let rooms = RoomSettings { history_s: 1.7, countdown_s: 1.0, economy, ..Default::default() };
    let mut world = World::with_rooms(TinyPlugin, 4, rooms).with_link("delay=20").with_players(2);
    world.step_to_playing();
    let address = world.clients[1].address;
    world.step_ticks(30);
    // The server can send each of the last 50 to 149 frames. A client that lacks older ones gets the state and never
    // confirms the ticks before it.
    for (silence, skipped) in [(45, -2..=2), (250, 200..=260)] {
        let behind = |world: &World| {
            let [first, second] = [0, 1].map(|client| world.clients[client].client.stats().ticks_confirmed as i64);
            first - second
        };
        let before = behind(&world);
        world.network.set_cut(address, true);
        world.step_ticks(silence);
        world.network.set_cut(address, false);
        world.step_ticks(60);
        let lag = world.confirmed_lag();
        assert!(lag.iter().all(|lag| *lag < 20), "after {silence} ticks of silence: {lag:?}");
        let skipped_now = behind(&world) - before;
        assert!(skipped.contains(&skipped_now), "after {silence} ticks of silence {skipped_now} were skipped");
    }
    assert_eq!(world.desyncs(), 0);
    assert_eq!(world.errors(), Vec::<String>::new());
}
