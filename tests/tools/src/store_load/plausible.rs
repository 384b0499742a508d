//! Results of matches that nobody has played, with players and points as in real ones. A number stands for the same player
//! or match everywhere.

use framehouse_server::results::{MatchResult, Outcome, PlayerResult};
use framehouse_shared::{
    ids::{AccountId, MatchId, PlayerId, RoomCode, RoomId, Slot},
    match_end::MatchEnd,
    rng::SimRng,
    tick::Tick,
};

/// Length of a match in seconds, and its ticks a second.
const MATCH_S: u64 = 120;
const TICK_RATE: u16 = 30;
/// Points of a score curve.
const CURVE_POINTS: u32 = 16;

/// A player's number, and its points in a match.
pub type Seat = (u32, i64);

/// The id of a player.
pub fn account(player: u32) -> AccountId {
    AccountId(wide(1, player))
}

/// Points as most players get them in a match: 0 to 300, mostly about 150.
pub fn points(rng: &mut SimRng) -> i64 {
    (0..3).map(|_| i64::from(rng.below(101))).sum()
}

/// The match with this number: its players, and when it ended, in seconds since 1970-01-01 UTC.
pub fn played(number: u32, map: &str, ended_unix: u64, seats: &[Seat]) -> MatchResult {
    let ticks = MATCH_S as u32 * u32::from(TICK_RATE);
    let mut seats = seats.to_vec();
    seats.sort_by_key(|(_, points)| -points);
    let seated = (1..).zip(Slot::all()).zip(seats);
    MatchResult {
        match_id: MatchId(wide(2, number)),
        match_no: 1,
        room: RoomId(number.into()),
        code: RoomCode::from_number(number),
        map: map.to_owned(),
        game: "arena".to_owned(),
        rules_hash: 1,
        seed: number.into(),
        tick_rate: TICK_RATE,
        ticks,
        started_unix: ended_unix.saturating_sub(MATCH_S),
        ended: MatchEnd::TimeUp,
        players: seated.map(|((rank, slot), seat)| player(rank, slot, seat, ticks)).collect(),
        state_hash: number.into(),
        replay: None,
        replay_unwritten: None,
        build: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

fn player(rank: u8, slot: Slot, (number, points): Seat, ticks: u32) -> PlayerResult {
    let at = |point: u32| (Tick(ticks / CURVE_POINTS * point), points * i64::from(point) / i64::from(CURVE_POINTS));
    PlayerResult {
        player: PlayerId(number.into()),
        account: Some(account(number)),
        slot,
        name: format!("player {number}"),
        rank,
        points,
        since_tick: Tick(ticks - ticks / CURVE_POINTS),
        detail: [0; 16],
        outcome: Outcome::Finished,
        curve: (0..=CURVE_POINTS).map(at).collect(),
    }
}

/// An id that looks like a random one.
fn wide(kind: u64, number: u32) -> u128 {
    let mut rng = SimRng::new(kind << 32 | u64::from(number));
    (0..4).fold(0, |id, _| id << 32 | u128::from(rng.bits()))
}
