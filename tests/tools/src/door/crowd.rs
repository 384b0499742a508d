//! Many TCP connections from one address that are held open as long as the server lets them.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use super::siege::{Siege, Tally};
use crate::load::link;

/// Rounds a second in which connections are looked at and opened.
const ROUNDS_PER_S: u32 = 20;
/// A connection that is open after this time is held: the server has not refused it.
const HELD_AFTER: Duration = Duration::from_secs(1);
/// Interval in which a connection sends its next byte.
const DRIP_INTERVAL: Duration = Duration::from_secs(2);

/// How a crowd behaves.
pub(super) struct Manner {
    /// Connections at a time.
    pub connections: usize,
    /// Connections opened in a second.
    pub per_s: u32,
    /// What the connection with this number sends first.
    pub greeting: fn(&Siege<'_>, u64) -> Vec<u8>,
    /// What it sends every two seconds.
    pub drip: &'static [u8],
    /// The beginning of the answer to a connection that is not refused. Empty if every answer is a refusal. Nothing is read
    /// after it.
    pub welcome: &'static [u8],
    /// The most time that a connection is kept.
    pub keep_time: Duration,
}

struct Held {
    stream: TcpStream,
    since: Instant,
    drip_at: Instant,
    /// Bytes of the welcome that have arrived.
    welcomed: usize,
}

/// State of a connection.
enum State {
    Open,
    Closed,
}

/// Holds as many connections as it gets until the attacks are over. The most that were held at a time are accepted.
pub(super) fn hold(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally, manner: &Manner) {
    let (mut held, mut pace, mut number) = (Vec::<Held>::new(), siege.pace(ROUNDS_PER_S.into()), 0);
    while pace.wait() {
        held.retain_mut(|connection| {
            let is_old = connection.since.elapsed() > manner.keep_time;
            let is_refused = !is_old && matches!(connection.look(manner), State::Closed);
            if is_refused {
                tally.note_refused();
            }
            !is_old && !is_refused
        });
        let is_held =
            |connection: &&Held| connection.since.elapsed() > HELD_AFTER && connection.welcomed == manner.welcome.len();
        tally.note_peak(held.iter().filter(is_held).count());
        for _ in 0..manner.per_s / ROUNDS_PER_S {
            if held.len() < manner.connections && !siege.is_over() {
                number += 1;
                tally.note_tried();
                match Held::open(siege, from, &(manner.greeting)(siege, number)) {
                    Ok(connection) => held.push(connection),
                    Err(_) => tally.note_refused(),
                }
            }
        }
    }
}

impl Held {
    fn open(siege: &Siege<'_>, from: Ipv4Addr, greeting: &[u8]) -> io::Result<Self> {
        let mut stream = TcpStream::from(link::connect(from, siege.target.http)?);
        stream.set_nonblocking(true)?;
        // A refusal that is faster than the greeting is seen at the next look.
        let _ = stream.write(greeting);
        let now = Instant::now();
        Ok(Self { stream, since: now, drip_at: now + DRIP_INTERVAL, welcomed: 0 })
    }

    fn look(&mut self, manner: &Manner) -> State {
        if let State::Closed = self.read(manner.welcome) {
            return State::Closed;
        }
        if Instant::now() >= self.drip_at && !manner.drip.is_empty() {
            self.drip_at += DRIP_INTERVAL;
            if self.stream.write(manner.drip).is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock) {
                return State::Closed;
            }
        }
        State::Open
    }

    /// Reads the welcome, and nothing after it.
    fn read(&mut self, welcome: &[u8]) -> State {
        // Where no welcome is expected, one byte shows whether there is an answer.
        let rest = &welcome[self.welcomed..];
        if rest.is_empty() && !welcome.is_empty() {
            return State::Open;
        }
        let mut buffer = vec![0; rest.len().max(1)];
        match self.stream.read(&mut buffer) {
            Ok(length) if length > 0 && rest.starts_with(&buffer[..length]) => {
                self.welcomed += length;
                State::Open
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => State::Open,
            _ => State::Closed,
        }
    }
}
