//! The net core of a client: joins a room, plays match after match, predicts and rolls back.
//!
//! The core has no Bevy app, no thread and no socket below [`Link`], and time is a parameter. A window holds one client
//! as a resource, a bot process drives hundreds, a test runs it in virtual time. [`Client::update`] does all work, in
//! this order:
//!
//! ```text
//! receive -> control messages (session.rs) -> unreliable datagrams (datagram.rs) -> clock
//!         -> sample inputs -> confirm frames -> predict (play.rs) -> inputs, pings, reliable batches out
//! ```
//!
//! When the state differs from the server's, it is replaced, and the client helps the server to find the cause
//! (desync.rs).
//!
//! A spectator, or a player who gave up, sends no inputs and predicts nothing: the client shows the confirmed state
//! (spectator_clock.rs) and can go back in the match (rewind.rs). A client has one session in its life;
//! [`ReconnectBackoff`](crate::reconnect_backoff::ReconnectBackoff) says when to try another.

mod commands;
mod current_match;
mod datagram;
mod desync;
mod frame_buffer;
mod inputs;
mod latency;
mod loading;
mod metrics;
mod notice;
mod play;
mod rewind;
mod room;
mod session;
pub mod snapshot;
mod spectator_clock;
mod view;

use std::{sync::Arc, time::Duration};

use framehouse_shared::{
    game::Game,
    ids::Slot,
    input::{CommandBytes, Input},
    protocol::messages::Hello,
    rng::SimRng,
    simulation::{self, Simulation},
    tick::Tick,
};

pub use notice::Notice;
pub use room::{Draining, Leaderboard, MatchResults};

use current_match::CurrentMatch;
use notice::Notices;
use room::RoomView;

use crate::{
    clock::Clock,
    net::{Connection, End, Link, TokenError},
    prediction::Prediction,
    stats::ClientStats,
};

/// Makes the game's simulation: all that the net core needs from a game.
pub type MakeSimulation = Arc<dyn Fn() -> Simulation + Send + Sync>;

/// Time limit for a server to welcome a connected client.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(10);
/// Time limit for the server's acknowledgement when the client leaves.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

/// Configuration of a client: its greeting and its game.
#[derive(Clone)]
pub struct ClientConfig {
    /// The greeting that the server compares with its own version first.
    pub hello: Hello,
    /// The game. A client without one is *thin*: it acknowledges frames and sends made-up inputs, and simulates
    /// nothing.
    pub game: Option<MakeSimulation>,
}

impl ClientConfig {
    /// A client that plays this game. Takes some time: the game's fingerprint simulates hundreds of ticks.
    pub fn of(game: impl Game + Clone) -> Self {
        let hello = simulation::hello(game.clone());
        Self { hello, game: Some(Arc::new(move || Simulation::new(game.clone()))) }
    }

    /// This configuration without a simulation.
    pub fn thin(self) -> Self {
        Self { game: None, ..self }
    }
}

/// A request for the player's input of one tick.
pub struct InputRequest<'a> {
    /// The tick.
    pub tick: Tick,
    /// The player's seat.
    pub slot: Slot,
    /// The input of the tick before, for example the buttons that are held. With input delay the simulation does not
    /// know it yet.
    pub last: Input,
    /// The newest predicted state, unless the client is thin.
    pub simulation: Option<&'a Simulation>,
}

impl InputRequest<'_> {
    /// The input of the game's own bot; neutral in a thin client.
    pub fn bot_input(&self, rng: &mut SimRng) -> Input {
        self.simulation.map_or(Input::NEUTRAL, |simulation| simulation.bot_input_after(self.slot, self.last, rng))
    }

    /// The command that the game's own bot would send in this tick, if any; nothing in a thin client.
    pub fn bot_command(&self, rng: &mut SimRng) -> Option<CommandBytes> {
        self.simulation?.bot_command(self.slot, rng)
    }
}

/// One player's side of a session.
pub struct Client {
    connection: Connection,
    hello: Hello,
    make_game: Option<MakeSimulation>,
    connected: Option<Duration>,
    room: Option<RoomView>,
    clock: Clock,
    current: Option<CurrentMatch>,
    prediction: Option<Prediction>,
    leaderboard: Option<Leaderboard>,
    results: Option<MatchResults>,
    draining: Option<Draining>,
    notices: Notices,
    stats: ClientStats,
    measured: metrics::Measured,
    ready_wanted: Option<bool>,
    leaving: Option<Leaving>,
    end: Option<End>,
}

#[derive(Clone, Copy)]
enum Leaving {
    Asked,
    Since(Duration),
}

const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Client>();
};

impl Client {
    /// Begins a session with a connect token, over a link to the [server](Connection::server_address) that the token
    /// names.
    ///
    /// # Errors
    /// When the bytes are not a connect token.
    pub fn new(token: &[u8], link: Box<dyn Link>, config: &ClientConfig, now: Duration) -> Result<Self, TokenError> {
        Ok(Self {
            connection: Connection::new(token, link, now)?,
            hello: config.hello.clone(),
            make_game: config.game.clone(),
            connected: None,
            room: None,
            clock: Clock::new(1, now),
            current: None,
            prediction: config.game.as_ref().map(|make| Prediction::new(make())),
            leaderboard: None,
            results: None,
            draining: None,
            notices: Notices::default(),
            stats: ClientStats::default(),
            measured: metrics::Measured::default(),
            ready_wanted: None,
            leaving: None,
            end: None,
        })
    }

    /// Runs one update: everything that is due. Call it 30 times a second or more often.
    ///
    /// `sample` is called once for every tick that needs an input of the player.
    pub fn update(&mut self, now: Duration, sample: &mut dyn FnMut(InputRequest<'_>) -> Input) {
        if self.end.is_some() {
            return;
        }
        self.connection.receive(now);
        self.greet(now);
        while let Some(message) = self.connection.next_control() {
            self.take_control(now, message);
        }
        while let Some(message) = self.connection.next_datagram() {
            self.take_datagram(now, &message);
        }
        self.clock.advance(now);
        self.play(now, sample);
        self.ask_for_history(now);
        self.ping(now);
        self.connection.send(now);
        self.measure(now);
        self.finish_leaving(now);
        self.notice_end();
    }

    /// Reports how long the last update took, measured by the caller: a machine that is too slow then predicts less.
    /// Without this call every tick counts as cheap.
    pub fn note_cost(&mut self, took: Duration) {
        if let Some(prediction) = &mut self.prediction {
            prediction.note_cost(took);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
