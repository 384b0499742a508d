//! Pages for browsers, and their files: the live page `GET /`, a room `GET /r/{code}`, `GET /web/{file}`. All are part of the
//! program.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::{
    api::{ErrorBody, code, ws::VIEW_MODULE_PATH},
    ids::RoomCode,
};

use super::{
    asking::{Asking, Refused},
    documented::Refusals,
    errors::error,
    router::Gateway,
};
use crate::ops::backend::Backend;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const PAGE: &str = include_str!("../../../assets/web/page.html");
const LIVE: &str = include_str!("../../../assets/web/live.html");
/// The file that pages of other sites may import, if their requests are let through to it.
const LIBRARY: &str = "framehouse.js";
/// Files of the pages: name, type, content. The game's module is beside them.
const FILES: [(&str, &str, &str); 8] = [
    ("live.css", CSS, include_str!("../../../assets/web/live.css")),
    ("live.js", JAVASCRIPT, include_str!("../../../assets/web/live.js")),
    ("live-room.js", JAVASCRIPT, include_str!("../../../assets/web/live-room.js")),
    ("page.css", CSS, include_str!("../../../assets/web/page.css")),
    ("page.js", JAVASCRIPT, include_str!("../../../assets/web/page.js")),
    ("stage.js", JAVASCRIPT, include_str!("../../../assets/web/stage.js")),
    ("words.js", JAVASCRIPT, include_str!("../../../assets/web/words.js")),
    (LIBRARY, JAVASCRIPT, include_str!("../../../assets/web/framehouse.js")),
];

/// The page loads nothing from elsewhere, runs no code but these files, and is in no frame of another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The live page: rooms, ticks, traffic and alerts of this server, for its operator. That of a gateway shows its nodes.
///
/// On this machine everybody may see it; elsewhere the browser asks for a password, which is the admin token.
#[utoipa::path(
    get, path = "/", tag = "browsers",
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "`unauthorized`: the token is missing or wrong", body = ErrorBody),
        Refusals,
        (status = 403, description = "`foreign_origin`; `unauthorized`: the token would be readable on the way", body = ErrorBody),
        (status = 404, description = "`not_found`: this server has no admin token", body = ErrorBody)
    )
)]
pub(super) async fn show_live<B: Backend>(
    State(gateway): State<Arc<Gateway<B>>>,
    asking: Asking,
) -> Result<Response, Refused> {
    gateway.viewer(&asking)?;
    Ok(file(HTML, LIVE))
}

/// The page of a room, to watch and play in a browser.
///
/// The page finds out by itself whether there is such a room.
#[utoipa::path(
    get, path = "/r/{code}", tag = "browsers",
    params(("code" = RoomCode, Path, description = "Code of the room")),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, description = "`not_found`: this game has no view for browsers", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn show_page<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    if gateway.view_module.is_some() { file(HTML, PAGE) } else { no_view() }
}

/// The game's module for browsers, which draws the view frames of its rooms and makes inputs.
#[utoipa::path(
    get, path = VIEW_MODULE_PATH, tag = "browsers",
    responses(
        (status = 200, description = "The module", content_type = "text/javascript", body = String),
        (status = 404, description = "`not_found`: this game has no view for browsers", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn send_view_module<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    gateway.view_module.map_or_else(no_view, |module| file(JAVASCRIPT, module))
}

fn no_view() -> Response {
    error(StatusCode::NOT_FOUND, code::NOT_FOUND, "this game has no view for browsers")
}

/// A file of the page of a room.
#[utoipa::path(
    get, path = "/web/{file}", tag = "browsers",
    params(("file" = String, Path, description = "Name of the file, as in the page")),
    responses(
        (status = 200, description = "The file: JavaScript or CSS", content_type = "text/javascript", body = String),
        (status = 404, description = "`not_found`: the page has no such file", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn send_file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        // Browsers import no module from another site that does not allow it by this header.
        Some((LIBRARY, kind, content)) => {
            ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], file(kind, content)).into_response()
        }
        Some((_, kind, content)) => file(kind, content),
        None => error(StatusCode::NOT_FOUND, code::NOT_FOUND, "the web page has no such file"),
    }
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // After an update of the server an old file would not fit to the new ones.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_name_only_their_own_files() {
        let names =
            |page: &'static str| page.match_indices("web/").filter_map(|(at, _)| page[at + 4..].split('"').next());
        let named: Vec<&str> = names(PAGE).chain(names(LIVE)).collect();
        assert!(["page.js", "page.css", "live.js", "live.css"].iter().all(|file| named.contains(file)), "{named:?}");
        for name in named.into_iter().filter(|name| *name != "view.js") {
            assert!(FILES.iter().any(|(known, ..)| *known == name), "{name}");
        }
        let all = FILES.iter().map(|(_, _, content)| *content).chain([PAGE, LIVE]);
        assert!(!all.into_iter().any(|content| content.contains("//cdn") || content.contains("src=\"http")));
    }

    #[tokio::test]
    async fn pages_of_other_sites_may_import_the_library_and_nothing_else() {
        for (name, ..) in FILES {
            let response = send_file(Path(name.to_owned())).await;
            let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(allowed.is_some_and(|origins| origins == "*"), name == "framehouse.js", "{name}");
        }
    }
}
