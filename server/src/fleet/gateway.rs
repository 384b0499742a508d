//! The backend of a gateway: the HTTP API of a whole fleet. It keeps nothing that another gateway would need, so there can
//! be any number of them behind any balancer. (The queue of a full fleet is before it.)
//!
//! ```text
//! view.rs      the newest leases, read by a thread of its own
//! choice.rs    which node is asked;  recent.rs  what leases do not show yet
//! joins.rs     from a join request, or a report, to a node's answer
//! nodes.rs     questions to nodes over HTTP;  batches.rs  questions of many players that go together
//! relay.rs     the WebSocket of a member to its node
//! records.rs   answers from the database
//! ```

mod batches;
mod choice;
mod joins;
mod nodes;
mod recent;
mod records;
mod relay;
mod view;

use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use framehouse_shared::{
    api::{
        BoardList, BoardQuery, FleetGatewayStatus, FleetNode, FleetStatus, Leaderboard, ListedRoom, MatchInfo,
        MatchesQuery, PlayerInfo, PlayerMatches, PlayerSecret, ReportRequest, RoomFilter, Status, StoreStatus,
    },
    ids::{AccountId, MatchId},
    replay::PublicKey,
};
use futures_util::{StreamExt, stream};

use batches::Batches;
use choice::{Asked, Preference};
use joins::NO_ANSWER;
use nodes::Nodes;
use records::Records;
use view::{ViewBoard, follow};

use super::{
    key::FleetKey,
    registry::{NodeState, Owner, PlayerClaim, Registry},
};
use crate::{
    config::NetSettings,
    net::ws::{Opened, ThinSession},
    ops::{
        admin::AdminRefusal,
        backend::{Backend, Granted, Refusal, ReplayFile},
    },
    room::{
        directory::{JoinError, JoinRequest, JoinTarget},
        guesses::Guesses,
    },
    store::Store,
};

/// Number of nodes that are asked for their rooms at the same time.
const PAGES_AT_ONCE: usize = 16;
/// Largest number of nodes that are asked for their maps, until one answers.
const MAP_NODES_MAX: usize = 3;

/// What a gateway is started with.
pub struct GatewayOptions {
    /// URL of Redis.
    pub redis: String,
    /// Common key of the fleet.
    pub key: FleetKey,
    /// Channel of its players.
    pub channel: String,
    /// Zone of its machine; empty for none.
    pub zone: String,
    /// Whether it fills the fullest node instead of spreading players.
    pub pack: bool,
    /// Limits of addresses, for wrong codes.
    pub net: NetSettings,
    /// The database of players, matches and leaderboards.
    pub store: Option<Store>,
}

/// The backend of a gateway.
pub struct FleetBackend {
    registry: Registry,
    key: FleetKey,
    preference: Preference,
    net: NetSettings,
    view: ViewBoard,
    nodes: Arc<Nodes>,
    claims: Arc<Batches<(Owner, AccountId), PlayerClaim>>,
    records: Records,
    store: Option<Store>,
    asked: Mutex<Asked>,
    guesses: Mutex<Guesses>,
    start: Instant,
    started_unix: Duration,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    granted: AtomicU64,
    refused: AtomicU64,
    nodes_refused: AtomicU64,
    nodes_silent: AtomicU64,
    finds_without_redis: AtomicU64,
}

impl FleetBackend {
    /// A gateway, and the thread that reads the registry for it. Does not wait for Redis.
    ///
    /// # Errors
    /// When the thread cannot be started, or the URL is none.
    pub fn start(options: GatewayOptions) -> io::Result<Self> {
        let GatewayOptions { redis, key, channel, zone, pack, net, store } = options;
        let view = ViewBoard::default();
        let registry = follow(&redis, view.clone())?;
        Ok(Self {
            registry,
            nodes: Arc::new(Nodes::new(&key)),
            claims: Arc::default(),
            key,
            preference: Preference { channel, zone, pack },
            net,
            view,
            records: Records::new(store.clone()),
            store,
            asked: Mutex::default(),
            guesses: Mutex::default(),
            start: Instant::now(),
            started_unix: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            counts: Counts::default(),
        })
    }

    /// Whether a node of the gateway's channel takes new players.
    fn takes_newcomers(&self) -> bool {
        let (view, channel) = (self.view.newest(), &self.preference.channel);
        view.nodes.iter().any(|entry| view::state_of(entry) == NodeState::Ready && entry.lease.channel == *channel)
    }

    /// Host and port of the nodes of the gateway's channel.
    fn of_channel(&self) -> Vec<String> {
        let view = self.view.newest();
        let of_channel = view.nodes.iter().filter(|entry| entry.lease.channel == self.preference.channel);
        of_channel.map(|entry| entry.lease.http.clone()).collect()
    }

    fn fleet_status(&self) -> FleetStatus {
        let (view, counts) = (self.view.newest(), &self.counts);
        let gateway = FleetGatewayStatus {
            nodes_starting: view.count(NodeState::Starting),
            nodes_ready: view.count(NodeState::Ready),
            nodes_draining: view.count(NodeState::Draining),
            seats_granted: counts.granted.load(Relaxed),
            seats_refused: counts.refused.load(Relaxed),
            nodes_refused: counts.nodes_refused.load(Relaxed),
            nodes_silent: counts.nodes_silent.load(Relaxed),
            finds_without_redis: counts.finds_without_redis.load(Relaxed),
        };
        let (connected, keys_swept) = (view.is_connected(), self.view.keys_swept());
        FleetStatus { connected, keys_swept, node: None, gateway: Some(gateway) }
    }
}

impl Backend for FleetBackend {
    async fn open_session(&self, request: JoinRequest) -> Result<Granted, Refusal> {
        let answer = match request.target.clone() {
            JoinTarget::Code(code) | JoinTarget::Watch(code) => self.join_room(code, &request).await,
            JoinTarget::Resume(secret) => self.resume(secret, &request).await,
            JoinTarget::Quick | JoinTarget::Create { .. } => self.join_any(request).await,
            JoinTarget::Named { name, .. } | JoinTarget::WatchNamed(name) => self.join_named(&name, &request).await,
        };
        let counter = if answer.is_ok() { &self.counts.granted } else { &self.counts.refused };
        counter.fetch_add(1, Relaxed);
        answer
    }

    fn check_newcomer(&self, request: &JoinRequest) -> Result<(), Refusal> {
        match self.check_versions(request) {
            Err(error @ JoinError::Mismatch(_)) => Err(error.into()),
            // Another server may come.
            _ => Ok(()),
        }
    }

    async fn open_socket(&self, node: Option<String>, opened: Opened) -> Result<ThinSession, Refusal> {
        let session = match node {
            Some(http) => self.nodes.open_socket(&http, opened).await,
            None => None,
        };
        session.ok_or(Refusal::Busy(NO_ANSWER))
    }

    fn account(&self, secret: PlayerSecret) -> Option<AccountId> {
        Some(self.key.of_server().account(secret))
    }

    async fn list_rooms(&self, filter: &RoomFilter) -> Result<Vec<ListedRoom>, Refusal> {
        let asked = self.of_channel().into_iter().map(|http| async move { self.nodes.page(&http).await });
        let pages: Vec<_> = stream::iter(asked).buffer_unordered(PAGES_AT_ONCE).collect().await;
        let rooms: Vec<ListedRoom> = pages.iter().flatten().flat_map(|page| page.rooms.iter().cloned()).collect();
        Ok(filter.select(&rooms))
    }

    async fn list_maps(&self) -> Result<Vec<String>, Refusal> {
        for http in self.of_channel().into_iter().take(MAP_NODES_MAX) {
            if let Some(page) = self.nodes.page(&http).await {
                return Ok(page.maps.clone());
            }
        }
        Err(Refusal::Busy("no server answers right now: try again in a moment"))
    }

    async fn health(&self) -> Result<(), String> {
        if crate::threads::ended().contains(&"fleet") {
            return Err("the thread that reads the registry has ended: restart this gateway".to_owned());
        }
        Ok(())
    }

    async fn readiness(&self) -> Result<(), String> {
        self.health().await?;
        let view = self.view.newest();
        // Players come back through a gateway also while no node takes new ones.
        if view.known().next().is_some() {
            return Ok(());
        }
        Err(if view.is_connected() {
            "there is no node in the fleet".to_owned()
        } else {
            "the registry of the fleet (Redis) does not answer, and no node is known".to_owned()
        })
    }

    async fn status(&self) -> Result<Status, Refusal> {
        let view = self.view.newest();
        let sum = |of: fn(&super::registry::NodeLease) -> u32| {
            view.nodes.iter().map(|entry| u64::from(of(&entry.lease))).sum::<u64>() as usize
        };
        let protocols: BTreeSet<u64> = view.nodes.iter().map(|entry| entry.lease.hello.protocol).collect();
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: protocols.first().map(|protocol| format!("{protocol:016x}")).unwrap_or_default(),
            started_unix_s: self.started_unix.as_secs_f64(),
            uptime_s: self.start.elapsed().as_secs_f64(),
            accepting: self.takes_newcomers(),
            rooms: sum(|lease| lease.rooms),
            players: sum(|lease| lease.players),
            sessions: sum(|lease| lease.clients),
            store: self.store.as_ref().map_or_else(StoreStatus::default, Store::status),
            fleet: Some(self.fleet_status()),
            threads_ended: crate::threads::ended().into_iter().map(str::to_owned).collect(),
            ..Status::default()
        })
    }

    fn nodes(&self) -> Vec<FleetNode> {
        self.view.newest().shown()
    }

    async fn pass_report(&self, report: ReportRequest) -> Result<u64, AdminRefusal> {
        self.report(&report).await
    }

    async fn key(&self) -> Result<PublicKey, Refusal> {
        Ok(self.key.of_server().public())
    }

    async fn open_replay(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        self.nodes.replay(&self.view.newest(), match_id).await?.ok_or(Refusal::NoSuchReplay)
    }

    async fn list_boards(&self) -> Result<BoardList, Refusal> {
        self.records.boards().await
    }

    async fn leaderboard(&self, board: &str, query: &BoardQuery) -> Result<Arc<Leaderboard>, Refusal> {
        self.records.leaderboard(board, query).await
    }

    async fn player(&self, id: AccountId) -> Result<PlayerInfo, Refusal> {
        self.records.player(id).await
    }

    async fn matches_of(&self, id: AccountId, query: &MatchesQuery) -> Result<PlayerMatches, Refusal> {
        self.records.matches_of(id, query).await
    }

    async fn match_info(&self, id: MatchId) -> Result<MatchInfo, Refusal> {
        self.records.match_info(id).await
    }
}
