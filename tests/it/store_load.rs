//! Small runs of the tool `store_load`. Whether its times hold is a question for its large ones.

use std::{collections::BTreeSet, sync::Arc};

use clap::Parser;
use framehouse_shared::rng::SimRng;
use framehouse_tools::{
    bursts::report::Report,
    store_load::{args::Args, plausible, run},
};

use crate::programs::SERVER;

const STORMY: &str = env!("CARGO_BIN_EXE_stormy_server");

fn report(server: &str, line: &str) -> Report {
    let words = ["store_load", "--server", server].into_iter().chain(line.split_whitespace());
    run(&Args::try_parse_from(words).expect("good flags"), &Arc::default()).expect("it runs")
}

#[test]
fn a_storm_of_results_is_on_the_leaderboard_completely() {
    let report = report(STORMY, "storm --results 200 --requests-per-s 40 --rooms 1 --calm 1");
    assert_eq!(report.numbers["entries"], 800.0, "{report}");
    assert!(report.numbers["answers"] > 40.0, "{report}");
    let names: Vec<_> = report.windows.iter().map(|window| window.name).collect();
    assert_eq!(names, ["before", "storm", "after"]);
}

#[test]
fn every_question_about_many_matches_has_an_answer() {
    let report = report(SERVER, "million --matches 400 --players 40 --questions 20");
    let kinds: Vec<_> = report.spreads_ms.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["around", "board", "board_of_a_day", "matches", "player"]);
    // Only a time may be too long.
    assert!(report.failures.iter().all(|sentence| sentence.contains("took")), "{report}");
}

#[test]
fn a_plausible_match_is_the_same_everywhere_and_another_one_for_each_number() {
    let played = |number| plausible::played(number, "basin", 1_800_000_000, &[(3, 10), (4, 20)]);
    assert_eq!(played(7), played(7));
    let players: Vec<_> = played(7).players.iter().map(|player| (player.rank, player.points, player.account)).collect();
    assert_eq!(players, [(1, 20, Some(plausible::account(4))), (2, 10, Some(plausible::account(3)))]);
    let ids: BTreeSet<_> = (0..1000).map(|number| played(number).match_id).collect();
    let accounts: BTreeSet<_> = (0..1000).map(plausible::account).collect();
    assert_eq!((ids.len(), accounts.len()), (1000, 1000));
    let mut rng = SimRng::new(1);
    assert!((0..1000).all(|_| (0..=300).contains(&plausible::points(&mut rng))));
}
