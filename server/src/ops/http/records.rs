//! `GET /v1/leaderboards`, `/v1/players` and `/v1/matches`: from paths and queries to questions.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{BoardQuery, MatchesQuery, code},
    ids::{AccountId, MatchId},
};

use super::{
    errors::error,
    router::{Gateway, answer},
};
use crate::ops::backend::{Backend, Refusal};

type Shared<B> = State<Arc<Gateway<B>>>;
type Asked<T> = Result<Query<T>, QueryRejection>;

/// `GET /v1/leaderboards`: the boards.
pub(super) async fn list_boards<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.list_boards().await)
}

/// `GET /v1/leaderboards/{board}`: the first entries, or those around a player.
pub(super) async fn show_board<B: Backend>(
    State(gateway): Shared<B>,
    Path(board): Path<String>,
    query: Asked<BoardQuery>,
) -> Response {
    match query {
        Ok(Query(query)) => {
            answer(gateway.backend.leaderboard(&board, &query).await.map(|page| serde_json::json!(*page)))
        }
        Err(rejection) => bad_query("a leaderboard takes period, limit and around", &rejection),
    }
}

/// `GET /v1/players/{id}`: a player.
pub(super) async fn show_player<B: Backend>(State(gateway): Shared<B>, Path(id): Path<String>) -> Response {
    match parse::<AccountId>(&id, Refusal::NoSuchPlayer) {
        Ok(id) => answer(gateway.backend.player(id).await),
        Err(refusal) => refusal.into_response(),
    }
}

/// `GET /v1/players/{id}/matches`: a player's matches, newest first.
pub(super) async fn list_matches<B: Backend>(
    State(gateway): Shared<B>,
    Path(id): Path<String>,
    query: Asked<MatchesQuery>,
) -> Response {
    match (parse::<AccountId>(&id, Refusal::NoSuchPlayer), query) {
        (Ok(id), Ok(Query(query))) => answer(gateway.backend.matches_of(id, &query).await),
        (Err(refusal), _) => refusal.into_response(),
        (_, Err(rejection)) => bad_query("matches take before and limit", &rejection),
    }
}

/// `GET /v1/matches/{id}`: a match with its ranking and curves.
pub(super) async fn show_match<B: Backend>(State(gateway): Shared<B>, Path(id): Path<String>) -> Response {
    match parse::<MatchId>(&id, Refusal::NoSuchMatch) {
        Ok(id) => answer(gateway.backend.match_info(id).await),
        Err(refusal) => refusal.into_response(),
    }
}

/// What is no id belongs to nothing.
fn parse<Id: FromStr>(text: &str, refusal: Refusal) -> Result<Id, Refusal> {
    text.parse().map_err(|_| refusal)
}

fn bad_query(takes: &str, rejection: &QueryRejection) -> Response {
    error(StatusCode::BAD_REQUEST, code::BAD_REQUEST, &format!("{takes} ({})", rejection.body_text()))
}
