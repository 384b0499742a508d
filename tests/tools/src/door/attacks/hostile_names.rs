//! Names that deceive the room or command a terminal, and names that look like somebody else's.

use std::{
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use framehouse_client::{client::Client, connect::RoomRequest};
use framehouse_shared::input::Input;

use crate::door::{
    siege::{Siege, Tally},
    target::private_room,
};

const PER_S: f64 = 1.0;
/// The most time until the server's welcome.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(3);
const UPDATE_INTERVAL: Duration = Duration::from_millis(10);
/// The HTTP status of a name that the server refuses.
const BAD_REQUEST: u16 = 400;
/// Direction, width, escape sequences, a line break, marks above each other.
const NAMES: [&str; 8] = [
    "\u{202e}nimda",
    "A\u{200b}da",
    "\u{2066}Ada\u{2069}",
    "Ada\u{feff}",
    "\u{1b}[2J\u{1b}[31mAda",
    "A\u{9b}31mda",
    "Ada\nhost: Eve",
    "\u{2800}\u{3164}",
];
/// The host of the room, and names that look like it.
const HOST: &str = "Ada";
const DOUBLES: [&str; 2] = ["\u{410}d\u{430}", "Ada"];

pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let mut pace = siege.pace(PER_S);
    let tries = NAMES.iter().chain(&DOUBLES).enumerate();
    for (number, name) in tries.cycle() {
        if !pace.wait() {
            return;
        }
        let is_deceived = if number < NAMES.len() { alone(siege, from, name) } else { beside_host(siege, from, name) };
        if let Some(is_deceived) = is_deceived {
            tally.note(is_deceived);
        }
    }
}

/// Whether the name deceives in a room of its own. Nothing if there was no seat for another reason.
fn alone(siege: &Siege<'_>, from: Ipv4Addr, name: &str) -> Option<bool> {
    match siege.target.join(from, name, private_room(2)) {
        Ok((mut client, _)) => {
            let shown = shown_name(siege, &mut client);
            leave(siege, &mut client);
            shown.map(|shown| shown.chars().any(deceives))
        }
        Err(no_seat) => (no_seat.status == Some(BAD_REQUEST)).then_some(false),
    }
}

/// Whether the name is shown beside the host's as it was sent. Nothing if there were no seats.
fn beside_host(siege: &Siege<'_>, from: Ipv4Addr, name: &str) -> Option<bool> {
    let (mut host, grant) = siege.target.join(from, HOST, private_room(3)).ok()?;
    let is_seated = shown_name(siege, &mut host).is_some();
    let joined = siege.target.join(from, name, RoomRequest::Code(grant.code)).ok().filter(|_| is_seated);
    let shown = joined.and_then(|(mut client, _)| {
        let shown = shown_name(siege, &mut client);
        leave(siege, &mut client);
        shown
    });
    leave(siege, &mut host);
    shown.map(|shown| shown == name)
}

fn shown_name(siege: &Siege<'_>, client: &mut Client) -> Option<String> {
    let start = Instant::now();
    while start.elapsed() < WELCOME_TIME_MAX && client.ended().is_none() {
        client.update(siege.target.elapsed(), &mut |_| Input::NEUTRAL);
        if let Some(name) = client.slot().and_then(|slot| client.name_of(slot)) {
            return Some(name.to_owned());
        }
        thread::sleep(UPDATE_INTERVAL);
    }
    None
}

fn leave(siege: &Siege<'_>, client: &mut Client) {
    client.leave();
    for _ in 0..10 {
        client.update(siege.target.elapsed(), &mut |_| Input::NEUTRAL);
        thread::sleep(UPDATE_INTERVAL);
    }
}

/// Whether a character turns text around, is invisible, or commands a terminal.
fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}
