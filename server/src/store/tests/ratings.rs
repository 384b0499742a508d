//! Ratings are stored with the matches that changed them.

use super::*;
use crate::store::{insert::store as store_batch, read, record::Match, result_files::Position};

on_both! {
    ratings_follow_matches_of_several_players
    batches_make_no_difference_to_ratings
}

async fn ratings_follow_matches_of_several_players(database: TestDatabase) {
    let mut results: Vec<_> = (1..=10).map(|id| played(id, "basin", NOW_S, &[(1, 20), (2, 10)])).collect();
    results.push(played(11, "basin", NOW_S, &[(3, 99)]));
    database.folder.append(&lines(&results));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 11).await;
    let rating = async |id| store.player(AccountId(id)).await.expect("it played").rating;
    let (winner, loser) = (rating(1).await.expect("rated"), rating(2).await.expect("rated"));
    assert!(winner.mu > 25.0 && loser.mu < 25.0, "{winner:?} {loser:?}");
    assert!(winner.sigma < 8.0 && loser.sigma < 8.0, "{winner:?} {loser:?}");
    assert_eq!(rating(3).await, None, "nobody to compare with");
    let mut known = None;
    // A busy machine may not answer in time.
    while known.is_none() {
        known = store.rating(AccountId(1)).await;
    }
    assert_eq!(known, Some((100.0 * winner.mu) as i32));
    assert_eq!([store.rating(AccountId(3)).await, store.rating(AccountId(9)).await], [None, None]);
}

async fn batches_make_no_difference_to_ratings(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    let matches: Vec<_> = (0..30_u128)
        .map(|id| played(id, "basin", NOW_S, &[(id % 5, 30), (5 + id % 3, 20), (8 + id % 2, 10)]))
        .map(|result| Match::of(&result))
        .collect();
    let mut found = Vec::new();
    for batch in [1, 7, 30] {
        let clear = "DELETE FROM boards; DELETE FROM players; DELETE FROM match_players; DELETE FROM matches";
        sqlx::raw_sql(clear).execute(&pool).await.expect("they are there");
        for batch in matches.chunks(batch) {
            store_batch(&pool, "a", batch, Position::default(), true).await.expect("it stores");
        }
        // Stored twice, they count once.
        store_batch(&pool, "a", &matches, Position::default(), true).await.expect("it stores");
        let mut ratings = Vec::new();
        for id in 0..10 {
            ratings.push(read::player(&pool, AccountId(id)).await.expect("it played").rating);
        }
        found.push(ratings);
    }
    assert!(found[0].iter().all(Option::is_some));
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}
