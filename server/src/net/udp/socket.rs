//! Sockets of a UDP endpoint: the [`Datagrams`] trait and the real UDP socket.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
};

use framehouse_shared::protocol::guard::UDP_IP_BYTES;
use socket2::{Domain, Protocol, Socket, Type};

/// Requested size of the receive buffer, in bytes. With the usual 208 KiB, 82 % of the inputs of 1000 clients were
/// lost.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// A non-blocking datagram socket.
pub trait Datagrams: Send + Sync {
    /// Reads the next datagram into `buffer`. Returns its length and sender, or `None` if there is none.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)>;
    /// Sends a datagram. It is dropped if the network cannot take it now.
    fn send(&mut self, datagram: &[u8], to: SocketAddr);
}

/// A non-blocking UDP socket.
pub struct UdpDatagrams {
    socket: UdpSocket,
    address: SocketAddr,
}

impl UdpDatagrams {
    /// Binds a socket with a large receive buffer.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        socket.bind(&address.into())?;
        // Linux reports twice the size it grants.
        let given = socket.recv_buffer_size()? / 2;
        if given < RECEIVE_BUFFER_BYTES {
            tracing::debug!(given, asked = RECEIVE_BUFFER_BYTES, "small receive buffer");
        }
        let socket: UdpSocket = socket.into();
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The address that the socket is bound to.
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the kernel granted the full receive buffer.
    pub fn has_full_buffer(&self) -> bool {
        socket2::SockRef::from(&self.socket).recv_buffer_size().is_ok_and(|size| size / 2 >= RECEIVE_BUFFER_BYTES)
    }
}

impl Datagrams for UdpDatagrams {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        // An error is an ICMP reply to an earlier send: read the next datagram.
        for _ in 0..8 {
            match self.socket.recv_from(buffer) {
                Ok(received) => return Some(received),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => {}
            }
        }
        None
    }

    fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        let _ = self.socket.send_to(datagram, to);
    }
}

/// A socket with counters of sent data. Separate from netcode, whose buffer is borrowed while sending.
pub(super) struct CountedSocket {
    socket: Box<dyn Datagrams>,
    packets_out: u64,
    bytes_out: u64,
}

impl CountedSocket {
    pub(super) fn new(socket: Box<dyn Datagrams>) -> Self {
        Self { socket, packets_out: 0, bytes_out: 0 }
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.socket.receive(buffer)
    }

    pub(super) fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        self.packets_out += 1;
        self.bytes_out += datagram.len() as u64 + UDP_IP_BYTES;
        self.socket.send(datagram, to);
    }

    /// Number of datagrams and bytes sent.
    pub(super) const fn sent(&self) -> (u64, u64) {
        (self.packets_out, self.bytes_out)
    }
}
