//! Players with their ratings and leaderboards from the matches, as if these were stored again.

use sqlx::{AnyConnection, Error};

use crate::store::{
    boards::best_entries,
    insert::{update_boards, update_players},
    load::{StoredMatch, ids_after, load},
    proof::counts,
    rating::rate_once,
    record::{Match, seen_players},
};

/// Fills the empty tables of players and leaderboards. Unproven matches count if `boards_unproven`.
pub(super) async fn rebuild(connection: &mut AnyConnection, boards_unproven: bool) -> Result<(), Error> {
    // Nobody has a rating yet.
    sqlx::query("UPDATE matches SET rated = 0").execute(&mut *connection).await?;
    let mut last = None;
    loop {
        let next = ids_after(connection, &last).await?;
        let ids: Vec<String> = next.iter().map(|(_, id)| id.clone()).collect();
        last = next.into_iter().next_back();
        if last.is_none() {
            return Ok(());
        }
        let loaded = load(connection, &ids).await?;
        let stored: Vec<&StoredMatch> = ids.iter().filter_map(|id| loaded.get(id)).collect();
        let all: Vec<&Match> = stored.iter().map(|it| &it.played).collect();
        update_players(connection, seen_players(&all)).await?;
        let counting = stored.iter().filter(|it| counts(&it.proof, boards_unproven)).map(|it| &it.played);
        let counting: Vec<&Match> = counting.collect();
        rate_once(connection, &counting).await?;
        update_boards(connection, best_entries(&counting)).await?;
    }
}
