//! `GET /v1/leaderboards`, `/v1/players` and `/v1/matches`: from paths and queries to questions.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{BoardList, BoardQuery, ErrorBody, Leaderboard, MatchInfo, MatchesQuery, PlayerInfo, PlayerMatches, code},
    ids::{AccountId, MatchId},
};

use super::{
    documented::Refusals,
    errors::error,
    router::{Gateway, answer},
};
use crate::ops::backend::{Backend, Refusal};

type Shared<B> = State<Arc<Gateway<B>>>;
type Asked<T> = Result<Query<T>, QueryRejection>;

/// The leaderboards: `all`, `day`, `week`, and one for each map that was played.
#[utoipa::path(
    get, path = "/v1/leaderboards", tag = "leaderboards",
    responses(
        (status = 200, description = "Names and current periods", body = BoardList),
        (status = 404, description = "`not_found`: this server keeps no leaderboards", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn list_boards<B: Backend>(State(gateway): Shared<B>) -> Response {
    answer(gateway.backend.list_boards().await)
}

/// The best entry of each player: the first ones, or those around a player.
#[utoipa::path(
    get, path = "/v1/leaderboards/{board}", tag = "leaderboards",
    params(("board" = String, Path, description = "`all`, `day`, `week` or `map:NAME`"), BoardQuery),
    responses(
        (status = 200, description = "Entries by rank", body = Leaderboard),
        (
            status = 404, body = ErrorBody,
            description = "`no_such_board`: no board has this name or period; `no_such_player`: `around` has no entry"
        ),
        Refusals
    )
)]
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

/// A player, as of its last stored match.
#[utoipa::path(
    get, path = "/v1/players/{id}", tag = "players",
    params(("id" = AccountId, Path, description = "Lasting id of the player")),
    responses(
        (status = 200, description = "The player", body = PlayerInfo),
        (status = 404, description = "`no_such_player`: no match of this player is stored", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn show_player<B: Backend>(State(gateway): Shared<B>, Path(id): Path<String>) -> Response {
    match parse::<AccountId>(&id, Refusal::NoSuchPlayer) {
        Ok(id) => answer(gateway.backend.player(id).await),
        Err(refusal) => refusal.into_response(),
    }
}

/// A player's matches, newest first.
#[utoipa::path(
    get, path = "/v1/players/{id}/matches", tag = "players",
    params(("id" = AccountId, Path, description = "Lasting id of the player"), MatchesQuery),
    responses(
        (status = 200, description = "A page of matches; empty behind the last one", body = PlayerMatches),
        (
            status = 404, body = ErrorBody,
            description = "`no_such_player`: no match of this player is stored; `no_such_match`: `before` is none"
        ),
        Refusals
    )
)]
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

/// A match with its ranking and score curves.
#[utoipa::path(
    get, path = "/v1/matches/{id}", tag = "matches",
    params(("id" = MatchId, Path, description = "Id of the match")),
    responses(
        (status = 200, description = "The match", body = MatchInfo),
        (status = 404, description = "`no_such_match`: there is none, or it is not stored yet", body = ErrorBody),
        Refusals
    )
)]
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
