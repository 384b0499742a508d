//! Room codes, rooms, seats and players that a node owns, and the sweep of what nobody owns any more.
//!
//! A value begins with its owner, `NODE:INCARNATION:`, and counts only while the lease of that owner lives.

use std::{fmt, sync::LazyLock, time::Duration};

use framehouse_shared::ids::{AccountId, RoomCode};
use redis::{Script, ScriptInvocation};
use serde::{Deserialize, Serialize};

use super::{Incarnation, LEASE_TIME, Registry, RegistryError, RoomKey, keys, script};

static CLAIM_CODES: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/claim_codes.lua")));
static HOLD: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/hold.lua")));
static HOLD_ROOMS: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/hold_rooms.lua")));
static DROP: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/drop.lua")));
static FIND: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/find.lua")));
static CLAIM_PLAYERS: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/claim_players.lua")));
static CLAIM_NAME: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/claim_name.lua")));
static SWEEP: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/sweep.lua")));
static LEAVE: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/leave.lua")));

/// Largest number of keys in one call, so that no call keeps Redis from others for long.
pub(in crate::fleet) const BATCH: usize = 256;
/// Time from the beginning of Redis' memory, or its return, until codes are claimed and keys are swept. Nodes whose codes it has
/// forgotten, or whose leases are over, are back by then.
const SETTLE_TIME: Duration = Duration::from_secs(2);
/// Time for which a gateway claims a player or a name, until the node holds the seat or the room.
const COMING_TIME: Duration = Duration::from_secs(10);

/// One life of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Name of the node.
    pub node: String,
    /// Its life.
    pub incarnation: Incarnation,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.incarnation)
    }
}

impl Owner {
    /// Set of the keys that it owns.
    fn owned(&self) -> String {
        format!("fh:owned:{self}")
    }
}

/// A code that a node has claimed, and the id of the room that gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedCode {
    /// The code.
    pub code: RoomCode,
    /// Number of the room in the life of the node.
    pub number: u64,
}

/// What the fleet knows about a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// Its code.
    pub code: RoomCode,
    /// Its phase: `lobby`, `loading`, `countdown`, `playing` or `results`.
    pub phase: String,
    /// Number of seats.
    pub seats: u8,
    /// Number of seats that are neither taken nor reserved.
    pub free: u8,
    /// Number of players.
    pub players: u8,
    /// Whether room lists and quick match have it.
    pub public: bool,
    /// Number of the room's next event.
    pub msg_id: u64,
}

/// Where a room is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The room.
    pub room: RoomKey,
    /// Its owner.
    pub owner: Owner,
    /// How many times it changed its owner, from 1. Nobody believes an owner with a lower number.
    pub epoch: u64,
}

/// What a node holds besides rooms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holding {
    /// A code, for this room.
    Code(RoomCode, RoomKey),
    /// The name of this room.
    Name(String, RoomKey),
    /// A seat that the owner of a resume secret with this hash may come back to, in this room.
    Resume(String, RoomKey),
    /// The seat of a player.
    Player {
        /// Lasting id.
        account: AccountId,
        /// Whether it is connected, and heard.
        is_here: bool,
    },
}

impl Holding {
    pub(in crate::fleet) fn key(&self) -> String {
        match self {
            Self::Code(code, _) => keys::code(code),
            Self::Name(name, _) => keys::name(name),
            Self::Resume(hash, _) => keys::resume(hash),
            Self::Player { account, .. } => keys::player(account),
        }
    }

    fn value(&self, owner: &Owner) -> String {
        match self {
            Self::Code(_, room) | Self::Name(_, room) | Self::Resume(_, room) => room.to_string(),
            Self::Player { is_here: true, .. } => format!("{owner}:here"),
            Self::Player { is_here: false, .. } => format!("{owner}:away"),
        }
    }
}

/// Answer to the claim of a player's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fleet) enum PlayerClaim {
    /// The node may have the player.
    Granted,
    /// The player has a seat on another node and is connected.
    PlaysElsewhere,
}

impl Registry {
    /// Claims those of the codes that nobody has. None in the first two seconds of Redis' memory, or after it was away.
    ///
    /// # Errors
    /// When Redis is away, or the lease of the owner is over.
    pub async fn claim_codes(&self, owner: &Owner, codes: &[ClaimedCode]) -> Result<Vec<ClaimedCode>, RegistryError> {
        let mut call = by(&CLAIM_CODES, owner);
        call.key(keys::BORN).arg(SETTLE_TIME.as_millis() as u64);
        for ClaimedCode { code, number } in codes {
            call.arg(keys::code(code)).arg(format!("{owner}:{number}"));
        }
        let claimed: Option<Vec<usize>> = call.invoke_async(&mut self.connection()).await?;
        let claimed = claimed.ok_or(RegistryError::Lapsed)?;
        Ok(claimed.into_iter().filter_map(|index| codes.get(index).cloned()).collect())
    }

    /// Writes what a node holds. Returns the keys that another node has, whose lease lives.
    ///
    /// # Errors
    /// When Redis is away, or the lease of the owner is over.
    pub async fn hold(&self, owner: &Owner, holdings: &[Holding]) -> Result<Vec<String>, RegistryError> {
        let mut refused = Vec::new();
        for batch in holdings.chunks(BATCH) {
            let mut call = by(&HOLD, owner);
            for holding in batch {
                call.arg(holding.key()).arg(holding.value(owner));
            }
            let keys: Option<Vec<String>> = call.invoke_async(&mut self.connection()).await?;
            refused.extend(keys.ok_or(RegistryError::Lapsed)?);
        }
        Ok(refused)
    }

    /// Writes rooms that a node owns in their epochs. Returns the keys of those that another node owns: by a higher epoch,
    /// or by the same one and its lease lives.
    ///
    /// # Errors
    /// When Redis is away, or the lease of the owner is over.
    pub async fn hold_rooms(
        &self,
        owner: &Owner,
        rooms: &[(RoomKey, u64, RoomRecord)],
    ) -> Result<Vec<String>, RegistryError> {
        let mut refused = Vec::new();
        for batch in rooms.chunks(BATCH) {
            let mut call = by(&HOLD_ROOMS, owner);
            for (room, epoch, record) in batch {
                let record = serde_json::to_string(record).expect("a room serialises");
                call.arg(keys::room(room)).arg(*epoch).arg(record);
            }
            let keys: Option<Vec<String>> = call.invoke_async(&mut self.connection()).await?;
            refused.extend(keys.ok_or(RegistryError::Lapsed)?);
        }
        Ok(refused)
    }

    /// Removes what a node holds. What another node has taken over stays.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn let_go(&self, owner: &Owner, keys: &[String]) -> Result<(), RegistryError> {
        for batch in keys.chunks(BATCH) {
            let mut call = by(&DROP, owner);
            call.arg(batch);
            let () = call.invoke_async(&mut self.connection()).await?;
        }
        Ok(())
    }

    /// Ends the lease of a node that stops. What it has left is swept away.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn leave(&self, owner: &Owner) -> Result<(), RegistryError> {
        let mut call = LEAVE.prepare_invoke();
        call.key(keys::node(&owner.node)).key(keys::NODES).arg(owner.to_string()).arg(owner.incarnation.to_string());
        Ok(call.invoke_async(&mut self.connection()).await?)
    }

    /// The room with this code. Its node may have been silent for a moment, but has no other life.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn find_code(&self, code: RoomCode) -> Result<Option<Place>, RegistryError> {
        self.find(keys::code(code)).await
    }

    /// The room of the seat whose resume secret has this hash, as in [`find_code`](Self::find_code).
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn find_resume(&self, hash: &str) -> Result<Option<Place>, RegistryError> {
        self.find(keys::resume(hash)).await
    }

    async fn find(&self, key: String) -> Result<Option<Place>, RegistryError> {
        let mut call = FIND.prepare_invoke();
        call.key(&key);
        let found: Option<(String, String, String, u64)> = call.invoke_async(&mut self.connection()).await?;
        let Some((room, node, incarnation, epoch)) = found else { return Ok(None) };
        let unreadable = |_| RegistryError::Unreadable(key.clone());
        let incarnation = incarnation.try_into().map_err(unreadable)?;
        Ok(Some(Place { room: room.parse().map_err(unreadable)?, owner: Owner { node, incarnation }, epoch }))
    }

    /// Claims each of the players for a node, for ten seconds or until the node holds its seat. A seat that the player is
    /// disconnected from, or has not arrived at, is lost. The answers come in the same order.
    ///
    /// # Errors
    /// When Redis is away.
    pub(in crate::fleet) async fn claim_players(
        &self,
        players: &[(Owner, AccountId)],
    ) -> Result<Vec<PlayerClaim>, RegistryError> {
        let mut call = CLAIM_PLAYERS.prepare_invoke();
        call.arg(COMING_TIME.as_millis() as u64);
        for (owner, account) in players {
            call.key(keys::player(account)).arg(owner.to_string());
        }
        let granted: Vec<bool> = call.invoke_async(&mut self.connection()).await?;
        let claim = |is_granted| if is_granted { PlayerClaim::Granted } else { PlayerClaim::PlaysElsewhere };
        Ok(granted.into_iter().map(claim).collect())
    }

    /// The node that has the room with this name. If nobody has it and there is a `candidate`, that gets it for ten seconds,
    /// or until it holds the room.
    ///
    /// # Errors
    /// When Redis is away.
    pub(in crate::fleet) async fn claim_name(
        &self,
        name: &str,
        candidate: Option<&Owner>,
    ) -> Result<Option<Owner>, RegistryError> {
        let mut call = CLAIM_NAME.prepare_invoke();
        let key = keys::name(name);
        call.key(&key).arg(candidate.map(Owner::to_string).unwrap_or_default()).arg(COMING_TIME.as_millis() as u64);
        let found: Option<(String, String)> = call.invoke_async(&mut self.connection()).await?;
        let owner = |(node, incarnation): (String, String)| {
            let incarnation = incarnation.try_into().map_err(|_| RegistryError::Unreadable(key))?;
            Ok(Owner { node, incarnation })
        };
        found.map(owner).transpose()
    }

    /// Removes keys of nodes whose leases are over, at most 512. Returns their number. After Redis was away, nodes that have not
    /// left may be about to come back: their keys stay until the others have come back for two seconds.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn sweep(&self) -> Result<u64, RegistryError> {
        let mut call = SWEEP.prepare_invoke();
        call.key(keys::NODES).key(keys::BORN);
        call.arg(LEASE_TIME.as_millis() as u64).arg(SETTLE_TIME.as_millis() as u64).arg(2 * BATCH);
        Ok(call.invoke_async(&mut self.connection()).await?)
    }
}

/// A call by an owner. Keys: the set of its keys, its lease. Arguments: the owner, its node, its incarnation.
fn by<'a>(script: &'a Script, owner: &Owner) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    call.key(owner.owned()).key(keys::node(&owner.node));
    call.arg(owner.to_string()).arg(&owner.node).arg(owner.incarnation.to_string());
    call
}
