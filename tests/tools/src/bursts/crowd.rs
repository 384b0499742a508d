//! Crowd: the threads that update the clients.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use framehouse_client::stats::Distribution;

use super::player::{Diary, Group, Order, Player};
use crate::load::{
    drive::LOOP_INTERVAL,
    room::{tenth_ms, tenths_of_ms},
};

/// The most time that the clients may take to leave.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);

/// A message to a thread.
enum Message {
    Come(Box<Player>),
    Obey(Group, Order),
}

struct Shared {
    /// Interval of the clients' updates: the precision of all measured times.
    interval: Duration,
    window: AtomicUsize,
    is_over: AtomicBool,
}

/// All clients of a scene, spread over threads.
pub(crate) struct Crowd {
    start: Instant,
    shared: Arc<Shared>,
    threads: Vec<(Sender<Message>, JoinHandle<Seen>)>,
}

/// Everything that the clients have measured.
#[derive(Default)]
pub(crate) struct Seen {
    pub diaries: Vec<Diary>,
    /// Times between arrivals of new frames, by window and group.
    frames: BTreeMap<(usize, Group), Distribution>,
    /// Times between updates of the clients, by window: the precision of all other times.
    loops: BTreeMap<usize, Distribution>,
}

impl Crowd {
    /// Starts the threads, without clients. `interval` is that of the clients' updates.
    pub fn new(interval: Duration) -> Self {
        let shared = Shared { interval, window: AtomicUsize::new(0), is_over: AtomicBool::new(false) };
        let (start, shared) = (Instant::now(), Arc::new(shared));
        let count = thread::available_parallelism().map_or(1, usize::from);
        let spawn = |_| {
            let (sender, receiver) = mpsc::channel();
            let shared = Arc::clone(&shared);
            (sender, thread::spawn(move || drive(start, &shared, &receiver)))
        };
        let threads = (0..count).map(spawn).collect();
        Self { start, shared, threads }
    }

    /// The clients' time.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Adds a client. Clients of one room are on the same thread.
    pub fn add(&self, player: Player, room: u32) {
        let (thread, _) = &self.threads[room as usize % self.threads.len()];
        // A thread that has ended has panicked, which is reported when it is joined.
        let _ = thread.send(Message::Come(Box::new(player)));
    }

    /// Gives an order to all clients of a group at once.
    pub fn order(&self, group: Group, order: Order) {
        for (thread, _) in &self.threads {
            let _ = thread.send(Message::Obey(group, order));
        }
    }

    /// Begins a window of measurement.
    pub fn count_as(&self, window: usize) {
        self.shared.window.store(window, Ordering::Relaxed);
    }

    /// All clients leave.
    pub fn end(mut self) -> Result<Seen, String> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for (_, thread) in self.threads.drain(..) {
            seen.add(thread.join().map_err(|_| "a driving thread panicked: this is a bug".to_owned())?);
        }
        Ok(seen)
    }
}

impl Drop for Crowd {
    /// Ends the threads when a scene is given up.
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    /// The records of a group.
    pub fn of(&self, group: Group) -> impl Iterator<Item = &Diary> {
        self.diaries.iter().filter(move |diary| diary.group == group)
    }

    /// The times between frames at these groups in a window.
    pub fn frames(&self, window: usize, groups: &[Group]) -> Distribution {
        let mut sum = tenths_of_ms();
        groups.iter().filter_map(|group| self.frames.get(&(window, *group))).for_each(|one| sum.add(one));
        sum
    }

    /// The times between updates in a window.
    pub fn loops(&self, window: usize) -> Distribution {
        self.loops.get(&window).cloned().unwrap_or_else(tenths_of_ms)
    }

    fn add(&mut self, other: Self) {
        self.diaries.extend(other.diaries);
        for (key, distribution) in other.frames {
            self.frames.entry(key).or_insert_with(tenths_of_ms).add(&distribution);
        }
        for (window, distribution) in other.loops {
            self.loops.entry(window).or_insert_with(tenths_of_ms).add(&distribution);
        }
    }

    fn update(&mut self, start: Instant, window: usize, players: &mut [Player]) {
        for player in players {
            let intervals = self.frames.entry((window, player.group())).or_insert_with(tenths_of_ms);
            player.update(start.elapsed(), intervals);
        }
    }
}

fn drive(start: Instant, shared: &Shared, messages: &Receiver<Message>) -> Seen {
    let (mut players, mut seen) = (Vec::new(), Seen::default());
    let mut last = start.elapsed();
    while !shared.is_over.load(Ordering::Relaxed) {
        let (now, window) = (start.elapsed(), shared.window.load(Ordering::Relaxed));
        seen.loops.entry(window).or_insert_with(tenths_of_ms).record(tenth_ms(now - last));
        last = now;
        messages.try_iter().for_each(|message| take(&mut players, message, now));
        seen.update(start, window, &mut players);
        thread::sleep(shared.interval.saturating_sub(start.elapsed() - now));
    }
    // Taken before they leave, because leaving is not a part of the measurement.
    seen.diaries = players.iter().map(Player::diary).collect();
    leave(start, &mut players);
    seen
}

fn take(players: &mut Vec<Player>, message: Message, now: Duration) {
    match message {
        Message::Come(player) => players.push(*player),
        Message::Obey(group, order) => {
            players.iter_mut().filter(|player| player.group() == group).for_each(|player| player.obey(order, now));
        }
    }
}

fn leave(start: Instant, players: &mut [Player]) {
    let (end, mut nobodys) = (start.elapsed() + LEAVE_TIME_MAX, tenths_of_ms());
    players.iter_mut().for_each(|player| player.obey(Order::Leave, start.elapsed()));
    while start.elapsed() < end && !players.iter().all(Player::has_ended) {
        players.iter_mut().for_each(|player| player.update(start.elapsed(), &mut nobodys));
        thread::sleep(LOOP_INTERVAL);
    }
}
