//! One run of a crash test: clients play, database or an archiver are killed and started again, the server is killed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::rng::SimRng;

use super::{
    LOOP_INTERVAL,
    backend::{Backend, Outage},
    players::Players,
};
use crate::load::process::ServerProcess;

/// The most time for a run.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);
/// Time for which clients go on after the kill, because messages in their sockets count as told.
const LISTEN_TIME: Duration = Duration::from_millis(50);

/// The moment at which something is killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Number of ended matches, in all rooms together ..
    pub matches: u64,
    /// .. and the time after the last of them.
    pub then: Duration,
}

impl Moment {
    /// Half of the moments are in the milliseconds after a match's end in which its result is written.
    pub fn draw(rng: &mut SimRng, rooms: u32) -> Self {
        let matches = u64::from(rng.below(2 * rooms + 1));
        let then_ms = if rng.one_in(2) { rng.below(25) } else { rng.below(3000) };
        Self { matches, then: Duration::from_millis(then_ms.into()) }
    }
}

/// A server with players on it.
pub(super) struct Run<'a> {
    server: ServerProcess,
    players: Players,
    start: Instant,
    stop: &'a AtomicBool,
}

impl<'a> Run<'a> {
    /// Fills a number of rooms of this server.
    pub fn start(server: ServerProcess, rooms: u32, stop: &'a AtomicBool) -> Result<Self, String> {
        let start = Instant::now();
        let players = Players::join(server.url(), rooms, start)?;
        Ok(Self { server, players, start, stop })
    }

    /// Plays until this moment, and through an outage, if there is one, and then kills the server.
    pub fn play_and_kill(
        mut self,
        moment: Moment,
        backend: &mut Backend,
        outage: Option<Outage>,
    ) -> Result<Players, String> {
        while self.players.matches_ended() < moment.matches {
            self.update()?;
        }
        self.play_for(moment.then)?;
        if let Some(outage) = outage {
            self.play_through(outage, backend)?;
        }
        // Sends SIGKILL and waits.
        drop(self.server);
        self.players.listen(LISTEN_TIME);
        Ok(self.players)
    }

    fn play_through(&mut self, outage: Outage, backend: &mut Backend) -> Result<(), String> {
        if outage.database {
            backend.kill_database()?;
            self.play_for(outage.between)?;
        }
        if let Some(number) = outage.archiver {
            backend.kill_archiver(number);
        }
        self.play_for(outage.away)?;
        self.play_while(|| backend.start_again(outage))?;
        self.play_for(outage.then)
    }

    fn play_for(&mut self, time: Duration) -> Result<(), String> {
        let end = self.start.elapsed() + time;
        while self.start.elapsed() < end {
            self.update()?;
        }
        Ok(())
    }

    fn play_while(&mut self, work: impl FnOnce() -> Result<(), String> + Send) -> Result<(), String> {
        thread::scope(|scope| {
            let working = scope.spawn(work);
            while !working.is_finished() {
                self.update()?;
            }
            working.join().map_err(|_| "a thread panicked".to_owned())?
        })
    }

    /// Updates the clients, and waits a moment.
    fn update(&mut self) -> Result<(), String> {
        self.players.update()?;
        if !self.server.is_running() || self.start.elapsed() > RUN_TIME_MAX {
            return Err(format!("the server ended by itself, or no match did: {}", self.server.log()));
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err("stopped before it was done".to_owned());
        }
        thread::sleep(LOOP_INTERVAL);
        Ok(())
    }
}
