//! The registry of the fleet in Redis: who is there, who owns which code, seat and room.
//!
//! Everything belongs to the lease of a node. The lease ends 2 s after it was last written, and what a node that is gone
//! has left is swept away within 5 s. Values are absolute, every change of ownership is one script, and nothing reads all
//! keys.
//!
//! ```text
//! lease.rs     what a node tells about itself, and its lease
//! owned.rs     room codes, rooms, seats and players that a node owns
//! managers.rs  words of managers, and commands for them
//! release.rs   which share of the players gets which build
//! room_key.rs  ids of rooms
//! keys.rs      names of the keys
//! scripts/     the scripts, which run in Redis
//! ```
//!
//! | key | holds |
//! |---|---|
//! | `fh:nodes` | sorted set of `NODE:INCARNATION` by the time of its last lease, in milliseconds of Redis' clock |
//! | `fh:node:{NODE}` | hash: `incarnation`, `lease` ([`NodeLease`] as JSON), `wanted` (`draining`, or absent) |
//! | `fh:owned:{NODE}:{INCARNATION}` | set of the keys that the node owns, for the sweep |
//! | `fh:code:{CODE}` | [`RoomKey`] |
//! | `fh:name:{NAME}` | [`RoomKey`] of the room with this name, or `NODE:INCARNATION:coming` while the node opens it |
//! | `fh:room:{ROOM}` | hash: `node`, `incarnation`, `epoch`, `room` ([`RoomRecord`] as JSON) |
//! | `fh:resume:{HASH}` | [`RoomKey`] of the seat with the resume secret of this hash |
//! | `fh:player:{ACCOUNT}` | `NODE:INCARNATION:` and `here`, `away` or `coming`: the seat of a player |
//! | `fh:managers`, `fh:manager:{NAME}` | managers by the time of their last word, and that word as JSON, for 5 s |
//! | `fh:commands:{MANAGER}`, `fh:answer:{ID}` | commands of operators as JSON, for 15 s, and their answers |
//! | `fh:release` | [`Release`] as JSON |
//! | `fh:born` | when Redis' memory began, or the first node was back after it was away: the others follow within two seconds |

mod keys;
mod lease;
mod managers;
mod owned;
mod release;
mod room_key;

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use redis::{
    Client, IntoConnectionInfo, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

pub(super) use keys::{code as code_key, room as room_key};
pub use lease::{Incarnation, NodeEntry, NodeLease, NodeState, OpenRoom, Written, class_of};
pub(super) use owned::{BATCH, PlayerClaim};
pub use owned::{ClaimedCode, Holding, Owner, Place, RoomRecord};
pub use release::{BuildShare, Release};
pub use room_key::RoomKey;

/// Time after which a lease that was not written again is over.
pub const LEASE_TIME: Duration = Duration::from_secs(2);
/// Interval between two writes of a lease, and between two reads of all leases.
pub const LEASE_INTERVAL: Duration = Duration::from_millis(500);
/// Time after which Redis counts as away if it does not answer.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_millis(500);
/// Largest pause between two attempts to connect. Far below [`LEASE_TIME`]: a node is back before codes are claimed anew.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Why the registry could not be asked, as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The URL is none of Redis. It may have a password, so it is not shown.
    #[error("the URL of Redis cannot be used: write it as redis://:PASSWORD@HOST:6379/0")]
    BadUrl,
    /// Redis is away, or refuses the request.
    #[error("the registry of the fleet (Redis) does not answer: {0}")]
    Away(#[from] RedisError),
    /// The lease of the node that asks is over, so it may not have what it had.
    #[error("this node was silent for too long and has lost its place in the fleet: it registers again")]
    Lapsed,
    /// What lies in Redis was written by another version, or by somebody else.
    #[error("the registry of the fleet has something unreadable at {0}: were nodes of another version started?")]
    Unreadable(String),
}

impl RegistryError {
    /// Whether there was no answer in time. The connection may be dead then, without anybody having been told.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Away(error) if error.is_timeout())
    }
}

/// The registry. Cheap to clone; all clones share a connection, which is made again when it is lost.
#[derive(Clone)]
pub struct Registry {
    url: Arc<str>,
    connection: Arc<RwLock<ConnectionManager>>,
}

impl Registry {
    /// The registry in the Redis of this URL. Does not wait for it: a Redis that is away is asked again at each request.
    /// Call it inside a runtime of tokio.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(url: &str) -> Result<Self, RegistryError> {
        Ok(Self { url: url.into(), connection: Arc::new(RwLock::new(connect(url)?)) })
    }

    /// Makes another connection, because the one so far does not answer. Call it inside a runtime of tokio.
    pub(crate) fn renew(&self) {
        if let Ok(connection) = connect(&self.url) {
            *self.connection.write().expect("nothing panics while holding this lock") = connection;
        }
    }

    /// The connection, for one request.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.connection.read().expect("nothing panics while holding this lock").clone()
    }
}

/// A connection, which is made at the first request, and again when it is lost.
fn connect(url: &str) -> Result<ConnectionManager, RegistryError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(ANSWER_TIME_MAX))
        .set_response_timeout(Some(ANSWER_TIME_MAX))
        .set_min_delay(Duration::from_millis(50))
        .set_max_delay(RECONNECT_PAUSE_MAX)
        .set_number_of_retries(1);
    // A connection whose other end is gone without a word must fail, so that it is made again. Small requests of many players follow
    // each other: none may wait until the one before is acknowledged, which can take 40 ms.
    let tcp = TcpSettings::default().set_user_timeout(LEASE_TIME).set_nodelay(true);
    let info = url.into_connection_info().map_err(|_| RegistryError::BadUrl)?.set_tcp_settings(tcp);
    let client = Client::open(info).map_err(|_| RegistryError::BadUrl)?;
    ConnectionManager::new_lazy_with_config(client, config).map_err(|_| RegistryError::BadUrl)
}

/// A script of this module.
fn script(text: &str) -> Script {
    Script::new(text)
}
