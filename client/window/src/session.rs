//! The session behind the window: requested on a background thread, then updated once a frame; a lost one is requested
//! again.
//!
//! ```text
//! Idle -> Asking -> Open -> Idle          the player left
//!                   Open -> Lost -> Open  the connection was lost, and the seat was still reserved (reconnect.rs)
//!         Asking, Open, Lost -> Over      a problem for the player to read (problem.rs)
//! Idle -> Opening -> Showing -> Idle      a replay instead of a session (playback.rs)
//! ```

mod auto_ready;
mod background_task;
#[cfg(any(test, feature = "gamepad"))]
mod gamepad;
mod join_target;
mod known_players;
mod liveness;
mod moment;
mod pending_session;
mod playback;
mod problem;
mod reconnect;
mod saved_seat;
mod view;

use std::time::{Duration, Instant};

use bevy::{input::InputSystems, prelude::*, window::ExitSystems};
use bevy_renet::RenetReceive;
use framehouse_client::{
    client::{Client, Notice},
    connect::{RoomRequest, SessionRequest},
    net::{Cause, End},
    playback::Playback,
    reconnect_backoff::{ReconnectBackoff, SEAT_KEPT},
};
use framehouse_shared::{
    ids::{AccountId, RoomCode},
    net_sim::NetSimConfig,
    protocol::end::EndCode,
    rng::SimRng,
};

use super::{
    args::Args,
    controls::{Controls, gather},
    game::Game,
    keys::Pad,
    settings::Settings,
    view::{GameView, SendCommand},
};
use liveness::Liveness;
use pending_session::{NewSession, PendingSession};
use reconnect::{Lost, Progress};

pub use background_task::BackgroundTask;
pub use join_target::{JoinTarget, PRACTICE_BOTS};
pub use known_players::KnownPlayers;
pub use moment::Moment;
pub use problem::{Problem, as_sentence};
pub use saved_seat::{ResumePrompt, SavedSeat};

/// Time limit for a session that the player has left to tell the server.
const PARTING_TIME_MAX: Duration = Duration::from_secs(2);

/// Requests sessions and updates them, in [`PreUpdate`] and [`RenetReceive`].
pub struct SessionPlugin(pub Args, pub Game);

/// The set in [`Last`] of work in the program's last frame.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shutdown;

/// A notice of the session in this frame.
#[derive(Message, Clone, Debug)]
pub struct SessionNotice(pub Notice);

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Session::new(&self.0, self.1.clone())).init_resource::<Controls>().init_resource::<Pad>();
        app.add_message::<SessionNotice>().add_message::<SendCommand>();
        app.add_plugins((saved_seat::plugin, known_players::plugin));
        #[cfg(feature = "gamepad")]
        app.add_plugins(gamepad::driver::plugin);
        app.configure_sets(PreUpdate, RenetReceive.after(InputSystems));
        app.add_systems(PreUpdate, (gather, drive, auto_ready::ready_unattended).chain().in_set(RenetReceive));
        // Systems that end the program run before: a goodbye in the next frame would never be sent.
        app.configure_sets(Last, Shutdown.after(ExitSystems));
        app.add_systems(Last, leave_at_exit.run_if(on_message::<AppExit>).in_set(Shutdown));
    }
}

/// The player's session, from the first request to the last message.
#[derive(Resource)]
pub struct Session {
    stage: Stage,
    game: Game,
    target: Option<JoinTarget>,
    server: String,
    /// The request that resumes a lost session.
    request: Option<SessionRequest>,
    seat_kept: Duration,
    /// The player's lasting id in the last session.
    player: Option<AccountId>,
    liveness: Liveness,
    net_sim: Option<NetSimConfig>,
    autopilot: Option<SimRng>,
    parting: Vec<(Box<Client>, Duration)>,
}

enum Stage {
    Idle,
    Asking(PendingSession),
    Open(Box<Client>),
    Lost(Box<Lost>),
    /// A replay is being read.
    Opening(BackgroundTask<Result<Box<Playback>, Problem>>),
    Showing(Box<Playback>),
    /// The client is kept for its statistics.
    Over(Problem, Option<Box<Client>>),
}

impl Session {
    fn new(args: &Args, game: Game) -> Self {
        Self {
            stage: Stage::Idle,
            game,
            target: None,
            server: String::new(),
            request: None,
            seat_kept: SEAT_KEPT,
            player: None,
            liveness: Liveness::default(),
            net_sim: args.net_sim,
            autopilot: args.autopilot.then(|| SimRng::new(seed_of(args.name.as_deref().unwrap_or_default()))),
            parting: Vec::new(),
        }
    }

    /// Requests a session, and leaves the present one.
    pub(crate) fn begin(&mut self, target: JoinTarget, settings: &Settings, now: Duration) {
        self.leave(now);
        let (server, request) = target.request(settings);
        self.stage = Stage::Asking(PendingSession::ask(&self.game, server.clone(), request.clone()));
        // On another server the player has another id.
        self.player = None;
        (self.target, self.server, self.request) = (Some(target), server, Some(request));
    }

    /// Repeats the last request.
    pub(crate) fn try_again(&mut self, settings: &Settings, now: Duration) {
        if let Some(target) = self.target.clone() {
            self.begin(target, settings, now);
        }
    }

    /// Leaves the session, or cancels the request. The server is told in the background.
    pub(crate) fn leave(&mut self, now: Duration) {
        if let Stage::Open(mut client) = std::mem::replace(&mut self.stage, Stage::Idle) {
            client.leave();
            self.parting.push((client, now + PARTING_TIME_MAX));
        }
        self.target = None;
    }

    /// The net core, for requests to the room.
    pub(crate) fn room(&mut self) -> Option<&mut Client> {
        if let Stage::Open(client) = &mut self.stage { Some(client) } else { None }
    }

    /// The net core, for tests that corrupt it; views only read the match.
    #[cfg(feature = "corrupt")]
    pub fn client_mut(&mut self) -> Option<&mut Client> {
        self.room()
    }

    fn take_answer(&mut self, settings: &Settings, now: Duration) {
        let Stage::Asking(asked) = &mut self.stage else { return };
        let Some(answer) = asked.take(now, self.net_sim) else { return };
        self.stage = match answer {
            Ok(new_session) => {
                self.keep_key(&new_session);
                self.liveness = Liveness::default();
                Stage::Open(new_session.client)
            }
            Err(error) => Stage::Over(Problem::of_refusal(&error, settings), None),
        };
    }

    /// Keeps the data that resumes the seat. A spectator has no seat and repeats the first request.
    fn keep_key(&mut self, new_session: &NewSession) {
        self.seat_kept = new_session.seat_kept;
        self.player = new_session.player;
        if let Some(request) = self.request.as_mut().filter(|request| !matches!(request.room, RoomRequest::Watch(_))) {
            request.room = RoomRequest::Code(new_session.code);
            request.resume = Some(new_session.resume.clone());
        }
    }

    /// The data that resumes this seat after a restart.
    fn saved_seat(&self) -> Option<(RoomCode, &SessionRequest, Duration)> {
        let is_practice = self.target == Some(JoinTarget::Practice);
        let code = self.client().filter(|client| client.slot().is_some() && !is_practice)?.code()?;
        Some((code, self.request.as_ref().filter(|request| request.resume.is_some())?, self.seat_kept))
    }

    fn send_command(&mut self, bytes: &[u8]) {
        if let Stage::Open(client) = &mut self.stage {
            client.send_command(bytes);
        }
    }

    fn update(&mut self, now: Duration, view: &GameView, controls: &mut Controls) -> Vec<Notice> {
        let Stage::Open(client) = &mut self.stage else { return Vec::new() };
        let autopilot = &mut self.autopilot;
        let begin = Instant::now();
        let mut command = None;
        client.update(now, &mut |request| {
            let input = match autopilot {
                Some(rng) => {
                    command = command.take().or_else(|| request.bot_command(rng));
                    request.bot_input(rng)
                }
                None => view.input(controls, &request),
            };
            controls.note_input();
            input
        });
        client.note_cost(begin.elapsed());
        if let Some(command) = command {
            client.send_command(&command);
        }
        self.liveness.listen(client, now);
        client.drain_notices().collect()
    }

    fn notice_end(&mut self, settings: &Settings, now: Duration) {
        let Stage::Open(client) = &self.stage else { return };
        let fell_silent =
            || End { cause: Cause::Silence, reason: "The server has stopped sending.".to_owned(), is_lost: true };
        let Some(end) = client.end().cloned().or_else(|| self.liveness.is_loss().then(fell_silent)) else { return };
        if end.cause == Cause::Server(EndCode::Moved) {
            return self.move_on(settings, now);
        }
        // A session that was never welcomed has no seat to resume.
        let can_come_back = end.is_lost && client.phase().is_some();
        let Stage::Open(client) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
        self.stage = match self.request.clone().filter(|_| can_come_back) {
            Some(request) => {
                let rejoin = ReconnectBackoff::new(now, self.seat_kept);
                Stage::Lost(Box::new(Lost::new(client, &self.game, self.server.clone(), request, rejoin)))
            }
            None => Stage::Over(Problem::of_end(&end, settings), Some(client)),
        };
    }

    /// Asks for a seat on another server of the fleet: its gateway does not send anybody to the one that makes way.
    fn move_on(&mut self, settings: &Settings, now: Duration) {
        let target = match self.target.take() {
            Some(target @ (JoinTarget::Create | JoinTarget::Practice)) => target,
            _ => JoinTarget::Quick,
        };
        self.begin(target, settings, now);
    }

    fn reconnect(&mut self, settings: &Settings, now: Duration) {
        let Stage::Lost(lost) = &mut self.stage else { return };
        match lost.update(now, self.net_sim) {
            Progress::Waiting => {}
            Progress::Back(new_session) => {
                self.keep_key(&new_session);
                self.liveness = Liveness::default();
                self.stage = Stage::Open(new_session.client);
            }
            Progress::Gone(error) => {
                let problem = Problem::of_lost_seat(error.as_ref(), settings);
                let Stage::Lost(lost) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
                self.stage = Stage::Over(problem, Some(lost.into_frozen()));
            }
        }
    }

    fn part(&mut self, now: Duration) {
        self.parting.iter_mut().for_each(|(client, _)| client.update(now, &mut |_| default()));
        self.parting.retain(|(client, until)| client.end().is_none() && now < *until);
    }
}

fn drive(
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    view: Res<GameView>,
    mut session: ResMut<Session>,
    mut controls: ResMut<Controls>,
    mut commands: MessageReader<SendCommand>,
    mut heard: MessageWriter<SessionNotice>,
) {
    let now = time.elapsed();
    session.take_answer(&settings, now);
    commands.read().for_each(|SendCommand(bytes)| session.send_command(bytes));
    heard.write_batch(session.update(now, &view, &mut controls).into_iter().map(SessionNotice));
    session.notice_end(&settings, now);
    session.reconnect(&settings, now);
    session.part(now);
    session.take_playback();
}

/// Leaves when the program ends, so that the seat is free at once; does not wait for an answer.
fn leave_at_exit(time: Res<Time<Real>>, mut session: ResMut<Session>) {
    if let Some(client) = session.room() {
        client.leave();
        client.update(time.elapsed(), &mut |_| default());
    }
}

/// Whole seconds until `end`, rounded up.
pub fn seconds_left(end: Duration, now: Duration) -> u64 {
    end.saturating_sub(now).as_millis().div_ceil(1000) as u64
}

fn seed_of(name: &str) -> u64 {
    name.bytes().fold(17, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte))
}
