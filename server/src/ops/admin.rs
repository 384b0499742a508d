//! What an operator can do with a running server: calls of the admin API, from their token to their audit line.
//!
//! ```text
//! token.rs      the token in the data folder, and how often it can be tried
//! audit.rs      a line for every call: DATA-DIR/audit.jsonl
//! register.rs   bans and mutes, with a limit an hour: DATA-DIR/sanctions.json
//! reports.rs    reports of players: DATA-DIR/reports.jsonl
//! orders.rs     the queue to the tick thread
//! world.rs      what is done there
//! ```
//!
//! `ops/http/admin.rs` has the paths.

mod audit;
mod orders;
mod register;
mod reports;
mod token;
mod world;

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use framehouse_shared::{
    api::{AdminAnswer, AdminCall, Feature, ListedRoom, OffBy, Report, ReportRequest, RoomDetails},
    ids::{AccountId, RoomCode},
    protocol::end::EndCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit},
    task::spawn_blocking,
    time::sleep,
};
use utoipa::ToSchema;

use self::{audit::Audit, orders::Orders, register::Register, reports::Reports, token::Tries};
pub use self::{
    orders::{OrderQueue, run_orders},
    token::FILE_NAME as TOKEN_FILE_NAME,
};
use crate::{address::AddressKey, features::Features, room::sanctions::Sanctions};

/// Maximum number of orders of players and viewers that wait for the tick thread.
const STRANGERS_MAX: usize = 16;
/// Number of times that a new list of bans and mutes is offered to the tick thread, and the pause between two.
const ENFORCING_TRIES: u32 = 50;
const ENFORCING_PAUSE: Duration = Duration::from_millis(100);

/// What an admin call can change outside of the tick thread.
pub trait Levers: Send + Sync {
    /// Reads settings, rules, maps and certificate again. Returns a sentence.
    ///
    /// # Errors
    /// With a sentence, when something is refused. Nothing changes then.
    fn reload(&self) -> Result<String, String>;

    /// Sets the levels of the log. Returns them.
    ///
    /// # Errors
    /// With a sentence, when they are no levels.
    fn set_levels(&self, level: &str, levels: &BTreeMap<String, String>) -> Result<String, String>;

    /// Lets nobody new in, or lets players in again.
    fn drain(&self, is_wanted: bool);
}

/// Why a call is not carried out, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminRefusal {
    /// A value of the call cannot be used.
    #[error("{0}")]
    Bad(String),
    /// There is nothing like that.
    #[error("{0}")]
    NotFound(String),
    /// The state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The tick thread has no time, or has ended.
    #[error("the server has no time to answer: try again in a moment")]
    Busy,
    /// There would be no trace of it.
    #[error("nothing was done, because audit.jsonl in the data folder cannot be written: {0}")]
    NotAudited(String),
}

/// Where calls are carried out. Clones are the same.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    token: String,
    tries: Mutex<Tries>,
    audit: Audit,
    register: Register,
    reports: Reports,
    orders: Orders,
    /// Orders that players and viewers may have in the queue of the tick thread. The other places are the operator's.
    strangers: Semaphore,
    /// Held while bans and mutes change, so that an older list never comes in force after a newer one.
    changing: AsyncMutex<()>,
    features: Features,
    levers: Box<dyn Levers>,
}

/// Numbers about the admin API, for alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdminCounts {
    /// Bans beyond the limit since the start.
    pub bans_over_limit: u64,
}

impl Desk {
    /// Opens what the data folder has of it, which only one server uses. `queue` is the tick thread's end, and `sanctions`
    /// are in force from the beginning.
    ///
    /// # Errors
    /// With a sentence, when a file cannot be used.
    pub fn open(
        data_dir: &Path,
        bans_per_hour_max: u32,
        features: Features,
        levers: Box<dyn Levers>,
    ) -> Result<(Self, OrderQueue, Sanctions), String> {
        let cannot = |name: &str, error: &io::Error| format!("cannot use {}: {error}", data_dir.join(name).display());
        let token = token::open(data_dir).map_err(|error| cannot(token::FILE_NAME, &error))?;
        let audit = Audit::open(data_dir).map_err(|error| cannot(audit::FILE_NAME, &error))?;
        let reports = Reports::open(data_dir).map_err(|error| cannot(reports::FILE_NAME, &error))?;
        let register =
            Register::open(data_dir, bans_per_hour_max).map_err(|error| cannot(register::FILE_NAME, &error))?;
        let sanctions = register.in_force(unix_s());
        let (orders, queue) = orders::queue();
        let (tries, strangers, changing) = (Mutex::default(), Semaphore::new(STRANGERS_MAX), AsyncMutex::new(()));
        let inner = Inner { token, tries, audit, register, reports, orders, strangers, changing, features, levers };
        Ok((Self(Arc::new(inner)), queue, sanctions))
    }

    /// Whether this is the token. Wrong ones are taken once a second from an address.
    ///
    /// # Errors
    /// With the time to wait, when the address has just tried a wrong one.
    pub fn knows(&self, token: &[u8], caller: AddressKey, now: Duration) -> Result<bool, Duration> {
        lock(&self.0.tries).check(&self.0.token, token, caller, now)
    }

    /// Numbers for alerts.
    pub fn counts(&self) -> AdminCounts {
        AdminCounts { bans_over_limit: self.0.register.over_limit() }
    }

    /// Changes the largest number of bans in an hour.
    pub fn set_bans_per_hour_max(&self, most: u32) {
        self.0.register.set_limit(most);
    }

    /// Carries out a call and writes its audit line, also if the caller hangs up meanwhile.
    ///
    /// # Errors
    /// With a sentence, when it is not carried out.
    pub async fn carry_out(&self, caller: AddressKey, call: AdminCall) -> Result<AdminAnswer, AdminRefusal> {
        let desk = self.clone();
        to_its_end(async move { desk.act_audited(caller, &call).await }).await
    }

    async fn act_audited(&self, caller: AddressKey, call: &AdminCall) -> Result<AdminAnswer, AdminRefusal> {
        self.check_audit().await?;
        let answer = self.act(call).await;
        let result = match &answer {
            Ok(AdminAnswer::Done(sentence)) => sentence.clone(),
            Ok(AdminAnswer::Banned(state)) => format!("{state:?}").to_lowercase(),
            Ok(_) => "answered".to_owned(),
            Err(refusal) => format!("refused: {refusal}"),
        };
        self.note(caller, &json!(call), &result).await;
        answer
    }

    /// The replay of a room's running match, as far as it has come.
    ///
    /// # Errors
    /// With a sentence, when there is none.
    pub async fn copy_replay(&self, caller: AddressKey, room: RoomCode) -> Result<Vec<u8>, AdminRefusal> {
        let desk = self.clone();
        to_its_end(async move { desk.copy_replay_audited(caller, room).await }).await
    }

    async fn copy_replay_audited(&self, caller: AddressKey, room: RoomCode) -> Result<Vec<u8>, AdminRefusal> {
        self.check_audit().await?;
        let asked = self.0.orders.ask_later(move |world, tell| world::copy_replay(world, room, tell)).await;
        let answer = asked.and_then(|copy| {
            copy.ok_or_else(|| AdminRefusal::NotFound(format!("room {room} has no match that is recorded")))
        });
        let result = answer.as_ref().map_or_else(|refusal| format!("refused: {refusal}"), |_| "answered".to_owned());
        self.note(caller, &json!({ "call": "replay", "room": room }), &result).await;
        answer
    }

    /// A room for a viewer of the live page. An operator also sees private rooms and cheat signals. Looking leaves no audit
    /// line.
    ///
    /// # Errors
    /// With a sentence, when there is no such room for this viewer.
    pub async fn look_at_room(&self, room: RoomCode, is_operator: bool) -> Result<RoomDetails, AdminRefusal> {
        let _place = if is_operator { None } else { Some(self.stranger()?) };
        self.0.orders.ask(move |world| world::room_for_viewer(world, room, is_operator)).await?
    }

    /// The private rooms, for an operator at the live page.
    ///
    /// # Errors
    /// When the tick thread has no time.
    pub async fn private_rooms(&self) -> Result<Vec<ListedRoom>, AdminRefusal> {
        self.0.orders.ask(world::private_rooms).await
    }

    /// Takes the report of a player. Returns its number.
    ///
    /// # Errors
    /// With a sentence, when it is not taken.
    pub async fn take_report(&self, request: ReportRequest) -> Result<u64, AdminRefusal> {
        let place = self.stranger()?;
        let report: Report = self.0.orders.ask(move |world| world::report(world, &request)).await??;
        drop(place);
        let desk = self.clone();
        let kept = spawn_blocking(move || desk.0.reports.add(report)).await;
        kept.unwrap_or_else(|error| Err(error.to_string())).map_err(AdminRefusal::Conflict)
    }

    /// A place in the queue of the tick thread for somebody who has shown no token.
    fn stranger(&self) -> Result<SemaphorePermit<'_>, AdminRefusal> {
        self.0.strangers.try_acquire().map_err(|_| AdminRefusal::Busy)
    }

    async fn act(&self, call: &AdminCall) -> Result<AdminAnswer, AdminRefusal> {
        match call.clone() {
            AdminCall::Players { search } => {
                Ok(AdminAnswer::Players(self.0.orders.ask(move |world| world::find_members(world, &search)).await?))
            }
            AdminCall::Match { match_id } => {
                Ok(AdminAnswer::Room(self.0.orders.ask(move |world| world::room_of_match(world, match_id)).await??))
            }
            AdminCall::Room { room } => {
                Ok(AdminAnswer::Room(self.0.orders.ask(move |world| world::room(world, room)).await??))
            }
            AdminCall::CloseRoom { room } => done(self.0.orders.ask(move |world| world::close(world, room)).await?),
            AdminCall::EndMatch { room, with_result } => {
                done(self.0.orders.ask(move |world| world::end_match(world, room, with_result)).await?)
            }
            AdminCall::Kick { player } => self.kick(player).await,
            AdminCall::Announce { text, room } => {
                done(self.0.orders.ask(move |world| world::announce(world, room, &text)).await?)
            }
            AdminCall::Ban { player, seconds, reason } => {
                let state = self.change(move |register, now| register.ban(player, seconds, &reason, now)).await?;
                Ok(AdminAnswer::Banned(state))
            }
            AdminCall::Unban { player } => done(self.change(move |register, now| register.unban(player, now)).await),
            AdminCall::Mute { player, seconds } => {
                done(self.change(move |register, now| register.mute(player, seconds, now)).await)
            }
            AdminCall::Unmute { player } => done(self.change(move |register, now| register.unmute(player, now)).await),
            AdminCall::Sanctions {} => {
                let desk = self.clone();
                let listed = spawn_blocking(move || desk.0.register.list(unix_s())).await;
                Ok(AdminAnswer::Sanctions(listed.map_err(|_| AdminRefusal::Busy)?))
            }
            AdminCall::Feature { feature, on } => Ok(self.switch(feature, on)),
            AdminCall::Log { level, levels } => {
                let set = self.0.levers.set_levels(&level, &levels).map_err(AdminRefusal::Bad);
                done(set.map(|levels| format!("the log levels are {levels} now")))
            }
            AdminCall::Reload {} => {
                let desk = self.clone();
                let reloaded = spawn_blocking(move || desk.0.levers.reload()).await;
                done(reloaded.map_err(|_| AdminRefusal::Busy)?.map_err(AdminRefusal::Conflict))
            }
            AdminCall::Drain { undo } => {
                self.0.levers.drain(!undo);
                let told = if undo { "players are let in again" } else { "nobody new is let in" };
                Ok(AdminAnswer::Done(told.to_owned()))
            }
            AdminCall::Reports {} => {
                let desk = self.clone();
                let read = spawn_blocking(move || desk.0.reports.newest()).await.map_err(|_| AdminRefusal::Busy)?;
                Ok(AdminAnswer::Reports(read.map_err(|error| AdminRefusal::Conflict(error.to_string()))?))
            }
        }
    }

    async fn kick(&self, player: AccountId) -> Result<AdminAnswer, AdminRefusal> {
        let reason = EndCode::RemovedByOperator.into();
        let is_here = self.0.orders.ask(move |world| crate::room::sanctions::send_away(world, player, &reason)).await?;
        if is_here {
            Ok(AdminAnswer::Done(format!("{player} was sent away")))
        } else {
            Err(AdminRefusal::NotFound(format!("there is no player {player} on this server now")))
        }
    }

    fn switch(&self, feature: Feature, is_on: bool) -> AdminAnswer {
        self.0.features.set(feature, is_on, OffBy::Operator, unix_s());
        let told = match (is_on, self.0.features.is_on(feature)) {
            (true, true) => "on",
            (true, false) => "still off, because its service fails: it is tried again by itself",
            (false, _) => "off",
        };
        AdminAnswer::Done(format!("{feature} is {told}"))
    }

    /// Changes bans and mutes, writes them, and puts them in force.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Register, u64) -> Result<T, AdminRefusal> + Send + 'static,
    ) -> Result<T, AdminRefusal> {
        let _changing = self.0.changing.lock().await;
        let (desk, now) = (self.clone(), unix_s());
        let changed = spawn_blocking(move || {
            let answer = change(&desk.0.register, now)?;
            Ok::<_, AdminRefusal>((answer, desk.0.register.in_force(now)))
        });
        let (answer, sanctions) = changed.await.map_err(|_| AdminRefusal::Busy)??;
        for _ in 0..ENFORCING_TRIES {
            let sanctions = sanctions.clone();
            if self.0.orders.ask(move |world| crate::room::sanctions::enforce(world, sanctions)).await.is_ok() {
                return Ok(answer);
            }
            sleep(ENFORCING_PAUSE).await;
        }
        let sentence = "it is written down, and not in force yet: make the same call again";
        Err(AdminRefusal::Conflict(sentence.to_owned()))
    }

    async fn check_audit(&self) -> Result<(), AdminRefusal> {
        let desk = self.clone();
        let checked = spawn_blocking(move || desk.0.audit.check()).await.map_err(|_| AdminRefusal::Busy)?;
        checked.map_err(|error| AdminRefusal::NotAudited(error.to_string()))
    }

    async fn note(&self, caller: AddressKey, call: &serde_json::Value, result: &str) {
        // Not its fields: the code of a private room is its key.
        tracing::info!(%caller, call = call["call"].as_str().unwrap_or_default(), "admin call");
        let line = json!({
            "unix_s": unix_s(),
            "token": token::NAME,
            "address": caller.to_string(),
            "call": call,
            "result": result,
        });
        let (desk, line) = (self.clone(), line.to_string());
        let shown = line.clone();
        let written = spawn_blocking(move || desk.0.audit.write(line)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(
                "an admin call is in this log only, because audit.jsonl cannot be written ({error}): {shown}"
            );
        }
    }
}

/// Takes a player out of bans, mutes and reports. The caller has locked the data folder: no server uses these files. Returns
/// what was done, if there was anything to do. A ban that is in force stays, without its reason.
///
/// # Errors
/// With a sentence, when a file cannot be used. It can be tried again.
pub fn forget(data_dir: &Path, player: AccountId) -> Result<Option<String>, String> {
    let cannot = |name: &str, error: &io::Error| format!("cannot use {}: {error}", data_dir.join(name).display());
    let reports = Reports::open(data_dir).and_then(|reports| reports.forget(player));
    let reports = reports.map_err(|error| cannot(reports::FILE_NAME, &error))?;
    let register = Register::open(data_dir, 0).map_err(|error| cannot(register::FILE_NAME, &error))?;
    let sanctions = register.forget(player, unix_s()).map_err(|refusal| refusal.to_string())?;
    let told = format!(
        "{reports} reports name somebody in its place; {sanctions} bans and mutes are deleted, except that a ban which is in \
         force stays, without its reason"
    );
    Ok((reports + sanctions > 0).then_some(told))
}

/// Does something to its end, also if nobody waits for it any more.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, AdminRefusal>> + Send + 'static,
) -> Result<T, AdminRefusal> {
    // A panic in it is in the log.
    tokio::spawn(work).await.unwrap_or(Err(AdminRefusal::Busy))
}

fn done(answer: Result<String, AdminRefusal>) -> Result<AdminAnswer, AdminRefusal> {
    answer.map(AdminAnswer::Done)
}

/// Seconds since 1970-01-01 UTC. A clock before that says nothing.
fn unix_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The lock, also after a panic: whoever held it left a whole value behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests {
    use std::{env, fs, path::PathBuf, process};

    use super::*;

    /// A folder of a test, removed afterwards.
    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("framehouse-admin-{name}-{}", process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("a folder of ours");
            Self(path)
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
