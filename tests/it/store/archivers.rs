//! Archivers bring what servers put into the streams of Redis into the database, each match once.

use std::{
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use framehouse_harness::{live::wait_until, postgres::Postgres, redis::Redis};
use framehouse_server::store::{self, StoreOptions};
use framehouse_shared::replay::ServerKey;
use framehouse_tools::replays::Folder;
use rustix::process::{Pid, Signal, kill_process};

use super::{ENDED_S, append, lines, log, logged, matches, player, settings, start, stored};
use crate::programs::{server, text};

const RESULTS: &str = "fh:results";
const MESSAGES: &str = "fh:messages";

/// A running archiver, killed when it goes out of scope.
struct Archiver(Child);

impl Archiver {
    /// Starts one that keeps its log, and its database if there is no `url`, in this folder.
    fn start(folder: &Path, redis: &Redis, url: Option<&str>) -> Self {
        let mut command = server(&["archive", "--redis", &redis.url(), "--data-dir"]);
        command.arg(folder).args(settings(folder, "")).args(url.iter().flat_map(|url| ["--database", url]));
        Self(command.stdout(Stdio::piped()).stderr(log(folder)).spawn().expect("a program"))
    }

    /// Stops it as an operator does, and returns what it prints.
    fn stop(mut self) -> String {
        kill_process(Pid::from_child(&self.0), Signal::TERM).expect("it runs");
        let mut output = self.0.stdout.take().expect("it was asked for");
        let mut told = Vec::new();
        std::io::Read::read_to_end(&mut output, &mut told).expect("a pipe");
        assert!(self.0.wait().expect("it ends").success());
        text(&told)
    }
}

impl Drop for Archiver {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until nothing is in the stream of results, and nobody has taken anything.
fn wait_until_empty(redis: &Redis) {
    wait_until("the stream is empty", || redis.length(RESULTS) == 0);
    wait_until("nothing is taken", || redis.ask(&["XPENDING", RESULTS, "archivers"]).starts_with('0'));
}

#[test]
fn two_archivers_and_what_a_dead_one_has_taken_store_each_match_once() {
    let Some((redis, postgres)) = Redis::for_tests().zip(Postgres::for_tests()) else { return };
    let folder = Folder::new("archivers-two");
    let (one, two) = (Folder::new("archivers-one-of-two"), Folder::new("archivers-two-of-two"));
    let url = postgres.url("postgres");
    let running = start(folder.path(), &["--database", &url, "--redis", &redis.url()]);
    append(folder.path(), &matches(0..400));
    wait_until("they are in the stream", || redis.length(RESULTS) == 400);
    let position = redis.keys().into_iter().find(|key| key.starts_with("fh:sent:")).expect("it is written with them");
    let seconds: u32 = redis.ask(&["TTL", &position]).parse().expect("it ends some day");
    assert!((2_000_000..=2_592_000).contains(&seconds), "after 30 days: {seconds}");
    // One takes some and dies.
    redis.ask(&["XGROUP", "CREATE", RESULTS, "archivers", "0"]);
    redis.ask(&["XREADGROUP", "GROUP", "archivers", "ghost", "COUNT", "100", "STREAMS", RESULTS, ">"]);
    let (mut killed, other) =
        (Archiver::start(one.path(), &redis, Some(&url)), Archiver::start(two.path(), &redis, Some(&url)));
    append(folder.path(), &matches(400..3000));
    wait_until("some are stored", || redis.length(RESULTS) < 2900 && running.status().store.stored > 1000);
    killed.0.kill().expect("it runs");
    wait_until("all are in the stream", || running.status().store.waiting_bytes == 0);
    let third = Archiver::start(one.path(), &redis, Some(&url));
    wait_until_empty(&redis);
    assert_eq!((player(&running, 1).matches, player(&running, 2).matches), (3000, 3000));
    // A Redis that has lost its data gets all of them again, and the database has them already.
    redis.ask(&["FLUSHALL"]);
    wait_until("all are sent again", || running.status().store.stored == 6000);
    wait_until_empty(&redis);
    assert_eq!((player(&running, 1).matches, player(&running, 2).matches), (3000, 3000));
    for archiver in [third, other] {
        assert!(archiver.stop().contains(" messages are stored"));
    }
}

#[test]
fn results_wait_while_redis_or_the_database_is_stopped() {
    let Some((mut redis, mut postgres)) = Redis::for_tests().zip(Postgres::for_tests()) else { return };
    let (folder, archive) = (Folder::new("archivers-stopped"), Folder::new("archivers-of-stopped"));
    let url = postgres.url("postgres");
    let running = start(folder.path(), &["--database", &url, "--redis", &redis.url()]);
    let _archiver = Archiver::start(archive.path(), &redis, Some(&url));
    append(folder.path(), &matches(0..300));
    wait_until("some are stored", || stored(&running) > 0);
    redis.kill().expect("it runs");
    append(folder.path(), &matches(300..600));
    wait_until("results wait in the file", || running.status().store.failing);
    redis.start_again().expect("it starts");
    wait_until("they are stored", || stored(&running) == 600);
    postgres.kill().expect("it runs");
    append(folder.path(), &matches(600..900));
    wait_until("results wait in the stream", || redis.length(RESULTS) > 0);
    wait_until("the log says so", || logged(archive.path()).contains("results wait in the stream"));
    postgres.start_again().expect("it starts");
    wait_until("all are stored", || stored(&running) == 900);
    wait_until_empty(&redis);
    assert_eq!((player(&running, 1).matches, player(&running, 2).matches), (900, 900));
}

#[test]
fn a_server_that_stops_while_redis_is_away_for_a_moment_still_sends_its_results() {
    let Some(mut redis) = Redis::for_tests() else { return };
    let folder = Folder::new("archivers-last-results");
    redis.kill().expect("it has just started");
    append(folder.path(), &matches(0..20));
    let clock = || Duration::from_secs(ENDED_S);
    let options = StoreOptions::in_folder(folder.path().to_owned(), ServerKey::from_secret([7; 32]).public(), clock);
    let (stream, stop_limit) = (Some(redis.url()), Duration::from_secs(60));
    let (_store, thread) = store::start(StoreOptions { stream, stop_limit, ..options }).expect("a folder of ours");
    let closing = thread::spawn(move || thread.close(Duration::from_secs(120)));
    // This takes a while, in which the first attempts fail.
    redis.start_again().expect("it starts");
    assert!(closing.join().expect("no panic"));
    assert_eq!(redis.length(RESULTS), 20);
}

#[test]
fn what_nobody_can_read_is_removed_and_stops_nothing() {
    let Some(redis) = Redis::for_tests() else { return };
    let folder = Folder::new("archivers-strange");
    let line = text(&lines(&matches(1..2)));
    let (server_key, line) = ("ab".repeat(32), line.trim_end());
    redis.ask(&["XADD", RESULTS, "*", "result", "no server"]);
    redis.ask(&["XADD", RESULTS, "*", "server", &server_key, "result", "{}"]);
    redis.ask(&["XADD", RESULTS, "*", "server", "nobody", "result", line]);
    redis.ask(&["XADD", RESULTS, "*", "server", &server_key, "result", line]);
    let message = |msg_id: u32, content: &str| {
        format!(
            r#"{{"room":"r","msg_id":{msg_id},"code":"K7QX","match_id":null,"sent_s":4000000000,"kind":"chat","player":"p","name":"Ada","seat":0,"content":"{content}"}}"#
        )
    };
    for message in ["nothing".to_owned(), message(1, "a\\u0000b"), message(1, "twice"), message(2, "hello")] {
        redis.ask(&["XADD", MESSAGES, "*", "message", &message]);
    }
    let archiver = Archiver::start(folder.path(), &redis, None);
    wait_until_empty(&redis);
    wait_until("no message is left", || redis.length(MESSAGES) == 0);
    let told = archiver.stop();
    assert!(told.starts_with("1 matches and 3 messages"), "{told}");
    let backup = folder.path().join("backup");
    let made = server(&["store", "backup"]).arg(&backup).arg("--data-dir").arg(folder.path()).output();
    let made = text(&made.expect("a program").stdout);
    assert!(made.starts_with("1 matches, 2 messages"), "{made}");
    assert!(logged(folder.path()).contains("that nobody can read (3) are removed"), "{}", logged(folder.path()));
}

#[test]
fn an_archiver_without_redis_says_what_to_do() {
    let told = server(&["archive"]).output().expect("a program");
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stderr).contains("set --redis"), "{}", text(&told.stderr));
    let folder = Folder::new("archivers-bad-url");
    let mut command = server(&["archive", "--redis", "http://ada:secret@host", "--data-dir"]);
    let told = command.arg(folder.path()).output().expect("a program");
    let sentence = text(&told.stderr);
    assert!(sentence.contains("the URL of Redis must be") && !sentence.contains("secret"), "{sentence}");
}
