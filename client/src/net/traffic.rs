//! Traffic counters of a link.

use std::ops::{AddAssign, Sub};

use framehouse_shared::protocol::guard::UDP_IP_BYTES;
use serde::{Deserialize, Serialize};

/// Datagrams and their bytes in both directions, including 28 bytes of IP and UDP headers each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes to the server.
    pub up_bytes: u64,
    /// Datagrams to the server.
    pub up_packets: u64,
    /// Bytes from the server.
    pub down_bytes: u64,
    /// Datagrams from the server.
    pub down_packets: u64,
}

impl Traffic {
    /// Counts a datagram to the server.
    pub(super) const fn count_up(&mut self, datagram_bytes: usize) {
        self.up_bytes += datagram_bytes as u64 + UDP_IP_BYTES;
        self.up_packets += 1;
    }

    /// Counts a datagram from the server.
    pub(super) const fn count_down(&mut self, datagram_bytes: usize) {
        self.down_bytes += datagram_bytes as u64 + UDP_IP_BYTES;
        self.down_packets += 1;
    }
}

impl Sub for Traffic {
    type Output = Self;
    fn sub(self, earlier: Self) -> Self {
        Self {
            up_bytes: self.up_bytes - earlier.up_bytes,
            up_packets: self.up_packets - earlier.up_packets,
            down_bytes: self.down_bytes - earlier.down_bytes,
            down_packets: self.down_packets - earlier.down_packets,
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, more: Self) {
        self.up_bytes += more.up_bytes;
        self.up_packets += more.up_packets;
        self.down_bytes += more.down_bytes;
        self.down_packets += more.down_packets;
    }
}
