//! `--agones`: a node that Kubernetes runs with Agones talks to the SDK server beside it, over its REST port.
//!
//! It learns at which address players reach it, and tells its state: ready when it takes players; allocated while there are any, so that nobody takes it away; shut down when it was drained
//! and is empty, and when it stops. A node whose ticks hang reports no health, and Agones replaces it. The counters `rooms`
//! and `players` are for autoscalers and allocations.

use std::{
    env, io,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::control::Control;
use crate::{
    config::{RoomSettings, ServerSettings},
    control::NodeReport,
    net::endpoint::Endpoint,
    threads,
};

/// Variable with the port of the SDK server, which Agones sets, and its default.
const PORT_VARIABLE: &str = "AGONES_SDK_HTTP_PORT";
const PORT: u16 = 9358;
/// Interval between two reports of health. Agones expects one in five seconds, unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(1);
/// Longest time for a request.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(2);
/// Longest time without a tick of a healthy node, in milliseconds.
const SILENCE_MAX_MS: u64 = 10_000;

/// Longest wait for the SDK server, which may start later than the node, and the pause between two attempts.
const START_TIME_MAX: Duration = Duration::from_secs(30);
const START_PAUSE: Duration = Duration::from_millis(500);

/// What the SDK server says about the node.
#[derive(Deserialize)]
struct GameServer {
    status: GameServerStatus,
}

#[derive(Deserialize)]
struct GameServerStatus {
    address: String,
    #[serde(default)]
    ports: Vec<MappedPort>,
}

#[derive(Deserialize)]
struct MappedPort {
    port: u16,
}

/// Learns from Agones at which address and port of the machine players reach this server, unless the settings say it.
///
/// # Errors
/// With a sentence, when the SDK server does not say it in time.
pub(super) fn learn_address(settings: &mut ServerSettings) -> Result<(), String> {
    if settings.public_host.is_some() && settings.public_udp_port.is_some() {
        return Ok(());
    }
    let (sdk, begun) = (Sdk::of_environment(), Instant::now());
    let GameServerStatus { address, ports } = loop {
        match sdk.game_server() {
            Ok(known) if !known.status.address.is_empty() => break known.status,
            Err(error) if begun.elapsed() > START_TIME_MAX => {
                return Err(format!("the SDK server of Agones at port {} does not answer: {error}", sdk.port));
            }
            Ok(_) if begun.elapsed() > START_TIME_MAX => {
                return Err("Agones does not say at which address this server is reached".to_owned());
            }
            _ => thread::sleep(START_PAUSE),
        }
    };
    settings.public_host.get_or_insert(address);
    settings.public_udp_port = settings.public_udp_port.or_else(|| ports.first().map(|mapped| mapped.port));
    Ok(())
}

/// How much a node can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Largest number of rooms.
    pub rooms: u64,
    /// Largest number of players.
    pub players: u64,
}

impl Capacity {
    /// That of a server with these endpoints.
    pub fn of(rooms: &RoomSettings, endpoints: &[Box<dyn Endpoint>]) -> Self {
        let players = endpoints.iter().map(|endpoint| endpoint.capacity() as u64).sum();
        Self { rooms: rooms.rooms_max.into(), players }
    }
}

/// The thread that talks to the SDK server, until it is dropped.
pub(super) struct Agones {
    end: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Agones {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(control: Arc<Control>, capacity: Capacity) -> io::Result<Self> {
        let (end, ended) = mpsc::sync_channel(0);
        let thread = threads::spawn("agones", move || {
            let (sdk, mut told) = (Sdk::of_environment(), Told::default());
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let calls = told.calls(&control.report(), capacity);
                sdk.tell(&mut told, calls);
            }
            sdk.tell(&mut told, vec![Call::State(SdkState::Shutdown)]);
        })?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Agones {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged.
            drop(thread.join());
        }
    }
}

/// A state that the node can give itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SdkState {
    Ready,
    Allocated,
    Shutdown,
}

/// A request to the SDK server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    Health,
    State(SdkState),
    Counter { name: &'static str, count: u64, capacity: u64 },
}

/// What the SDK server knows already.
#[derive(Debug, Default)]
struct Told {
    state: Option<SdkState>,
    rooms: Option<u64>,
    players: Option<u64>,
    is_silent: bool,
}

impl Told {
    /// What it has to be told about a node with this report.
    fn calls(&self, report: &NodeReport, capacity: Capacity) -> Vec<Call> {
        let mut calls = Vec::new();
        if report.silence_ms.is_some_and(|silence| silence < SILENCE_MAX_MS) || report.stopping {
            calls.push(Call::Health);
        }
        let state = self.state_of(report);
        calls.extend(state.filter(|state| self.state != Some(*state)).map(Call::State));
        let (rooms, players) = (report.rooms as u64, report.sessions as u64);
        let counters =
            [("rooms", rooms, capacity.rooms, self.rooms), ("players", players, capacity.players, self.players)];
        for (name, count, capacity, told) in counters {
            let count = count.min(capacity);
            if told != Some(count) {
                calls.push(Call::Counter { name, count, capacity });
            }
        }
        calls
    }

    fn state_of(&self, report: &NodeReport) -> Option<SdkState> {
        if self.state == Some(SdkState::Shutdown) {
            return self.state;
        }
        let is_empty = report.sessions == 0 && report.matches == 0;
        match (is_empty, report.draining) {
            (true, true) => Some(SdkState::Shutdown),
            (false, _) => Some(SdkState::Allocated),
            (true, false) => (report.accepting && report.registered != Some(false)).then_some(SdkState::Ready),
        }
    }

    fn note(&mut self, call: &Call) {
        match *call {
            Call::Health => {}
            Call::State(state) => self.state = Some(state),
            Call::Counter { name: "rooms", count, .. } => self.rooms = Some(count),
            Call::Counter { count, .. } => self.players = Some(count),
        }
    }
}

/// The SDK server.
struct Sdk {
    agent: ureq::Agent,
    port: u16,
}

impl Sdk {
    fn of_environment() -> Self {
        let port = env::var(PORT_VARIABLE).ok().and_then(|port| port.parse().ok()).unwrap_or(PORT);
        let config = ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIME_MAX)).proxy(None);
        Self { agent: config.build().into(), port }
    }

    /// Makes these requests. One that fails is repeated the next time: the SDK server may start later than the node.
    fn tell(&self, told: &mut Told, calls: Vec<Call>) {
        for call in calls {
            match self.request(&call) {
                Ok(()) => {
                    told.note(&call);
                    told.is_silent = false;
                }
                Err(error) => {
                    if !std::mem::replace(&mut told.is_silent, true) {
                        tracing::warn!("the SDK server of Agones at port {} refuses {call:?}: {error}", self.port);
                    }
                    return;
                }
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn game_server(&self) -> Result<GameServer, ureq::Error> {
        self.agent.get(self.url("/gameserver")).call()?.body_mut().read_json()
    }

    fn request(&self, call: &Call) -> Result<(), ureq::Error> {
        let post = |path: &str| self.agent.post(self.url(path)).send_json(json!({})).map(drop);
        match call {
            Call::Health => post("/health"),
            Call::State(SdkState::Ready) => post("/ready"),
            Call::State(SdkState::Allocated) => post("/allocate"),
            Call::State(SdkState::Shutdown) => post("/shutdown"),
            Call::Counter { name, count, capacity } => {
                // Protobuf writes 64-bit numbers as text.
                let body: Value = json!({ "count": count.to_string(), "capacity": capacity.to_string() });
                self.agent.patch(self.url(&format!("/v1beta1/counters/{name}"))).send_json(body).map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: Capacity = Capacity { rooms: 10, players: 40 };

    fn report(sessions: usize, draining: bool) -> NodeReport {
        NodeReport {
            pid: 1,
            build: "0.1.0".to_owned(),
            class: "a".to_owned(),
            http: ([127, 0, 0, 1], 1).into(),
            silence_ms: Some(5),
            accepting: !draining,
            draining,
            told_to_stop: false,
            stopping: false,
            registered: Some(true),
            rooms: sessions,
            matches: sessions,
            sessions,
        }
    }

    /// The states and counters that are told, one report after the other.
    fn told(reports: &[NodeReport]) -> Vec<Call> {
        let mut told = Told::default();
        let mut calls = Vec::new();
        for report in reports {
            for call in told.calls(report, CAPACITY) {
                told.note(&call);
                calls.push(call);
            }
        }
        calls.into_iter().filter(|call| *call != Call::Health).collect()
    }

    fn states(reports: &[NodeReport]) -> Vec<SdkState> {
        let state = |call| if let Call::State(state) = call { Some(state) } else { None };
        told(reports).into_iter().filter_map(state).collect()
    }

    #[test]
    fn a_node_is_allocated_while_it_has_players_and_shut_down_when_it_was_drained() {
        use SdkState::{Allocated, Ready, Shutdown};
        let life =
            [report(0, false), report(0, false), report(2, false), report(0, false), report(1, false), report(1, true)];
        assert_eq!(states(&life), [Ready, Allocated, Ready, Allocated]);
        assert_eq!(
            states(&[report(1, true), report(0, true), report(0, true), report(0, false)]),
            [Allocated, Shutdown]
        );
        let starting = NodeReport { accepting: false, ..report(0, false) };
        let unknown = NodeReport { registered: Some(false), ..report(0, false) };
        assert_eq!(states(&[starting, unknown]), []);
    }

    #[test]
    fn counters_are_told_when_they_change_and_stay_in_their_capacity() {
        let counters = told(&[report(3, false), report(3, false), report(50, false)]);
        let counter = |name, count, capacity| Call::Counter { name, count, capacity };
        let expected =
            [counter("rooms", 3, 10), counter("players", 3, 40), counter("rooms", 10, 10), counter("players", 40, 40)];
        assert_eq!(counters[1..], expected);
    }

    #[test]
    fn a_node_that_hangs_reports_no_health() {
        let is_healthy = |silence_ms| {
            Told::default().calls(&NodeReport { silence_ms, ..report(1, false) }, CAPACITY).contains(&Call::Health)
        };
        assert_eq!([is_healthy(Some(5)), is_healthy(Some(10_000)), is_healthy(None)], [true, false, false]);
    }
}
