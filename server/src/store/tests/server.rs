//! Databases of a Postgres server for the tests of this process, if its programs are installed. With
//! `FRAMEHOUSE_REQUIRE_POSTGRES=1` their absence is a failure.

use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

use framehouse_harness::postgres::Postgres;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, any::install_default_drivers};

static SERVER: LazyLock<Option<Postgres>> = LazyLock::new(Postgres::for_tests);

/// URL of a new, empty database. `None` if Postgres is not installed.
pub(super) async fn new_database() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    install_default_drivers();
    let server = SERVER.as_ref()?;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(sql).execute(&mut connect(server).await).await.expect("a new name");
    Some(server.url(&name))
}

/// A connection that is not to the database of a test.
pub(super) async fn outside() -> AnyConnection {
    connect(SERVER.as_ref().expect("the test has a database")).await
}

async fn connect(server: &Postgres) -> AnyConnection {
    AnyConnection::connect(&server.url("postgres")).await.expect("it has started")
}
