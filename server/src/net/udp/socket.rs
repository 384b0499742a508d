//! Sockets of a UDP endpoint: the [`Datagrams`] trait and the real UDP socket.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr, UdpSocket},
};

use framehouse_shared::protocol::guard::UDP_IP_BYTES;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

/// Requested size of the receive buffer, in bytes. With the usual 208 KiB, 82 % of the inputs of 1000 clients were
/// lost.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// Number of buffers that one system call fills.
const BATCH: usize = 8;
/// Size of each buffer, in bytes: the kernel may join datagrams of one sender in it.
const BATCH_BUFFER_BYTES: usize = 64 << 10;

/// Both ends of the datagrams between two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Address of the other machine.
    pub remote: SocketAddr,
    /// Address of this machine that the other one sends to, if the socket knows it. Answers must leave from it: the
    /// other machine, or a NAT before it, drops what comes from another one.
    pub local: Option<IpAddr>,
}

impl From<SocketAddr> for Route {
    fn from(remote: SocketAddr) -> Self {
        Self { remote, local: None }
    }
}

/// A non-blocking datagram socket.
pub trait Datagrams: Send + Sync {
    /// Reads the next datagram into `buffer`. Returns its length, at most that of the buffer, and its route; `None` if
    /// there is none.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)>;
    /// Sends a datagram back on a route. It is dropped if the network cannot take it now.
    fn send(&mut self, datagram: &[u8], route: Route);
}

/// A non-blocking UDP socket, which knows to which of the machine's addresses a datagram was sent.
pub struct UdpDatagrams {
    socket: UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
    received: Received,
}

impl UdpDatagrams {
    /// Binds a socket with a large receive buffer. Bound to `[::]`, it serves IPv4 too.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        // Linux reports twice the size it grants.
        let given = socket.recv_buffer_size()? / 2;
        if given < RECEIVE_BUFFER_BYTES {
            tracing::debug!(given, asked = RECEIVE_BUFFER_BYTES, "small receive buffer");
        }
        let socket: UdpSocket = socket.into();
        // It also forbids fragments: no datagram of ours is longer than 1280 bytes, which every path takes.
        let state = UdpSocketState::new((&socket).into())?;
        let address = socket.local_addr()?;
        Ok(Self { socket, state, address, received: Received::new() })
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
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        // An error is an ICMP reply to an earlier send: read the next datagram.
        for _ in 0..8 {
            if let Some(next) = self.received.next(buffer) {
                return Some(next);
            }
            match self.received.fill(&self.socket, &self.state) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => {}
            }
        }
        None
    }

    fn send(&mut self, datagram: &[u8], route: Route) {
        let Route { remote, local } = route;
        let transmit =
            Transmit { destination: remote, ecn: None, contents: datagram, segment_size: None, src_ip: local };
        let _ = self.state.try_send((&self.socket).into(), &transmit);
    }
}

/// Datagrams of one system call, taken one by one.
struct Received {
    bytes: Box<[u8]>,
    metas: [RecvMeta; BATCH],
    /// Number of filled buffers.
    count: usize,
    /// The next buffer, and the next byte in it.
    place: (usize, usize),
}

impl Received {
    fn new() -> Self {
        let bytes = vec![0; BATCH * BATCH_BUFFER_BYTES].into();
        Self { bytes, metas: [RecvMeta::default(); BATCH], count: 0, place: (0, 0) }
    }

    fn fill(&mut self, socket: &UdpSocket, state: &UdpSocketState) -> io::Result<()> {
        (self.count, self.place) = (0, (0, 0));
        let mut rest = &mut *self.bytes;
        let mut buffers: [IoSliceMut; BATCH] = std::array::from_fn(|_| {
            let (buffer, after) = std::mem::take(&mut rest).split_at_mut(BATCH_BUFFER_BYTES);
            rest = after;
            IoSliceMut::new(buffer)
        });
        self.count = state.recv(socket.into(), &mut buffers, &mut self.metas)?;
        Ok(())
    }

    /// Copies the next datagram. A buffer holds several of the same length, of which the last one may be shorter.
    fn next(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        let (index, start) = self.place;
        let meta = self.metas[..self.count].get(index)?;
        let end = (start + meta.stride.max(1)).min(meta.len);
        let datagram = &self.bytes[index * BATCH_BUFFER_BYTES..][start..end];
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        self.place = if end < meta.len { (index, end) } else { (index + 1, 0) };
        Some((length, Route { remote: meta.addr, local: meta.dst_ip }))
    }
}

/// A socket with counters of sent data.
pub(super) struct CountedSocket {
    socket: Box<dyn Datagrams>,
    packets_out: u64,
    bytes_out: u64,
}

impl CountedSocket {
    pub(super) fn new(socket: Box<dyn Datagrams>) -> Self {
        Self { socket, packets_out: 0, bytes_out: 0 }
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Route)> {
        self.socket.receive(buffer)
    }

    pub(super) fn send(&mut self, datagram: &[u8], route: Route) {
        self.packets_out += 1;
        self.bytes_out += datagram.len() as u64 + UDP_IP_BYTES;
        self.socket.send(datagram, route);
    }

    /// Number of datagrams and bytes sent.
    pub(super) const fn sent(&self) -> (u64, u64) {
        (self.packets_out, self.bytes_out)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Waits for the next datagram; a datagram on loopback arrives soon.
    fn receive(socket: &mut UdpDatagrams) -> (Vec<u8>, Route) {
        let (mut buffer, end) = ([0; 2000], Instant::now() + Duration::from_secs(20));
        loop {
            if let Some((length, route)) = socket.receive(&mut buffer) {
                return (buffer[..length].to_vec(), route);
            }
            assert!(Instant::now() < end, "no datagram arrived");
            std::thread::yield_now();
        }
    }

    /// A client that hears only the address that it sends to, as every client of ours.
    fn connected(server: &str, port: u16) -> UdpSocket {
        let server: IpAddr = server.parse().expect("an address");
        let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let client = UdpSocket::bind(any).expect("a free port");
        client.connect((server, port)).expect("a way to this machine");
        client.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        client
    }

    fn talks_to(server: &mut UdpDatagrams, address: &str) {
        let client = connected(address, server.local_address().port());
        client.send(b"question").expect("it is sent");
        let (question, route) = receive(server);
        assert_eq!(question, b"question");
        assert_eq!(route.local.map(|local| local.to_canonical()), address.parse().ok());
        server.send(b"answer", route);
        let mut answer = [0; 9];
        let length = client.recv(&mut answer).expect("an answer from the address that was asked");
        assert_eq!(&answer[..length], b"answer");
    }

    #[test]
    fn answers_leave_from_the_address_they_were_sent_to() {
        let mut server = UdpDatagrams::bind("0.0.0.0:0".parse().expect("an address")).expect("a free port");
        for address in ["127.0.0.1", "127.0.0.2", "127.9.9.9"] {
            talks_to(&mut server, address);
        }
    }

    #[test]
    fn one_socket_serves_both_kinds_of_addresses() {
        // A machine without IPv6 has nothing to serve.
        let Ok(mut server) = UdpDatagrams::bind("[::]:0".parse().expect("an address")) else { return };
        for address in ["127.0.0.2", "::1", "127.0.0.1"] {
            talks_to(&mut server, address);
        }
    }

    #[test]
    fn datagrams_that_the_kernel_joined_come_out_one_by_one() {
        let mut server = UdpDatagrams::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let client = connected("127.0.0.1", server.local_address().port());
        let state = UdpSocketState::new((&client).into()).expect("a socket");
        let sent: Vec<u8> = (0..10).flat_map(|n| [n; 100]).chain([10; 50]).collect();
        let destination = server.local_address();
        let transmit = Transmit { destination, ecn: None, contents: &sent, segment_size: Some(100), src_ip: None };
        if state.try_send((&client).into(), &transmit).is_err() {
            // No offload here: one by one.
            for datagram in sent.chunks(100) {
                client.send(datagram).expect("it is sent");
            }
        }
        for n in 0..10 {
            assert_eq!(receive(&mut server).0, [n; 100]);
        }
        assert_eq!(receive(&mut server).0, [10; 50]);
    }
}
