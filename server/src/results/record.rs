//! The result of a match: one JSON object, one line of the results file.

use framehouse_shared::{
    ids::{AccountId, MatchId, PlayerId, RoomCode, RoomId, Slot},
    match_end::MatchEnd,
    tick::Tick,
};
use serde::{Deserialize, Serialize};

use super::hex;

/// The result of a match.
///
/// Ids, seeds and hashes are hexadecimal strings, because many JSON readers keep only 53 bits of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchResult {
    /// Id of the match, random: 32 digits.
    #[serde(with = "hex")]
    pub match_id: MatchId,
    /// Number of the match in its room, from 1.
    pub match_no: u32,
    /// Id of the room, as in its server's log.
    #[serde(with = "hex")]
    pub room: RoomId,
    /// Code of the room.
    pub code: RoomCode,
    /// Name of the map.
    pub map: String,
    /// Id of the game.
    pub game: String,
    /// Hash of the rules and the map: 16 digits.
    #[serde(with = "hex")]
    pub rules_hash: u64,
    /// Seed of all random numbers in the match: 16 digits.
    #[serde(with = "hex")]
    pub seed: u64,
    /// Ticks per second.
    pub tick_rate: u16,
    /// Number of simulated ticks.
    pub ticks: u32,
    /// When tick 0 was due, in seconds since 1970-01-01 UTC.
    pub started_unix: u64,
    /// Why the match ended.
    pub ended: MatchEnd,
    /// All players that took part, best first.
    pub players: Vec<PlayerResult>,
    /// Hash of the whole state after the last tick: 16 digits.
    #[serde(with = "hex")]
    pub state_hash: u64,
    /// File name of the replay, if it was on the disk before this result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// File name of a recorded replay that was not on the disk when this result was written: there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_unwritten: Option<String>,
    /// Version of the server that played the match. Missing in results of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

/// Result of one player in a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerResult {
    /// Id of the player, as in its server's log.
    #[serde(with = "hex")]
    pub player: PlayerId,
    /// Lasting id of the player. Missing in results of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Slot of the player's seat.
    pub slot: Slot,
    /// Name of the player.
    pub name: String,
    /// Rank of the player, from 1.
    pub rank: u8,
    /// Points; players are ranked by them. A JSON number: with points beyond 2^53, read it as an integer.
    pub points: i64,
    /// The tick at which `points` last changed. In a tie the earlier tick wins.
    pub since_tick: Tick,
    /// The game's own numbers: 32 digits.
    #[serde(with = "hex")]
    pub detail: [u8; 16],
    /// How the match ended for the player.
    pub outcome: Outcome,
    /// Score curve: at most `score_buffer_maxlen` pairs of a tick and the points after it, oldest first, from the
    /// player's first tick to the final score. Empty in results of earlier releases.
    #[serde(default)]
    pub curve: Vec<(Tick, i64)>,
}

/// How a match ended for a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Played until the end.
    Finished,
    /// Gave up and stayed in the room.
    GaveUp,
    /// Left the room.
    Left,
    /// Was disconnected when the match ended.
    Away,
}

impl MatchResult {
    /// Appends the result as a line, with the newline.
    pub fn write_line(&self, lines: &mut Vec<u8>) {
        serde_json::to_writer(&mut *lines, self).expect("strings and numbers serialise, and a Vec takes any bytes");
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::result;

    #[test]
    fn a_result_has_the_documented_form() {
        let mut line = Vec::new();
        result(0xab).write_line(&mut line);
        assert_eq!(
            String::from_utf8(line).expect("text"),
            concat!(
                r#"{"match_id":"000000000000000000000000000000ab","match_no":1,"room":"7","code":"2222","map":"basin","#,
                r#""game":"arena","rules_hash":"0000000000000001","seed":"ffffffffffffffff","tick_rate":30,"ticks":3600,"#,
                r#""started_unix":1800000000,"ended":"time_up","players":[{"player":"2a","account":"000000000000000000000000000000ad","slot":3,"name":"ada \"\n","#,
                r#""rank":1,"points":-5,"since_tick":9,"detail":"01000000000000000000000000000002","#,
                r#""outcome":"gave_up","curve":[[0,0],[9,-5]]}],"state_hash":"00000000000000ff","replay":"ab.fhr","build":"0.1.0"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_line_reads_back() {
        for original in [result(1), MatchResult { replay: None, ..result(u128::MAX) }] {
            let mut line = Vec::new();
            original.write_line(&mut line);
            assert_eq!(serde_json::from_slice::<MatchResult>(&line).expect("a result"), original);
        }
    }

    #[test]
    fn a_line_of_an_earlier_release_reads_without_what_is_new() {
        let mut line = Vec::new();
        result(1).write_line(&mut line);
        let old = String::from_utf8(line).expect("text").replace(r#","curve":[[0,0],[9,-5]]"#, "");
        let old =
            old.replace(r#""account":"000000000000000000000000000000ad","#, "").replace(r#","build":"0.1.0""#, "");
        let read: MatchResult = serde_json::from_str(&old).expect("a result");
        let mut expected = result(1);
        expected.players[0].curve.clear();
        (expected.players[0].account, expected.build) = (None, None);
        assert_eq!(read, expected);
    }

    #[test]
    fn a_number_that_is_not_its_digits_is_refused() {
        let mut line = Vec::new();
        result(1).write_line(&mut line);
        let text = String::from_utf8(line).expect("text");
        for wrong in [r#""seed":"ffff""#, r#""seed":"+fffffffffffffff""#, r#""seed":"gggggggggggggggg""#, r#""seed":5"#]
        {
            let changed = text.replace(r#""seed":"ffffffffffffffff""#, wrong);
            assert!(serde_json::from_str::<MatchResult>(&changed).is_err(), "{wrong}");
        }
    }
}
