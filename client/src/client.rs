//! The net core of a client: joins a room, plays match after match, predicts and rolls back.
//!
//! Plain code: no app, no thread, no socket below [`Link`], and the time is a parameter. A window holds one as a
//! resource, a bot process drives hundreds, a test runs it in virtual time. [`Client::update`] is the whole of it:
//!
//! ```text
//! receive -> control messages (session.rs) -> hot messages (hot.rs) -> clock
//!         -> sample inputs -> confirm frames -> predict (play.rs) -> inputs, pings, reliable batches out
//! ```

mod current_match;
mod hot;
mod inputs;
mod measure;
mod notice;
mod play;
mod room;
mod session;
mod snapshot;
mod stash;

use std::{collections::vec_deque::Drain, sync::Arc, time::Duration};

use framehouse_shared::{
    ids::{PlayerId, RoomCode, SLOTS_MAX, Slot},
    input::Input,
    protocol::{
        control::{ControlUp, Hello, Member, Phase},
        guard::DropCounts,
    },
    simulation::Simulation,
    tick::Tick,
};

pub use notice::Notice;
pub use room::{Leaderboard, MatchResults};

use current_match::CurrentMatch;
use notice::Notices;
use room::RoomView;

use crate::{
    clock::Clock,
    net::{Connection, Link, Status, TokenError, Traffic},
    prediction::Prediction,
    stats::ClientStats,
};

/// Makes the game's simulation: the only thing that the net core wants of a game.
pub type MakeSimulation = Arc<dyn Fn() -> Simulation + Send + Sync>;

/// How long a server may take to welcome a connected client.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a leaving client waits for the server to have read so.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

/// What a client is and plays.
#[derive(Clone)]
pub struct ClientConfig {
    /// What the server compares first.
    pub hello: Hello,
    /// The game; a client without one is *thin*: it acknowledges frames and sends made-up inputs, and simulates nothing.
    pub game: Option<MakeSimulation>,
}

/// Asks for the player's input of one tick.
pub struct InputRequest<'a> {
    /// The tick.
    pub tick: Tick,
    /// The player's seat.
    pub slot: Slot,
    /// The newest predicted state, unless the client is thin.
    pub simulation: Option<&'a Simulation>,
}

/// One player's side of a session.
pub struct Client {
    connection: Connection,
    hello: Hello,
    connected: Option<Duration>,
    room: Option<RoomView>,
    clock: Clock,
    current: Option<CurrentMatch>,
    prediction: Option<Prediction>,
    leaderboard: Option<Leaderboard>,
    results: Option<MatchResults>,
    notices: Notices,
    stats: ClientStats,
    measured: measure::Measured,
    ready_wanted: Option<bool>,
    leaving: Option<Leaving>,
    ended: Option<String>,
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
    /// Begins a session with a token over a link to the [server](Connection::server_address) it names.
    ///
    /// # Errors
    /// When the bytes are no token.
    pub fn new(token: &[u8], link: Box<dyn Link>, config: &ClientConfig, now: Duration) -> Result<Self, TokenError> {
        Ok(Self {
            connection: Connection::new(token, link, now)?,
            hello: config.hello.clone(),
            connected: None,
            room: None,
            clock: Clock::new(1, now),
            current: None,
            prediction: config.game.as_ref().map(|make| Prediction::new(make())),
            leaderboard: None,
            results: None,
            notices: Notices::default(),
            stats: ClientStats::default(),
            measured: measure::Measured::default(),
            ready_wanted: None,
            leaving: None,
            ended: None,
        })
    }

    /// Does everything that is due; call it at any rate, 30 times a second or more.
    ///
    /// `sample` is asked once for every tick that the player's input is due for.
    pub fn update(&mut self, now: Duration, sample: &mut dyn FnMut(InputRequest<'_>) -> Input) {
        if self.ended.is_some() {
            return;
        }
        self.connection.receive(now);
        self.greet(now);
        while let Some(message) = self.connection.next_control() {
            self.take_control(now, message);
        }
        while let Some(message) = self.connection.next_hot() {
            self.take_hot(now, &message);
        }
        self.clock.advance(now);
        self.play(now, sample);
        self.ping(now);
        self.connection.send(now);
        self.measure(now);
        self.finish_leaving(now);
        self.notice_end();
    }

    /// Says whether the player is ready for the next match.
    pub fn set_ready(&mut self, ready: bool) {
        if self.room.is_some() {
            self.connection.queue_control(&ControlUp::Ready(ready));
        } else {
            self.ready_wanted = Some(ready);
        }
    }

    /// Leaves the room and the server. Go on with updates until [`ended`](Self::ended): the server has to hear of it.
    pub fn leave(&mut self) {
        if self.leaving.is_none() {
            self.connection.queue_control(&ControlUp::Leave);
            self.leaving = Some(Leaving::Asked);
        }
    }

    /// Why the session is over, if it is: a sentence for the player.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Whether the player asked to leave.
    pub const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether netcode's handshake is done.
    pub fn is_connected(&self) -> bool {
        self.connection.status() == Status::Connected
    }

    /// Where the room is in its life; nothing before the welcome.
    pub fn phase(&self) -> Option<&Phase> {
        self.room.as_ref().map(|room| &room.phase)
    }

    /// The room's code.
    pub fn code(&self) -> Option<RoomCode> {
        self.room.as_ref().map(|room| room.code)
    }

    /// How many seats the room has.
    pub fn seats(&self) -> Option<u8> {
        self.room.as_ref().map(|room| room.seats)
    }

    /// Ticks a second.
    pub fn tick_rate(&self) -> Option<u16> {
        self.room.as_ref().map(|room| room.tick_rate)
    }

    /// Everybody in the room, by seat; nothing before the welcome.
    pub fn members(&self) -> Option<&[Option<Member>; SLOTS_MAX]> {
        self.room.as_ref().map(|room| &room.members)
    }

    /// Our own player.
    pub fn player(&self) -> Option<PlayerId> {
        self.room.as_ref().map(|room| room.player)
    }

    /// Our own seat.
    pub fn slot(&self) -> Option<Slot> {
        self.room.as_ref().map(|room| room.slot)
    }

    /// The number of the match that is set, runs or has just ended.
    pub fn match_no(&self) -> Option<u32> {
        self.current.as_ref().map(|current| current.number)
    }

    /// The newest leaderboard of the match.
    pub const fn leaderboard(&self) -> Option<&Leaderboard> {
        self.leaderboard.as_ref()
    }

    /// How the last match ended, until the next one is set.
    pub const fn results(&self) -> Option<&MatchResults> {
        self.results.as_ref()
    }

    /// The newest predicted state, once a match is loaded; never in a thin client.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.current.as_ref()?.loaded?;
        self.prediction.as_ref().map(Prediction::simulation)
    }

    /// The prediction, for net graphs and desync reports.
    pub const fn prediction(&self) -> Option<&Prediction> {
        self.prediction.as_ref()
    }

    /// The player's own time in ticks of the match: the room's plus the lead. Its whole part is the newest tick with an
    /// input; it is negative in the countdown.
    pub fn input_time(&self) -> Option<f64> {
        self.current.as_ref().and_then(|_| self.clock.input_time())
    }

    /// How far the way is gone from the state before the newest predicted tick to the state after it, 0 to 1: what a view
    /// interpolates with. It stays at 1 while prediction is held.
    pub fn render_alpha(&self) -> f32 {
        let (Some(time), Some(simulation)) = (self.input_time(), self.simulation()) else { return 0.0 };
        let newest_tick = f64::from(simulation.next_tick().0) - 1.0;
        (time - newest_tick).clamp(0.0, 1.0) as f32
    }

    /// Room time and distance.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What was measured so far.
    pub const fn stats(&self) -> &ClientStats {
        &self.stats
    }

    /// Everything sent and received so far.
    pub const fn traffic(&self) -> Traffic {
        self.connection.traffic()
    }

    /// Datagrams dropped before a library or a decoder saw them.
    pub const fn drops(&self) -> &DropCounts {
        self.connection.drops()
    }

    /// Takes what happened since the last call.
    pub fn drain_notices(&mut self) -> Drain<'_, Notice> {
        self.notices.drain()
    }
}

#[cfg(test)]
mod tests;
