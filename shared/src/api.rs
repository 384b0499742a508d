//! JSON bodies of the HTTP API, used by the server that writes them and by the clients and tools that read them.
//!
//! | request | body or query | answer |
//! |---|---|---|
//! | `POST /v1/sessions` | [`SessionRequest`] | [`SessionGrant`] |
//! | `GET /v1/rooms` | [`RoomFilter`] | [`RoomList`] |
//! | `GET /v1/maps` | | [`MapList`] |
//! | `GET /v1/status` | | [`Status`] |
//! | `GET /v1/key` | | [`KeyInfo`] |
//! | `GET /v1/replays/{match}` | | the replay's bytes |
//! | `GET /metrics` | | [`Status`] in the text format of Prometheus |
//! | `GET /healthz`, `GET /readyz` | | `ok`, or a sentence with 503 |
//!
//! Every refusal is an [`ErrorBody`] with an HTTP status of 400 or above. Readers ignore fields that they do not know,
//! so that a newer server may add some.

mod alerts;
mod error;
mod key;
mod rooms;
mod sessions;
mod status;

pub use alerts::{Alert, AlertCounts, AlertLevel, AlertNotice, AlertState, AlertStatus};
pub use error::{ErrorBody, ErrorDetail, code};
pub use key::KeyInfo;
pub use rooms::{ListedRoom, MapList, ROOMS_MAX, RoomFilter, RoomList};
pub use sessions::{RoomRequest, SessionGrant, SessionRequest};
pub use status::{
    CleanupStats, CleanupStatus, ClientStatus, DesyncStatus, DrainStatus, ErrorStatus, HistogramUs, HttpStatus,
    ReplayStats, ResultStats, RoomsByPhase, Status, TickMs,
};
