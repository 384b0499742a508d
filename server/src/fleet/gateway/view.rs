//! What a gateway knows about the fleet: the newest leases, read twice a second by a thread of its own.

use std::{
    io,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use framehouse_shared::api::FleetNode;
use tokio::{
    runtime,
    time::{MissedTickBehavior, interval},
};

use crate::{
    fleet::registry::{LEASE_INTERVAL, NodeEntry, NodeState, Registry, RegistryError, Release},
    threads,
};

/// Time for which Redis has to answer until its word about codes counts: after it has lost its memory, nodes register
/// again.
const SETTLE_TIME: Duration = Duration::from_secs(5);
/// State of a node of which it is not known whether it still lives.
const LAPSED: &str = "lapsed";

/// The fleet as of the last reading.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// Nodes whose leases lived, by name.
    pub nodes: Vec<NodeEntry>,
    /// Nodes of the last readings that are in this one no more, while Redis is not settled. All leases end while it is away, so
    /// these may be about to register again. They have rooms and seats, and get no newcomers.
    pub lapsed: Vec<NodeEntry>,
    /// Which share of the players gets which build.
    pub release: Release,
    /// Since when Redis answers; `None` while it is away. The nodes are those of before then.
    pub answers_since: Option<Instant>,
}

impl View {
    /// Whether Redis answers.
    pub const fn is_connected(&self) -> bool {
        self.answers_since.is_some()
    }

    /// Whether Redis has answered for so long that all nodes are registered.
    pub fn is_settled(&self) -> bool {
        self.is_settled_at(Instant::now())
    }

    fn is_settled_at(&self, now: Instant) -> bool {
        self.answers_since.is_some_and(|since| now.saturating_duration_since(since) >= SETTLE_TIME)
    }

    /// All nodes that may have rooms.
    pub fn known(&self) -> impl Iterator<Item = &NodeEntry> {
        self.nodes.iter().chain(&self.lapsed)
    }

    /// The view after a reading with these nodes at `now`.
    fn after(&self, nodes: Vec<NodeEntry>, release: Release, now: Instant) -> Self {
        let answers_since = Some(self.answers_since.unwrap_or(now));
        let mut view = Self { nodes, lapsed: Vec::new(), release, answers_since };
        if !view.is_settled_at(now) {
            let is_missing = |entry: &&NodeEntry| !view.nodes.iter().any(|node| node.lease.node == entry.lease.node);
            view.lapsed = self.known().filter(is_missing).cloned().collect();
        }
        view
    }

    /// All nodes that may have rooms, by name, for the live page.
    pub fn shown(&self) -> Vec<FleetNode> {
        let living = self.nodes.iter().map(|entry| shown(entry, state_of(entry).name()));
        let mut nodes: Vec<FleetNode> = living.chain(self.lapsed.iter().map(|entry| shown(entry, LAPSED))).collect();
        nodes.sort_by(|a, b| a.node.cmp(&b.node));
        nodes
    }

    /// Number of nodes in this state.
    pub fn count(&self, state: NodeState) -> u64 {
        self.nodes.iter().filter(|entry| state_of(entry) == state).count() as u64
    }
}

fn shown(NodeEntry { lease, .. }: &NodeEntry, state: &str) -> FleetNode {
    FleetNode {
        node: lease.node.clone(),
        state: state.to_owned(),
        channel: lease.channel.clone(),
        zone: lease.zone.clone(),
        build: lease.build.clone(),
        rooms: lease.rooms,
        players: lease.players,
        tick_p99_ms: lease.tick_p99_ms,
        load: lease.load(),
    }
}

/// State of a node as gateways treat it.
pub(super) fn state_of(entry: &NodeEntry) -> NodeState {
    if entry.is_wanted_draining { NodeState::Draining } else { entry.lease.state }
}

/// The newest view. Clones are the same board.
#[derive(Clone, Default)]
pub(super) struct ViewBoard(Arc<Board>);

#[derive(Default)]
struct Board {
    view: Mutex<Arc<View>>,
    keys_swept: AtomicU64,
}

impl ViewBoard {
    /// The newest view.
    pub fn newest(&self) -> Arc<View> {
        self.0.view.lock().expect("nothing panics while holding this lock").clone()
    }

    /// Number of keys of dead nodes that were removed.
    pub fn keys_swept(&self) -> u64 {
        self.0.keys_swept.load(Relaxed)
    }

    pub(super) fn replace(&self, view: View) {
        *self.0.view.lock().expect("nothing panics while holding this lock") = Arc::new(view);
    }
}

/// Starts the thread that reads the registry, until the process ends. Returns the registry, for all threads.
///
/// # Errors
/// When the thread cannot be started, or the URL is none.
pub(super) fn follow(redis: &str, board: ViewBoard) -> io::Result<Registry> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let registry = {
        let _guard = runtime.enter();
        Registry::new(redis).map_err(io::Error::other)?
    };
    let read = registry.clone();
    threads::spawn("fleet", move || runtime.block_on(read_for_ever(read, board)))?;
    Ok(registry)
}

async fn read_for_ever(registry: Registry, board: ViewBoard) {
    let mut beats = interval(LEASE_INTERVAL);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for beat in 0_u64.. {
        beats.tick().await;
        let before = board.newest();
        match read(&registry, beat.is_multiple_of(2), &board, &before.release).await {
            Ok((nodes, release)) => {
                if !before.is_connected() {
                    tracing::info!(nodes = nodes.len(), "the registry of the fleet answers");
                }
                board.replace(before.after(nodes, release, Instant::now()));
            }
            Err(error) => {
                if error.is_timeout() {
                    registry.renew();
                }
                if before.is_connected() || beat == 0 {
                    tracing::warn!("{error}: rooms on known nodes can be joined, and new rooms wait");
                }
                board.replace(View { answers_since: None, ..(*before).clone() });
            }
        }
    }
}

async fn read(
    registry: &Registry,
    is_sweep_due: bool,
    board: &ViewBoard,
    last: &Release,
) -> Result<(Vec<NodeEntry>, Release), RegistryError> {
    let nodes = registry.nodes().await?;
    let release = match registry.release().await {
        Err(error @ RegistryError::Unreadable(_)) => {
            static WARNED: Once = Once::new();
            WARNED.call_once(|| tracing::warn!("{error} The last release goes on"));
            last.clone()
        }
        read => read?,
    };
    if is_sweep_due {
        board.0.keys_swept.fetch_add(registry.sweep().await?, Relaxed);
    }
    Ok((nodes, release))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::gateway::choice::tests::node;

    fn names<'a>(entries: impl IntoIterator<Item = &'a NodeEntry>) -> Vec<&'a str> {
        entries.into_iter().map(|entry| entry.lease.node.as_str()).collect()
    }

    #[test]
    fn nodes_that_have_not_registered_again_yet_are_known_until_redis_is_settled() {
        let start = Instant::now();
        let before = View { nodes: vec![node("a"), node("b")], ..View::default() };
        let back = before.after(Vec::new(), Release::default(), start);
        assert_eq!((names(&back.nodes), names(back.known())), (vec![], vec!["a", "b"]));
        let later = back.after(vec![node("b"), node("c")], Release::default(), start + SETTLE_TIME / 2);
        assert_eq!((names(&later.nodes), names(later.known())), (vec!["b", "c"], vec!["b", "c", "a"]));
        let shown: Vec<(String, String)> = later.shown().into_iter().map(|node| (node.node, node.state)).collect();
        let expected = [("a", "lapsed"), ("b", "ready"), ("c", "ready")];
        assert_eq!(shown, expected.map(|(node, state)| (node.to_owned(), state.to_owned())));
        let settled = later.after(vec![node("b"), node("c")], Release::default(), start + SETTLE_TIME);
        assert_eq!(names(settled.known()), ["b", "c"]);
        let gone = settled.after(vec![node("c")], Release::default(), start + 2 * SETTLE_TIME);
        assert_eq!(names(gone.known()), ["c"], "a node that dies while Redis is there is gone at once");
    }
}
