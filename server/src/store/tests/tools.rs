//! Backup, restore, check and forget, on the data of a server.

use std::{fs, thread};

use framehouse_shared::ids::{MatchId, RoomId, Slot};
use sqlx::Row;

use super::*;
use crate::{
    key::FILE_NAME as KEY_FILE,
    room::message_log::{MessageContent, RoomMessage},
    store::tools::{Checked, Place},
};

on_both! {
    a_backup_of_a_running_server_restores_everything
    a_restore_to_a_point_in_time_has_what_was_there_then
    a_restore_overwrites_nothing
    a_backup_that_is_not_whole_leaves_nothing
    a_check_counts_and_names_the_first_difference
    a_check_of_a_running_server_is_good_although_results_wait
    a_forgotten_player_is_somebody_in_its_matches_and_nowhere_else
}

impl TestDatabase {
    /// An empty one of the same kind.
    async fn another(&self) -> Self {
        match &self.url {
            Some(_) => Self::postgres().await.expect("it is installed"),
            None => Self::sqlite(),
        }
    }

    fn place(&self) -> Place {
        Place { data_dir: self.folder.0.clone(), url: self.url.clone(), boards_unproven: true }
    }

    fn write_key(&self) {
        self.folder.write(KEY_FILE, "07".repeat(32).as_bytes());
    }

    /// Runs a command, as in a process of its own.
    fn run_command<T: Send>(&self, command: impl FnOnce(&Place) -> T + Send) -> T {
        let place = self.place();
        thread::scope(|scope| scope.spawn(|| command(&place)).join().expect("it does not panic"))
    }

    fn back_up(&self, name: &str) -> PathBuf {
        let file = self.folder.join(name);
        self.run_command(|place| place.backup(&file, Duration::from_secs(NOW_S))).expect("there is space");
        file
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(&self.open().readers).await.expect("it reads").get(0)
    }

    fn check(&self) -> Checked {
        self.run_command(Place::check).expect("it reads")
    }

    /// Stores these results as a server would, whose key is there.
    fn store(&self, results: &[MatchResult]) {
        self.write_key();
        self.folder.append(&lines(results));
        let (_store, thread) = self.start();
        assert!(thread.close(LONG));
    }
}

fn said(msg_id: u64, account: u128, unix_s: u64) -> RoomMessage {
    RoomMessage {
        room: RoomId(1),
        code: "K7QX".parse().expect("a code"),
        msg_id,
        match_id: None,
        unix_s,
        account: AccountId(account),
        slot: Slot::new(0),
        name: format!("player {account}"),
        content: MessageContent::Chat("hello".to_owned()),
    }
}

/// Ends of two matches in the same week.
const EARLY_S: u64 = NOW_S - 7200;
const LATE_S: u64 = NOW_S - 60;

fn two_matches() -> [MatchResult; 2] {
    [played(1, "basin", EARLY_S, &[(1, 5), (2, 3)]), played(2, "ridge", LATE_S, &[(2, 9), (1, 8)])]
}

async fn a_backup_of_a_running_server_restores_everything(database: TestDatabase) {
    database.write_key();
    database.folder.write("results-1.jsonl", &lines(&two_matches()[..1]));
    database.folder.append(&lines(&two_matches()[1..]));
    fs::create_dir(database.folder.join("replays")).expect("a folder of ours");
    database.folder.write("replays/a.fhr", b"replay");
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.stored == 2).await;
    store_messages(&database.open().writer, "a", &[said(1, 1, EARLY_S)]).await.expect("it stores");
    // A line that is being written.
    database.folder.append(b"{\"match_id\":");
    let file = database.back_up("backup");
    assert_eq!(fs::metadata(&file).map(|it| std::os::unix::fs::MetadataExt::mode(&it) & 0o777).ok(), Some(0o600));

    let other = database.another().await;
    let restored = other.run_command(|place| place.restore(&file, None)).expect("it is empty");
    assert_eq!((restored.matches, restored.messages, restored.results, restored.replays), (2, 1, 2, 1));
    for name in ["results-1.jsonl", KEY_FILE] {
        assert_eq!(fs::read(other.folder.join(name)).ok(), fs::read(database.folder.join(name)).ok(), "{name}");
    }
    assert_eq!(fs::read(other.folder.join(FILE_NAME)).ok(), Some(lines(&two_matches()[1..])));
    assert!(!other.folder.join("restoring").exists());
    let again = other.start();
    assert!(again.1.close(LONG));
    assert_eq!(again.0.status().stored, 0, "nothing is left to store");
    let (again, _thread) = other.start();
    for board in ["all", "day", "week", "map:ridge"] {
        let query = BoardQuery::default();
        let (before, after) = (store.leaderboard(board, &query).await, again.leaderboard(board, &query).await);
        assert_eq!(before.expect("an answer"), after.expect("an answer"), "{board}");
    }
    for player in [1, 2] {
        assert_eq!(store.player(AccountId(player)).await.ok(), again.player(AccountId(player)).await.ok());
    }
    let checked = other.check();
    assert_eq!((checked.results, checked.stored, checked.differences), (2, 2, 0), "{checked:?}");
}

async fn a_restore_to_a_point_in_time_has_what_was_there_then(database: TestDatabase) {
    database.store(&two_matches());
    database.folder.append(b"a line of somebody else\n");
    let messages = [said(1, 1, EARLY_S), said(2, 1, EARLY_S + 1)];
    store_messages(&database.open().writer, "a", &messages).await.expect("it stores");
    let file = database.back_up("backup");
    let other = database.another().await;
    let restored = other.run_command(|place| place.restore(&file, Some(EARLY_S))).expect("it is empty");
    assert_eq!((restored.matches, restored.messages, restored.results), (1, 1, 2));
    let expected = [&lines(&two_matches()[..1])[..], b"a line of somebody else\n"].concat();
    assert_eq!(fs::read(other.folder.join(FILE_NAME)).ok(), Some(expected));
    let (store, thread) = other.start();
    assert!(thread.close(LONG));
    assert_eq!(store.status().stored, 0, "it is stored already");
    let (store, _thread) = other.start();
    assert_eq!(page(&store, "all", BoardQuery::default()).await, [(1, 1, 5), (2, 2, 3)]);
    assert_eq!(page(&store, "map:ridge", BoardQuery::default()).await, []);
    let player = store.player(AccountId(2)).await.expect("it played");
    assert_eq!((player.matches, player.best, player.last_seen_unix), (1, 3, EARLY_S));
}

async fn a_restore_overwrites_nothing(database: TestDatabase) {
    database.store(&two_matches());
    let file = database.back_up("backup");
    let refused = database.run_command(|place| place.backup(&file, Duration::ZERO).map(drop)).expect_err("it is there");
    assert!(refused.contains("it is there already"), "{refused}");
    database.run("ALTER TABLE matches RENAME TO gone").await;
    let failed = database.folder.join("failed");
    let told = database.run_command(|place| place.backup(&failed, Duration::ZERO).map(drop)).expect_err("no table");
    assert!(told.starts_with("cannot make the backup"), "{told}");
    let names = fs::read_dir(&*database.folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert!(!names.into_iter().any(|name| name.to_string_lossy().starts_with("failed")), "nothing is left of it");
    database.run("ALTER TABLE gone RENAME TO matches").await;
    let other = database.another().await;
    other.folder.write("notes.txt", b"mine");
    let refused = other.run_command(|place| place.restore(&file, None)).expect_err("it is not empty");
    assert!(refused.contains("is not empty"), "{refused}");
    assert_eq!(fs::read_dir(&*other.folder).expect("a folder").count(), 1);
    if database.url.is_some() {
        let full = TestDatabase { folder: Folder::new(), url: database.url.clone() };
        let refused = full.run_command(|place| place.restore(&file, None)).expect_err("its database is not empty");
        assert!(refused.contains("is not empty") && !refused.contains("hidden"), "{refused}");
        assert_eq!(fs::read_dir(&*full.folder).expect("a folder").count(), 0);
    }
}

async fn a_backup_that_is_not_whole_leaves_nothing(database: TestDatabase) {
    database.store(&two_matches());
    let file = database.back_up("backup");
    let bytes = fs::read(&file).expect("it is there");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let other = database.another().await;
    for bad in [&bytes[..bytes.len() / 2], &bytes[..bytes.len() - 1], &[], b"something else", &flipped] {
        database.folder.write("bad", bad);
        let from = database.folder.join("bad");
        let refused = other.run_command(|place| place.restore(&from, None)).expect_err("it is not whole");
        assert!(refused.starts_with("cannot restore the backup"), "{refused}");
        assert_eq!(fs::read_dir(&*other.folder).expect("a folder").count(), 0);
    }
    other.run_command(|place| place.restore(&file, None)).expect("nothing is in its way");
}

async fn a_check_counts_and_names_the_first_difference(database: TestDatabase) {
    database.store(&two_matches());
    let good = Checked { results: 2, stored: 2, replays_gone: 2, ..Checked::default() };
    assert_eq!(database.check(), good);
    fs::create_dir(database.folder.join("replays")).expect("a folder of ours");
    database.folder.write(&format!("replays/{}.fhr", MatchId(2)), b"no replay");
    let checked = database.check();
    assert_eq!((checked.replays, checked.replays_gone, checked.differences), (1, 1, 1));
    assert!(checked.first.is_some_and(|first| first.contains("is damaged")));
    database.run("UPDATE match_players SET points = points + 1").await;
    let first = database.check().first.expect("a difference");
    assert!(first.contains(&MatchId(1).to_string()) && first.contains("another ranking"), "{first}");
    database.run("DELETE FROM matches").await;
    let checked = database.check();
    assert_eq!((checked.results, checked.stored, checked.differences), (2, 0, 3));
    assert!(checked.first.is_some_and(|first| first.ends_with("is not in the database")));
    fs::remove_file(database.folder.join(FILE_NAME)).expect("a file of ours");
    assert_eq!(database.check(), Checked::default());
}

async fn a_check_of_a_running_server_is_good_although_results_wait(database: TestDatabase) {
    database.store(&two_matches());
    database.folder.append(&lines(&[played(3, "basin", NOW_S, &[(1, 1)])]));
    let expected = Checked { results: 3, waiting: 1, stored: 2, replays_gone: 3, ..Checked::default() };
    assert_eq!(database.check(), expected);
    database.folder.write(FILE_NAME, &lines(&two_matches()[1..]));
    let checked = database.check();
    assert!(checked.first.is_some_and(|first| first.ends_with("is in no results file")));
}

async fn a_forgotten_player_is_somebody_in_its_matches_and_nowhere_else(database: TestDatabase) {
    database.folder.write("results-1.jsonl", &[b"a line of somebody else\n", &lines(&two_matches()[..1])[..]].concat());
    database.store(&two_matches()[1..]);
    let messages = [said(1, 1, NOW_S), said(2, 2, NOW_S)];
    store_messages(&database.open().writer, "a", &messages).await.expect("it stores");
    let forgotten = database.run_command(|place| place.forget(AccountId(1))).expect("it played");
    assert_eq!((forgotten.matches, forgotten.lines, forgotten.messages, forgotten.replays), (2, 2, 1, 0));
    for name in ["results-1.jsonl", FILE_NAME] {
        let text = fs::read_to_string(database.folder.join(name)).expect("it is there");
        assert!(!text.contains("player 1") && text.contains("somebody") && text.contains("player 2"), "{text}");
        assert!(!text.contains(&AccountId(1).to_string()), "{text}");
    }
    assert_eq!(database.count("SELECT COUNT(*) FROM match_players WHERE name = 'player 1'").await, 0);
    assert_eq!(database.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(database.check().differences, 0);
    let (store, thread) = database.start();
    assert!(thread.close(LONG));
    let (store, _thread) = {
        drop(store);
        database.start()
    };
    assert!(store.player(AccountId(1)).await.is_err());
    assert!(store.matches_of(AccountId(0), &Default::default()).await.is_err());
    assert_eq!(page(&store, "all", BoardQuery::default()).await, [(1, 2, 9)]);
    let names: Vec<_> = store
        .match_info(MatchId(2))
        .await
        .expect("it stays")
        .players
        .into_iter()
        .map(|it| (it.name, it.points))
        .collect();
    assert_eq!(names, [("player 2".to_owned(), 9), ("somebody".to_owned(), 8)]);
    let refused = database.run_command(|place| place.forget(AccountId(1))).expect_err("nobody is left");
    assert!(refused.contains("no player has the id"), "{refused}");
    // Everything again from the files: it stays forgotten.
    let other = database.another().await;
    other.folder.append(&fs::read(database.folder.join("results-1.jsonl")).expect("it is there"));
    let (again, _thread) = other.start();
    wait_until(&again, |status| status.stored == 1).await;
    assert_eq!(page(&again, "all", BoardQuery::default()).await, [(1, 2, 3)]);
}

/// A later migration cannot be forgotten in backups.
#[tokio::test]
async fn all_columns_are_in_a_backup_or_follow_from_others() {
    let database = TestDatabase::sqlite();
    let pool = database.migrated().await.writer;
    let sql = "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c \
               WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY m.rowid, c.cid";
    let rows = sqlx::query(sql).fetch_all(&pool).await.expect("it reads");
    let mut found: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    found.retain(|(table, column)| !["players", "boards"].contains(&table.as_str()) && column != "rated");
    let mut expected = crate::store::tools::columns();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_folder_without_a_database_is_told() {
    let database = TestDatabase::sqlite();
    let refused = database.run_command(|place| place.check().map(drop)).expect_err("nothing is there");
    assert!(refused.contains("no server has used it"), "{refused}");
    database.write_key();
    for refused in [
        database.run_command(|place| place.check().map(drop)),
        database.run_command(|place| place.backup(&database.folder.join("backup"), Duration::ZERO).map(drop)),
        database.run_command(|place| place.forget(AccountId(1)).map(drop)),
    ] {
        assert!(refused.is_err_and(|refused| refused.contains("there is no database")));
    }
    assert_eq!(fs::read_dir(&*database.folder).expect("a folder").count(), 1, "and none is made");
}
