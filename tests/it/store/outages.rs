//! A database that is full, or stopped, while matches end: nothing is lost or doubled, and the operator is told.

use std::process::{Command, Stdio};

use framehouse_harness::live::wait_until;
use framehouse_tools::replays::Folder;

use super::{
    append, fires, log, logged, matches, player, postgres::Postgres, program, resolved, settings, start, stored,
};
use crate::programs::{Running, SERVER};

/// Size that no file of the server may exceed, in bytes: more than its tables have, less than the matches need.
const FILE_BYTES_MAX: u64 = 600_000;

/// Everything is stored, and the operator was told that it was not.
fn check(running: &Running, folder: &Folder, count: u64) {
    wait_until("all is stored", || stored(running) == count);
    wait_until("the alert is over", || resolved(running, "store_behind").is_some());
    let status = running.status().store;
    assert!(!status.failing && status.waiting_bytes == 0, "{status:?}");
    assert_eq!((player(running, 1).matches, player(running, 2).matches), (count, count), "each once");
    let logged = logged(folder.path());
    assert!(logged.contains("results wait in the results file") && logged.contains(" again"), "{logged}");
}

/// Waits until the operator is told, while matches go on.
fn wait_until_told(running: &Running) {
    wait_until("the alert fires", || fires(running, "store_behind"));
    let tick = running.status().tick;
    wait_until("ticks go on", || running.status().tick > tick + 30);
    let status = running.status().store;
    assert!(status.failing && status.waiting_bytes > 0, "{status:?}");
}

#[test]
fn results_wait_while_the_database_has_no_space() {
    let folder = Folder::new("store-full");
    let settings = settings(folder.path(), "");
    // Writes beyond the limit fail; without the first program they would end the server.
    let limit = format!("--fsize={FILE_BYTES_MAX}:unlimited");
    let prlimit = program("prlimit").expect("every Linux has it");
    let prlimit = prlimit.to_str().expect("UTF-8");
    let arguments = ["--ignore-signal=XFSZ", prlimit, &limit, SERVER, &settings[0], &settings[1]];
    let running = Running::start_with("/usr/bin/env", folder.path(), log(folder.path()), &arguments);
    append(folder.path(), &matches(0..10));
    wait_until("the first ones are stored", || stored(&running) == 10);
    append(folder.path(), &matches(10..4000));
    wait_until_told(&running);
    let pid = running.child().id().to_string();
    let freed = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).stdout(Stdio::null()).status();
    assert!(freed.is_ok_and(|status| status.success()));
    append(folder.path(), &matches(4000..4010));
    check(&running, &folder, 4010);
}

#[test]
fn results_wait_while_the_database_is_stopped() {
    let Some(mut postgres) = Postgres::start("stopped") else { return };
    let folder = Folder::new("store-stopped");
    let running = start(folder.path(), &["--database", &postgres.url()]);
    for round in 0..3 {
        // Some are on their way when it stops.
        append(folder.path(), &matches(round * 1000..round * 1000 + 600));
        wait_until("some are stored", || u128::from(stored(&running)) > round * 1000);
        postgres.stop();
        append(folder.path(), &matches(round * 1000 + 600..round * 1000 + 1000));
        if round == 0 {
            wait_until_told(&running);
        }
        postgres.start_again();
    }
    check(&running, &folder, 3000);
}
