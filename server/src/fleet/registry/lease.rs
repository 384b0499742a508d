//! What a node tells about itself, and its lease.

use std::{
    fmt,
    sync::{LazyLock, Once},
};

use framehouse_shared::{
    ids::RoomCode,
    protocol::{codec, messages::Hello},
};
use redis::{Script, aio::ConnectionLike};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{LEASE_TIME, Owner, Registry, RegistryError, keys, script};

static WRITE: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/write_lease.lua")));
static READ: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/read_leases.lua")));
static WANT: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/want.lua")));

/// Number of a node's life: random, new at each start of its process. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// A new one, from the operating system's random numbers.
    pub fn random() -> Self {
        Self(getrandom::u64().expect("the operating system gives random bytes"))
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TryFrom<String> for Incarnation {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self).map_err(|_| "an incarnation has 16 hexadecimal digits")
    }
}

impl From<Incarnation> for String {
    fn from(incarnation: Incarnation) -> Self {
        incarnation.to_string()
    }
}

/// Whether a node takes new players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It has no room codes yet, so it opens no room. Seats in its rooms are free to all.
    Starting,
    /// It takes everybody.
    Ready,
    /// It takes only players who come back: it is about to stop, or an operator wants it so.
    Draining,
}

impl NodeState {
    /// The state as one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }
}

/// Class of the servers that say this hello: servers of one class can play the same rooms.
pub fn class_of(hello: &Hello) -> String {
    format!("{:016x}", xxh3_64(&codec::encode(hello)))
}

/// A public room with a free seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRoom {
    /// Code of the room.
    pub code: RoomCode,
    /// Number of free seats, 1 or more.
    pub free: u8,
}

/// What a node tells the fleet about itself. Numbers are absolute and at most a second old. A field that is added later needs
/// `#[serde(default)]`: nodes of older builds do not write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeLease {
    /// Name of the node, unique in the fleet: 1 to 63 letters, digits, `.`, `-` and `_`.
    pub node: String,
    /// Its life: a restarted node has another one.
    pub incarnation: Incarnation,
    /// Name of its build, by which releases choose it: the version of the program unless the settings name another.
    pub build: String,
    /// Hash of everything that two nodes must have alike to play the same room, see [`class_of`]. 16 hexadecimal digits.
    pub class: String,
    /// What its clients must have: compared with what they say.
    pub hello: Hello,
    /// Channel of its players, for example `stable`.
    pub channel: String,
    /// Zone of its machine, empty for none: a gateway prefers nodes of its own.
    pub zone: String,
    /// Host and port of its HTTP, for gateways.
    pub http: String,
    /// Addresses of its UDP endpoints, which clients connect to.
    pub udp: Vec<String>,
    /// Whether it takes new players.
    pub state: NodeState,
    /// Ticks per second, 10 to 120.
    pub tick_rate: u16,
    /// Duration in milliseconds that 99 % of the last 100 ticks did not exceed.
    pub tick_p99_ms: f64,
    /// Share of its time that the tick thread uses, 0 to 1.
    pub tick_load: f64,
    /// The share above which it takes no newcomers; 1 for no limit.
    pub tick_load_max: f64,
    /// Number of rooms.
    pub rooms: u32,
    /// Largest number of rooms.
    pub rooms_max: u32,
    /// Number of rooms with a match: what a drain waits for.
    pub matches: u32,
    /// Number of sessions over UDP, reservations included.
    pub clients: u32,
    /// Largest number of sessions of newcomers over UDP.
    pub clients_max: u32,
    /// Number of sessions over WebSockets.
    #[serde(default)]
    pub sockets: u32,
    /// Largest number of sessions of newcomers over WebSockets.
    #[serde(default)]
    pub sockets_max: u32,
    /// Number of players.
    pub players: u32,
    /// Seats of a room that quick match opens.
    pub room_size: u8,
    /// The fullest public rooms with a free seat, fullest first, at most 32.
    pub open: Vec<OpenRoom>,
    /// Start of its process, in seconds since 1970-01-01 UTC.
    pub started_unix_s: u64,
}

impl NodeLease {
    /// The life of the node.
    pub fn owner(&self) -> Owner {
        Owner { node: self.node.clone(), incarnation: self.incarnation }
    }

    /// How busy the node is: the largest share of its ticks' time, sessions and rooms that is used. 1 is full.
    pub fn load(&self) -> f64 {
        let share = |used: u32, max: u32| f64::from(used) / f64::from(max.max(1));
        let ticks = self.tick_p99_ms * f64::from(self.tick_rate) / 1000.0;
        let sessions = share(self.clients, self.clients_max).max(share(self.sockets, self.sockets_max));
        ticks.max(sessions).max(share(self.rooms, self.rooms_max))
    }
}

/// A node whose lease lives.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeEntry {
    /// What it tells about itself.
    pub lease: NodeLease,
    /// Whether an operator wants it to drain. Its lease says so, too, half a second later.
    pub is_wanted_draining: bool,
}

/// What became of a lease that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It lives for two more seconds.
    Kept {
        /// Whether it is the first one since Redis lost its memory, or since the last one ended.
        is_new: bool,
        /// Whether an operator wants the node to drain.
        is_wanted_draining: bool,
    },
    /// Another process with the same name has a lease that lives.
    NameTaken,
}

impl Registry {
    /// Writes the lease of a node, which lives for two seconds from now on.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn write_lease(&self, lease: &NodeLease) -> Result<Written, RegistryError> {
        let body = serde_json::to_string(lease).expect("a lease serialises");
        let mut call = WRITE.prepare_invoke();
        call.key(keys::node(&lease.node)).key(keys::NODES).key(keys::BORN);
        call.arg(&lease.node).arg(lease.incarnation.to_string()).arg(body).arg(LEASE_TIME.as_millis() as u64);
        let (kept, is_new, wanted): (bool, bool, String) = call.invoke_async(&mut self.connection()).await?;
        let is_wanted_draining = wanted == NodeState::Draining.name();
        Ok(if kept { Written::Kept { is_new, is_wanted_draining } } else { Written::NameTaken })
    }

    /// All nodes whose leases live, by name. A lease that cannot be read is left out, with a warning.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn nodes(&self) -> Result<Vec<NodeEntry>, RegistryError> {
        read_leases(&mut self.connection()).await
    }

    /// Wants a node to drain, or not any more. Gateways send newcomers elsewhere from the next second on; the node itself lets
    /// nobody new in, and closes rooms without a match. The wish ends with the node. Returns whether there is such a node.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn want_draining(&self, node: &str, is_wanted: bool) -> Result<bool, RegistryError> {
        let wanted = if is_wanted { NodeState::Draining.name() } else { "" };
        let mut call = WANT.prepare_invoke();
        call.key(keys::node(node)).arg(wanted);
        Ok(call.invoke_async(&mut self.connection()).await?)
    }
}

async fn read_leases(connection: &mut (impl ConnectionLike + Clone)) -> Result<Vec<NodeEntry>, RegistryError> {
    let mut call = READ.prepare_invoke();
    call.key(keys::NODES).arg(LEASE_TIME.as_millis() as u64);
    let found: Vec<(String, String, String)> = call.invoke_async(connection).await?;
    let entry = |(node, lease, wanted): (String, String, String)| match serde_json::from_str(&lease) {
        Ok(lease) => Some(NodeEntry { lease, is_wanted_draining: wanted == NodeState::Draining.name() }),
        Err(error) => {
            warn_of_unreadable(&node, &error);
            None
        }
    };
    Ok(found.into_iter().filter_map(entry).collect())
}

/// Leases are read twice a second, so this is said once.
fn warn_of_unreadable(node: &str, error: &serde_json::Error) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            node,
            "the lease of a node cannot be read, so nobody is sent there: is it of another version? {error}"
        );
    });
}
