//! A Postgres server for the tests of this process, if its programs are installed. With `FRAMEHOUSE_REQUIRE_POSTGRES=1`
//! their absence is a failure.

use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, any::install_default_drivers};
use tokio::time::{Instant, sleep};

use super::LONG;

/// Runs until its standard input is closed, as when the tests' process ends, and leaves nothing.
const SCRIPT: &str = r#"
set -e
mkdir "$1"
initdb -D "$1/data" -U framehouse --auth=trust --no-sync --locale=C --encoding=UTF8 >"$1/initdb.log" 2>&1
postgres -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=300 >"$1/log" 2>&1 &
read -r line || true
kill -QUIT $!
wait
rm -rf "$1"
"#;

struct Server {
    folder: PathBuf,
    _script: Child,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let Some(programs) = programs() else {
        let is_required = env::var_os("FRAMEHOUSE_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
        assert!(!is_required, "the programs of Postgres are missing: install the package postgresql");
        return None;
    };
    let folder = env::temp_dir().join(format!("framehouse-postgres-{}", std::process::id()));
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    // Postgres does not run as root.
    let (program, before): (_, &[_]) =
        if is_root { ("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]) } else { ("sh", &[]) };
    let path = env::var("PATH").unwrap_or_default();
    let script = Command::new(program)
        .args(before)
        .args(["-c", SCRIPT, "postgres"])
        .arg(&folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .current_dir(env::temp_dir())
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    Some(Server { folder, _script: script })
});

/// The folder with `initdb` and `postgres`: Debian has one for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, env::split_paths(&path));
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// URL of a new, empty database. `None` if Postgres is not installed.
pub(super) async fn new_database() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    install_default_drivers();
    let server = SERVER.as_ref()?;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = connect(server).await;
    let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("a new name");
    Some(url(server, &name))
}

/// A connection that is not to the database of a test.
pub(super) async fn outside() -> AnyConnection {
    connect(SERVER.as_ref().expect("the test has a database")).await
}

/// Connects as soon as the server has started.
async fn connect(server: &Server) -> AnyConnection {
    let end = Instant::now() + LONG;
    loop {
        match AnyConnection::connect(&url(server, "postgres")).await {
            Ok(connection) => return connection,
            Err(error) => assert!(Instant::now() < end, "{error}; see {}", server.folder.display()),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn url(server: &Server, name: &str) -> String {
    format!("postgres://framehouse:hidden@localhost/{name}?host={}", server.folder.display())
}
