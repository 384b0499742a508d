//! A player of a fleet, on a thread of its own: it joins by quick match, plays match after match, and comes back when it
//! loses its session.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use framehouse_client::{
    client::{Client, ClientConfig},
    connect::{ConnectError, RoomRequest, SessionGrant, SessionRequest, request_session_while},
    net::{Connection, UdpLink},
};
use framehouse_shared::{api::code, input::Input, protocol::messages::Phase};

use super::book::Book;
use crate::load;

/// Interval of updates.
const LOOP_INTERVAL: Duration = Duration::from_millis(4);
/// Longest time that one gateway is asked, before the other one is.
const ASK_TIME_MAX: Duration = Duration::from_secs(2);
/// Pause after a gateway that had no seat.
const PAUSE: Duration = Duration::from_millis(300);
/// Time for which a seat is kept at least, after a connection was lost.
const KEPT_TIME_MIN: Duration = Duration::from_secs(4);
/// Longest time to be welcomed.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(6);

/// A seat that the player may come back to.
struct Kept {
    request: SessionRequest,
    /// When the player lost its connection; `None` if the server has ended the session.
    lost: Option<Instant>,
}

/// Plays until it is over. After `session_time`, if there is one, each session is lost, and the player comes back.
pub(crate) fn play(
    number: u32,
    gateways: &[String],
    book: &Book,
    session_time: Option<Duration>,
    is_over: &AtomicBool,
) {
    let config = ClientConfig { hello: load::hello(), game: None };
    let (mut asked, mut kept) = (number as usize, None);
    while !is_over.load(Relaxed) {
        let gateway = &gateways[asked % gateways.len()];
        match take_seat(number, gateway, kept.as_ref(), &config, book, is_over) {
            Ok((client, grant)) => kept = play_session(number, client, &grant, book, session_time, is_over),
            Err(sentence) => {
                book.note_out(number, &sentence);
                asked += 1;
                thread::sleep(PAUSE);
            }
        }
    }
}

fn request(number: u32, config: &ClientConfig) -> SessionRequest {
    SessionRequest {
        name: format!("chaos {number}"),
        room: RoomRequest::Quick {},
        resume: None,
        player_secret: format!("{:032x}", u128::from(number) + 1).parse().ok(),
        hello: Some(config.hello.clone()),
    }
}

/// Asks a gateway for the seat that the player had, and for any seat if that is gone.
fn take_seat(
    number: u32,
    gateway: &str,
    kept: Option<&Kept>,
    config: &ClientConfig,
    book: &Book,
    is_over: &AtomicBool,
) -> Result<(Client, SessionGrant), String> {
    let ask = |request: &SessionRequest| {
        let begun = Instant::now();
        request_session_while(gateway, request, || begun.elapsed() < ASK_TIME_MAX && !is_over.load(Relaxed))
    };
    let resumed = kept.map(|kept| ask(&kept.request));
    let is_kept = |kept: &Kept| kept.lost.is_some_and(|lost| lost.elapsed() < KEPT_TIME_MIN);
    if kept.is_some_and(is_kept) && matches!(&resumed, Some(Err(error)) if error.code() == Some(code::NO_SUCH_SEAT)) {
        book.note_seat_lost(number);
    }
    let granted = match resumed {
        Some(Ok(grant)) => Ok(grant),
        Some(Err(ConnectError::Unreachable { url, cause })) => Err(ConnectError::Unreachable { url, cause }),
        Some(Err(_)) | None => ask(&request(number, config)),
    };
    let grant = granted.map_err(|error| error.to_string())?;
    let address = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = UdpLink::connect(address).map_err(|error| format!("no socket to {address}: {error}"))?;
    let client =
        Client::new(&grant.token, Box::new(link), config, Duration::ZERO).map_err(|error| error.to_string())?;
    Ok((client, grant))
}

/// Plays until the session ends. Returns the seat that the player may come back to.
fn play_session(
    number: u32,
    mut client: Client,
    grant: &SessionGrant,
    book: &Book,
    session_time: Option<Duration>,
    is_over: &AtomicBool,
) -> Option<Kept> {
    let (start, mut is_ready, mut is_in, mut plays) = (Instant::now(), false, false, false);
    while !is_over.load(Relaxed) {
        client.update(start.elapsed(), &mut |_| Input::NEUTRAL);
        client.drain_notices().for_each(drop);
        book.note_told(client.stats().results_saved.iter().copied());
        if let Some(why) = client.ended() {
            if plays {
                book.note_cut(number, why);
            }
            book.note_out(number, why);
            return is_in.then(|| kept(number, grant, None));
        }
        if is_in && session_time.is_some_and(|time| start.elapsed() > time) {
            book.note_out(number, "it has lost its connection");
            return Some(kept(number, grant, Some(Instant::now())));
        }
        if !is_in && client.phase().is_some() {
            is_in = true;
            book.note_in(number, grant.code, &grant.server);
        }
        if !is_in && start.elapsed() > WELCOME_TIME_MAX {
            book.note_out(number, "it was not welcomed");
            return None;
        }
        plays = matches!(client.phase(), Some(Phase::Countdown { .. } | Phase::Playing { .. }));
        let is_in_lobby = matches!(client.phase(), Some(Phase::Lobby { .. }));
        if is_in_lobby && !is_ready {
            client.set_ready(true);
        }
        is_ready = is_in_lobby;
        thread::sleep(LOOP_INTERVAL);
    }
    client.leave();
    while client.ended().is_none() {
        client.update(start.elapsed(), &mut |_| Input::NEUTRAL);
        book.note_told(client.stats().results_saved.iter().copied());
        thread::sleep(LOOP_INTERVAL);
    }
    None
}

fn kept(number: u32, grant: &SessionGrant, lost: Option<Instant>) -> Kept {
    let config = ClientConfig { hello: load::hello(), game: None };
    let request = request(number, &config);
    Kept {
        request: SessionRequest { room: RoomRequest::Code(grant.code), resume: Some(grant.resume.clone()), ..request },
        lost,
    }
}
