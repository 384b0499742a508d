//! Scenario `million`: a database with many matches, filled by a server from results files, and questions about them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant, SystemTime},
};

use framehouse_client::complain;
use framehouse_harness::postgres::Postgres;
use framehouse_server::results::FILE_NAME;
use framehouse_shared::{
    api::{BoardQuery, board},
    date::day,
    ids::MatchId,
    rng::SimRng,
};

use super::{
    args::{Args, MillionArgs},
    asker::ask_steadily,
    plausible::{Seat, account, played, points},
    store_settings,
};
use crate::{
    bursts::{report::Report, timeline::quantiles},
    load::{
        shared::pause,
        {
            process::{Scratch, ServerProcess},
            program::server_program,
        },
    },
};

/// Time in which the matches were played, in seconds.
const PLAYED_S: u64 = 180 * DAY_S;
const DAY_S: u64 = 86_400;
const MAPS: [&str; 3] = ["basin", "cross", "ring"];
const MATCH_PLAYERS: usize = 4;
/// Length of a results file in bytes, as a server makes them.
const FILE_BYTES: u64 = 64 << 20;
/// Interval of looks whether all is stored, and of lines about it.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
const SAY_INTERVAL: Duration = Duration::from_secs(30);
/// The most time for 99 of 100 answers, in milliseconds.
const ANSWER_P99_MAX_MS: f64 = 20.0;

pub(super) fn run(million: &MillionArgs, args: &Args, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let program = args.server.clone().map_or_else(server_program, Ok)?;
    let postgres = args.postgres.then(Postgres::start).transpose()?;
    let scratch = Scratch::new("store-million")?;
    let folder = million.folder.as_deref().unwrap_or(scratch.path());
    let now_s = unix_now_s();
    let failed = |error: io::Error| format!("cannot write the results to {}: {error}", folder.display());
    let is_new = write_results(&folder.join("data"), million, now_s).map_err(failed)?;
    let database = million.database.as_ref().map(|url| format!("database = \"{url}\"\n")).unwrap_or_default();
    let settings = store_settings(postgres.as_ref(), &format!("{database}boards_unproven = true\n"));
    let server = ServerProcess::start_program(&program, folder, &settings, &[])?;
    let mut report = Report { scenario: "million", ..Report::default() };
    let last = played(million.matches - 1, MAPS[0], now_s, &[]).match_id;
    let stored = wait_until_stored(&server, last, stop)?;
    if is_new {
        report.number("import_s", stored.as_secs_f64());
        report.number("imported_per_s", f64::from(million.matches) / stored.as_secs_f64());
    }
    report.number("matches", million.matches.into());
    report.number("players", million.players.into());
    for (kind, path) in questions(million, now_s) {
        ask(&mut report, &server, million, kind, path)?;
        pause(Duration::ZERO, stop)?;
    }
    let lines = server.log_lines();
    report.logged = (lines.len(), lines.into_iter().take(1).collect());
    server.stop()?;
    Ok(report)
}

/// Writes the results of all matches, as a server would have left them. Returns false if there are some already.
fn write_results(data_dir: &Path, million: &MillionArgs, now_s: u64) -> io::Result<bool> {
    if data_dir.join(FILE_NAME).exists() {
        return Ok(false);
    }
    fs::create_dir_all(data_dir)?;
    let (mut rng, mut numbers, mut line) = (SimRng::new(1), 0..million.matches, Vec::new());
    for file in 1.. {
        // The last one is written under its own name at the end, so an interrupted attempt is no complete one.
        let path = data_dir.join(format!("results-{file}.jsonl"));
        let (mut writer, mut bytes) = (BufWriter::new(File::create(&path)?), 0);
        for number in numbers.by_ref() {
            line.clear();
            let ended = now_s - PLAYED_S + PLAYED_S * u64::from(number) / u64::from(million.matches);
            let map = MAPS[rng.below(MAPS.len() as u32) as usize];
            played(number, map, ended, &seats(&mut rng, million.players)).write_line(&mut line);
            writer.write_all(&line)?;
            bytes += line.len() as u64;
            if bytes >= FILE_BYTES {
                break;
            }
        }
        writer.flush()?;
        if numbers.is_empty() {
            fs::rename(path, data_dir.join(FILE_NAME))?;
            break;
        }
    }
    Ok(true)
}

/// Four different players.
fn seats(rng: &mut SimRng, players: u32) -> Vec<Seat> {
    let mut seats = BTreeMap::new();
    while seats.len() < MATCH_PLAYERS {
        seats.insert(player(rng, players), points(rng));
    }
    seats.into_iter().collect()
}

/// A player, the first ones more often.
fn player(rng: &mut SimRng, players: u32) -> u32 {
    let most = rng.below(players) + 1;
    rng.below(most)
}

/// Waits until the database has the last match.
fn wait_until_stored(server: &ServerProcess, last: MatchId, stop: &AtomicBool) -> Result<Duration, String> {
    let (start, mut said) = (Instant::now(), Duration::ZERO);
    let last = format!("/v1/matches/{last}");
    // Before the first look at the files nothing waits, either.
    while server.status()?.store.waiting_bytes > 0 || server.load(&last).is_err() {
        pause(LOOK_INTERVAL, stop)?;
        let store = server.status()?.store;
        if store.failing {
            return Err(format!("the results cannot be stored: {}", server.log()));
        }
        if start.elapsed() > said + SAY_INTERVAL {
            said = start.elapsed();
            complain!("{} matches are stored, {} MB wait", store.stored, store.waiting_bytes / 1_000_000);
        }
    }
    Ok(start.elapsed())
}

/// A kind of question, and the path of each of them.
type Question<'a> = (&'static str, Box<dyn Fn(&mut SimRng) -> String + Sync + 'a>);

fn questions(million: &MillionArgs, now_s: u64) -> Vec<Question<'_>> {
    // Everybody who was chosen for some match: the first half certainly plays.
    let anybody = |rng: &mut SimRng| account(player(rng, million.players) / 2);
    let board_name = |rng: &mut SimRng| match rng.below(4) {
        0 => board::ALL.to_owned(),
        1 => board::WEEK.to_owned(),
        _ => format!("{}{}", board::MAP, MAPS[rng.below(MAPS.len() as u32) as usize]),
    };
    let page = move |rng: &mut SimRng| BoardQuery { limit: Some(100), ..BoardQuery::default() }.path(&board_name(rng));
    let past_day = move |rng: &mut SimRng| {
        let period = day(now_s - DAY_S * (1 + u64::from(rng.below((PLAYED_S / DAY_S) as u32 - 2))));
        BoardQuery { limit: Some(100), period: Some(period), ..BoardQuery::default() }.path(board::DAY)
    };
    let around =
        move |rng: &mut SimRng| BoardQuery { around: Some(anybody(rng)), ..BoardQuery::default() }.path(board::ALL);
    vec![
        ("board", Box::new(page)),
        ("board_of_a_day", Box::new(past_day)),
        ("around", Box::new(around)),
        ("player", Box::new(move |rng: &mut SimRng| format!("/v1/players/{}", anybody(rng)))),
        ("matches", Box::new(move |rng: &mut SimRng| format!("/v1/players/{}/matches?limit=20", anybody(rng)))),
    ]
}

fn ask(
    report: &mut Report,
    server: &ServerProcess,
    million: &MillionArgs,
    kind: &'static str,
    path: impl Fn(&mut SimRng) -> String + Sync,
) -> Result<(), String> {
    let is_over = |number| number >= u64::from(million.questions);
    let path = |number| path(&mut SimRng::new(number));
    let answers = ask_steadily(server.url(), million.questions_per_s, is_over, path)?;
    let times = quantiles(&answers.tenth_ms);
    report.spreads_ms.insert(kind.to_owned(), times);
    report
        .check(times.p99 <= ANSWER_P99_MAX_MS, || format!("{kind}: one answer in a hundred took {:.1} ms", times.p99));
    let (missing, failed) = (answers.missing, answers.failed.count());
    report.check(missing + failed == 0, || {
        format!("{kind}: {missing} are not there, {failed} failed ({:?})", answers.failed.messages().first())
    });
    Ok(())
}

fn unix_now_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
