//! Messages of rooms are archived in their order, each once, for some days.

use framehouse_shared::ids::{MatchId, RoomId, Slot};
use sqlx::Row;

use super::*;
use crate::room::message_log::{self, MessageContent, MessageQueue, RoomMessage};

on_both! {
    messages_are_archived_in_their_order_by_room_and_match
    a_batch_of_messages_that_comes_again_is_stored_once
    messages_wait_while_the_database_refuses
    messages_that_are_too_old_are_deleted
}

fn message(room: u64, msg_id: u64, content: MessageContent) -> RoomMessage {
    RoomMessage {
        room: RoomId(room),
        code: "K7QX".parse().expect("a code"),
        msg_id,
        match_id: (msg_id > 1).then_some(MatchId(9)),
        unix_s: NOW_S,
        account: AccountId(1),
        slot: Slot::new(2),
        name: "Ada".to_owned(),
        content,
    }
}

fn chat(room: u64, msg_id: u64) -> RoomMessage {
    message(room, msg_id, MessageContent::Chat(format!("line {msg_id}")))
}

fn start_with_archive(database: &TestDatabase) -> (Store, StoreThread, MessageQueue) {
    let (queue, messages) = message_log::queue();
    let options = StoreOptions { messages: Some(messages), ..database.options() };
    let (store, thread) = start(options).map_err(|error| error.to_string()).expect("it starts");
    (store, thread, queue)
}

/// Number, match, seat and content of the messages of rooms whose names end with this, in their order.
async fn archived(database: &TestDatabase, room: u64) -> Vec<(i64, Option<String>, Option<i64>, String)> {
    let sql = "SELECT msg_id, match_id, seat, content FROM messages WHERE room LIKE $1 ORDER BY msg_id";
    let rows = sqlx::query(sql).bind(format!("%-{}", RoomId(room))).fetch_all(&database.open().readers).await;
    let rows = rows.expect("it reads");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

async fn messages_are_archived_in_their_order_by_room_and_match(database: TestDatabase) {
    let (store, thread, queue) = start_with_archive(&database);
    // More than one batch.
    for msg_id in 1..=1500 {
        queue.push(chat(1, msg_id));
    }
    queue.push(RoomMessage { slot: None, ..message(2, 1, MessageContent::Game(vec![0, 0xab])) });
    assert!(thread.close(LONG));
    assert_eq!((store.status().messages, store.status().messages_lost), (1501, 0));
    let first = archived(&database, 1).await;
    let numbers: Vec<_> = first.iter().map(|message| message.0).collect();
    assert_eq!(numbers, (1..=1500).collect::<Vec<_>>());
    assert_eq!(first[0], (1, None, Some(2), "line 1".to_owned()), "before the match");
    assert_eq!(first[1], (2, Some(MatchId(9).to_string()), Some(2), "line 2".to_owned()));
    assert_eq!(archived(&database, 2).await, [(1, None, None, "00ab".to_owned())]);
}

async fn a_batch_of_messages_that_comes_again_is_stored_once(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    let batch = [chat(1, 1), chat(1, 2)];
    for prefix in ["a", "a", "b"] {
        store_messages(&pool, prefix, &batch).await.expect("it stores");
    }
    assert_eq!(archived(&database, 1).await.len(), 4, "another start of the server has other rooms");
}

async fn messages_wait_while_the_database_refuses(database: TestDatabase) {
    database.migrated().await;
    database.run("ALTER TABLE messages RENAME TO gone").await;
    let (store, thread, queue) = start_with_archive(&database);
    queue.push(chat(1, 1));
    queue.push(chat(1, 2));
    database.run("ALTER TABLE gone RENAME TO messages").await;
    wait_until(&store, |status| status.messages == 2).await;
    assert!(thread.close(LONG));
    assert_eq!(archived(&database, 1).await.len(), 2);
}

async fn messages_that_are_too_old_are_deleted(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    let days = StoreOptions::in_folder(PathBuf::new(), key(), Duration::default).message_days;
    let kept_s = NOW_S - u64::from(days) * 86_400;
    let old = |msg_id| RoomMessage { unix_s: kept_s - 1, ..chat(1, msg_id) };
    // More than one statement deletes.
    let mut batch: Vec<_> = (1..=5001).map(old).collect();
    batch.push(RoomMessage { unix_s: kept_s, ..chat(1, 6000) });
    store_messages(&pool, "a", &batch).await.expect("it stores");
    let (_store, thread) = database.start();
    assert!(thread.close(LONG));
    assert_eq!(archived(&database, 1).await.iter().map(|message| message.0).collect::<Vec<_>>(), [6000]);
}

#[test]
fn a_message_for_a_full_queue_is_counted_and_nobody_waits() {
    let (queue, messages) = message_log::queue();
    for msg_id in 0..9000 {
        queue.push(chat(1, msg_id));
    }
    assert_eq!(messages.lost().load(Ordering::Relaxed), 9000 - 8192);
    assert_eq!(messages.take().map(|message| message.msg_id).collect::<Vec<_>>(), (0..8192).collect::<Vec<_>>());
}
