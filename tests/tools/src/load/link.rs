//! Sockets with a given source address.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use framehouse_client::net::Link;
use socket2::{Domain, Socket, Type};

/// The most time to connect. The server is on this machine.
const CONNECT_TIME_MAX: Duration = Duration::from_millis(500);

/// A TCP connection from this address.
pub(crate) fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&to.into(), CONNECT_TIME_MAX)?;
    Ok(socket)
}

/// A UDP socket of this address that communicates with one server only, and never blocks.
pub(crate) struct BoundLink(UdpSocket);

impl BoundLink {
    pub fn new(from: Ipv4Addr, to: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((from, 0))?;
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }
}

impl Link for BoundLink {
    fn send(&mut self, _now: Duration, datagram: &[u8]) {
        // A datagram that the kernel refuses is lost.
        drop(self.0.send(datagram));
    }

    fn receive(&mut self, _now: Duration, buffer: &mut [u8]) -> Option<usize> {
        self.0.recv(buffer).ok()
    }
}
