//! JSON bodies of the HTTP API and messages of its WebSocket, used by the server that writes them and by the clients and tools that read them.
//!
//! | request | body or query | answer |
//! |---|---|---|
//! | `POST /v1/sessions` | [`SessionBody`] | [`SessionGrant`], or a [`SessionRefusal`] |
//! | `GET /v1/rooms` | [`RoomFilter`] | [`RoomList`] |
//! | `GET /v1/maps` | | [`MapList`] |
//! | `GET /v1/status` | | [`Status`] |
//! | `GET /v1/key` | | [`KeyInfo`] |
//! | `GET /v1/replays/{match}` | | the replay's bytes |
//! | `GET /v1/leaderboards` | | [`BoardList`] |
//! | `GET /v1/leaderboards/{board}` | [`BoardQuery`] | [`Leaderboard`] |
//! | `GET /v1/players/{id}` | | [`PlayerInfo`] |
//! | `GET /v1/players/{id}/matches` | [`MatchesQuery`] | [`PlayerMatches`] |
//! | `GET /v1/matches/{id}` | | [`MatchInfo`] |
//! | `POST /v1/reports` | [`ReportRequest`] | [`ReportTaken`] |
//! | `POST /v1/admin/{call}` | [`AdminCall`] | [`AdminAnswer`] |
//! | `GET /v1/admin/rooms/{code}/replay` | | the bytes of a replay so far |
//! | `GET /v1/live/rooms` | | [`RoomList`] of the private rooms |
//! | `GET /v1/live/rooms/{code}` | | [`RoomDetails`] |
//! | `GET /v1/live/nodes` | | [`FleetNodes`] |
//! | `GET /v1/ws` | | a WebSocket with the messages of [`ws`] |
//! | `GET /metrics` | | [`Status`] in the text format of Prometheus |
//! | `GET /healthz`, `GET /readyz` | | `ok`, or a sentence with 503 |
//!
//! Every refusal is an [`ErrorBody`] with an HTTP status of 400 or above. Readers ignore fields that they do not know,
//! so that a newer server may add some.

mod admin;
mod alerts;
mod boards;
mod error;
mod features;
mod fleet;
mod key;
mod match_id;
mod player_secret;
mod players;
mod queue;
mod reports;
mod rooms;
mod sessions;
mod signals;
mod status;
pub mod ws;

pub use admin::{
    ADMIN_ENTRIES_MAX, AdminAnswer, AdminCall, FoundMember, REASON_CHARS_MAX, RoomDetails, SANCTION_SECONDS_MAX,
    Sanction, SanctionKind, SanctionState,
};
pub use alerts::{Alert, AlertCounts, AlertLevel, AlertNotice, AlertState, AlertStatus};
pub use boards::{BoardEntry, BoardList, BoardName, BoardQuery, ENTRIES_DEFAULT, ENTRIES_MAX, Leaderboard, board};
pub use error::{ErrorBody, ErrorDetail, code};
pub use features::{Feature, FeatureStatus, OffBy};
pub use fleet::{FleetGatewayStatus, FleetNode, FleetNodeStatus, FleetNodes, FleetStatus};
pub use key::KeyInfo;
pub use player_secret::PlayerSecret;
pub use players::{
    MATCHES_DEFAULT, MATCHES_MAX, MatchInfo, MatchPlayer, MatchesQuery, PlayedMatch, PlayerInfo, PlayerMatches, Rating,
};
pub use queue::{QueuePlace, QueueStatus, SessionRefusal};
pub use reports::{REPORT_CHARS_MAX, Report, ReportPlace, ReportRequest, ReportTaken, ReportedPlayer};
pub use rooms::{ListedRoom, MapList, ROOMS_MAX, RoomFilter, RoomList};
pub use sessions::{RoomRequest, SessionBody, SessionGrant, SessionRequest};
pub use signals::CheatSignals;
pub use status::{
    CleanupStats, CleanupStatus, ClientStatus, DesyncStatus, DrainStatus, ErrorStatus, HistogramUs, HttpStatus,
    InForce, ReplayStats, ResultStats, RoomsByPhase, SessionsByKind, Status, StoreStatus, TickMs, WebSocketStatus,
};
