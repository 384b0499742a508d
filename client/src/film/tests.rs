use framehouse_shared::{
    arena::ArenaPlugin,
    input::{Input, RosterChange, RosterEvent},
    protocol::hot::encode_blob,
    replay::{Assembly, Packer, Recorder, Trailer, canned_replay, is_hash_tick},
    simulation::bot_match,
};

use super::*;

const TICKS: u32 = 700;

fn film() -> Film {
    let bytes = canned_replay(ArenaPlugin, 5, 4, TICKS);
    Film::open(Simulation::new(ArenaPlugin), &bytes).expect("a replay of this release")
}

/// The hashes of the match that was recorded, by tick.
fn truth() -> Vec<StateHashes> {
    let mut hashes = Vec::new();
    bot_match(ArenaPlugin, 5, 4, TICKS, |_, simulation| hashes.push(simulation.hashes()));
    hashes
}

/// Lets the film reach the moment it was sent to.
fn settle(film: &mut Film) {
    (0..10).for_each(|_| film.advance(0.0));
}

#[test]
fn a_film_shows_what_was_played_from_any_moment() {
    let (mut film, truth) = (film(), truth());
    assert_eq!(film.ticks(), TICKS);
    for moment in [0.0, 650.0, 10.5, 299.0, 300.0, 301.0, 699.0, 3.0] {
        film.seek(moment);
        settle(&mut film);
        let shown = film.simulation().next_tick().minus(1);
        assert_eq!(shown.0, moment as u32);
        assert_eq!(film.simulation().hashes(), truth[shown.0 as usize], "after tick {shown}");
        assert!((film.render_alpha() - moment.fract() as f32).abs() < 1e-6);
    }
    assert_eq!(film.broken(), None);
}

#[test]
fn time_passes_and_ends_with_the_match() {
    let mut film = film();
    film.advance(2.0);
    assert_eq!((film.position(), film.simulation().next_tick()), (60.0, Tick(61)));
    assert_eq!(film.name_of(Slot::new(0).expect("in range")), Some("Ada"));
    film.advance(1e9);
    settle(&mut film);
    assert!(film.is_over());
    assert_eq!((film.simulation().next_tick(), film.render_alpha()), (Tick(TICKS), 1.0));
    film.seek(f64::NAN);
    assert_eq!(film.position(), 0.0);
}

#[test]
fn names_are_those_of_the_moment() {
    let mut film = film();
    let late = film.joins.iter().find(|(tick, ..)| tick.0 > 0).cloned().expect("somebody comes later");
    film.seek(f64::from(late.0.0) + 5.0);
    settle(&mut film);
    assert_eq!(film.name_of(late.1), Some(late.2.as_str()));
    film.seek(0.0);
    assert_eq!(film.name_of(late.1), None);
}

#[test]
fn a_film_that_comes_out_differently_ends_before() {
    let mut film = film();
    let (tick, hashes) = &mut film.hashes[20];
    let tick = *tick;
    hashes.0[0] = Some(1);
    film.seek(690.0);
    settle(&mut film);
    assert_eq!((film.broken(), film.ticks()), (Some(tick), tick.0));
    film.advance(1e9);
    settle(&mut film);
    assert!(film.is_over() && film.simulation().next_tick() == tick);
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

/// A replay in which everybody joins in each of so many ticks.
fn crowded(ticks: u32) -> Vec<u8> {
    let bytes = canned_replay(ArenaPlugin, 5, 4, 40);
    let replay = Replay::read(&bytes).expect("a whole replay");
    let opening = replay.beginning.opening().expect("an opening");
    let mut packer = Packer::new();
    let (mut assembly, mut bytes) = Assembly::begin(&mut packer, replay.header(), &opening);
    let (mut recorder, hashes) = (Recorder::default(), StateHashes::default());
    let events = || Slot::all().map(|slot| RosterEvent { change: RosterChange::Join, slot });
    for tick in (0..ticks).map(Tick) {
        let frame = Frame { tick, events: events().collect(), ..Default::default() };
        let hash = is_hash_tick(tick).then(|| hashes.combined());
        let blob = encode_blob(&frame, &[Input::NEUTRAL; SLOTS_MAX], hash);
        let block = recorder.push(&frame, &blob, |_| "Ada", &hashes);
        bytes.extend(block.into_iter().flat_map(|block| assembly.block(&mut packer, &block)));
    }
    bytes.extend(recorder.take_block().into_iter().flat_map(|block| assembly.block(&mut packer, &block)));
    bytes.extend(assembly.end(&Trailer { ticks, ..replay.trailer }));
    bytes
}

#[test]
fn a_film_holds_only_so_many_joins() {
    let open = |ticks| Film::open(Simulation::new(ArenaPlugin), &crowded(ticks)).map(|film| film.joins.len());
    let ticks_max = (JOINS_MAX / SLOTS_MAX) as u32;
    assert_eq!(open(ticks_max), Ok(JOINS_MAX));
    assert_eq!(open(ticks_max + 1), Err(FilmError::TooManyJoins));
}
