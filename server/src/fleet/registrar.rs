//! What a node has in the registry, kept equal to what it has.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use framehouse_shared::ids::{RoomCode, RoomId};

use super::{
    node::{NodeOptions, NodeProgress},
    registry::{
        BATCH, ClaimedCode, Holding, LEASE_TIME, NodeLease, NodeState, OpenRoom, Owner, Registry, RegistryError,
        RoomKey, RoomRecord, Written, code_key, room_key,
    },
};
use crate::room::roster::Roster;

/// Numbers of short and long codes that are claimed ahead.
const CODES_AHEAD: (usize, usize) = (256, 32);
/// Beats between two sweeps: a second.
const SWEEP_BEATS: u64 = 4;
/// Beats between two looks whether players with a seat here have one somewhere else: five seconds. Disconnected ones are
/// looked at in every beat.
const PLAYER_BEATS: u64 = 20;
/// Rosters without a code that was claimed and given to a room, after which the room is gone.
const CODE_ROSTERS: u32 = 4;
/// Time without a tick after which no newcomers are sent here.
const HANG_TIME: Duration = Duration::from_secs(2);
/// Largest number of open rooms in a lease.
const OPEN_ROOMS_MAX: usize = 32;
/// One in so many connections is kept for players who come back, as by `room::admission`.
const RETURNING_SHARE: u32 = 16;

/// The epoch of a room that never changed its owner.
const FIRST_EPOCH: u64 = 1;

/// A claimed code.
struct Claim {
    number: u64,
    /// Rosters in a row that did not have it, since it left the pool.
    missing: u32,
}

/// Registers one node. Each step can fail, and the next beat does what is left.
pub(super) struct Registrar {
    registry: Registry,
    options: NodeOptions,
    owner: Owner,
    progress: NodeProgress,
    beats: u64,
    /// When the lease was last written.
    kept_at: Option<Instant>,
    is_wanted_draining: bool,
    /// Whether the name was taken at the last attempt.
    is_name_taken: bool,
    numbers: u64,
    roster_number: u64,
    claims: HashMap<RoomCode, Claim>,
    keys: HashMap<RoomId, RoomKey>,
    /// What is in the registry, by key.
    held: HashMap<String, Holding>,
    rooms: HashMap<RoomKey, RoomRecord>,
    /// Keys that are to be removed.
    dropped: Vec<String>,
    /// Keys that were in the registry before it was away.
    unsure: Vec<String>,
}

impl Registrar {
    pub fn new(registry: Registry, options: NodeOptions, progress: NodeProgress) -> Self {
        let owner = options.new_owner();
        Self {
            registry,
            options,
            owner,
            progress,
            beats: 0,
            kept_at: None,
            is_wanted_draining: false,
            is_name_taken: false,
            numbers: 0,
            roster_number: 0,
            claims: HashMap::new(),
            keys: HashMap::new(),
            held: HashMap::new(),
            rooms: HashMap::new(),
            dropped: Vec::new(),
            unsure: Vec::new(),
        }
    }

    /// Brings the registry up to date.
    ///
    /// # Errors
    /// When Redis is away. The next beat tries again.
    pub async fn beat(&mut self) -> Result<(), RegistryError> {
        let beat = self.beats;
        self.beats += 1;
        let done = self.update(beat).await;
        self.progress.counts().is_connected.store(done.is_ok(), Relaxed);
        if !self.is_kept() {
            self.forget_pool();
        }
        done
    }

    /// Whether the lease lives.
    fn is_kept(&self) -> bool {
        self.kept_at.is_some_and(|at| at.elapsed() < LEASE_TIME)
    }

    async fn update(&mut self, beat: u64) -> Result<(), RegistryError> {
        if (beat.is_multiple_of(2) || !self.is_kept()) && !self.write_lease().await? {
            return Ok(());
        }
        self.claim_codes().await?;
        let roster = self.options.roster.newest();
        self.register_rooms(&roster).await?;
        self.register_holdings(&roster, beat).await?;
        self.drop_unsure();
        let dropped = std::mem::take(&mut self.dropped);
        if let Err(error) = self.registry.let_go(&self.owner, &dropped).await {
            self.dropped = dropped;
            return Err(error);
        }
        if beat.is_multiple_of(SWEEP_BEATS) {
            let swept = self.registry.sweep().await?;
            self.progress.counts().keys_swept.fetch_add(swept, Relaxed);
        }
        Ok(())
    }

    /// Takes the node out of the fleet, and its keys out of the registry.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn leave(&mut self) -> Result<(), RegistryError> {
        self.options.codes.drain();
        self.registry.leave(&self.owner).await?;
        while self.registry.sweep().await? > 0 {}
        Ok(())
    }

    /// Writes the lease. Returns whether the node is in the fleet.
    async fn write_lease(&mut self) -> Result<bool, RegistryError> {
        let lease = self.lease();
        self.progress.counts().state.store(lease.state as u64, Relaxed);
        match self.registry.write_lease(&lease).await? {
            Written::Kept { is_new, is_wanted_draining } => {
                self.is_wanted_draining = is_wanted_draining;
                self.is_name_taken = false;
                self.kept_at = Some(Instant::now());
                if is_new {
                    self.begin_anew();
                }
                Ok(true)
            }
            Written::NameTaken => {
                if !self.is_name_taken {
                    let name = &self.owner.node;
                    tracing::warn!(
                        "another node of the fleet has the name {name}: this one joins when the other is gone; give each \
                         its own with --node"
                    );
                }
                self.is_name_taken = true;
                self.progress.counts().state.store(NodeState::Starting as u64, Relaxed);
                Ok(false)
            }
        }
    }

    /// Everything has to be registered again.
    fn begin_anew(&mut self) {
        self.unsure.extend(self.held.drain().map(|(key, _)| key));
        self.unsure.extend(self.rooms.drain().map(|(room, _)| room_key(room)));
        self.progress.counts().registrations.fetch_add(1, Relaxed);
        tracing::info!(node = self.owner.node, "registered in the fleet");
    }

    /// What was given up while the registry was away may still be there.
    fn drop_unsure(&mut self) {
        if !self.unsure.is_empty() {
            let rooms: HashSet<String> = self.rooms.keys().map(room_key).collect();
            let unsure = std::mem::take(&mut self.unsure).into_iter();
            self.dropped.extend(unsure.filter(|key| !self.held.contains_key(key) && !rooms.contains(key)));
        }
    }

    /// Codes that wait for a room may be another node's by now.
    fn forget_pool(&mut self) {
        for code in self.options.codes.drain() {
            self.claims.remove(&code);
            self.dropped.push(code_key(code));
        }
        self.progress.counts().codes_waiting.store(0, Relaxed);
    }

    fn lease(&self) -> NodeLease {
        let (page, roster, options) = (self.options.status.page(), self.options.roster.newest(), &self.options);
        let status = &page.status;
        let is_ticking = options.status.heartbeat().silence().is_some_and(|silence| silence < HANG_TIME);
        let state = if !is_ticking || self.claims.is_empty() {
            NodeState::Starting
        } else if self.is_wanted_draining || !status.accepting || options.status.is_stopping() {
            NodeState::Draining
        } else {
            NodeState::Ready
        };
        NodeLease {
            node: self.owner.node.clone(),
            incarnation: self.owner.incarnation,
            build: options.build.clone(),
            class: options.class.clone(),
            hello: options.hello.clone(),
            channel: options.channel.clone(),
            zone: options.zone.clone(),
            http: options.http.clone(),
            udp: options.udp.clone(),
            state,
            tick_rate: status.tick_rate,
            tick_p99_ms: status.tick_ms.p99,
            tick_load: status.tick_load,
            tick_load_max: options.load_max,
            rooms: status.rooms as u32,
            rooms_max: options.rooms_max,
            matches: (status.rooms - status.rooms_by_phase.lobby.min(status.rooms)) as u32,
            clients: status.sessions as u32,
            clients_max: roster.clients_max - roster.clients_max / RETURNING_SHARE,
            players: status.players as u32,
            room_size: options.room_size,
            open: open_rooms(&roster),
            started_unix_s: status.started_unix_s as u64,
        }
    }

    /// Keeps enough codes ahead.
    async fn claim_codes(&mut self) -> Result<(), RegistryError> {
        let (short, long) = self.options.codes.count();
        let is_stopping = self.options.status.is_stopping();
        if !is_stopping && (short < CODES_AHEAD.0 / 2 || long < CODES_AHEAD.1 / 2) {
            let wanted = (CODES_AHEAD.0.saturating_sub(short), CODES_AHEAD.1.saturating_sub(long));
            let candidates = self.candidates(wanted);
            for batch in candidates.chunks(BATCH) {
                let claimed = self.registry.claim_codes(&self.owner, batch).await?;
                self.options.codes.add(claimed.iter().map(|claim| claim.code));
                for ClaimedCode { code, number } in claimed {
                    let room = RoomKey { home: self.owner.clone(), number };
                    let holding = Holding::Code(code, room);
                    self.held.insert(holding.key(), holding);
                    self.claims.insert(code, Claim { number, missing: 0 });
                }
            }
        }
        let (short, long) = self.options.codes.count();
        self.progress.counts().codes_waiting.store((short + long) as u64, Relaxed);
        Ok(())
    }

    fn candidates(&mut self, (short, long): (usize, usize)) -> Vec<ClaimedCode> {
        let random = || getrandom::u32().expect("the operating system gives random bytes");
        let codes = (0..short).map(|_| RoomCode::from_number(random()));
        let codes = codes.chain((0..long).map(|_| RoomCode::long_from_number(random())));
        let codes: HashSet<RoomCode> = codes.filter(|code| !self.claims.contains_key(code)).collect();
        codes
            .into_iter()
            .map(|code| {
                self.numbers += 1;
                ClaimedCode { code, number: self.numbers }
            })
            .collect()
    }

    /// The key of a room: made by its first code, and the same for its life.
    fn key_of(&mut self, id: RoomId, code: RoomCode) -> RoomKey {
        if let Some(key) = self.keys.get(&id) {
            return key.clone();
        }
        let number = self.claims.get(&code).map(|claim| claim.number).unwrap_or_else(|| {
            self.numbers += 1;
            self.numbers
        });
        let key = RoomKey { home: self.owner.clone(), number };
        self.keys.insert(id, key.clone());
        key
    }

    /// Registers rooms that are new or have changed, and removes those that are gone.
    async fn register_rooms(&mut self, roster: &Arc<Roster>) -> Result<(), RegistryError> {
        let mut now = HashMap::new();
        for room in &roster.rooms {
            let record = RoomRecord {
                code: room.code,
                phase: room.phase.to_owned(),
                seats: room.seats,
                free: room.free,
                players: room.players,
                public: !room.private,
                msg_id: room.msg_id,
            };
            now.insert(self.key_of(room.id, room.code), record);
        }
        let ids: HashSet<RoomId> = roster.rooms.iter().map(|room| room.id).collect();
        self.keys.retain(|id, _| ids.contains(id));
        let gone = self.rooms.keys().filter(|key| !now.contains_key(*key));
        self.dropped.extend(gone.map(room_key));
        self.rooms.retain(|key, _| now.contains_key(key));
        let changed: Vec<_> = now.into_iter().filter(|(key, record)| self.rooms.get(key) != Some(record)).collect();
        let written: Vec<_> = changed.iter().map(|(key, record)| (key.clone(), FIRST_EPOCH, record.clone())).collect();
        let refused = self.registry.hold_rooms(&self.owner, &written).await?;
        for key in &refused {
            tracing::warn!(room = key, "another node owns this room: players that it has here play on");
        }
        self.rooms.extend(changed);
        Ok(())
    }

    /// Registers codes, seats and players that are new or have changed, and removes those that are gone.
    async fn register_holdings(&mut self, roster: &Arc<Roster>, beat: u64) -> Result<(), RegistryError> {
        let wanted = self.wanted(roster);
        let is_due = |holding: &Holding| match holding {
            Holding::Player { is_here, .. } => !is_here || beat.is_multiple_of(PLAYER_BEATS),
            Holding::Code(..) | Holding::Resume(..) => false,
        };
        let is_news = |(key, holding): &(&String, &Holding)| self.held.get(*key) != Some(holding) || is_due(holding);
        let news: Vec<Holding> = wanted.iter().filter(is_news).map(|(_, holding)| holding.clone()).collect();
        let gone = self.held.keys().filter(|key| !wanted.contains_key(*key));
        self.dropped.extend(gone.cloned());
        self.held.retain(|key, _| wanted.contains_key(key));
        let refused: HashSet<String> = self.registry.hold(&self.owner, &news).await?.into_iter().collect();
        for holding in news {
            if refused.contains(&holding.key()) {
                self.note_refused(&holding);
            } else {
                self.held.insert(holding.key(), holding);
            }
        }
        Ok(())
    }

    /// What should be in the registry, by key.
    fn wanted(&mut self, roster: &Arc<Roster>) -> HashMap<String, Holding> {
        let mut wanted = HashMap::new();
        let mut want = |holding: Holding| drop(wanted.insert(holding.key(), holding));
        let waiting: HashSet<RoomCode> = self.options.codes.codes().into_iter().collect();
        let used: HashMap<RoomCode, RoomId> = roster.rooms.iter().map(|room| (room.code, room.id)).collect();
        let is_new = std::mem::replace(&mut self.roster_number, roster.number) != roster.number;
        self.claims.retain(|code, claim| {
            let is_missing = !waiting.contains(code) && !used.contains_key(code);
            claim.missing = if is_missing { claim.missing + u32::from(is_new) } else { 0 };
            claim.missing < CODE_ROSTERS
        });
        for (code, claim) in &self.claims {
            let of_room = used.get(code).and_then(|id| self.keys.get(id)).cloned();
            let unused = || RoomKey { home: self.owner.clone(), number: claim.number };
            want(Holding::Code(*code, of_room.unwrap_or_else(unused)));
        }
        for seat in &roster.seats {
            let Some(room) = self.keys.get(&seat.room) else { continue };
            want(Holding::Resume(self.options.key.resume_hash(seat.secret), room.clone()));
            if let Some(account) = seat.account {
                want(Holding::Player { account, is_here: seat.is_here });
            }
        }
        wanted
    }

    /// Another node has it, whose lease lives.
    fn note_refused(&mut self, holding: &Holding) {
        let counts = self.progress.counts();
        match holding {
            Holding::Code(code, _) => {
                counts.codes_lost.fetch_add(1, Relaxed);
                self.claims.remove(code);
                tracing::warn!(%code, "another node has this code now: nobody finds the room here by it any more");
            }
            Holding::Player { account, .. } => {
                // If the queue is full, the next look finds the player again.
                if self.options.evictions.try_send(*account).is_ok() {
                    counts.players_evicted.fetch_add(1, Relaxed);
                }
            }
            Holding::Resume(..) => {}
        }
    }
}

/// The fullest public rooms with a free seat, fullest first.
fn open_rooms(roster: &Roster) -> Vec<OpenRoom> {
    let mut open: Vec<_> =
        roster.rooms.iter().filter(|room| !room.private && (1..room.seats).contains(&room.free)).collect();
    open.sort_by_key(|room| (room.free, room.id));
    open.truncate(OPEN_ROOMS_MAX);
    open.into_iter().map(|room| OpenRoom { code: room.code, free: room.free }).collect()
}
