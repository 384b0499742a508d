use framehouse_arena::ArenaPlugin;
use framehouse_shared::{replay::canned_replay, tick::Tick};

use super::*;

#[test]
fn a_film_has_all_of_the_match_and_begins_at_its_first_moment() {
    let bytes = canned_replay(ArenaPlugin, 5, 4, 700);
    let mut film = Film::open(Simulation::new(ArenaPlugin), &bytes).expect("a replay of this release");
    assert_eq!((film.timeline().ticks(), film.timeline().loaded()), (700, 700));
    assert_eq!((film.timeline().position(), film.timeline().simulation().next_tick()), (0.0, Tick(1)));
    film.timeline_mut().seek(699.0);
    (0..10).for_each(|_| film.timeline_mut().advance(0.0));
    assert_eq!((film.timeline().simulation().next_tick(), film.timeline().broken()), (Tick(700), None));
}

#[test]
fn other_files_are_refused_in_a_sentence() {
    let open = |bytes: &[u8]| Film::open(Simulation::new(ArenaPlugin), bytes).err();
    assert_eq!(open(b"nonsense"), Some(FilmError::File(ReplayError::NotAReplay)));
    let bytes = canned_replay(ArenaPlugin, 5, 4, 40);
    assert!(matches!(open(&bytes[..bytes.len() - 1]), Some(FilmError::File(_))));
    let of_another_game = canned_replay(crate::toy::ToyPlugin, 5, 4, 40);
    assert!(matches!(open(&of_another_game), Some(FilmError::OtherRelease(_))));
}
