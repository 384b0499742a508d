//! Players and leaderboards from the matches, as if these were stored again.

use sqlx::{AnyConnection, Error};

use crate::store::{
    boards::best_entries,
    insert::{update_boards, update_players},
    load::{ids_after, load},
    proof::counts,
    record::{Match, seen_players},
};

/// Fills the empty tables of players and leaderboards, the latter also with unproven matches if `boards_unproven`.
pub(super) async fn rebuild(connection: &mut AnyConnection, boards_unproven: bool) -> Result<(), Error> {
    let mut last = String::new();
    loop {
        let ids = ids_after(connection, &last).await?;
        let Some(id) = ids.last() else { return Ok(()) };
        last.clone_from(id);
        let loaded = load(connection, &ids).await?;
        let all: Vec<&Match> = loaded.values().map(|stored| &stored.played).collect();
        update_players(connection, seen_players(&all)).await?;
        let counting: Vec<&Match> =
            loaded.values().filter(|it| counts(&it.proof, boards_unproven)).map(|it| &it.played).collect();
        update_boards(connection, best_entries(&counting)).await?;
    }
}
