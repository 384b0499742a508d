//! Players with their ratings and leaderboards from the matches, as if these were stored again.

use sqlx::{AnyConnection, Error};

use crate::store::{
    boards::best_entries,
    insert::{update_boards, update_players},
    load::{StoredMatch, ids_after, load},
    rating::update_ratings,
    record::{Match, seen_players},
};

/// Fills the empty tables of players and leaderboards.
pub(super) async fn rebuild(connection: &mut AnyConnection) -> Result<(), Error> {
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
        let counting: Vec<&Match> = stored.iter().filter(|it| counts(it)).map(|it| &it.played).collect();
        update_ratings(connection, &counting).await?;
        update_boards(connection, best_entries(&counting)).await?;
    }
}

fn counts(stored: &StoredMatch) -> bool {
    stored.proof != "refused"
}
