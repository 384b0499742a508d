use framehouse_arena::ArenaPlugin;
use framehouse_shared::{replay::canned_replay, tick::Tick};

use super::*;

#[test]
fn a_film_has_all_of_the_match_and_begins_at_its_first_moment() {
    let bytes = canned_replay(ArenaPlugin, 5, 4, 700);
    let mut playback = Playback::open(Simulation::new(ArenaPlugin), &bytes).expect("a replay of this release");
    assert_eq!((playback.timeline().ticks(), playback.timeline().loaded()), (700, 700));
    assert_eq!((playback.timeline().position(), playback.timeline().simulation().next_tick()), (0.0, Tick(1)));
    playback.timeline_mut().seek(699.0);
    (0..10).for_each(|_| playback.timeline_mut().advance(0.0));
    assert_eq!((playback.timeline().simulation().next_tick(), playback.timeline().broken()), (Tick(700), None));
}

#[test]
fn other_files_are_refused_in_a_sentence() {
    let open = |bytes: &[u8]| Playback::open(Simulation::new(ArenaPlugin), bytes).err();
    assert_eq!(open(b"nonsense"), Some(PlaybackError::File(ReplayError::NotAReplay)));
    let bytes = canned_replay(ArenaPlugin, 5, 4, 40);
    assert!(matches!(open(&bytes[..bytes.len() - 1]), Some(PlaybackError::File(_))));
    let of_another_game = canned_replay(crate::test_game::TestGamePlugin, 5, 4, 40);
    assert!(matches!(open(&of_another_game), Some(PlaybackError::OtherRelease(_))));
}
