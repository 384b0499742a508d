//! Databases that are newer, wrong, or named wrongly.

use sqlx::Connection;

use super::*;

on_both! {
    a_database_of_a_newer_program_is_refused_with_a_sentence
    tables_are_made_once
}

async fn a_database_of_a_newer_program_is_refused_with_a_sentence(database: TestDatabase) {
    let pool = database.migrated().await.writer;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations";
    sqlx::raw_sql(sql).execute(&pool).await.expect("a later migration");
    let refused = database.try_start().map(drop).expect_err("it is newer");
    assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
    let sentence = refused.to_string();
    assert!(sentence.contains("newer version") && !sentence.contains("hidden"), "{sentence}");
}

async fn tables_are_made_once(database: TestDatabase) {
    database.migrated().await;
    database.migrated().await;
}

/// As after a failed write. Later transactions would be parts of one that nobody commits.
#[tokio::test]
async fn a_connection_whose_transaction_has_ended_by_itself_is_not_used_again() {
    let database = TestDatabase::sqlite();
    let pool = database.migrated().await.writer;
    let mut transaction = pool.begin().await.expect("a database");
    sqlx::raw_sql("ROLLBACK").execute(&mut *transaction).await.expect("it is in a transaction");
    drop(transaction);
    let connection = pool.acquire().await.expect("a database");
    assert!(!connection.is_in_transaction());
}

#[tokio::test]
async fn what_is_not_the_url_of_a_postgres_database_is_refused() {
    let folder = Folder::new();
    for url in ["", "x", "mysql://a@b/c", "sqlite://x", "http://a/b"] {
        assert_eq!(Database::new(Some(url), &folder).err(), Some(StoreError::BadUrl), "{url}");
    }
    let database = Database::new(Some("postgres://ada:secret@host/name?password=secret"), &folder).expect("a URL");
    assert_eq!(database.name, "postgres://ada@host/name");
}

#[test]
fn a_file_that_is_no_database_is_refused_with_a_sentence() {
    let database = TestDatabase::sqlite();
    database.folder.write(crate::store::database::FILE_NAME, &[b'x'; 5000]);
    let refused = database.try_start().map(drop).expect_err("it is no database").to_string();
    assert!(refused.starts_with("cannot use the database") && refused.contains("framehouse.db"), "{refused}");
}
