//! The socket of a gateway to this node, which carries the session of one member; see [`relay`](crate::net::ws::relay).

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Bytes,
    extract::{WebSocketUpgrade, ws::WebSocket},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use framehouse_shared::api::ws::Encoding;
use futures_util::StreamExt;
use tokio::{sync::Semaphore, time::timeout};

use super::{
    configured,
    end::End,
    member::{Frame, Member, Stream},
    socket::AUTH_TIME_MAX,
};
use crate::net::ws::{WsLink, relay::Attach};

/// The sockets of gateways to this node.
#[derive(Clone)]
pub struct RelayedSockets {
    link: WsLink,
    places: Arc<Semaphore>,
}

impl RelayedSockets {
    /// None yet, at most `sockets_max`, with this way to the tick thread.
    pub fn new(link: WsLink, sockets_max: u32) -> Self {
        Self { link, places: Arc::new(Semaphore::new(sockets_max as usize)) }
    }

    /// Opens one for a gateway, which has shown that it is one.
    pub(crate) fn open(&self, upgrade: WebSocketUpgrade) -> Response {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let link = self.link.clone();
        configured(upgrade).on_upgrade(move |socket| async move {
            serve(socket, link).await;
            drop(place);
        })
    }
}

/// Serves a socket to its end.
async fn serve(socket: WebSocket, link: WsLink) {
    let member = Member::new(End::of_relayed);
    // Its frames are binary, whatever the messages in them are.
    member.decide_encoding(Encoding::MessagePack);
    let (mut sink, mut stream) = socket.split();
    let read = async {
        match read_all(&mut stream, &member, &link).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    };
    let end = member.run(&mut sink, read).await;
    member.close(&mut sink, &mut stream, end).await;
}

async fn read_all(stream: &mut Stream, member: &Member, link: &WsLink) -> Result<Infallible, End> {
    let first = timeout(AUTH_TIME_MAX, next(stream, member)).await;
    let first = first.map_err(|_| End::Unauthenticated("you did not say whose session this is"))??;
    let attach = serde_json::from_slice::<Attach>(&first).ok();
    let attach = attach.ok_or_else(|| End::Refused("the first frame has to say whose session this is".to_owned()))?;
    let encoding = attach.encoding();
    let session = link.open(attach.opened(Arc::clone(&member.outbox))).await;
    member.begin(session.clone());
    loop {
        let bytes = next(stream, member).await?;
        let message = encoding.decode(&bytes).ok();
        session.send(bytes, message).await;
    }
}

/// The bytes of the next message. The gateway has charged its member for it.
async fn next(stream: &mut Stream, member: &Member) -> Result<Bytes, End> {
    loop {
        if let Frame::Message(_, bytes) = member.next_frame(stream).await? {
            return Ok(bytes);
        }
    }
}
