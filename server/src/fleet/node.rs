//! A node of a fleet: the thread that registers it, its rooms and its seats.
//!
//! The tick thread leaves a roster and takes claimed codes, and never waits. Everything else happens here: Redis may be
//! slow or away, and no tick notices.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::SyncSender,
    },
    thread::JoinHandle,
    time::Duration,
};

use framehouse_shared::{
    api::{FleetNodeStatus, FleetStatus},
    ids::AccountId,
    protocol::messages::Hello,
};
use tokio::{
    runtime,
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    key::FleetKey,
    registrar::Registrar,
    registry::{Incarnation, NodeState, Owner, Registry, RegistryError},
};
use crate::{
    error_streak::ErrorStreak,
    ops::{backend::ShowFleet, status::StatusBoard},
    room::{codes::CodePool, drain::MoveOut, roster::RosterBoard},
    threads,
};

/// Interval between two looks at the roster. A lease is written at every second one.
const BEAT: Duration = Duration::from_millis(250);

/// What a node is registered with.
pub struct NodeOptions {
    /// URL of Redis.
    pub redis: String,
    /// Common key of the fleet.
    pub key: FleetKey,
    /// Name, unique in the fleet.
    pub name: String,
    /// Name of the build.
    pub build: String,
    /// What nodes must have alike to play the same rooms, 16 hexadecimal digits.
    pub class: String,
    /// What clients must have.
    pub hello: Hello,
    /// Channel of its players.
    pub channel: String,
    /// Zone of its machine; empty for none.
    pub zone: String,
    /// Host and port of its HTTP, for gateways.
    pub http: String,
    /// Addresses of its UDP endpoints.
    pub udp: Vec<String>,
    /// Largest number of rooms.
    pub rooms_max: u32,
    /// Seats of a room that quick match opens.
    pub room_size: u8,
    /// Share of the tick thread's time above which newcomers are refused.
    pub load_max: f64,
    /// Its status page.
    pub status: StatusBoard,
    /// Its rooms and seats.
    pub roster: RosterBoard,
    /// Codes for its rooms.
    pub codes: CodePool,
    /// Players that it has to send away.
    pub evictions: SyncSender<AccountId>,
    /// Whether it has to be empty.
    pub move_out: MoveOut,
}

impl NodeOptions {
    /// This life of the node.
    pub(super) fn new_owner(&self) -> Owner {
        Owner { node: self.name.clone(), incarnation: Incarnation::random() }
    }
}

/// Counters of a node, shared with whoever shows them.
#[derive(Clone, Default)]
pub struct NodeProgress(Arc<Counts>);

#[derive(Default)]
pub(super) struct Counts {
    name: std::sync::OnceLock<String>,
    pub state: AtomicU64,
    pub is_connected: AtomicBool,
    pub registrations: AtomicU64,
    pub codes_waiting: AtomicU64,
    pub codes_lost: AtomicU64,
    pub players_evicted: AtomicU64,
    pub keys_swept: AtomicU64,
}

impl ShowFleet for NodeProgress {
    fn status(&self) -> FleetStatus {
        let Counts { name, state, is_connected, registrations, codes_waiting, codes_lost, players_evicted, keys_swept } =
            &*self.0;
        let state = [NodeState::Starting, NodeState::Ready, NodeState::Draining]
            .into_iter()
            .find(|known| *known as u64 == state.load(Relaxed));
        FleetStatus {
            connected: is_connected.load(Relaxed),
            keys_swept: keys_swept.load(Relaxed),
            node: Some(FleetNodeStatus {
                name: name.get().cloned().unwrap_or_default(),
                state: state.map(NodeState::name).unwrap_or_default().to_owned(),
                registrations: registrations.load(Relaxed),
                codes_waiting: codes_waiting.load(Relaxed),
                codes_lost: codes_lost.load(Relaxed),
                players_evicted: players_evicted.load(Relaxed),
            }),
            gateway: None,
        }
    }
}

impl NodeProgress {
    /// Whether the registry has the node, so that gateways may send players to it.
    pub fn is_registered(&self) -> bool {
        self.0.is_connected.load(Relaxed) && self.0.state.load(Relaxed) != NodeState::Starting as u64
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0
    }
}

/// The thread that registers a node.
pub struct NodeThread {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
    errors: ErrorStreak,
    /// Its counters.
    pub progress: NodeProgress,
}

impl NodeThread {
    /// Failed attempts to register in a row.
    pub fn error_streak(&self) -> ErrorStreak {
        self.errors.clone()
    }

    /// Takes the node out of the fleet and ends the thread. Waits for Redis, for half a second at most at each request.
    pub fn close(self) {
        self.stop.send_replace(true);
        // A panic in it is in the log already.
        let _ = self.thread.join();
    }
}

/// Starts the thread that registers a node. Does not wait for Redis.
///
/// # Errors
/// When the thread cannot be started, or the URL is none.
pub fn start(options: NodeOptions) -> io::Result<NodeThread> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let registry = {
        let _guard = runtime.enter();
        Registry::new(&options.redis).map_err(io::Error::other)?
    };
    let (stop, stopped) = watch::channel(false);
    let progress = NodeProgress::default();
    let _ = progress.0.name.set(options.name.clone());
    let codes = options.codes.clone();
    let registrar = Registrar::new(registry, options, progress.clone());
    let errors = ErrorStreak::default();
    let streak = errors.clone();
    let thread = threads::spawn("fleet", move || runtime.block_on(register(registrar, codes, streak, stopped)))?;
    Ok(NodeThread { stop, thread, errors, progress })
}

async fn register(mut registrar: Registrar, codes: CodePool, errors: ErrorStreak, mut stop: watch::Receiver<bool>) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_away = false;
    loop {
        tokio::select! {
            _ = beats.tick() => {}
            () = codes.half_used() => {}
            _ = stop.wait_for(|is_stopped| *is_stopped) => break,
        }
        let done = registrar.beat().await;
        if done.as_ref().is_err_and(RegistryError::is_timeout) {
            registrar.renew();
        }
        errors.note(done.is_ok());
        note(&done, &mut is_away);
    }
    if let Err(error) = registrar.leave().await {
        tracing::warn!("this node could not leave the fleet, which notices it in two seconds: {error}");
    }
}

/// Logs when the registry goes away and when it is back.
fn note(done: &Result<(), RegistryError>, is_away: &mut bool) {
    match done {
        Err(error) if !*is_away => tracing::warn!("{error}: running matches go on, and new rooms wait"),
        Ok(()) if *is_away => tracing::info!("the registry of the fleet answers again"),
        _ => {}
    }
    *is_away = done.is_err();
}
