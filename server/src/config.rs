//! Settings. Precedence: flags > environment > file > defaults.
//!
//! ```text
//! server.rs http.rs ws.rs queue.rs rooms.rs cleanup.rs net.rs replays.rs store.rs fleet.rs identity.rs alerts.rs features.rs admin.rs manager.rs log.rs   the sections of the file: fields, defaults, ranges
//! catalogue.rs    the list of all settings, from assets/server.toml: names, types, meanings
//! layers.rs       values of file, environment and command line, each checked, with their origins
//! environment.rs  the variables of the environment
//! flags.rs        settings on the command line
//! cli.rs          subcommands; those of `admin` are in admin_action.rs
//! reload.rs       which settings change in a running server
//! print.rs        what `config show` and `config env` print
//! origin.rs       where a value comes from
//! secret_url.rs   URLs that may have a password
//! nearest.rs      what an unknown name may have been meant to be
//! ```
//!
//! A new setting is a field with its default, a range in `RANGES` if it is a number, and a line in `assets/server.toml`. It
//! then has its environment variable. A new section is also a field of `Settings` and a line in `catalogue::ranges`.

mod admin;
mod admin_action;
mod alerts;
mod catalogue;
mod cleanup;
mod cli;
mod environment;
mod features;
mod flags;
mod fleet;
mod http;
mod identity;
mod layers;
mod log;
mod manager;
mod nearest;
mod net;
mod origin;
mod print;
mod queue;
mod reload;
mod replays;
mod rooms;
mod secret_url;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod ws;

use serde::{Deserialize, Serialize};

pub use admin::AdminSettings;
pub(crate) use admin_action::AdminAction;
pub use alerts::{AlertSettings, WebhookFormat, WebhookUrl};
pub use cleanup::CleanupSettings;
pub(crate) use cli::{Cli, Command, ConfigAction, FleetAction, ReplayAction, StoreAction};
pub(crate) use environment::Environment;
pub use features::FeatureSettings;
pub(crate) use flags::Flags;
pub use fleet::{FleetSecret, FleetSettings};
pub use http::HttpSettings;
pub use identity::{IdentityKind, IdentitySettings};
pub(crate) use layers::Layers;
pub(crate) use log::{LogFormat, LogSettings};
pub use manager::ManagerSettings;
pub use net::NetSettings;
pub(crate) use print::{list_variables, show};
pub use queue::QueueSettings;
pub use replays::ReplaySettings;
pub use rooms::RoomSettings;
pub use secret_url::SecretUrl;
pub(crate) use server::ServerSettings;
pub use store::StoreSettings;
pub use ws::WsSettings;

/// All settings of the server program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// `[server]`: process, addresses and folders.
    pub server: ServerSettings,
    /// `[http]`: limits by address, proxies, names and TLS of the HTTP gateway.
    pub http: HttpSettings,
    /// `[ws]`: connections over WebSockets.
    pub ws: WsSettings,
    /// `[queue]`: waiting while the server is full.
    pub queue: QueueSettings,
    /// `[rooms]`: sizes, phases and limits of rooms.
    pub rooms: RoomSettings,
    /// `[cleanup]`: delays and budget of freeing memory.
    pub cleanup: CleanupSettings,
    /// `[net]`: timeouts and budgets of connections.
    pub net: NetSettings,
    /// `[replays]`: recording and retention of replays.
    pub replays: ReplaySettings,
    /// `[store]`: the database of players, matches and leaderboards.
    pub store: StoreSettings,
    /// `[fleet]`: many servers as one.
    pub fleet: FleetSettings,
    /// `[identity]`: who a player is.
    pub identity: IdentitySettings,
    /// `[alerts]`: when an operator is told, and where.
    pub alerts: AlertSettings,
    /// `[features]`: what is switched off.
    pub features: FeatureSettings,
    /// `[admin]`: limits on what an operator can do.
    pub admin: AdminSettings,
    /// `[manager]`: the nodes of a machine.
    pub manager: ManagerSettings,
    /// `[log]`: format, levels and file of the log.
    pub log: LogSettings,
}

impl Settings {
    /// Checks that the values can be used together. Types and ranges are checked when values are added to [`Layers`].
    fn check(&self) -> Result<(), Violation> {
        self.server.check(self.identity.kind)?;
        self.identity.check()?;
        self.http.check()?;
        self.cleanup.check()?;
        if !self.replays.enabled && !self.store.boards_unproven {
            let sentence = "without replays no match can be proven, so nobody would be on the leaderboards: set \
                            `store.boards_unproven` = true, or `replays.enabled` = true";
            return Err(Violation::new(["replays.enabled", "store.boards_unproven"], sentence.to_owned()));
        }
        self.fleet.check()?;
        self.alerts.check()?;
        self.manager.check()?;
        self.log.check()
    }
}

/// Settings that cannot be used together, or a value that only its section can judge.
#[derive(Debug)]
struct Violation {
    /// The settings, as `section.name`. The origin of the first one that is not a default is shown.
    settings: Vec<&'static str>,
    /// What is wrong, and what to do.
    sentence: String,
}

impl Violation {
    /// A violation by these settings.
    fn new(settings: impl Into<Vec<&'static str>>, sentence: String) -> Self {
        Self { settings: settings.into(), sentence }
    }
}
