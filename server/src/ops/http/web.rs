//! Files for browsers.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use framehouse_shared::api::code;

use super::{errors::error, router::Gateway};
use crate::ops::backend::Backend;

/// `GET /web/view.js`: the game's module, which draws the view frames of its rooms and makes inputs.
pub(super) async fn send_view_module<B: Backend>(State(gateway): State<Arc<Gateway<B>>>) -> Response {
    match gateway.view_module {
        Some(module) => ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], module).into_response(),
        None => error(StatusCode::NOT_FOUND, code::NOT_FOUND, "this game has no view for browsers"),
    }
}
