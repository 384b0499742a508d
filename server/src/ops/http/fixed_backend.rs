//! A backend for tests, with fixed answers.

use axum::body::Body;
use framehouse_shared::{
    api::{ListedRoom, RoomFilter, SessionGrant, Status},
    ids::MatchId,
    replay::PublicKey,
};

use crate::{
    ops::backend::{Backend, Refusal, ReplayFile},
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// A backend with one room, one map and one replay.
pub(super) struct Fixed;

fn code() -> framehouse_shared::ids::RoomCode {
    "K7QX".parse().expect("a code")
}

impl Backend for Fixed {
    async fn open_session(&self, request: JoinRequest) -> Result<SessionGrant, Refusal> {
        if matches!(request.target, JoinTarget::Code(_)) {
            return Err(JoinError::RoomFull(code()).into());
        }
        Ok(SessionGrant {
            token: vec![0, 1, 2],
            session: "2a".to_owned(),
            server: "127.0.0.1:7800".to_owned(),
            tick_rate: 30,
            protocol: "00000000000000ab".to_owned(),
            code: code(),
            resume: "c0ffee".to_owned(),
            grace_s: 12.5,
        })
    }

    async fn list_rooms(&self, filter: &RoomFilter) -> Result<Vec<ListedRoom>, Refusal> {
        Ok(filter.select(&[ListedRoom {
            code: code(),
            phase: "playing".to_owned(),
            host: "Ada".to_owned(),
            map: "a&b=ü".to_owned(),
            players: 1,
            seats: 4,
            free: 3,
            spectators: 2,
            joinable: true,
            economy: false,
        }]))
    }

    async fn list_maps(&self) -> Result<Vec<String>, Refusal> {
        Ok(vec!["basin".to_owned()])
    }

    async fn health(&self) -> Result<(), String> {
        Ok(())
    }

    async fn readiness(&self) -> Result<(), String> {
        Err("the server drains".to_owned())
    }

    async fn status(&self) -> Result<Status, Refusal> {
        Ok(Status { version: "0.1.0".to_owned(), ..Status::default() })
    }

    async fn key(&self) -> Result<PublicKey, Refusal> {
        Ok(PublicKey([0xab; 32]))
    }

    async fn open_replay(&self, match_id: MatchId) -> Result<ReplayFile, Refusal> {
        match match_id.0 {
            1 => Ok(ReplayFile { bytes: 3, body: Body::from("fhr") }),
            2 => Err(Refusal::Busy("too many at once")),
            _ => Err(Refusal::NoSuchReplay),
        }
    }
}
