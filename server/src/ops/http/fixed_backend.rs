//! A backend for tests, with fixed answers.

use std::sync::Arc;

use axum::body::Body;
use framehouse_shared::{
    api::{
        BoardEntry, BoardList, BoardName, BoardQuery, Leaderboard, ListedRoom, MatchInfo, MatchPlayer, MatchesQuery,
        PlayedMatch, PlayerInfo, PlayerMatches, PlayerSecret, Rating, RoomFilter, SessionGrant, Status,
    },
    ids::{AccountId, MatchId},
    replay::PublicKey,
};

use crate::{
    net::ws::{Opened, ThinSession, WsLink},
    ops::backend::{Backend, Granted, Refusal, ReplayFile},
    room::directory::{JoinError, JoinRequest, JoinTarget},
};

/// Resume secret of a player for whom the backend has no time.
pub(super) const BUSY_SECRET: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";

/// A backend with one room, one map and one replay, and a way to the tick thread if it has sockets.
#[derive(Default)]
pub(super) struct Fixed {
    pub sockets: Option<WsLink>,
}

fn code() -> framehouse_shared::ids::RoomCode {
    "K7QX".parse().expect("a code")
}

impl Backend for Fixed {
    async fn open_session(&self, request: JoinRequest) -> Result<Granted, Refusal> {
        match request.target {
            JoinTarget::Code(_) => return Err(JoinError::RoomFull(code()).into()),
            JoinTarget::Resume(secret) if secret.reveal() == BUSY_SECRET => return Err(Refusal::Busy("try again")),
            _ => {}
        }
        Ok(Granted::here(SessionGrant {
            token: vec![0, 1, 2],
            session: "2a".to_owned(),
            server: "127.0.0.1:7800".to_owned(),
            tick_rate: 30,
            protocol: "00000000000000ab".to_owned(),
            code: code(),
            resume: "c0ffee".to_owned(),
            grace_s: 12.5,
            player: Some(AccountId(0xad)),
        }))
    }

    fn check_newcomer(&self, _: &JoinRequest) -> Result<(), Refusal> {
        Ok(())
    }

    async fn open_socket(&self, _: Option<String>, opened: Opened) -> Result<ThinSession, Refusal> {
        Ok(self.sockets.as_ref().expect("a test of sockets has them").open(opened).await)
    }

    fn account(&self, _: PlayerSecret) -> Option<AccountId> {
        Some(AccountId(0xad))
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

    async fn list_boards(&self) -> Result<BoardList, Refusal> {
        Ok(BoardList { boards: vec![BoardName { board: "day".to_owned(), period: "2026-11-29".to_owned() }] })
    }

    async fn leaderboard(&self, board: &str, query: &BoardQuery) -> Result<Arc<Leaderboard>, Refusal> {
        if board != "day" {
            return Err(Refusal::NoSuchBoard);
        }
        let entry = BoardEntry {
            rank: query.limit().into(),
            player: query.around.unwrap_or(AccountId(0xad)),
            name: "Ada".to_owned(),
            points: -3,
            ended_unix: 1_800_000_000,
            match_id: MatchId(1),
        };
        let period = query.period.clone().unwrap_or_else(|| "2026-11-29".to_owned());
        Ok(Arc::new(Leaderboard { board: board.to_owned(), period, entries: vec![entry] }))
    }

    async fn player(&self, id: AccountId) -> Result<PlayerInfo, Refusal> {
        match id.0 {
            0xad => Ok(PlayerInfo {
                player: id,
                name: "Ada".to_owned(),
                first_seen_unix: 1,
                last_seen_unix: 2,
                matches: 3,
                best: 4,
                rating: Some(Rating { mu: 25.5, sigma: 8.0 }),
            }),
            0xbb => Err(Refusal::StoreAway),
            _ => Err(Refusal::NoSuchPlayer),
        }
    }

    async fn matches_of(&self, _: AccountId, query: &MatchesQuery) -> Result<PlayerMatches, Refusal> {
        let played = PlayedMatch {
            match_id: query.before.unwrap_or(MatchId(1)),
            game: "arena".to_owned(),
            map: "basin".to_owned(),
            ended_unix: 1_800_000_000,
            has_replay: true,
            rank: query.limit(),
            players: 4,
            points: 7,
            outcome: "finished".to_owned(),
        };
        Ok(PlayerMatches { matches: vec![played] })
    }

    async fn match_info(&self, id: MatchId) -> Result<MatchInfo, Refusal> {
        let player = MatchPlayer {
            player: AccountId(0xad),
            name: "Ada".to_owned(),
            seat: 0,
            rank: 1,
            points: 7,
            detail: "0".repeat(32),
            since_tick: 9,
            outcome: "left".to_owned(),
            curve: vec![(0, 0), (9, 7)],
        };
        Ok(MatchInfo {
            match_id: id,
            game: "arena".to_owned(),
            map: "basin".to_owned(),
            rules_hash: "0000000000000001".to_owned(),
            build: None,
            tick_rate: 30,
            ticks: 3600,
            started_unix: 1,
            ended_unix: 121,
            ended: "time_up".to_owned(),
            replay: Some(format!("/v1/replays/{id}")),
            proof: "waiting".to_owned(),
            players: vec![player],
        })
    }
}
