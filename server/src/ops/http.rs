//! The HTTP gateway: a router over a [`Backend`], on a thread of its own.
//!
//! ```text
//! listener.rs     connections: number and duration
//! router.rs       paths and their handlers
//! sessions.rs     POST /v1/sessions: from the request body to a join request
//! rate_limit.rs   rate limit of join requests per address
//! errors.rs       refusals as HTTP responses
//! ```

mod errors;
mod listener;
mod rate_limit;
mod router;
mod sessions;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    thread,
};

use super::backend::Backend;

/// Binds the gateway's address. Separate from [`serve`], so that a port in use is reported before anything else starts.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the gateway on a thread of its own, until the process ends. Each IP address may send `joins_per_s` join
/// requests per second.
///
/// # Errors
/// When the thread or its runtime cannot be started.
pub fn serve(listener: TcpListener, backend: impl Backend, joins_per_s: f32) -> io::Result<()> {
    let router = router::router(backend, joins_per_s);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("gateway".to_owned()).spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is bound and non-blocking");
            listener::accept_connections(listener, router).await;
        });
    })?;
    Ok(())
}
