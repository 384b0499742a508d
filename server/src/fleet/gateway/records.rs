//! Answers from the database, which gateways keep for a second.

use std::{sync::Arc, time::Duration};

use framehouse_shared::{
    api::{BoardList, BoardQuery, Leaderboard, MatchInfo, MatchesQuery, PlayerInfo, PlayerMatches},
    ids::{AccountId, MatchId},
};
use moka::future::Cache;

use crate::{
    ops::backend::Refusal,
    store::{ReadError, Store},
};

/// Time for which an answer is kept.
const KEPT: Duration = Duration::from_secs(1);
/// Largest number of answers of one kind that are kept. A match with curves has some 20 KB.
const ANSWERS_MAX: u64 = 1024;

/// The database, and the answers of the last second.
pub(super) struct Records {
    store: Option<Store>,
    boards: Cache<(), BoardList>,
    players: Cache<AccountId, PlayerInfo>,
    matches: Cache<(AccountId, Option<MatchId>, u32), PlayerMatches>,
    infos: Cache<MatchId, MatchInfo>,
}

impl Records {
    /// Of this database; without one, there are no answers.
    pub fn new(store: Option<Store>) -> Self {
        Self { store, boards: kept(), players: kept(), matches: kept(), infos: kept() }
    }

    fn store(&self) -> Result<&Store, Refusal> {
        self.store.as_ref().ok_or(Refusal::NoStore)
    }

    /// Mean of a player's rating in hundredths, if it is known at once.
    pub async fn rating(&self, id: AccountId) -> Option<i32> {
        self.store.as_ref()?.rating(id).await
    }

    pub async fn boards(&self) -> Result<BoardList, Refusal> {
        let store = self.store()?;
        self.boards.try_get_with((), store.boards()).await.map_err(refusal)
    }

    /// A page of a leaderboard. The store keeps pages itself.
    pub async fn leaderboard(&self, board: &str, query: &BoardQuery) -> Result<Arc<Leaderboard>, Refusal> {
        Ok(self.store()?.leaderboard(board, query).await?)
    }

    pub async fn player(&self, id: AccountId) -> Result<PlayerInfo, Refusal> {
        let store = self.store()?;
        self.players.try_get_with(id, store.player(id)).await.map_err(refusal)
    }

    pub async fn matches_of(&self, id: AccountId, query: &MatchesQuery) -> Result<PlayerMatches, Refusal> {
        let (store, key) = (self.store()?, (id, query.before, query.limit()));
        self.matches.try_get_with(key, store.matches_of(id, query)).await.map_err(refusal)
    }

    pub async fn match_info(&self, id: MatchId) -> Result<MatchInfo, Refusal> {
        let store = self.store()?;
        self.infos.try_get_with(id, store.match_info(id)).await.map_err(refusal)
    }
}

fn kept<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(ANSWERS_MAX).time_to_live(KEPT).build()
}

fn refusal(error: Arc<ReadError>) -> Refusal {
    (*error).into()
}
