//! What a node has in the registry, kept equal to what it has.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use framehouse_shared::ids::{RoomCode, RoomId};

use super::{
    claims::Claims,
    lease::lease,
    ledger::Ledger,
    node::{NodeOptions, NodeProgress},
    registry::{
        BATCH, Holding, LEASE_INTERVAL, LEASE_TIME, NodeState, Owner, Registry, RegistryError, RoomKey, RoomRecord,
        Written, code_key, room_key,
    },
};
use crate::room::{roster::Roster, who::ShownCode};

/// Beats between two sweeps: a second.
const SWEEP_BEATS: u64 = 4;
/// Beats between two looks whether players with a seat here have one somewhere else: five seconds. Disconnected ones are
/// looked at in every beat.
const PLAYER_BEATS: u64 = 20;

/// The epoch of a room that never changed its owner.
const FIRST_EPOCH: u64 = 1;

/// Registers one node. Each step can fail, and the next beat does what is left.
pub(super) struct Registrar {
    registry: Registry,
    options: NodeOptions,
    owner: Owner,
    progress: NodeProgress,
    beats: u64,
    /// Since when the lease lives: the last attempt that succeeded began then.
    kept_at: Option<Instant>,
    is_wanted_draining: bool,
    /// Whether the name was taken at the last attempt.
    is_name_taken: bool,
    claims: Claims,
    keys: HashMap<RoomId, RoomKey>,
    ledger: Ledger,
}

impl Registrar {
    pub fn new(registry: Registry, options: NodeOptions, progress: NodeProgress) -> Self {
        let owner = options.new_owner();
        let claims = Claims::new(owner.clone());
        Self {
            registry,
            options,
            owner,
            progress,
            beats: 0,
            kept_at: None,
            is_wanted_draining: false,
            is_name_taken: false,
            claims,
            keys: HashMap::new(),
            ledger: Ledger::default(),
        }
    }

    /// Brings the registry up to date.
    ///
    /// # Errors
    /// When Redis is away, or the lease was over. The next beat tries again.
    pub async fn beat(&mut self) -> Result<(), RegistryError> {
        let beat = self.beats;
        self.beats += 1;
        let done = self.update(beat).await;
        self.progress.counts().is_connected.store(done.is_ok(), Relaxed);
        if matches!(done, Err(RegistryError::Lapsed)) {
            self.kept_at = None;
        }
        if !self.is_kept() {
            self.forget_pool();
        }
        done
    }

    /// Makes another connection to Redis.
    pub fn renew(&self) {
        self.registry.renew();
    }

    /// Whether the lease lives.
    fn is_kept(&self) -> bool {
        self.kept_at.is_some_and(|at| at.elapsed() < LEASE_TIME)
    }

    async fn update(&mut self, beat: u64) -> Result<(), RegistryError> {
        let is_due = beat.is_multiple_of(2) || !self.is_kept();
        if is_due && self.write_lease().await? == Written::NameTaken {
            return Ok(());
        }
        let roster = self.options.roster.newest();
        self.register_rooms(&roster).await?;
        self.register_holdings(&roster, beat).await?;
        self.let_go().await?;
        // Last, so that the keys of a claim that fails are let go before the next one.
        self.claim_codes().await?;
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

    /// Writes the lease. It lives from when that begins, however late the answer is.
    async fn write_lease(&mut self) -> Result<Written, RegistryError> {
        let lease = lease(&self.options, &self.owner, !self.claims.is_empty(), self.is_wanted_draining);
        self.progress.counts().state.store(lease.state as u64, Relaxed);
        let begun = Instant::now();
        let written = self.registry.write_lease(&lease).await?;
        match written {
            Written::Kept { is_new, is_wanted_draining } => {
                self.is_name_taken = false;
                self.kept_at = Some(begun);
                if is_new {
                    self.begin_anew();
                }
                self.follow_wish(is_new, is_wanted_draining).await?;
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
            }
        }
        Ok(written)
    }

    /// Moves out as an operator wants. The wish lies in the lease, and must not end with that while Redis is away.
    async fn follow_wish(&mut self, is_new: bool, mut is_wanted_draining: bool) -> Result<(), RegistryError> {
        if is_new && self.is_wanted_draining {
            is_wanted_draining = self.registry.want_draining(&self.owner.node, true).await?;
        }
        self.is_wanted_draining = is_wanted_draining;
        self.options.move_out.want_by_fleet(is_wanted_draining);
        Ok(())
    }

    /// Writes the lease between two calls of a long beat, which must not outlive it.
    ///
    /// # Errors
    /// When Redis is away, or the lease was over: what this beat has written may be gone.
    async fn keep_lease(&mut self) -> Result<(), RegistryError> {
        if self.kept_at.is_some_and(|at| at.elapsed() < LEASE_INTERVAL) {
            return Ok(());
        }
        match self.write_lease().await? {
            Written::Kept { is_new: false, .. } => Ok(()),
            Written::Kept { is_new: true, .. } | Written::NameTaken => Err(RegistryError::Lapsed),
        }
    }

    /// Everything has to be registered again.
    fn begin_anew(&mut self) {
        self.forget_pool();
        self.ledger.doubt_all();
        self.progress.counts().registrations.fetch_add(1, Relaxed);
        tracing::info!(node = self.owner.node, "registered in the fleet");
    }

    /// Codes that wait for a room may be another node's by now.
    fn forget_pool(&mut self) {
        for code in self.options.codes.drain() {
            self.claims.remove(code);
            self.ledger.doubt(code_key(code));
        }
        self.progress.counts().codes_waiting.store(0, Relaxed);
    }

    /// Removes what may be in the registry and is not wanted. Everything else was written in this beat.
    async fn let_go(&mut self) -> Result<(), RegistryError> {
        for batch in self.ledger.unsure().chunks(BATCH) {
            self.keep_lease().await?;
            self.registry.let_go(&self.owner, batch).await?;
            batch.iter().for_each(|key| self.ledger.strike(key));
        }
        Ok(())
    }

    /// Keeps enough codes ahead.
    async fn claim_codes(&mut self) -> Result<(), RegistryError> {
        if !self.options.status.is_stopping() {
            let candidates = self.claims.missing(self.options.codes.count());
            for batch in candidates.chunks(BATCH) {
                self.keep_lease().await?;
                batch.iter().for_each(|claim| self.ledger.doubt(code_key(claim.code)));
                let claimed = self.registry.claim_codes(&self.owner, batch).await?;
                batch.iter().for_each(|claim| self.ledger.strike(&code_key(claim.code)));
                let codes: Vec<RoomCode> = claimed.iter().map(|claim| claim.code).collect();
                claimed.into_iter().for_each(|claim| self.ledger.keep(self.claims.add(claim)));
                self.options.codes.add(codes);
            }
        }
        let (short, long) = self.options.codes.count();
        self.progress.counts().codes_waiting.store((short + long) as u64, Relaxed);
        Ok(())
    }

    /// The key of a room: made by its first code, and the same for its life.
    fn key_of(&mut self, id: RoomId, code: RoomCode) -> RoomKey {
        let claims = &mut self.claims;
        self.keys.entry(id).or_insert_with(|| claims.room_with(code)).clone()
    }

    /// Registers rooms that are new or have changed, and doubts those that are gone.
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
        let wanted: HashSet<String> = now.keys().map(room_key).collect();
        self.ledger.retain_rooms(|key| wanted.contains(key));
        let changed = now.into_iter().filter(|(key, record)| !self.ledger.has_room(key, record));
        let changed: Vec<_> = changed.map(|(key, record)| (key, FIRST_EPOCH, record)).collect();
        for batch in changed.chunks(BATCH) {
            self.keep_lease().await?;
            batch.iter().for_each(|(room, ..)| self.ledger.doubt(room_key(room)));
            for room in self.registry.hold_rooms(&self.owner, batch).await? {
                tracing::warn!(room, "another node owns this room: players that it has here play on");
            }
            batch.iter().for_each(|(room, _, record)| self.ledger.keep_room(room, record.clone()));
        }
        Ok(())
    }

    /// Registers codes, seats and players that are new or have changed, and doubts those that are gone.
    async fn register_holdings(&mut self, roster: &Arc<Roster>, beat: u64) -> Result<(), RegistryError> {
        let wanted = self.wanted(roster);
        let is_due = |holding: &Holding| match holding {
            Holding::Player { is_here, .. } => !is_here || beat.is_multiple_of(PLAYER_BEATS),
            Holding::Code(..) | Holding::Name(..) | Holding::Resume(..) => false,
        };
        self.ledger.retain(|key| wanted.contains_key(key));
        let news = wanted.into_values().filter(|holding| !self.ledger.holds(holding) || is_due(holding));
        let news: Vec<Holding> = news.collect();
        for batch in news.chunks(BATCH) {
            self.keep_lease().await?;
            batch.iter().for_each(|holding| self.ledger.doubt(holding.key()));
            let refused = self.registry.hold(&self.owner, batch).await?;
            for holding in batch {
                let key = holding.key();
                if refused.contains(&key) {
                    self.ledger.strike(&key);
                    self.note_refused(holding);
                } else {
                    self.ledger.keep(holding.clone());
                }
            }
        }
        Ok(())
    }

    /// What should be in the registry, by key.
    fn wanted(&mut self, roster: &Arc<Roster>) -> HashMap<String, Holding> {
        let mut wanted = HashMap::new();
        let mut want = |holding: Holding| drop(wanted.insert(holding.key(), holding));
        self.claims.forget_unused(&self.options.codes.codes(), roster);
        let used: HashMap<RoomCode, RoomId> = roster.rooms.iter().map(|room| (room.code, room.id)).collect();
        let key_of = |code| self.keys.get(used.get(&code)?).cloned();
        self.claims.holdings(key_of).for_each(&mut want);
        for room in &roster.rooms {
            if let (Some(name), Some(key)) = (&room.name, self.keys.get(&room.id)) {
                want(Holding::Name(name.clone(), key.clone()));
            }
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
                self.claims.remove(*code);
                self.options.codes.remove(*code);
                let code = ShownCode(*code);
                tracing::warn!(%code, "another node has this code now: nobody finds the room here by it any more");
            }
            Holding::Player { account, .. } => {
                // If the queue is full, the next look finds the player again.
                if self.options.evictions.try_send(*account).is_ok() {
                    counts.players_evicted.fetch_add(1, Relaxed);
                }
            }
            // The room is found by its code only.
            Holding::Name(..) | Holding::Resume(..) => {}
        }
    }
}
