//! Proves the stored matches of this server, newest first: leaderboards of today come before old imports.

use std::{
    collections::HashSet,
    io,
    sync::{Arc, mpsc},
    time::Duration,
};

use rustix::process::setpriority_process;
use sqlx::{AnyConnection, AnyPool, Error, Row, any::AnyRow};
use tokio::{sync::oneshot, time::timeout};

use super::{
    StoreError,
    boards::{List, best_entries},
    database::Database,
    insert::update_boards,
    load::{StoredMatch, load},
    pages::Pages,
    progress::Progress,
    proof::{Judgement, Proof, Prover, counts},
    rating::rate_once,
    record::Match,
    rows::texts,
    sink::STORE_TIME_MAX,
    stop::{BackOff, Stop},
};
use crate::threads;

/// Number of matches that are loaded at once.
const PAGE: usize = 64;
/// Pause when nothing is left to do.
const PAUSE: Duration = Duration::from_millis(500);
/// Priority of the thread: it runs when nobody else wants the processor.
const NICE: i32 = 10;

/// The thread that runs replays again. It ends when this is dropped.
pub(super) struct ProofThread(mpsc::SyncSender<Job>);

struct Job {
    played: Match,
    now_s: u64,
    reply: oneshot::Sender<Judgement>,
}

impl ProofThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system starts no further thread.
    pub fn start(prover: Prover) -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(1);
        threads::spawn("proof", move || {
            // On Linux this is the priority of the calling thread. Without it, proofs are only less polite.
            let _ = setpriority_process(None, NICE);
            for Job { played, now_s, reply } in queue {
                // An error means that the server stops.
                let _ = reply.send(prover.judge(&played, now_s));
            }
        })?;
        Ok(Self(jobs))
    }

    /// Judges a match. `None` if the thread has ended.
    async fn judge(&self, played: &Match, now_s: u64) -> Option<Judgement> {
        let (reply, judgement) = oneshot::channel();
        // There is place: nobody else asks, and the last question was answered.
        self.0.try_send(Job { played: played.clone(), now_s, reply }).ok()?;
        judgement.await.ok()
    }
}

/// The part of the store's thread that proves matches.
pub(super) struct Proving {
    /// `None` proves nothing.
    pub thread: Option<ProofThread>,
    /// Name of this server in the database. Only it has the replays of its matches.
    pub node: String,
    /// Whether matches count that are not proven.
    pub boards_unproven: bool,
    /// The matches.
    pub database: Database,
    /// Pages that new entries make out of date.
    pub pages: Arc<Pages>,
    /// Counters.
    pub progress: Arc<Progress>,
    /// The wall clock.
    pub clock: fn() -> Duration,
    /// Whether the server stops.
    pub stop: Stop,
}

/// Where a page of waiting matches begins: before this end and id.
type Cursor = Option<(i64, String)>;

impl Proving {
    /// Proves until the server stops. What is left is proven by the next start.
    pub async fn run(mut self) {
        let (Some(thread), mut back_off, mut cursor) = (self.thread.take(), BackOff::default(), None) else { return };
        while !self.stop.is_set() {
            match self.prove_page(&thread, &cursor).await {
                Ok(Some(next)) => cursor = next,
                Ok(None) => {
                    cursor = None;
                    self.stop.pause(PAUSE).await;
                }
                Err(error) => {
                    // The shipper says that the database is away.
                    tracing::debug!("no match is proven now: {error}");
                    cursor = None;
                    self.stop.pause(back_off.next()).await;
                    continue;
                }
            }
            back_off = BackOff::default();
        }
    }

    /// Judges a page of waiting matches. Returns where the next one begins: at the newest match if something was decided,
    /// because newer ones may have come. `None` if none is left.
    async fn prove_page(&self, thread: &ProofThread, from: &Cursor) -> Result<Option<Cursor>, StoreError> {
        let told = |error| self.database.error(error);
        let page = waiting(&self.database.readers, &self.node, from).await.map_err(told)?;
        let Some(last) = page.last().map(|stored| (stored.played.ended_s, stored.played.id.clone())) else {
            return Ok(None);
        };
        let (mut is_decided, is_full, mut decided) = (false, page.len() == PAGE, Vec::new());
        for StoredMatch { played, .. } in page {
            // A long replay must not delay the end of the server.
            let mut stop = self.stop.clone();
            let judged = tokio::select! {
                biased;
                () = stop.wait() => None,
                judged = thread.judge(&played, (self.clock)().as_secs()) => judged,
            };
            let Some((proof, why)) = judged else { return Ok(None) };
            if proof == Proof::Waiting {
                continue;
            }
            is_decided = true;
            decided.push(Decided { played, proof, why });
            // Those without a replay cost nothing and come in thousands after an import: they go together.
            if proof != Proof::Unproven {
                self.settle(std::mem::take(&mut decided)).await?;
            }
        }
        self.settle(decided).await?;
        Ok(if is_decided { Some(None) } else { is_full.then_some(Some(last)) })
    }

    async fn settle(&self, decided: Vec<Decided>) -> Result<(), StoreError> {
        let settled = timeout(STORE_TIME_MAX, settle(&self.database.writer, &decided, self.boards_unproven)).await;
        let changed = settled.unwrap_or(Err(Error::PoolTimedOut)).map_err(|error| self.database.error(error))?;
        self.pages.note_changed(&changed);
        for Decided { played: Match { id: match_id, .. }, proof, why } in decided {
            self.progress.note_proof(proof);
            match proof {
                Proof::Refused => tracing::error!(match_id, "a match is refused and counts on no leaderboard: {why}"),
                _ => tracing::debug!(match_id, "a match is {}: {why}", proof.word()),
            }
        }
        Ok(())
    }
}

/// A match whose proof is decided.
struct Decided {
    played: Match,
    proof: Proof,
    why: String,
}

/// A page of the matches of this server that wait for their proof, newest first.
async fn waiting(pool: &AnyPool, node: &str, from: &Cursor) -> Result<Vec<StoredMatch>, Error> {
    // Without one, a place that is before all others.
    let (ended_s, id) = from.clone().unwrap_or_else(|| (i64::MAX, "g".to_owned()));
    let sql = "SELECT id FROM matches WHERE proof = 'waiting' AND node = $1 AND (ended < $2 OR (ended = $2 AND id < $3)) \
               ORDER BY ended DESC, id DESC LIMIT 64";
    let mut connection = pool.acquire().await?;
    let rows = sqlx::query(sql).bind(node.to_owned()).bind(ended_s).bind(id).fetch_all(&mut *connection).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, Error>>()?;
    let mut loaded = load(&mut connection, &ids).await?;
    Ok(ids.iter().filter_map(|id| loaded.remove(id)).collect())
}

/// Notes the proofs of matches that wait for them. Those that count now change ratings and enter the leaderboards; the
/// others are taken out of these. Returns the lists that have changed.
async fn settle(pool: &AnyPool, decided: &[Decided], boards_unproven: bool) -> Result<HashSet<List>, Error> {
    let mut changed = HashSet::new();
    if decided.is_empty() {
        return Ok(changed);
    }
    let mut transaction = pool.begin().await?;
    for Decided { played, proof, .. } in decided {
        let update = sqlx::query("UPDATE matches SET proof = $1 WHERE id = $2 AND proof = 'waiting'");
        update.bind(proof.word().to_owned()).bind(played.id.clone()).execute(&mut *transaction).await?;
    }
    let (counting, others): (Vec<&Decided>, Vec<&Decided>) =
        decided.iter().partition(|it| counts(it.proof.word(), boards_unproven));
    let mut counting: Vec<&Match> = counting.iter().map(|it| &it.played).collect();
    // A page is read newest first, and ratings depend on the order.
    counting.sort_by_key(|played| (played.ended_s, &played.id));
    rate_once(&mut transaction, &counting).await?;
    changed.extend(update_boards(&mut transaction, best_entries(&counting)).await?);
    for Decided { played, .. } in others {
        changed.extend(take_out(&mut transaction, &played.id, boards_unproven).await?);
    }
    transaction.commit().await?;
    Ok(changed)
}

/// Removes the entries of a match. The next best of each player takes its place.
async fn take_out(
    connection: &mut AnyConnection,
    match_id: &str,
    boards_unproven: bool,
) -> Result<HashSet<List>, Error> {
    let sql = "DELETE FROM boards WHERE match_id = $1 RETURNING board, period, player";
    let removed: Vec<AnyRow> = sqlx::query(sql).bind(match_id.to_owned()).fetch_all(&mut *connection).await?;
    let removed: HashSet<(List, String)> =
        texts(&removed)?.into_iter().map(|[board, period, player]| (List { board, period }, player)).collect();
    let players: HashSet<&String> = removed.iter().map(|(_, player)| player).collect();
    for player in players {
        enter_again(connection, player, &removed, boards_unproven).await?;
    }
    Ok(removed.into_iter().map(|(list, _)| list).collect())
}

/// Enters a player's best matches into the lists in which it has lost its entry.
async fn enter_again(
    connection: &mut AnyConnection,
    player: &String,
    lost: &HashSet<(List, String)>,
    boards_unproven: bool,
) -> Result<(), Error> {
    let mut last = String::new();
    loop {
        let sql = "SELECT DISTINCT match_id FROM match_players WHERE player = $1 AND match_id > $2 ORDER BY match_id LIMIT 256";
        let query = sqlx::query(sql).bind(player.clone()).bind(last.clone());
        let rows = query.fetch_all(&mut *connection).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, Error>>()?;
        let Some(id) = ids.last() else { return Ok(()) };
        last.clone_from(id);
        let loaded = load(connection, &ids).await?;
        let counting = loaded.values().filter(|stored| counts(&stored.proof, boards_unproven));
        let mut best = best_entries(&counting.map(|stored| &stored.played).collect::<Vec<_>>());
        best.retain(|place, _| lost.contains(place) && place.1 == *player);
        update_boards(connection, best).await?;
    }
}
