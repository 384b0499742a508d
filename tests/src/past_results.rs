//! Results of matches that nobody has played, for leaderboards and ratings with known content.

use std::fmt::Write;

/// End of every match, 2026-11-18 12:00:00 UTC.
const ENDED_UNIX: u64 = 1_795_003_200;

/// A player: id, name and points.
pub type Past<'a> = (u128, &'a str, i64);

/// Lines of a results file: each player has had a match of its own on this map.
pub fn result_lines(map: &str, players: &[Past<'_>]) -> String {
    (0..).zip(players).map(|(number, player)| result_line(number, map, &[*player])).collect()
}

/// Line of a results file: a match of these players, the best one first. Ids of matches are beyond those of real ones.
pub fn result_line(number: u32, map: &str, players: &[Past<'_>]) -> String {
    let mut seats = String::new();
    for (slot, (account, name, points)) in players.iter().enumerate() {
        let (comma, rank) = (if slot == 0 { "" } else { "," }, slot + 1);
        write!(
            seats,
            r#"{comma}{{"player":"2a","account":"{account:032x}","slot":{slot},"name":"{name}","rank":{rank},"points":{points},"since_tick":9,"detail":"00000000000000000000000000000000","outcome":"finished","curve":[[0,0]]}}"#
        )
        .expect("a string takes any text");
    }
    let (match_id, started) = (u128::MAX - u128::from(number), ENDED_UNIX - 60);
    format!(
        r#"{{"match_id":"{match_id:032x}","match_no":1,"room":"7","code":"2222","map":"{map}","game":"arena","rules_hash":"0000000000000001","seed":"ffffffffffffffff","tick_rate":30,"ticks":1800,"started_unix":{started},"ended":"time_up","players":[{seats}],"state_hash":"00000000000000ff","replay":null}}"#
    ) + "\n"
}
