//! Proof of a match: its replay, run again, gives the stored result.
//!
//! ```text
//! waiting    not looked at yet, or its replay is still being written
//! proven     the replay of this server gives this result by the rules in it
//! refused    it gives another one, or is damaged or not signed by this server
//! unproven   there is no replay to run: not recorded, removed, cut off by a crash, or of another release
//! ```

use std::{io, path::PathBuf, sync::Arc};

use framehouse_shared::{
    game::Game,
    guarded::guarded,
    ids::MatchId,
    replay::{PublicKey, RankedPlayer, Replay},
};

use super::record::{Match, Seat};
use crate::replay::{
    folder,
    verify::{VerifyError, verify},
};

/// Time after a match for which a missing replay is waited for, in seconds.
const REPLAY_TIME_MAX_S: u64 = 600;

/// Whether a match is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Waiting,
    Proven,
    Refused,
    Unproven,
}

impl Proof {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Proven => "proven",
            Self::Refused => "refused",
            Self::Unproven => "unproven",
        }
    }
}

/// Whether a match of this proof counts on leaderboards, where unproven ones do or do not.
pub(super) fn counts(proof: &str, boards_unproven: bool) -> bool {
    proof == Proof::Proven.word() || boards_unproven && proof != Proof::Refused.word()
}

/// A judgement and its reason, in a few words.
pub(super) type Judgement = (Proof, String);

/// Runs a replay again.
type Verify = Arc<dyn Fn(&[u8]) -> Result<(), VerifyError> + Send + Sync>;

/// Judges matches of one server by their replays. Cheap to clone.
#[derive(Clone)]
pub struct Prover {
    verify: Verify,
    folder: PathBuf,
    key: PublicKey,
}

impl Prover {
    /// Judges the matches of this game by the replays in this folder, which the server with this key has signed.
    pub fn new(game: impl Game + Clone, folder: PathBuf, key: PublicKey) -> Self {
        Self { verify: Arc::new(move |bytes| verify(game.clone(), bytes).map(drop)), folder, key }
    }

    /// Judges a match at this time. Blocks, for some milliseconds a minute of play.
    pub(super) fn judge(&self, played: &Match, now_s: u64) -> Judgement {
        let judged = guarded(|| self.judge_file(played, now_s));
        judged.unwrap_or_else(|_| (Proof::Unproven, "running it again panicked, which is a bug: report it".to_owned()))
    }

    fn judge_file(&self, played: &Match, now_s: u64) -> Judgement {
        let Ok(id) = played.id.parse::<MatchId>() else { return unproven("it has no id") };
        match folder::read(&folder::whole_path(&self.folder, id)) {
            Ok(bytes) => self.judge_replay(played, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_written = folder::part_path(&self.folder, id).exists();
                let is_early = now_s < played.ended_s.unsigned_abs().saturating_add(REPLAY_TIME_MAX_S);
                if is_written || is_early {
                    waiting("its replay is not there yet")
                } else {
                    unproven("there is no replay")
                }
            }
            Err(error) => waiting(&format!("its replay cannot be read: {error}")),
        }
    }

    fn judge_replay(&self, played: &Match, bytes: &[u8]) -> Judgement {
        let replay = match Replay::read(bytes) {
            Ok(replay) => replay,
            Err(error) => return refused(format!("its replay is damaged: {error}")),
        };
        match &replay.signature {
            None => return unproven("nobody has signed its replay"),
            Some(signature) if signature.key != self.key || !signature.is_right() => {
                return refused("this server has not signed its replay".to_owned());
            }
            Some(_) => {}
        }
        if !replay.trailer.ending.has_result() {
            return unproven("its replay ends before the match does");
        }
        if let Some(what) = difference(played, &replay) {
            return refused(format!("its replay is of another match: it has {what}"));
        }
        match (self.verify)(bytes) {
            Ok(()) => (Proof::Proven, String::new()),
            Err(
                error @ (VerifyError::OtherGame(..)
                | VerifyError::OtherProtocol { .. }
                | VerifyError::OtherRules { .. }
                | VerifyError::OtherComponents { .. }),
            ) => unproven(&error.to_string()),
            Err(error) => refused(error.to_string()),
        }
    }
}

fn waiting(why: &str) -> Judgement {
    (Proof::Waiting, why.to_owned())
}

fn unproven(why: &str) -> Judgement {
    (Proof::Unproven, why.to_owned())
}

fn refused(why: String) -> Judgement {
    (Proof::Refused, why)
}

/// The first thing in which a replay differs from the match that is stored.
fn difference(played: &Match, replay: &Replay<'_>) -> Option<String> {
    let header = replay.header();
    if played.id != header.match_id.to_string() || played.game != header.game || played.map != header.map {
        return Some("another id, game or map".to_owned());
    }
    if played.rules_hash != format!("{:016x}", header.rules_hash) || played.tick_rate != i64::from(header.tick_rate) {
        return Some("other rules or another tick rate".to_owned());
    }
    if played.ticks != i64::from(replay.trailer.ticks) {
        return Some(format!("another length ({} ticks)", replay.trailer.ticks));
    }
    let ranking = replay.trailer.ranking.as_deref().unwrap_or_default();
    let missing = ranking.iter().find(|ranked| !played.players.iter().any(|seat| is_same(seat, ranked)));
    missing.map(|ranked| format!("another score in seat {}", ranked.slot))
}

fn is_same(seat: &Seat, ranked: &RankedPlayer) -> bool {
    let detail = format!("{:032x}", u128::from_be_bytes(ranked.score.detail));
    (seat.seat, seat.points, seat.since_tick)
        == (u8::from(ranked.slot).into(), ranked.score.points, ranked.score.since.0.into())
        && seat.detail == detail
}
