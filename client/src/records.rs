//! A server's leaderboards, players and their matches. All functions block for some seconds at most, so call them from a
//! separate thread.

use std::{thread, time::Duration};

pub use framehouse_shared::api::{BoardEntry, BoardName, BoardQuery, PlayedMatch, PlayerInfo, board};
use framehouse_shared::{
    api::{BoardList, Leaderboard, PlayerMatches, code},
    ids::{AccountId, MatchId},
};

use crate::connect::{ConnectError, get_json};

/// A result is on the boards some seconds after its match; they are requested this many times ..
const TRIES: u32 = 20;
/// .. with this pause in between.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether this is the answer of a server without leaderboards, or of an earlier release.
pub fn is_without_boards(error: &ConnectError) -> bool {
    error.code() == Some(code::NOT_FOUND)
}

/// Requests the leaderboards.
///
/// # Errors
/// When no server answers, or it has none: see [`is_without_boards`].
pub fn list_boards(server_url: &str) -> Result<Vec<BoardName>, ConnectError> {
    get_json::<BoardList>(server_url, "/v1/leaderboards").map(|list| list.boards)
}

/// Requests a page of a leaderboard.
///
/// # Errors
/// When no server answers, or there is no such board or player.
pub fn read_board(server_url: &str, board: &str, query: &BoardQuery) -> Result<Vec<BoardEntry>, ConnectError> {
    get_json::<Leaderboard>(server_url, &query.path(board)).map(|page| page.entries)
}

/// Requests a player's entry of a leaderboard; nothing if it has none.
///
/// # Errors
/// When no server answers, or there is no such board.
pub fn read_entry(server_url: &str, board: &str, player: AccountId) -> Result<Option<BoardEntry>, ConnectError> {
    let query = BoardQuery { limit: Some(1), around: Some(player), ..BoardQuery::default() };
    match read_board(server_url, board, &query) {
        Ok(entries) => Ok(entries.into_iter().find(|entry| entry.player == player)),
        Err(error) if error.code() == Some(code::NO_SUCH_PLAYER) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Requests a player.
///
/// # Errors
/// When no server answers, or there is no such player.
pub fn read_player(server_url: &str, player: AccountId) -> Result<PlayerInfo, ConnectError> {
    get_json(server_url, &format!("/v1/players/{player}"))
}

/// Requests a player's last matches, newest first, at most 100.
///
/// # Errors
/// When no server answers, or there is no such player.
pub fn list_matches(server_url: &str, player: AccountId, limit: u32) -> Result<Vec<PlayedMatch>, ConnectError> {
    get_json::<PlayerMatches>(server_url, &format!("/v1/players/{player}/matches?limit={limit}")).map(|it| it.matches)
}

/// Where a result stands among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The player's best entry of today: of this match, or of an earlier one with at least as many points.
    pub today: BoardEntry,
    /// Whether no earlier match of the player had as many points. Never for the first match.
    pub is_personal_best: bool,
}

/// Waits up to 20 s until a result with these points is on the boards. Returns nothing if it does not come, or the
/// server has no boards.
pub fn wait_for_standing(server_url: &str, player: AccountId, match_id: MatchId, points: i64) -> Option<Standing> {
    for _ in 0..TRIES {
        match read_entry(server_url, board::DAY, player) {
            Ok(Some(today)) if today.match_id == match_id || today.points >= points => {
                let is_personal_best = is_personal_best(server_url, player, match_id).unwrap_or(false);
                return Some(Standing { today, is_personal_best });
            }
            Err(error) if is_without_boards(&error) => return None,
            Ok(_) | Err(_) => thread::sleep(PAUSE),
        }
    }
    None
}

fn is_personal_best(server_url: &str, player: AccountId, match_id: MatchId) -> Result<bool, ConnectError> {
    let is_best = read_entry(server_url, board::ALL, player)?.is_some_and(|best| best.match_id == match_id);
    Ok(is_best && list_matches(server_url, player, 2)?.len() > 1)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use super::*;

    const PLAYER: AccountId = AccountId(7);

    /// A server that gives these answers, one after the other. Returns its address.
    fn answering(answers: Vec<(u16, String)>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        thread::spawn(move || {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().expect("a caller");
                let _ = stream.read(&mut [0; 4096]).expect("a request");
                let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}", body.len());
                write!(stream, "{head}\r\n\r\n{body}").expect("the caller waits");
            }
        });
        url
    }

    fn page(match_id: u128, points: i64) -> (u16, String) {
        let match_id = MatchId(match_id);
        let entry = format!(
            r#"{{"rank":3,"player":"{PLAYER}","name":"Ada","points":{points},"ended_unix":1,"match_id":"{match_id}"}}"#
        );
        (200, format!(r#"{{"board":"day","period":"","entries":[{entry}]}}"#))
    }

    fn matches(count: usize) -> (u16, String) {
        let played = format!(
            r#"{{"match_id":"{}","game":"g","map":"m","ended_unix":1,"has_replay":false,"rank":1,"players":2,"points":1,"outcome":"finished"}}"#,
            MatchId(1)
        );
        (200, format!(r#"{{"matches":[{}]}}"#, vec![played; count].join(",")))
    }

    fn refusal(code: &str) -> (u16, String) {
        (404, format!(r#"{{"error":{{"code":"{code}","message":"No."}}}}"#))
    }

    #[test]
    fn a_result_is_waited_for_until_it_is_on_the_board() {
        // Not on the board yet, then an older and worse entry, then this one.
        let answers = vec![refusal(code::NO_SUCH_PLAYER), page(1, 5), page(2, 9), page(2, 9), matches(2)];
        let standing = wait_for_standing(&answering(answers), PLAYER, MatchId(2), 9).expect("it comes");
        assert_eq!((standing.today.rank, standing.today.match_id, standing.is_personal_best), (3, MatchId(2), true));
    }

    #[test]
    fn the_first_match_and_a_worse_one_are_no_personal_bests() {
        let first = answering(vec![page(2, 9), page(2, 9), matches(1)]);
        assert!(!wait_for_standing(&first, PLAYER, MatchId(2), 9).expect("it is there").is_personal_best);
        let worse = answering(vec![page(1, 9), page(1, 9)]);
        let standing = wait_for_standing(&worse, PLAYER, MatchId(2), 4).expect("an earlier one is better");
        assert_eq!((standing.today.match_id, standing.is_personal_best), (MatchId(1), false));
    }

    #[test]
    fn nothing_is_waited_for_at_a_server_without_boards() {
        assert_eq!(wait_for_standing(&answering(vec![refusal(code::NOT_FOUND)]), PLAYER, MatchId(2), 9), None);
    }
}
