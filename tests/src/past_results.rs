//! Results of matches that nobody has played, for leaderboards with known content.

use std::fmt::Write;

/// End of every match, 2026-11-18 12:00:00 UTC.
const ENDED_UNIX: u64 = 1_795_003_200;

/// A player with this id and name that has this many points in a match of its own.
pub type Past<'a> = (u128, &'a str, i64);

/// Lines of a results file, one for each player, on this map. The matches have ids beyond those of real ones.
pub fn result_lines(map: &str, players: &[Past<'_>]) -> String {
    let mut lines = String::new();
    for (number, (account, name, points)) in players.iter().enumerate() {
        let match_id = u128::MAX - number as u128;
        writeln!(
            lines,
            r#"{{"match_id":"{match_id:032x}","match_no":1,"room":"7","code":"2222","map":"{map}","game":"arena","rules_hash":"0000000000000001","seed":"ffffffffffffffff","tick_rate":30,"ticks":1800,"started_unix":{started},"ended":"time_up","players":[{{"player":"2a","account":"{account:032x}","slot":0,"name":"{name}","rank":1,"points":{points},"since_tick":9,"detail":"00000000000000000000000000000000","outcome":"finished","curve":[[0,0]]}}],"state_hash":"00000000000000ff","replay":null}}"#,
            started = ENDED_UNIX - 60,
        )
        .expect("a string takes any text");
    }
    lines
}
