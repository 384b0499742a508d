//! The control socket of the running server, served by a thread of its own.

use std::{
    net::SocketAddr,
    path::Path,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use crate::{
    control::{self, ControlRequest, NodeReport},
    fleet::node::NodeProgress,
    ops::status::StatusBoard,
    room::drain::MoveOut,
    threads,
};

/// Pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// What a report is made from.
pub(super) struct Control {
    /// The status page and the heartbeat.
    pub board: StatusBoard,
    /// Whether the server moves out.
    pub move_out: MoveOut,
    /// Whether a signal has told the server to stop.
    pub stop: Arc<AtomicBool>,
    /// Address of the HTTP gateway.
    pub http: SocketAddr,
    /// What clients must have too.
    pub class: String,
    /// Whether the fleet knows the server; nothing for a server of its own.
    pub fleet: Option<NodeProgress>,
}

impl Control {
    /// Serves the socket in this locked data folder. Without it, as on a disk that takes no sockets, the server can do
    /// everything but serve under a manager.
    pub fn serve(self: &Arc<Self>, data_dir: &Path) {
        let control = Arc::clone(self);
        let served = control::bind(data_dir).and_then(|listener| {
            threads::spawn("control", move || {
                for stream in listener.incoming() {
                    let answered =
                        stream.and_then(|stream| control::answer(&stream, |request| control.carry_out(request)));
                    if let Err(error) = answered {
                        tracing::debug!("a request on the control socket failed: {error}");
                        thread::sleep(PAUSE);
                    }
                }
            })
        });
        if let Err(error) = served {
            tracing::warn!(
                "there is no control socket in the data folder, so no manager can watch this server: {error}"
            );
        }
    }

    fn carry_out(&self, request: ControlRequest) -> NodeReport {
        match request {
            ControlRequest::Report => {}
            ControlRequest::MoveOut => self.move_out.want(true),
            ControlRequest::TakePlayers => self.move_out.want(false),
        }
        self.report()
    }

    /// How the server does.
    pub fn report(&self) -> NodeReport {
        let page = self.board.page();
        let status = &page.status;
        NodeReport {
            pid: process::id(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            class: self.class.clone(),
            http: self.http,
            silence_ms: self.board.heartbeat().silence().map(|silence| silence.as_millis() as u64),
            accepting: status.accepting,
            draining: status.draining.is_some(),
            told_to_stop: self.stop.load(Relaxed),
            stopping: self.board.is_stopping(),
            registered: self.fleet.as_ref().map(NodeProgress::is_registered),
            rooms: status.rooms,
            matches: status.rooms - status.rooms_by_phase.lobby,
            sessions: status.sessions,
        }
    }
}
