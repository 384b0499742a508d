//! The backend of a single server: join requests go to the tick thread through a bounded queue, pages come from the
//! [`StatusBoard`], replays from a folder. It has no access to the world.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use framehouse_shared::{
    api::{
        BoardList, BoardQuery, Feature, FleetStatus, InForce, Leaderboard, ListedRoom, MatchInfo, MatchesQuery,
        PlayerInfo, PlayerMatches, PlayerSecret, RoomFilter, SessionGrant, Status, StoreStatus,
    },
    ids::{AccountId, MatchId},
    protocol::messages::Hello,
    replay::{PublicKey, ServerKey},
};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{Backend, Granted, Refusal, ReplayFile, replay_files::ReplayFiles};
use crate::{
    features::Features,
    net::ws::{Opened, ThinSession, WsLink},
    ops::{alerts::Alerts, status::StatusBoard},
    room::directory::{Grant, JoinError, JoinQueue, JoinRequest, JoinTarget, PendingJoin},
    store::Store,
};

/// Maximum number of join requests that wait for the tick thread. The next one is refused as busy.
const JOINS_WAITING_MAX: usize = 1024;
/// How many of them may be of newcomers. The rest is for players who resume a session.
const NEWCOMERS_WAITING_MAX: usize = 896;
/// Longest wait for the tick thread's answer. It needs some ticks, unless it hangs.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// Time without the end of a tick after which the tick thread hangs.
const HANG_TIME: Duration = Duration::from_secs(2);

const TOO_MANY_JOINS: &str = "too many players join at once: try again in a moment";

/// The backend of a single server process. Clones are the same backend.
#[derive(Clone)]
pub struct LocalBackend {
    joins: SyncSender<PendingJoin>,
    sockets: WsLink,
    newcomers: Arc<Semaphore>,
    status: StatusBoard,
    replays: ReplayFiles,
    key: Option<PublicKey>,
    store: Option<Store>,
    /// Makes the ids of players.
    accounts: Option<ServerKey>,
    /// Whether ratings are looked up.
    has_ratings: bool,
    /// Versions that clients must have.
    hello: Option<Hello>,
    alerts: Option<Alerts>,
    fleet: Option<Arc<dyn ShowFleet>>,
    features: Features,
    in_force: Arc<Mutex<InForce>>,
}

/// Shows how a node of a fleet does.
pub trait ShowFleet: Send + Sync {
    /// For the status page.
    fn status(&self) -> FleetStatus;
}

impl LocalBackend {
    /// A backend that serves this status board and the replays of this folder, and whose WebSockets have this way to the
    /// tick thread. Also returns the queue of join requests for the tick thread.
    pub fn new(status: StatusBoard, replay_folder: PathBuf, sockets: WsLink) -> (Self, JoinQueue) {
        let (joins, queue) = sync_channel(JOINS_WAITING_MAX);
        let newcomers = Arc::new(Semaphore::new(NEWCOMERS_WAITING_MAX));
        let backend = Self {
            joins,
            sockets,
            newcomers,
            status,
            replays: ReplayFiles::new(replay_folder),
            key: None,
            hello: None,
            alerts: None,
            store: None,
            accounts: None,
            has_ratings: false,
            fleet: None,
            features: Features::default(),
            in_force: Arc::default(),
        };
        (backend, JoinQueue(Mutex::new(queue)))
    }

    /// Tells this key to everybody who asks for the server's.
    #[must_use]
    pub fn with_key(self, key: PublicKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Does not let a client wait whose versions differ from these.
    #[must_use]
    pub fn with_hello(self, hello: Hello) -> Self {
        Self { hello: Some(hello), ..self }
    }

    /// Shows these alerts in the status page.
    #[must_use]
    pub fn with_alerts(self, alerts: Alerts) -> Self {
        Self { alerts: Some(alerts), ..self }
    }

    /// Answers questions about players, matches and leaderboards from this store.
    #[must_use]
    pub fn with_store(self, store: Store) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Knows players by ids that are made with this key.
    #[must_use]
    pub fn with_accounts(self, key: ServerKey) -> Self {
        Self { accounts: Some(key), ..self }
    }

    /// Like [`with_accounts`](Self::with_accounts), and looks up the ratings of players, for quick match.
    #[must_use]
    pub fn with_ratings(self, key: ServerKey) -> Self {
        Self { has_ratings: true, ..self.with_accounts(key) }
    }

    /// Refuses what these switches have off, and shows them in the status page.
    #[must_use]
    pub fn with_features(self, features: Features) -> Self {
        Self { features, ..self }
    }

    /// Shows in the status page what is in force.
    #[must_use]
    pub fn with_in_force(self, in_force: Arc<Mutex<InForce>>) -> Self {
        Self { in_force, ..self }
    }

    /// Shows in the status page how this node of a fleet does.
    #[must_use]
    pub fn with_fleet(self, fleet: impl ShowFleet + 'static) -> Self {
        Self { fleet: Some(Arc::new(fleet)), ..self }
    }

    /// Rating of a player that takes a seat, in hundredths, if it is known at once.
    async fn rating(&self, request: &JoinRequest) -> Option<i32> {
        let takes_a_seat = !matches!(request.target, JoinTarget::Watch(_) | JoinTarget::Resume(_));
        let secret = request.secret.filter(|_| takes_a_seat && self.has_ratings)?;
        self.store.as_ref()?.rating(self.accounts.as_ref()?.account(secret)).await
    }

    fn check_switch(&self, feature: Feature) -> Result<(), Refusal> {
        if self.features.is_on(feature) { Ok(()) } else { Err(Refusal::SwitchedOff(feature)) }
    }

    fn store(&self) -> Result<&Store, Refusal> {
        self.store.as_ref().ok_or(Refusal::NoStore)
    }
}

impl Backend for LocalBackend {
    async fn open_session(&self, request: JoinRequest) -> Result<Granted, Refusal> {
        let is_newcomer = !matches!(request.target, JoinTarget::Resume(_));
        let place = is_newcomer.then(|| Arc::clone(&self.newcomers).try_acquire_owned()).transpose();
        let place = place.map_err(|_| Refusal::Busy(TOO_MANY_JOINS))?;
        // A gateway has looked it up already.
        let rating = match request.rating {
            None => self.rating(&request).await,
            known => known,
        };
        let request = JoinRequest { rating, ..request };
        let (reply, answer) = oneshot::channel();
        self.joins.try_send(PendingJoin { request, reply, place }).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Busy(TOO_MANY_JOINS),
            TrySendError::Disconnected(_) => JoinError::Stopping.into(),
        })?;
        match timeout(ANSWER_TIME_MAX, answer).await {
            Ok(Ok(answer)) => Ok(Granted::here(session_grant(answer?))),
            Ok(Err(_)) => Err(JoinError::Stopping.into()),
            Err(_) => Err(Refusal::Busy("the server is too busy to answer: try again in a moment")),
        }
    }

    fn check_newcomer(&self, request: &JoinRequest) -> Result<(), Refusal> {
        if let Some((own, theirs)) = self.hello.as_ref().zip(request.hello.as_ref()) {
            own.check(theirs).map_err(JoinError::Mismatch)?;
        }
        match request.target {
            JoinTarget::Quick => self.check_switch(Feature::QuickMatch)?,
            JoinTarget::Create { .. } => self.check_switch(Feature::NewRooms)?,
            JoinTarget::Watch(_) | JoinTarget::WatchNamed(_) => self.check_switch(Feature::Spectating)?,
            JoinTarget::Code(_) | JoinTarget::Named { .. } | JoinTarget::Resume(_) => {}
        }
        let is_stopping = self.status.is_stopping() || !self.status.page().status.accepting;
        if is_stopping { Err(JoinError::Stopping.into()) } else { Ok(()) }
    }

    async fn open_socket(&self, _: Option<String>, opened: Opened) -> Result<ThinSession, Refusal> {
        Ok(self.sockets.open(opened).await)
    }

    fn account(&self, secret: PlayerSecret) -> Option<AccountId> {
        self.accounts.as_ref().map(|key| key.account(secret))
    }

    async fn list_rooms(&self, filter: &RoomFilter) -> Result<Vec<ListedRoom>, Refusal> {
        Ok(filter.select(&self.status.page().rooms))
    }

    async fn list_maps(&self) -> Result<Vec<String>, Refusal> {
        Ok(self.status.page().maps.clone())
    }

    async fn health(&self) -> Result<(), String> {
        if self.status.is_stopping() {
            return Ok(());
        }
        match self.status.heartbeat().silence() {
            None => Err("the server is starting: its tick loop has not begun".to_owned()),
            Some(silence) if silence >= HANG_TIME => Err(format!(
                "the tick thread hangs: no tick has ended for {} s; restart the server if it stays so",
                silence.as_secs()
            )),
            Some(_) => Ok(()),
        }
    }

    async fn readiness(&self) -> Result<(), String> {
        let page = self.status.page();
        let has_begun = self.status.heartbeat().silence().is_some();
        if (has_begun || self.status.is_stopping()) && !page.status.accepting {
            return Err("the server drains or stops: it takes no new players".to_owned());
        }
        self.health().await?;
        if page.status.data_dir_lost {
            return Err(
                "the data folder is gone or another one is in its place: put it back, or restart the server".to_owned()
            );
        }
        Ok(())
    }

    async fn status(&self) -> Result<Status, Refusal> {
        let alerts = self.alerts.as_ref().map(Alerts::status).unwrap_or_default();
        let store = self.store.as_ref().map_or_else(StoreStatus::default, Store::status);
        let fleet = self.fleet.as_ref().map(|fleet| fleet.status());
        let in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let features = self.features.status();
        Ok(Status { alerts, store, fleet, features, in_force, ..self.status.page().status.clone() })
    }

    async fn key(&self) -> Result<PublicKey, Refusal> {
        self.key.ok_or(Refusal::NoKey)
    }

    async fn open_replay(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        self.check_switch(Feature::Replays)?;
        self.replays.open(match_id).await
    }

    async fn list_boards(&self) -> Result<BoardList, Refusal> {
        self.check_switch(Feature::Leaderboards)?;
        Ok(self.store()?.boards().await?)
    }

    async fn leaderboard(&self, board: &str, query: &BoardQuery) -> Result<Arc<Leaderboard>, Refusal> {
        self.check_switch(Feature::Leaderboards)?;
        Ok(self.store()?.leaderboard(board, query).await?)
    }

    async fn player(&self, id: AccountId) -> Result<PlayerInfo, Refusal> {
        Ok(self.store()?.player(id).await?)
    }

    async fn matches_of(&self, id: AccountId, query: &MatchesQuery) -> Result<PlayerMatches, Refusal> {
        Ok(self.store()?.matches_of(id, query).await?)
    }

    async fn match_info(&self, id: MatchId) -> Result<MatchInfo, Refusal> {
        Ok(self.store()?.match_info(id).await?)
    }
}

fn session_grant(grant: Grant) -> SessionGrant {
    SessionGrant {
        token: grant.token,
        session: grant.session.to_string(),
        server: grant.server.to_string(),
        tick_rate: grant.tick_rate,
        protocol: format!("{:016x}", grant.protocol),
        code: grant.code,
        resume: grant.resume.reveal(),
        grace_s: grant.grace_s,
        player: Some(grant.account),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use framehouse_shared::api::OffBy;
    use futures_util::poll;

    use super::*;
    use crate::{
        config::{NetSettings, WsSettings},
        net::{endpoint::ClientKind, ws::WsEndpoint},
        ops::status::Page,
        schedule::TickRate,
    };

    fn request() -> JoinRequest {
        JoinRequest {
            name: "ada".to_owned(),
            target: JoinTarget::Quick,
            secret: None,
            rating: None,
            hello: None,
            caller: Ipv4Addr::LOCALHOST.into(),
            kind: ClientKind::Simulating,
        }
    }

    fn backend() -> (LocalBackend, JoinQueue) {
        let (_, sockets) = WsEndpoint::new(TickRate(30), &NetSettings::default(), &WsSettings::default());
        LocalBackend::new(StatusBoard::default(), PathBuf::new(), sockets)
    }

    #[tokio::test]
    async fn the_answer_is_that_of_the_tick_thread() {
        let (backend, JoinQueue(queue)) = backend();
        let queue = queue.into_inner().expect("nobody panicked");
        let tick_thread = std::thread::spawn(move || {
            let pending = queue.recv().expect("a request");
            pending.reply.send(Err(JoinError::ServerFull)).expect("somebody waits");
            pending.request
        });
        // A gateway has looked the rating up.
        let request = JoinRequest { rating: Some(1234), ..request() };
        assert_eq!(backend.open_session(request.clone()).await, Err(JoinError::ServerFull.into()));
        assert_eq!(tick_thread.join().expect("no panic"), request);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_a_server_that_is_gone_is_stopping() {
        let (backend, queue) = backend();
        for _ in 0..JOINS_WAITING_MAX {
            let pending = PendingJoin { request: request(), reply: oneshot::channel().0, place: None };
            backend.joins.try_send(pending).expect("there is room");
        }
        assert!(matches!(backend.open_session(request()).await, Err(Refusal::Busy(_))));
        drop(queue);
        assert_eq!(backend.open_session(request()).await, Err(JoinError::Stopping.into()));
    }

    #[tokio::test]
    async fn newcomers_leave_places_in_the_queue_for_those_who_come_back() {
        let (backend, JoinQueue(queue)) = backend();
        let mut waiting: Vec<_> =
            (0..NEWCOMERS_WAITING_MAX).map(|_| Box::pin(backend.open_session(request()))).collect();
        for join in &mut waiting {
            assert!(poll!(join).is_pending());
        }
        assert_eq!(backend.open_session(request()).await, Err(Refusal::Busy(TOO_MANY_JOINS)));
        let secret = "0123456789abcdef0123456789abcdef".parse().expect("a secret");
        let resume = JoinRequest { target: JoinTarget::Resume(secret), ..request() };
        assert!(poll!(Box::pin(backend.open_session(resume))).is_pending(), "it waits for the tick thread");
        // A caller that hangs up leaves its request in the queue, and with it its place.
        drop(waiting);
        assert_eq!(backend.open_session(request()).await, Err(Refusal::Busy(TOO_MANY_JOINS)));
        let queue = queue.into_inner().expect("nobody panicked");
        drop(queue.recv());
        assert!(poll!(Box::pin(backend.open_session(request()))).is_pending());
    }

    #[tokio::test]
    async fn nobody_waits_in_vain() {
        let (backend, _queue) = backend();
        let hello = |protocol| Hello {
            protocol,
            game: "tiny".to_owned(),
            rules_version: 1,
            components: Vec::new(),
            fingerprint: 7,
        };
        let backend = backend.with_hello(hello(1));
        let with = |theirs| JoinRequest { hello: Some(hello(theirs)), ..request() };
        assert_eq!(backend.check_newcomer(&with(1)), Err(JoinError::Stopping.into()), "nobody is let in yet");
        let status = Status { accepting: true, ..Default::default() };
        backend.status.replace(Page { status, ..Default::default() });
        assert_eq!(backend.check_newcomer(&with(1)), Ok(()));
        assert!(matches!(backend.check_newcomer(&with(2)), Err(Refusal::Join(JoinError::Mismatch(_)))));
        backend.features.set(Feature::QuickMatch, false, OffBy::Operator, 0);
        assert_eq!(backend.check_newcomer(&with(1)), Err(Refusal::SwitchedOff(Feature::QuickMatch)));
    }

    #[tokio::test]
    async fn without_a_tick_loop_the_server_is_neither_healthy_nor_ready() {
        let (backend, _queue) = backend();
        assert!(backend.health().await.is_err_and(|sentence| sentence.contains("starting")));
        assert!(backend.readiness().await.is_err_and(|sentence| sentence.contains("starting")));
        backend.status.heartbeat().beat();
        assert_eq!(backend.health().await, Ok(()));
        assert!(backend.readiness().await.is_err(), "the page says that nobody is let in");
    }

    #[tokio::test]
    async fn a_server_that_stops_without_ticks_is_healthy_but_not_ready() {
        let (backend, _queue) = backend();
        backend.status.note_stop();
        assert_eq!(backend.health().await, Ok(()), "it writes the last results");
        assert!(backend.readiness().await.is_err_and(|sentence| sentence.contains("no new players")));
    }

    #[tokio::test]
    async fn a_server_is_ready_while_it_takes_players_and_has_its_data_folder() {
        let (backend, _queue) = backend();
        backend.status.heartbeat().beat();
        let status = Status { accepting: true, tick_load: 1.0, ..Default::default() };
        let show = |status| backend.status.replace(Page { status, ..Default::default() });
        show(status.clone());
        assert_eq!(backend.readiness().await, Ok(()), "also when it is too busy for newcomers");
        show(Status { data_dir_lost: true, ..status.clone() });
        assert!(backend.readiness().await.is_err_and(|sentence| sentence.contains("data folder")));
        show(Status { accepting: false, ..status });
        assert!(backend.readiness().await.is_err_and(|sentence| sentence.contains("no new players")));
    }

    #[tokio::test]
    async fn a_match_without_a_replay_has_none_to_fetch() {
        assert_eq!(backend().0.open_replay(MatchId(1)).await.err(), Some(Refusal::NoSuchReplay));
    }
}
