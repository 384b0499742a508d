//! A TCP proxy before the server's HTTP port. A killed process frees its ports; a killed server in this process
//! cannot. So clients connect to a proxy, which can be shut and can lead to another server.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// The proxy.
pub(super) struct Proxy {
    address: SocketAddr,
    state: Arc<ProxyState>,
}

#[derive(Default)]
struct ProxyState {
    leads_to: Mutex<Option<SocketAddr>>,
    is_over: AtomicBool,
}

impl Proxy {
    /// A proxy that is shut.
    pub fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, state) = (listener.local_addr()?, Arc::<ProxyState>::default());
        let keeper = Arc::clone(&state);
        thread::spawn(move || keeper.keep(&listener));
        Ok(Self { address, state })
    }

    /// The address that clients connect to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the server that clients reach through it; none shuts the proxy.
    pub fn lead_to(&self, server: Option<SocketAddr>) {
        *self.state.leads_to.lock().expect("nothing panics while holding this lock") = server;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // The thread waits for the next connection.
        drop(TcpStream::connect(self.address));
    }
}

impl ProxyState {
    fn keep(&self, listener: &TcpListener) {
        while let Ok((client, _)) = listener.accept() {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let server = *self.leads_to.lock().expect("nothing panics while holding this lock");
            // A broken connection is closed without a reason.
            drop(server.map(|server| pass_on(client, server)));
        }
    }
}

fn pass_on(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let copied = io::copy(&mut from, &mut to);
            copied.and_then(|_| to.shutdown(Shutdown::Write))
        });
    }
    Ok(())
}
