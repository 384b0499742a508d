//! From a join request, or a report, to a node's answer.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use framehouse_shared::{
    api::{ReportRequest, code},
    ids::{AccountId, RoomCode},
};
use tokio::time::timeout;

use super::{FleetBackend, choice::eligible, nodes::Found, view::View};
use crate::{
    address::AddressKey,
    fleet::{
        registry::{
            ANSWER_TIME_MAX, NodeEntry, NodeLease, Owner,
            PlayerClaim::{self, PlaysElsewhere},
        },
        seats::{FindRequest, SeatAnswer, SeatRequest},
    },
    net::secret::ResumeSecret,
    ops::{
        admin::AdminRefusal,
        backend::{Granted, Refusal},
    },
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// Largest number of nodes that are asked for a seat, and of attempts to ask the only one that has it.
const ATTEMPTS_MAX: usize = 3;
pub(super) const NO_ANSWER: &str = "the servers are too busy to answer: try again in a moment";

impl FleetBackend {
    /// A seat or a spectator's place in the room with this code.
    pub(super) async fn join_room(&self, code: RoomCode, request: &JoinRequest) -> Result<Granted, Refusal> {
        self.check_guesses(request.caller)?;
        let view = self.view.newest();
        let found = if view.is_connected() { self.registry.find_code(code).await } else { Ok(None) };
        let is_known = view.is_settled() && found.is_ok();
        let found = match found {
            Ok(Some(place)) => self.lease_of(&view, &place.owner).await,
            _ if is_known => Found::Nowhere,
            _ => self.find(&view, &FindRequest::Code(code)).await,
        };
        let answer = self.ask_found(found, request, JoinError::NoSuchRoom(code)).await;
        if matches!(&answer, Err(Refusal::Join(JoinError::NoSuchRoom(_)))) {
            let now = self.start.elapsed();
            self.guesses.lock().expect("nothing panics while holding this lock").note(request.caller, now);
        }
        answer
    }

    /// The seat of a player who comes back.
    pub(super) async fn resume(&self, secret: ResumeSecret, request: &JoinRequest) -> Result<Granted, Refusal> {
        let found = self.find_seat(secret).await;
        self.ask_found(found, request, JoinError::NoSuchSeat).await
    }

    /// Passes a report on to the node that has the reporting player's seat.
    pub(super) async fn report(&self, report: &ReportRequest) -> Result<u64, AdminRefusal> {
        let nobody = || AdminRefusal::NotFound("only a player that has a seat can report another one".to_owned());
        let secret = report.resume.parse().map_err(|_| nobody())?;
        match self.find_seat(secret).await {
            Found::At(lease) => self.nodes.report(&lease.http, report).await.ok_or(AdminRefusal::Busy)?.into(),
            Found::Nowhere => Err(nobody()),
            Found::Unknown => Err(AdminRefusal::Busy),
        }
    }

    /// The node that has a seat.
    async fn find_seat(&self, secret: ResumeSecret) -> Found {
        let (view, hash) = (self.view.newest(), self.key.resume_hash(secret));
        let found = if view.is_connected() { self.registry.find_resume(&hash).await } else { Ok(None) };
        match found {
            Ok(Some(place)) => self.lease_of(&view, &place.owner).await,
            // A seat that was taken a moment ago may not be registered yet.
            _ => self.find(&view, &FindRequest::Resume(secret.reveal())).await,
        }
    }

    /// Asks the node that was found. A client asks again later if that is not known, and never if there is none.
    async fn ask_found(&self, found: Found, request: &JoinRequest, nowhere: JoinError) -> Result<Granted, Refusal> {
        match found {
            Found::At(lease) => self.ask_only(&lease, request).await,
            Found::Nowhere => Err(nowhere.into()),
            Found::Unknown => Err(Refusal::Busy(NO_ANSWER)),
        }
    }

    /// A place in the room with this name. One that is not there is made, if somebody wants to play in it.
    pub(super) async fn join_named(&self, name: &str, request: &JoinRequest) -> Result<Granted, Refusal> {
        let view = self.view.newest();
        let is_watching = matches!(request.target, JoinTarget::WatchNamed(_));
        let build = self.build_of(&view, request);
        let chosen = if is_watching { Ok(None) } else { self.choose(&view, request, build, &[], 0) };
        let candidate = chosen.as_ref().ok().and_then(|chosen| Some(chosen.as_ref()?.0.lease.owner()));
        let found =
            if view.is_connected() { self.registry.claim_name(name, candidate.as_ref()).await.ok() } else { None };
        let found = match found {
            Some(Some(owner)) => self.lease_of(&view, &owner).await,
            Some(None) => Found::Nowhere,
            None => self.find(&view, &FindRequest::Name(name.to_owned())).await,
        };
        let no_such = JoinError::NoSuchName(name.to_owned());
        // Without Redis, another node may be making it.
        let nowhere = if is_watching { no_such } else { chosen.err().unwrap_or(JoinError::NoCodes) };
        self.ask_found(found, request, nowhere).await
    }

    /// A seat in any room, or in a new one.
    pub(super) async fn join_any(&self, request: JoinRequest) -> Result<Granted, Refusal> {
        let view = self.view.newest();
        let account = request.secret.map(|secret| self.key.of_server().account(secret));
        let rating = match account {
            Some(account) => self.records.rating(account).await,
            None => None,
        };
        let request = JoinRequest { rating, ..request };
        let build = self.build_of(&view, &request);
        let seat = Arc::new(SeatRequest::new(random(), &request));
        let (mut tried, mut last) = (Vec::new(), Refusal::Busy(NO_ANSWER));
        for attempt in 0..ATTEMPTS_MAX {
            let Some((entry, expected)) = self.choose(&view, &request, build, &tried, attempt)? else { break };
            let lease = &entry.lease;
            match self.ask(lease, &seat, &request).await {
                Ok(granted) => {
                    if request.target == JoinTarget::Quick {
                        let mut asked = self.asked.lock().expect("nothing panics while holding this lock");
                        asked.note_room(lease, granted.grant.code, expected, Instant::now());
                    }
                    return Ok(granted);
                }
                Err(refusal) if is_for_others(&refusal) => last = refusal,
                Err(refusal) => return Err(refusal),
            }
            tried.push(lease.node.as_str());
        }
        Err(last)
    }

    /// The build that the release has for a player, if it has one.
    fn build_of<'v>(&self, view: &'v View, request: &JoinRequest) -> Option<&'v str> {
        let account = request.secret.map(|secret| self.key.of_server().account(secret));
        let player = account.unwrap_or_else(|| self.key.guest(&request.name, request.caller));
        view.release.build_of(&request.name, player)
    }

    /// Checks that there is a server with the versions of the client.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn check_versions(&self, request: &JoinRequest) -> Result<(), JoinError> {
        let (view, asked) = (self.view.newest(), self.asked.lock().expect("nothing panics while holding this lock"));
        let build = self.build_of(&view, request);
        eligible(&view, &self.preference, request.hello.as_ref(), build, &asked).map(|_| ())
    }

    /// The node to ask next, and the room that is expected to take the player.
    fn choose<'v>(
        &self,
        view: &'v View,
        request: &JoinRequest,
        build: Option<&str>,
        tried: &[&str],
        attempt: usize,
    ) -> Result<Option<(&'v NodeEntry, Option<RoomCode>)>, JoinError> {
        let mut asked = self.asked.lock().expect("nothing panics while holding this lock");
        let now = Instant::now();
        asked.forget(now);
        let nodes = eligible(view, &self.preference, request.hello.as_ref(), build, &asked)?;
        let is_first_quick = request.target == JoinTarget::Quick && attempt == 0;
        let open = if is_first_quick { asked.take_open_seat(&nodes, now) } else { None };
        let random = || random() as usize;
        let picked = match open {
            Some((entry, code)) => Some((entry, Some(code))),
            None => asked
                .pick(&nodes, tried, attempt + 1 == ATTEMPTS_MAX, self.preference.pack, random)
                .map(|entry| (entry, None)),
        };
        if let Some((entry, _)) = &picked {
            asked.note(&entry.lease.node, now);
        }
        Ok(picked)
    }

    /// Asks the only node that has the room or the seat, again if it does not answer.
    async fn ask_only(&self, lease: &NodeLease, request: &JoinRequest) -> Result<Granted, Refusal> {
        let seat = Arc::new(SeatRequest::new(random(), request));
        for _ in 1..ATTEMPTS_MAX {
            match self.ask(lease, &seat, request).await {
                Err(Refusal::Busy(_)) => {}
                answer => return answer,
            }
        }
        self.ask(lease, &seat, request).await
    }

    /// Asks a node. A player with a secret is claimed for it first: it has one seat in the fleet.
    async fn ask(&self, lease: &NodeLease, seat: &Arc<SeatRequest>, request: &JoinRequest) -> Result<Granted, Refusal> {
        let takes_a_seat =
            !matches!(request.target, JoinTarget::Watch(_) | JoinTarget::WatchNamed(_) | JoinTarget::Resume(_));
        if takes_a_seat && let Some(secret) = request.secret {
            let account = self.key.of_server().account(secret);
            // Without an answer, as while Redis is away, nodes find out about two seats later.
            if self.view.newest().is_connected() && self.claim(lease.owner(), account).await == Some(PlaysElsewhere) {
                return Err(JoinError::AlreadyPlaying.into());
            }
        }
        let answer = match self.nodes.reserve(&lease.http, seat).await {
            Some(SeatAnswer::Granted(grant)) => Ok(Granted { grant: *grant, node: Some(lease.http.clone()) }),
            Some(SeatAnswer::Refused(error)) => Err(error.into()),
            Some(SeatAnswer::Busy) => Err(Refusal::Busy(NO_ANSWER)),
            None => {
                self.counts.nodes_silent.fetch_add(1, Relaxed);
                return Err(Refusal::Busy(NO_ANSWER));
            }
        };
        if answer.as_ref().is_err_and(is_for_others) {
            self.counts.nodes_refused.fetch_add(1, Relaxed);
        }
        answer
    }

    /// Claims a player for a node. `None` if there is no answer in time. What is claimed meanwhile goes together.
    async fn claim(&self, owner: Owner, account: AccountId) -> Option<PlayerClaim> {
        let registry = self.registry.clone();
        let send = move |players: Vec<(Owner, AccountId)>| {
            let registry = registry.clone();
            async move { registry.claim_players(&players).await.unwrap_or_default() }
        };
        timeout(ANSWER_TIME_MAX, self.claims.ask((owner, account), send)).await.ok()?
    }

    /// The lease of the node that has a room. It may have joined the fleet after the last reading.
    async fn lease_of(&self, view: &View, Owner { node, incarnation }: &Owner) -> Found {
        let mut known = view.known().map(|entry| &entry.lease);
        if let Some(lease) = known.find(|lease| lease.node == *node && lease.incarnation == *incarnation) {
            return Found::At(Box::new(lease.clone()));
        }
        let newest = self.registry.nodes().await.unwrap_or_default();
        let found = newest.into_iter().find(|entry| entry.lease.node == *node);
        found.map_or(Found::Unknown, |entry| Found::At(Box::new(entry.lease)))
    }

    /// Asks all known nodes for a room or a seat.
    async fn find(&self, view: &View, wanted: &FindRequest) -> Found {
        self.counts.finds_without_redis.fetch_add(1, Relaxed);
        self.nodes.find(view, wanted).await
    }

    fn check_guesses(&self, caller: AddressKey) -> Result<(), JoinError> {
        if !self.net.limits(caller) {
            return Ok(());
        }
        let guesses = self.guesses.lock().expect("nothing panics while holding this lock");
        let wait = guesses.wait(caller, self.net.sessions_per_address, self.start.elapsed());
        if wait.is_zero() { Ok(()) } else { Err(JoinError::TooManyCodes { wait_s: wait.as_secs() as u32 + 1 }) }
    }
}

/// Whether another node may grant what this one refuses.
fn is_for_others(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Busy(_) => true,
        Refusal::Join(error) => [code::SERVER_FULL, code::OVERLOADED, code::DRAINING].contains(&error.code()),
        _ => false,
    }
}

fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}
