//! Pages of leaderboards in memory: read once for all who ask, until an entry changes their list, at most 2 s. So are the
//! steps of ranks.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use framehouse_shared::api::Leaderboard;
use moka::future::Cache;

use super::{ReadError, boards::List, progress::Progress, ranks::Steps};

/// Longest time that a page is kept. Entries of other servers appear with the next one.
const KEPT_MAX: Duration = Duration::from_secs(2);
/// Largest number of pages that are kept. A page of 100 entries is about 20 KB.
const PAGES_MAX: u64 = 512;
/// Longest time that steps of ranks are kept, and the largest number of lists that have them. A list of a million entries
/// has about 16,000 steps of 16 bytes.
const STEPS_KEPT: (Duration, u64) = (Duration::from_secs(10), 64);
/// Number of generations. Lists that share one only make each other's pages out of date.
const GENERATIONS: usize = 64;

/// A page of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    /// The list.
    pub list: List,
    /// Largest number of entries.
    pub limit: u32,
    /// The player in its middle.
    pub around: Option<String>,
}

/// The pages that are kept.
pub(super) struct Pages {
    /// By key and generation: after a change nobody finds the pages of before, also not one that was being read.
    kept: Cache<(PageKey, u64), Arc<Leaderboard>>,
    steps: Cache<(List, u64), Arc<Steps>>,
    generations: [AtomicU64; GENERATIONS],
    progress: Arc<Progress>,
}

impl Pages {
    pub fn new(progress: Arc<Progress>) -> Self {
        let kept = Cache::builder().max_capacity(PAGES_MAX).time_to_live(KEPT_MAX).build();
        let steps = Cache::builder().max_capacity(STEPS_KEPT.1).time_to_live(STEPS_KEPT.0).build();
        Self { kept, steps, generations: [const { AtomicU64::new(0) }; GENERATIONS], progress }
    }

    /// The page, from memory or from `read`, which runs once for all who ask meanwhile.
    ///
    /// # Errors
    /// Those of `read`. They are not kept.
    pub async fn get(
        &self,
        key: PageKey,
        read: impl Future<Output = Result<Leaderboard, ReadError>>,
    ) -> Result<Arc<Leaderboard>, ReadError> {
        let generation = self.generation(&key.list).load(Relaxed);
        let read = async { read.await.map(Arc::new) };
        let entry = self.kept.entry((key, generation)).or_try_insert_with(read).await;
        let is_hit = entry.as_ref().is_ok_and(|entry| !entry.is_fresh());
        let counter = if is_hit { &self.progress.hits } else { &self.progress.misses };
        counter.fetch_add(1, Relaxed);
        entry.map(|entry| entry.into_value()).map_err(|error| *error)
    }

    /// The steps of a list, from memory or from `read`, as with pages.
    ///
    /// # Errors
    /// Those of `read`. They are not kept.
    pub async fn steps(
        &self,
        list: &List,
        read: impl Future<Output = Result<Steps, ReadError>>,
    ) -> Result<Arc<Steps>, ReadError> {
        let generation = self.generation(list).load(Relaxed);
        let read = async { read.await.map(Arc::new) };
        self.steps.try_get_with((list.clone(), generation), read).await.map_err(|error| *error)
    }

    /// Forgets the pages of these lists. Call it after the commit.
    pub fn note_changed<'a>(&self, lists: impl IntoIterator<Item = &'a List>) {
        for list in lists {
            self.generation(list).fetch_add(1, Relaxed);
        }
    }

    fn generation(&self, list: &List) -> &AtomicU64 {
        let mut hasher = DefaultHasher::new();
        list.hash(&mut hasher);
        &self.generations[hasher.finish() as usize % GENERATIONS]
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    fn key(board: &str) -> PageKey {
        PageKey { list: List::at(board, 0).expect("a board"), limit: 10, around: None }
    }

    fn page(board: &str) -> Leaderboard {
        Leaderboard { board: board.to_owned(), ..Leaderboard::default() }
    }

    fn counts(pages: &Pages) -> (u64, u64) {
        (pages.progress.hits.load(Relaxed), pages.progress.misses.load(Relaxed))
    }

    #[tokio::test]
    async fn a_page_is_read_again_after_its_list_has_changed() {
        let pages = Pages::new(Arc::default());
        let get = async |board: &'static str, text: &'static str| {
            let found = pages.get(key(board), async { Ok(page(text)) }).await.expect("a page");
            found.board.clone()
        };
        assert_eq!(get("all", "old").await, "old");
        assert_eq!(get("all", "new").await, "old", "it is kept");
        pages.note_changed([&key("all").list]);
        assert_eq!(get("all", "new").await, "new");
        assert_eq!(counts(&pages), (1, 2));
    }

    #[tokio::test]
    async fn one_reads_for_all_who_ask_meanwhile_and_a_change_meanwhile_is_not_lost() {
        let (pages, go) = (Pages::new(Arc::default()), Notify::new());
        let slow = pages.get(key("all"), async {
            go.notified().await;
            Ok(page("old"))
        });
        let other = pages.get(key("all"), async { panic!("it is being read") });
        let changed = async {
            pages.note_changed([&key("all").list]);
            go.notify_one();
        };
        let (first, second, ()) = tokio::join!(slow, other, changed);
        assert_eq!((first.expect("read").board.as_str(), second.expect("read").board.as_str()), ("old", "old"));
        let after = pages.get(key("all"), async { Ok(page("new")) }).await;
        assert_eq!(after.expect("read").board, "new");
        assert_eq!(counts(&pages), (1, 2));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let pages = Pages::new(Arc::default());
        let failed = pages.get(key("all"), async { Err(ReadError::Away) }).await;
        assert_eq!(failed, Err(ReadError::Away));
        assert!(pages.get(key("all"), async { Ok(page("all")) }).await.is_ok());
    }
}
