//! How long after a match's end its result is visible on the leaderboards, measured for one match in ten.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::{
    api::code,
    ids::{AccountId, MatchId},
};

use super::elapsed;
use crate::{
    records::{board, is_without_boards, read_entry},
    stats::Distribution,
};

/// One of this many matches is measured, beginning with the first.
const MATCHES_PER_PROBE: u64 = 10;
/// Maximum number of probes at the same time; more are left out.
pub(super) const PROBES_MAX: usize = 16;
/// Pause between two looks at the boards.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest time until a result is visible. One that takes longer counts as this long.
const VISIBLE_MS_MAX: i64 = 30_000;
/// Longest wait for results after the bots have left.
const END_TIME_MAX: Duration = Duration::from_secs(5);

/// A match whose result is the best of one of its bots, so that it will be on the boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    /// The match's number in its room.
    pub match_no: u32,
    /// The match.
    pub match_id: MatchId,
    /// The bot's lasting id.
    pub player: AccountId,
    /// When the bot saw the match's end.
    pub ended: Duration,
}

/// Takes probes of all rooms.
#[derive(Clone)]
pub(super) struct ProbeQueue<'a> {
    /// Number of matches so far.
    pub matches: &'a AtomicU64,
    /// To the thread that follows probes.
    pub queue: SyncSender<Probe>,
}

impl ProbeQueue<'_> {
    /// Offers the probe of another match.
    pub fn offer(&self, probe: Probe) {
        if self.matches.fetch_add(1, Ordering::Relaxed).is_multiple_of(MATCHES_PER_PROBE) {
            // A full queue leaves it out, and so does a server without boards.
            let _ = self.queue.try_send(probe);
        }
    }
}

/// An empty distribution of times in ms.
pub(super) fn times() -> Distribution {
    Distribution::new(0, VISIBLE_MS_MAX)
}

/// Looks for the results of probes until no sender is left, and some seconds longer for the last ones. Returns their
/// times in ms; none from a server without leaderboards.
pub(super) fn follow(server: &str, start: Instant, probes: &Receiver<Probe>) -> Distribution {
    let (mut times, mut waiting, mut over) = (times(), Vec::<Probe>::new(), None);
    loop {
        match probes.recv_timeout(PAUSE) {
            Ok(probe) if waiting.len() < PROBES_MAX => waiting.push(probe),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let over = *over.get_or_insert_with(|| elapsed(start));
                if waiting.is_empty() || elapsed(start) >= over + END_TIME_MAX {
                    return times;
                }
                thread::sleep(PAUSE);
            }
        }
        let mut has_boards = true;
        waiting.retain(|probe| {
            let look = look(server, start, probe);
            has_boards &= look != Look::NoBoards;
            if let Look::Visible(ms) = look {
                times.record(ms);
            }
            look == Look::NotYet
        });
        if !has_boards {
            return times;
        }
    }
}

/// Outcome of a look at the boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    NotYet,
    /// After this many ms.
    Visible(i64),
    /// The server has too many requests of this address: it must have time for those of the bots.
    Busy,
    NoBoards,
}

fn look(server: &str, start: Instant, probe: &Probe) -> Look {
    let entry = read_entry(server, board::ALL, probe.player);
    let passed_ms = elapsed(start).saturating_sub(probe.ended).as_millis() as i64;
    match entry {
        Ok(Some(entry)) if entry.match_id == probe.match_id => Look::Visible(passed_ms),
        Err(error) if is_without_boards(&error) => Look::NoBoards,
        Err(error) if error.code() == Some(code::BUSY) => Look::Busy,
        _ if passed_ms >= VISIBLE_MS_MAX => Look::Visible(VISIBLE_MS_MAX),
        Ok(_) | Err(_) => Look::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn one_match_in_ten_is_probed_and_a_full_queue_takes_no_more() {
        let (queue, probes) = sync_channel(3);
        let matches = AtomicU64::new(0);
        let queue = ProbeQueue { matches: &matches, queue };
        let probe = |match_no| Probe {
            match_no,
            match_id: MatchId(match_no.into()),
            player: AccountId(1),
            ended: Duration::ZERO,
        };
        (0..100).for_each(|match_no| queue.offer(probe(match_no)));
        assert_eq!(probes.try_iter().map(|probe| probe.match_no).collect::<Vec<_>>(), [0, 10, 20]);
    }
}
