//! From the results files to the database: everything, and each match once.

use super::*;
use crate::{
    results::{file::ResultsFile, sink::ResultSink},
    store::{
        insert::{Stored, load_position, store as store_batch},
        record::Match,
        result_files::{Position, ResultFiles},
    },
};

on_both! {
    a_start_imports_all_files
    results_of_a_running_server_are_stored_across_full_files
    a_batch_whose_answer_was_lost_is_not_stored_twice
    a_restart_goes_on_where_the_database_is
    another_file_in_the_place_of_the_stored_one_is_read
    two_servers_share_a_database
    the_largest_batch_fits
}

fn match_of_two(id: u128) -> MatchResult {
    played(id, "basin", NOW_S, &[(1, id as i64), (2, -5)])
}

async fn a_start_imports_all_files(database: TestDatabase) {
    let folder = &database.folder;
    folder.write("results-1.jsonl", &lines(&[match_of_two(1), match_of_two(2)]));
    // Nothing has this number, and a line is torn.
    folder.write("results-3.jsonl", &[&lines(&[match_of_two(3)])[..], b"{\"match_id\":"].concat());
    let old = String::from_utf8(lines(&[match_of_two(4)])).expect("text");
    let old = old.replace(&format!(r#""account":"{:032x}","#, 1), "").replace(r#","build":"0.1.0""#, "");
    let strange = b"what\n{\"json\":\"of others\"}\n\xff\xfe\n\n";
    folder.append(&[old.as_bytes(), strange, &lines(&[match_of_two(1), match_of_two(5)])].concat());
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.waiting_bytes == 0 && status.stored == 5).await;
    assert_eq!(store.status().skipped, 4);
    let player = store.player(AccountId(1)).await.expect("it played");
    assert_eq!((player.matches, player.best, player.name.as_str()), (4, 5, "player 1"), "one line named no account");
    assert_eq!(store.player(AccountId(2)).await.expect("it played").matches, 5);
    let played = store.match_info(framehouse_shared::ids::MatchId(4)).await.expect("it was played");
    assert_eq!((played.build, played.players.len()), (None, 2));
    // The torn line is completed by nobody, and a whole one comes.
    folder.append(&lines(&[match_of_two(6)]));
    wait_until(&store, |status| status.stored == 6).await;
}

async fn results_of_a_running_server_are_stored_across_full_files(database: TestDatabase) {
    let (store, thread) = database.start();
    let three_lines = 3 * lines(&[match_of_two(1)]).len() as u64;
    let mut file = ResultsFile::open_with(database.folder.join(FILE_NAME), three_lines).expect("a folder of ours");
    for id in 0..40 {
        file.append(&[match_of_two(id)]).expect("there is space");
        if id % 7 == 0 {
            wait_until(&store, |status| u128::from(status.stored) == id + 1).await;
        }
    }
    assert!(thread.close(LONG));
    assert_eq!(store.status(), StoreStatus { stored: 40, ..StoreStatus::default() });
}

async fn a_batch_whose_answer_was_lost_is_not_stored_twice(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    database.folder.append(&lines(&[match_of_two(1), match_of_two(1), match_of_two(2)]));
    let mut source = ResultFiles::new(database.folder.0.clone());
    let batch = source.read(&Position::default()).expect("it reads").expect("there are lines");
    let matches: Vec<Match> = batch.results.iter().map(Match::of).collect();
    let stored = store_batch(&pool, "a", &matches, batch.next.clone(), true).await.expect("it stores");
    assert_eq!((stored.matches, stored.changed.len()), (2, 4));
    assert_eq!(load_position(&pool, "a").await.expect("it reads"), batch.next);
    let again = store_batch(&pool, "a", &matches, batch.next.clone(), true).await.expect("it stores");
    assert_eq!(again, Stored::default());
    assert!(source.read(&batch.next).expect("it reads").is_none());
    let (store, _thread) = database.start();
    let player = store.player(AccountId(1)).await.expect("it played");
    assert_eq!((player.matches, player.best), (2, 2));
}

async fn a_restart_goes_on_where_the_database_is(database: TestDatabase) {
    for run in 0..3 {
        database.folder.append(&lines(&[match_of_two(run)]));
        let (store, thread) = database.start();
        wait_until(&store, |status| status.stored == 1).await;
        assert!(thread.close(LONG));
    }
    let (store, thread) = database.start();
    assert!(thread.close(LONG));
    assert_eq!(store.status(), StoreStatus::default(), "nothing was left to do");
}

async fn another_file_in_the_place_of_the_stored_one_is_read(database: TestDatabase) {
    database.folder.append(&lines(&[match_of_two(1), match_of_two(2)]));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 2).await;
    // Longer than the stored one, and with a match that is stored.
    database.folder.write(FILE_NAME, &lines(&[match_of_two(3), match_of_two(1), match_of_two(4)]));
    wait_until(&store, |status| status.stored == 4).await;
    // Shorter.
    database.folder.write(FILE_NAME, &lines(&[match_of_two(5)]));
    wait_until(&store, |status| status.stored == 5).await;
}

async fn two_servers_share_a_database(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    for (server, ids) in [("a", [1, 2]), ("b", [3, 4])] {
        assert_eq!(load_position(&pool, server).await.expect("it reads"), Position::default());
        let matches: Vec<_> = ids.map(|id| Match::of(&match_of_two(id))).into();
        let position = Position { file: 1, bytes: ids[0] as u64, mark: server.to_owned() };
        let stored = store_batch(&pool, server, &matches, position.clone(), true).await.expect("it stores");
        assert_eq!(stored.matches, 2);
        assert_eq!(load_position(&pool, server).await.expect("it reads"), position);
    }
}

async fn the_largest_batch_fits(database: TestDatabase) {
    let everybody: Vec<_> = (0..32).map(|seat| (seat, seat as i64)).collect();
    let crowd = |id: u128| {
        let own: Vec<_> = everybody.iter().map(|(seat, points)| (id * 32 + seat, *points)).collect();
        played(id, &format!("map {id}"), NOW_S, &own)
    };
    database.folder.append(&lines(&(0..300).map(crowd).collect::<Vec<_>>()));
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 300).await;
    assert_eq!(store.boards().await.expect("an answer").boards.len(), 303);
}
