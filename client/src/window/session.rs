//! The session behind the window: asked for on a thread of its own, then driven once a frame.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use bevy::{input::InputSystems, platform::cell::SyncCell, prelude::*};
use bevy_renet::RenetReceive;
use framehouse_shared::{
    arena::{ArenaPlugin, bodies::Bodies},
    ids::Slot,
    net_sim::NetSimConfig,
    protocol::control::{Hello, Phase, protocol_hash},
    rng::SimRng,
    simulation::{Simulation, determinism_fingerprint},
};

use super::{
    args::Args,
    controls::{Controls, gather},
};
use crate::{
    client::{Client, ClientConfig, MakeSimulation},
    connect::{RoomRequest, SessionGrant, SessionRequest, request_session},
    net::{Connection, Link, SimulatedLink, UdpLink},
    stats::ClientStats,
};

/// Gets a session and keeps it going, in [`PreUpdate`] and [`RenetReceive`].
pub struct SessionPlugin(pub Args);

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Session::ask(&self.0)).init_resource::<Controls>();
        app.configure_sets(PreUpdate, RenetReceive.after(InputSystems));
        app.add_systems(PreUpdate, (gather, drive).chain().in_set(RenetReceive));
        app.add_systems(Last, leave_at_exit.run_if(on_message::<AppExit>));
    }
}

/// The player's session, from the first request to the last message.
#[derive(Resource)]
pub struct Session {
    stage: Stage,
    server: String,
    net_sim: Option<NetSimConfig>,
    autopilot: Option<SimRng>,
    is_ready: bool,
}

enum Stage {
    Asking(SyncCell<Receiver<Result<Granted, String>>>),
    Open(Box<Client>),
    /// The client is kept for what it measured.
    Over(String, Option<Box<Client>>),
}

struct Granted {
    grant: SessionGrant,
    config: ClientConfig,
}

impl Session {
    fn ask(args: &Args) -> Self {
        let (outbox, inbox) = mpsc::channel();
        let asked = args.clone();
        // The window may be gone before the answer comes.
        thread::spawn(move || drop(outbox.send(ask_server(&asked))));
        Self {
            stage: Stage::Asking(SyncCell::new(inbox)),
            server: args.server.clone(),
            net_sim: args.net_sim,
            autopilot: args.autopilot.then(|| SimRng::new(seed_of(&args.name))),
            is_ready: false,
        }
    }

    /// Where the server should be.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The net core, while there is a session.
    pub fn client(&self) -> Option<&Client> {
        if let Stage::Open(client) = &self.stage { Some(client) } else { None }
    }

    /// The newest predicted state.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.client()?.simulation()
    }

    /// Why the session is over, or never began: a sentence for the player.
    pub fn failure(&self) -> Option<&str> {
        if let Stage::Over(sentence, _) = &self.stage { Some(sentence) } else { None }
    }

    /// What was measured, also after the end.
    pub fn stats(&self) -> Option<&ClientStats> {
        match &self.stage {
            Stage::Asking(_) => None,
            Stage::Open(client) => Some(client.stats()),
            Stage::Over(_, client) => client.as_ref().map(|client| client.stats()),
        }
    }

    /// Whether the game's bot plays.
    pub const fn is_autopilot(&self) -> bool {
        self.autopilot.is_some()
    }

    fn take_answer(&mut self, now: Duration) {
        let Stage::Asking(inbox) = &mut self.stage else { return };
        let answer = match inbox.get().try_recv() {
            Ok(answer) => answer,
            Err(mpsc::TryRecvError::Empty) => return,
            Err(mpsc::TryRecvError::Disconnected) => {
                Err("The request for a session broke off: this is a bug.".to_owned())
            }
        };
        self.stage = match answer.and_then(|granted| open(&granted, self.net_sim, now)) {
            Ok(client) => Stage::Open(Box::new(client)),
            Err(sentence) => Stage::Over(sentence, None),
        };
    }

    fn update(&mut self, now: Duration, controls: &mut Controls) {
        let Stage::Open(client) = &mut self.stage else { return };
        let autopilot = &mut self.autopilot;
        let begin = Instant::now();
        client.update(now, &mut |request| {
            let Some(simulation) = request.simulation else { return controls.take_input(None).into() };
            match autopilot {
                Some(rng) => request.bot_input(rng),
                None => controls.take_input(position_of(simulation, request.slot)).into(),
            }
        });
        client.note_cost(begin.elapsed());
        client.drain_notices();
        // Without a menu the player is always ready, and one match follows the other.
        let is_in_lobby = matches!(client.phase(), Some(Phase::Lobby { .. }));
        if is_in_lobby && !self.is_ready {
            client.set_ready(true);
        }
        self.is_ready = is_in_lobby;
    }

    fn notice_end(&mut self) {
        if let Stage::Open(client) = &self.stage
            && let Some(sentence) = client.ended().map(str::to_owned)
            && let Stage::Open(client) = std::mem::replace(&mut self.stage, Stage::Over(sentence, None))
            && let Stage::Over(_, kept) = &mut self.stage
        {
            *kept = Some(client);
        }
    }
}

fn drive(time: Res<Time<Real>>, mut session: ResMut<Session>, mut controls: ResMut<Controls>) {
    session.take_answer(time.elapsed());
    session.update(time.elapsed(), &mut controls);
    session.notice_end();
}

/// Says good-bye, so that the seat is free at once; the answer is not waited for.
fn leave_at_exit(time: Res<Time<Real>>, mut session: ResMut<Session>) {
    if let Stage::Open(client) = &mut session.stage {
        client.leave();
        client.update(time.elapsed(), &mut |_| default());
    }
}

fn position_of(simulation: &Simulation, slot: Slot) -> Option<Vec2> {
    simulation.get::<Bodies>()?.position(slot)
}

fn seed_of(name: &str) -> u64 {
    name.bytes().fold(17, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte))
}

/// Everything that takes time, away from the window: the fingerprint alone simulates 600 ticks.
fn ask_server(args: &Args) -> Result<Granted, String> {
    let make: MakeSimulation = Arc::new(|| Simulation::new(ArenaPlugin));
    let game = make().game().id.to_owned();
    let hello = Hello { protocol: protocol_hash(), game, fingerprint: determinism_fingerprint(ArenaPlugin) };
    let request = SessionRequest {
        name: args.name.clone(),
        room: args.room.map_or(RoomRequest::Quick {}, RoomRequest::Code),
        resume: None,
        hello: Some(hello.clone()),
    };
    let grant = request_session(&args.server, &request).map_err(|error| error.to_string())?;
    Ok(Granted { grant, config: ClientConfig { hello, game: Some(make) } })
}

fn open(granted: &Granted, net_sim: Option<NetSimConfig>, now: Duration) -> Result<Client, String> {
    let Granted { grant, config } = granted;
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let udp = UdpLink::connect(address).map_err(|error| format!("No socket to {address}: {error}."))?;
    let link: Box<dyn Link> = match net_sim {
        Some(config) => Box::new(SimulatedLink::new(udp, config, seed_of(&grant.session))),
        None => Box::new(udp),
    };
    Client::new(&grant.token, link, config, now).map_err(|error| error.to_string())
}
