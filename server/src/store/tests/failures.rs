//! A database that is away, slow or refuses: results wait in the file, and nothing is lost or doubled.

use super::*;

on_both! {
    results_wait_while_the_database_refuses_and_are_stored_afterwards
}

async fn results_wait_while_the_database_refuses_and_are_stored_afterwards(database: TestDatabase) {
    database.folder.append(&lines(&[played(1, "basin", NOW_S - 100, &[(1, 1)])]));
    let (store, thread) = database.start();
    wait_until(&store, |status| status.stored == 1).await;
    database.run("ALTER TABLE boards RENAME TO gone").await;
    let waiting = lines(&[played(2, "basin", NOW_S - 40, &[(1, 2)]), played(3, "basin", NOW_S, &[(1, 3)])]);
    database.folder.append(&waiting);
    wait_until(&store, |status| status.failing).await;
    let status = store.status();
    assert_eq!((status.stored, status.waiting_bytes, status.oldest_waiting_s), (1, waiting.len() as u64, 40));
    assert!(store.leaderboard("all", &BoardQuery { limit: Some(7), ..BoardQuery::default() }).await.is_err());
    database.run("ALTER TABLE gone RENAME TO boards").await;
    wait_until(&store, |status| status.stored == 3 && !status.failing).await;
    assert_eq!(store.player(AccountId(1)).await.expect("it played").matches, 3);
    assert!(thread.close(LONG));
    let status = store.status();
    assert_eq!((status.stored, status.waiting_bytes, status.oldest_waiting_s), (3, 0, 0));
}

#[tokio::test]
async fn a_server_starts_without_its_database_and_stores_everything_when_it_is_there() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let url = database.url.clone().expect("Postgres");
    let name = url.split(['/', '?']).nth(3).expect("the name of the database");
    let database = TestDatabase { url: Some(url.replace("framehouse:hidden", &format!("owner_{name}"))), ..database };
    let mut outside = server::outside().await;
    let mut admin = async |sql: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut outside).await.expect("a good statement");
    };
    let line = |id| lines(&[played(id, "basin", NOW_S, &[(1, 1)])]);
    database.folder.append(&line(1));
    // It refuses connections, as one that starts.
    admin(format!("CREATE ROLE owner_{name} LOGIN CONNECTION LIMIT 0")).await;
    admin(format!("ALTER DATABASE {name} OWNER TO owner_{name}")).await;
    let (store, _thread) = database.start();
    wait_until(&store, |status| status.failing).await;
    database.folder.append(&line(2));
    admin(format!("ALTER ROLE owner_{name} CONNECTION LIMIT -1")).await;
    wait_until(&store, |status| status.stored == 2 && !status.failing).await;
    // It loses its connections.
    admin(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    database.folder.append(&line(3));
    wait_until(&store, |status| status.stored == 3).await;
}

#[tokio::test]
async fn nobody_waits_for_a_database_that_cannot_be_reached() {
    let folder = Folder::new();
    let url = Some("postgres://ada:secret@localhost/name?host=/nonexistent".to_owned());
    let database = TestDatabase { folder, url };
    database.folder.append(&lines(&[played(1, "basin", NOW_S, &[(1, 1)])]));
    let (store, thread) = database.start();
    wait_until(&store, |status| status.failing).await;
    assert!(store.boards().await.is_err());
    assert!(thread.close(LONG), "it ends");
    assert_eq!(store.status().stored, 0);
}
