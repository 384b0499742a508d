//! `GET /v1/ws`: WebSockets of thin clients. Their messages are described in [`framehouse_shared::api::ws`].
//!
//! ```text
//! ws.rs          the request, and limits on the number of sockets
//! ws/socket.rs   one socket from its first message to its end
//! ws/member.rs   what its tasks share: writing, pings, the close frame
//! ws/join.rs     authentication, and from `join_room` to a session
//! ws/relayed.rs  the socket of a gateway to a node, which carries one session
//! ws/frames.rs   how many frames a client may send
//! ws/end.rs      why a connection ends: close codes
//! ```

mod end;
mod frames;
mod join;
mod member;
mod relayed;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Extension,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    response::{IntoResponse, Response},
};
use framehouse_shared::api::{
    ErrorBody, code,
    ws::{MESSAGE_BYTES_MAX, PATH},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    caller::Caller,
    connection::Peer,
    counts::Counts,
    documented::Refusals,
    errors::error,
    limits::{Held, Place},
    listener::RESERVED_PART,
    router::Gateway,
};
use crate::{
    config::{NetSettings, WsSettings},
    ops::backend::Backend,
};
use frames::FrameBudget;

pub use relayed::RelayedSockets;

/// Size of the buffer of a socket for what it reads, in bytes: some messages of a player, or half of the longest one.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Size from which on the messages of a batch are written, in bytes.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Maximum size of what is waiting inside the WebSocket library, in bytes.
const WRITE_BUFFER_BYTES_MAX: usize = 512 * 1024;

/// The places of all sockets.
pub(super) struct Sockets {
    all: Arc<Semaphore>,
    /// Number of the last places, which are for players who come back.
    reserved: usize,
    unauthenticated: Arc<Semaphore>,
    /// What each new one may send.
    frames: Arc<Mutex<FrameBudget>>,
}

impl Sockets {
    pub(super) fn new(settings: &WsSettings, net: &NetSettings) -> Self {
        let places = |count: u32| Arc::new(Semaphore::new(count as usize));
        Self {
            all: places(settings.connections_max),
            reserved: settings.connections_max as usize / RESERVED_PART,
            unauthenticated: places(settings.unauthenticated_max),
            frames: Arc::new(Mutex::new(FrameBudget::new(net))),
        }
    }

    /// What changes the limits of new sockets later.
    pub(super) fn limits(&self) -> SocketLimits {
        SocketLimits(Arc::clone(&self.frames))
    }

    fn frames(&self) -> FrameBudget {
        *self.frames.lock().expect("nothing panics while holding this lock")
    }
}

/// Changes what new sockets may send.
pub(super) struct SocketLimits(Arc<Mutex<FrameBudget>>);

impl SocketLimits {
    pub(super) fn change(&self, net: &NetSettings) {
        *self.0.lock().expect("nothing panics while holding this lock") = FrameBudget::new(net);
    }
}

/// The places of a socket: among all, and among those of its address.
struct SocketPlace {
    /// Whether it is one for players who come back.
    is_for_resume: bool,
    _permit: OwnedSemaphorePermit,
    _held: Held,
    counts: Arc<Counts>,
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        self.counts.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The places of a socket that has not authenticated.
struct GreetingPlace {
    _permit: OwnedSemaphorePermit,
    _held: Held,
}

/// Why there is no place for a socket.
enum NoPlace {
    /// Its address has too many.
    Address,
    /// There are too many.
    Server,
}

impl<B: Backend> Gateway<B> {
    fn socket_places(&self, caller: Caller) -> Result<(SocketPlace, GreetingPlace), NoPlace> {
        let (now, sockets) = (self.start.elapsed(), &self.sockets);
        let hold = |place| self.limits.hold(caller.0, place, now).ok_or(NoPlace::Address);
        let permit = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().map_err(|_| NoPlace::Server);
        let greeting = GreetingPlace { _held: hold(Place::Greeting)?, _permit: permit(&sockets.unauthenticated)? };
        let (held, permit) = (hold(Place::Socket)?, permit(&sockets.all)?);
        let is_for_resume = sockets.all.available_permits() < sockets.reserved;
        count(&self.counts.sockets);
        let counts = Arc::clone(&self.counts);
        Ok((SocketPlace { is_for_resume, _held: held, _permit: permit, counts }, greeting))
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Opens a WebSocket, for clients in any language that simulate nothing.
///
/// Its messages are described in `shared/src/api/ws.md`. A page of another site needs its name in `http.hosts`.
#[utoipa::path(
    get, path = PATH, tag = "rooms",
    responses(
        (status = 101, description = "The WebSocket"),
        Refusals,
        (status = 400, description = "`bad_request`: the request opens no WebSocket", body = ErrorBody),
        (status = 426, description = "`bad_request`: the connection cannot become a WebSocket", body = ErrorBody)
    )
)]
pub(super) async fn open_socket<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let message = format!("this address takes WebSockets only ({})", rejection.body_text());
            return error(rejection.status(), code::BAD_REQUEST, &message);
        }
    };
    let places = match gateway.socket_places(caller) {
        Ok((mut place, greeting)) => {
            place.is_for_resume |= peer.is_for_resume;
            (place, greeting)
        }
        Err(refusal) => {
            count(&gateway.counts.sockets_refused);
            return match refusal {
                NoPlace::Address => {
                    let message = "your address has too many WebSockets: close one, or try again in a moment";
                    gateway.too_many(message, socket::AUTH_TIME_MAX)
                }
                NoPlace::Server => gateway.crowded(),
            };
        }
    };
    let (gateway, frames) = (Arc::clone(&gateway), gateway.sockets.frames());
    configured(upgrade)
        .on_upgrade(move |socket| socket::serve(socket, gateway, caller.0, places, frames))
        .into_response()
}

/// The socket with its limits.
fn configured(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
}
