//! Scene: a server process for one scenario, and its clients.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use framehouse_client::{client::ClientConfig, connect::RoomRequest};
use framehouse_shared::api::Status;

use super::{
    crowd::{Crowd, Seen},
    player::{Group, Order, Player},
};
use crate::load::{
    self,
    drive::LOOP_INTERVAL,
    process::{Scratch, ServerProcess},
    shared::pause,
    spawner::{SPAWNERS, ask, connect},
};

/// Interval of requests for a new page.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Interval of checks for a condition: pages are made twice a second.
pub(crate) const WAIT_INTERVAL: Duration = Duration::from_millis(250);
/// The most time for a new page: twenty times the usual.
const PAGE_TIME_MAX: Duration = Duration::from_secs(10);

/// A room and its clients in order of joining: the first one creates it, the others use its code.
pub(crate) struct RoomPlan {
    pub target: RoomRequest,
    pub groups: Vec<Group>,
}

impl RoomPlan {
    /// A room with a free seat, so that it starts when all are ready and not before.
    pub fn waiting(groups: &[Group]) -> Self {
        let (size, practice) = (groups.len() as u8 + 1, groups.len() == 1);
        Self { target: RoomRequest::Create { size, private: true, practice, economy: None }, groups: groups.to_vec() }
    }

    /// A number of equal rooms with players of one group.
    pub fn many(rooms: u32, players: usize, group: Group) -> impl Iterator<Item = Self> {
        (0..rooms).map(move |_| Self::waiting(&vec![group; players]))
    }
}

/// A running server and the clients on it.
pub(crate) struct Scene {
    pub server: ServerProcess,
    pub crowd: Crowd,
    pub thin: ClientConfig,
    folder: Scratch,
    stop: Arc<AtomicBool>,
}

impl Scene {
    /// Starts a server with enough endpoints for this number of clients and with these settings.
    pub fn open(name: &str, clients: u32, settings: &str, stop: &Arc<AtomicBool>) -> Result<Self, String> {
        let folder = Scratch::new(&format!("bursts-{name}"))?;
        Self::open_with(folder, clients, settings, stop, |folder, settings| ServerProcess::start(folder, settings, &[]))
    }

    /// Like [`open`](Self::open), with a server that `start` starts in a folder with settings.
    pub fn open_with(
        folder: Scratch,
        clients: u32,
        settings: &str,
        stop: &Arc<AtomicBool>,
        start: impl FnOnce(&Path, &str) -> Result<ServerProcess, String>,
    ) -> Result<Self, String> {
        load::allow_sockets(u64::from(clients))?;
        let settings = format!("[server]\nlanes = {}\n{settings}", load::endpoints_for(clients));
        let server = start(folder.path(), &settings)?;
        let thin = ClientConfig { hello: load::hello(), game: None };
        Ok(Self { server, crowd: Crowd::new(LOOP_INTERVAL), thin, folder, stop: Arc::clone(stop) })
    }

    /// Gets every client a seat, several rooms at a time.
    pub fn seat(&self, rooms: &[RoomPlan]) -> Result<(), String> {
        let next = AtomicUsize::new(0);
        let fill = || {
            while let Some((room, plan)) = take_next(&next, rooms) {
                self.fill(room, plan)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..SPAWNERS).map(|_| scope.spawn(fill)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
        })
    }

    fn fill(&self, room: u32, plan: &RoomPlan) -> Result<(), String> {
        let mut target = plan.target;
        for group in &plan.groups {
            let asked_at = self.crowd.elapsed();
            let grant =
                ask(self.server.url(), format!("burst {room}"), target, &self.thin).map_err(|e| e.to_string())?;
            let client = connect(&grant, &self.thin, self.crowd.elapsed())?;
            self.crowd.add(Player::new(client, *group, room, asked_at), room);
            target = RoomRequest::Code(grant.code);
        }
        self.pause(Duration::ZERO)
    }

    /// Gets every client a seat and starts all matches.
    pub fn play(&self, rooms: &[RoomPlan]) -> Result<(), String> {
        self.seat(rooms)?;
        let players = rooms.iter().map(|room| room.groups.len()).sum();
        self.wait_until("everybody is seated", |status| status.players >= players)?;
        Group::ALL.iter().for_each(|group| self.crowd.order(*group, Order::Ready));
        let rooms = rooms.len();
        self.wait_until("everybody plays", |status| status.rooms_by_phase.playing >= rooms).map(|_| ())
    }

    /// Waits for a condition, for a minute at most.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Result<Status, String> {
        let late = self.crowd.elapsed() + Duration::from_secs(60);
        while self.crowd.elapsed() < late {
            let status = self.server.status()?;
            if is_so(&status) {
                return Ok(status);
            }
            self.pause(WAIT_INTERVAL)?;
        }
        Err(format!("it took more than a minute until {what}: {:?}", self.server.status()?))
    }

    /// A status page that was made after the call.
    pub fn next_page(&self) -> Result<Status, String> {
        let (old, late) = (self.server.status()?.tick, self.crowd.elapsed() + PAGE_TIME_MAX);
        loop {
            let page = self.server.status()?;
            if page.tick > old {
                return Ok(page);
            }
            if self.crowd.elapsed() > late {
                return Err("the server's status page stands still".to_owned());
            }
            self.pause(LOOK_INTERVAL)?;
        }
    }

    /// The server's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits.
    pub fn pause(&self, time: Duration) -> Result<(), String> {
        pause(time, &self.stop)
    }

    /// Lets all clients leave and stops the server. Returns the measurements and the server's log.
    pub fn close(self) -> Result<(Seen, Vec<String>), String> {
        let (seen, log, _folder) = self.close_and_keep()?;
        Ok((seen, log))
    }

    /// Like [`close`](Self::close). Returns the server's folder, too.
    pub fn close_and_keep(self) -> Result<(Seen, Vec<String>, Scratch), String> {
        let seen = self.crowd.end()?;
        let log = self.server.log_lines();
        self.server.stop()?;
        Ok((seen, log, self.folder))
    }
}

fn take_next<'a>(next: &AtomicUsize, rooms: &'a [RoomPlan]) -> Option<(u32, &'a RoomPlan)> {
    let room = next.fetch_add(1, Ordering::Relaxed);
    Some((room as u32, rooms.get(room)?))
}
