//! Validation of datagrams before they reach renet or netcode. Both ends use it.
//!
//! A single datagram can make renetcode 2.0.0 and renet 2.0.1 panic (a short body, a sequence number near the maximum,
//! a slice index out of range), even from a spoofed address. Such datagrams are dropped and counted here, and never
//! logged one by one.

/// Maximum size of a netcode datagram, in bytes.
pub const DATAGRAM_BYTES_MAX: usize = 1400;
/// Minimum size of a netcode datagram, in bytes: prefix, one byte of sequence number, MAC.
pub const DATAGRAM_BYTES_MIN: usize = 18;
/// Size of the IPv4 and UDP headers of a datagram, in bytes; traffic counters include them.
pub const UDP_IP_BYTES: u64 = 28;
/// Maximum number of reliable messages in one packet. The batching in `channel.rs` keeps senders below it.
pub const RELIABLE_MESSAGES_MAX: u16 = 64;
/// Maximum distance of a reliable message's id from the next expected one. While one message is missing, a sender that
/// batches as `channel.rs` does is at most 32 small and 131 full batches ahead; more would only fill the receiver's
/// memory.
pub const MESSAGE_WINDOW: u64 = 192;

const MAC_BYTES: usize = 16;
const REQUEST_BYTES: usize = 1078;
const CHALLENGE_BYTES: usize = 308;
const SEQUENCE_BYTES_MAX: usize = 7;

/// Kind of a netcode packet: the low four bits of its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// Connection request of a client, with its token.
    Request,
    /// The server is full.
    Denied,
    /// The server asks the client to prove that its address is real.
    Challenge,
    /// The client's proof.
    Response,
    /// Keeps the connection alive; no content.
    KeepAlive,
    /// Payload for the layers above.
    Payload,
    /// End of the connection.
    Disconnect,
}

/// Reason for dropping a datagram or a payload. Counted by reason in `/v1/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Shorter or longer than any packet of the protocol.
    Size,
    /// Unknown packet kind, or not a kind that this end receives.
    Kind,
    /// A length or field that this kind of packet cannot have.
    Shape,
    /// A packet that needs a connection, from an unknown address; or a request from a connected address.
    Address,
    /// Rejected by netcode: wrong key, replayed, or expired.
    Unauthentic,
    /// The payload is neither an unreliable datagram nor a well-formed reliable packet.
    Payload,
    /// The peer exceeded its budget.
    Budget,
    /// A library panicked while handling it.
    Panic,
}

impl Dropped {
    /// All reasons, in the order of their indices in [`DropCounts`].
    pub const ALL: [Self; 8] = [
        Self::Size,
        Self::Kind,
        Self::Shape,
        Self::Address,
        Self::Unauthentic,
        Self::Payload,
        Self::Budget,
        Self::Panic,
    ];

    /// Name of the reason in `/v1/status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Kind => "kind",
            Self::Shape => "shape",
            Self::Address => "address",
            Self::Unauthentic => "unauthentic",
            Self::Payload => "payload",
            Self::Budget => "budget",
            Self::Panic => "panic",
        }
    }
}

/// Number of dropped datagrams, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DropCounts([u64; Dropped::ALL.len()]);

impl DropCounts {
    /// Counts one dropped datagram.
    pub fn count(&mut self, reason: Dropped) {
        self.0[reason as usize] += 1;
    }

    /// Number of datagrams dropped for this reason.
    pub fn of(&self, reason: Dropped) -> u64 {
        self.0[reason as usize]
    }

    /// Number of dropped datagrams, for any reason.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds the numbers of another counter.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }
}

/// Validates a datagram that a server received.
///
/// # Errors
/// When it must not reach netcode.
pub fn check_at_server(datagram: &[u8]) -> Result<PacketKind, Dropped> {
    let (kind, body) = split(datagram)?;
    let fits = match kind {
        PacketKind::Request => datagram[0] == 0 && datagram.len() == REQUEST_BYTES,
        PacketKind::Response => body == CHALLENGE_BYTES,
        PacketKind::KeepAlive => body == 8,
        PacketKind::Payload => body >= 1,
        PacketKind::Disconnect => body == 0,
        PacketKind::Denied | PacketKind::Challenge => return Err(Dropped::Kind),
    };
    if fits { Ok(kind) } else { Err(Dropped::Shape) }
}

/// Validates a datagram that a client received.
///
/// # Errors
/// When it must not reach netcode.
pub fn check_at_client(datagram: &[u8]) -> Result<PacketKind, Dropped> {
    let (kind, body) = split(datagram)?;
    let fits = match kind {
        PacketKind::Denied | PacketKind::Disconnect => body == 0,
        PacketKind::Challenge => body == CHALLENGE_BYTES,
        PacketKind::KeepAlive => body == 8,
        PacketKind::Payload => body >= 1,
        PacketKind::Request | PacketKind::Response => return Err(Dropped::Kind),
    };
    if fits { Ok(kind) } else { Err(Dropped::Shape) }
}

/// Splits off the packet's kind, and the length of its encrypted body without the MAC.
fn split(datagram: &[u8]) -> Result<(PacketKind, usize), Dropped> {
    if !(DATAGRAM_BYTES_MIN..=DATAGRAM_BYTES_MAX).contains(&datagram.len()) {
        return Err(Dropped::Size);
    }
    let kind = match datagram[0] & 0x0f {
        0 => return Ok((PacketKind::Request, 0)),
        1 => PacketKind::Denied,
        2 => PacketKind::Challenge,
        3 => PacketKind::Response,
        4 => PacketKind::KeepAlive,
        5 => PacketKind::Payload,
        6 => PacketKind::Disconnect,
        _ => return Err(Dropped::Kind),
    };
    let sequence_bytes = usize::from(datagram[0] >> 4);
    let body = datagram.len().checked_sub(1 + sequence_bytes + MAC_BYTES).ok_or(Dropped::Shape)?;
    // Eight bytes could hold a sequence number near u64::MAX, which overflows in netcode's replay protection.
    if sequence_bytes <= SEQUENCE_BYTES_MAX { Ok((kind, body)) } else { Err(Dropped::Shape) }
}

/// Sequence number of a datagram that has passed the guard, which its sender counts up. It is not authenticated.
pub fn sequence(datagram: &[u8]) -> u64 {
    let bytes = datagram.first().map_or(0, |head| usize::from(head >> 4)).min(SEQUENCE_BYTES_MAX);
    datagram.iter().skip(1).take(bytes).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Kind of an authenticated payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// Unreliable datagram, for `datagram.rs`.
    Unreliable,
    /// renet packet with reliable messages, to be acknowledged.
    Reliable,
    /// renet packet with acknowledgements.
    Ack,
}

/// Validates an authenticated payload before it reaches renet. `messages_received` is the number of reliable messages
/// received from renet so far, which is the id of the next expected one.
///
/// # Errors
/// When it must not reach renet: slices, unknown channels, no or too many messages, ids far ahead.
pub fn check_payload(payload: &[u8], messages_received: u64) -> Result<PayloadKind, Dropped> {
    match payload.first() {
        Some(0x40..=0x4f) => Ok(PayloadKind::Unreliable),
        Some(0) => {
            check_reliable(&payload[1..], messages_received).map(|()| PayloadKind::Reliable).ok_or(Dropped::Payload)
        }
        Some(4) => Ok(PayloadKind::Ack),
        _ => Err(Dropped::Payload),
    }
}

fn check_reliable(mut rest: &[u8], messages_received: u64) -> Option<()> {
    let _sequence = take_quic_varint(&mut rest)?;
    let (&channel, after) = rest.split_first()?;
    let (count, after) = after.split_at_checked(2)?;
    rest = after;
    let count = u16::from_be_bytes(count.try_into().ok()?);
    if channel != super::channel::RELIABLE_CHANNEL || !(1..=RELIABLE_MESSAGES_MAX).contains(&count) {
        return None;
    }
    for _ in 0..count {
        let id = take_quic_varint(&mut rest)?;
        let length = usize::try_from(take_quic_varint(&mut rest)?).ok()?;
        let (_, after) = rest.split_at_checked(length)?;
        rest = after;
        if length == 0 || id >= messages_received.saturating_add(MESSAGE_WINDOW) {
            return None;
        }
    }
    rest.is_empty().then_some(())
}

/// Takes a varint in renet's format (RFC 9000, section 16): the top two bits of the first byte give the length.
fn take_quic_varint(rest: &mut &[u8]) -> Option<u64> {
    let length = 1usize << (rest.first()? >> 6);
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    let first = u64::from(bytes[0] & 0x3f);
    Some(bytes[1..].iter().fold(first, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(prefix: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        bytes[0] = prefix;
        bytes
    }

    #[test]
    fn the_eighteen_byte_datagram_that_ends_a_stock_server_is_dropped() {
        // Type 5 with a sequence length of 15: renetcode 2.0.0 slices beyond its buffer.
        assert_eq!(check_at_server(&packet(0xf5, 18)), Err(Dropped::Shape));
    }

    #[test]
    fn a_body_shorter_than_its_mac_is_dropped() {
        assert_eq!(check_at_server(&packet(0x75, 20)), Err(Dropped::Shape));
        assert_eq!(check_at_client(&packet(0x75, 20)), Err(Dropped::Shape));
    }

    #[test]
    fn a_sequence_of_eight_bytes_is_dropped() {
        assert_eq!(check_at_server(&packet(0x85, 60)), Err(Dropped::Shape));
        assert_eq!(check_at_client(&packet(0x85, 60)), Err(Dropped::Shape));
    }

    #[test]
    fn a_request_goes_to_servers_only_and_has_one_length() {
        assert_eq!(check_at_server(&packet(0, 1078)), Ok(PacketKind::Request));
        assert_eq!(check_at_server(&packet(0, 1077)), Err(Dropped::Shape));
        assert_eq!(check_at_client(&packet(0, 1078)), Err(Dropped::Kind));
    }

    #[test]
    fn the_sequence_number_is_read_from_the_head() {
        assert_eq!(sequence(&[0x05, 7]), 0);
        assert_eq!(sequence(&[0x15, 7, 9]), 7);
        assert_eq!(sequence(&[0x25, 1, 2, 9]), 0x201);
        assert_eq!(sequence(&[]), 0);
    }

    #[test]
    fn slices_never_reach_renet() {
        // Slice 9 of 1, full length: renet 2.0.1 indexes beyond its list of slices.
        let out_of_range = [&[2, 0, 0, 0, 9, 1, 0x44, 0xb0][..], &[0; 1200]].concat();
        assert_eq!(check_payload(&out_of_range, 0), Err(Dropped::Payload));
        assert_eq!(check_payload(&[3, 0, 0, 0, 9, 1, 1, 7], 0), Err(Dropped::Payload));
    }

    #[test]
    fn a_reliable_packet_has_whole_messages_with_ids_inside_the_window() {
        let packet = |id: u8, length: u8, body: &[u8]| [&[0, 1, 0, 0, 1, id, length], body].concat();
        assert_eq!(check_payload(&packet(3, 2, &[7, 7]), 0), Ok(PayloadKind::Reliable));
        assert_eq!(check_payload(&packet(3, 0, &[]), 0), Err(Dropped::Payload));
        assert_eq!(check_payload(&packet(3, 3, &[7, 7]), 0), Err(Dropped::Payload));
        assert_eq!(check_payload(&packet(3, 1, &[7, 7]), 0), Err(Dropped::Payload));
        let far = [0, 1, 0, 0, 1, 0x40, 192, 1, 7];
        assert_eq!(check_payload(&far, 0), Err(Dropped::Payload));
        assert_eq!(check_payload(&far, 1), Ok(PayloadKind::Reliable));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(bytes: Vec<u8>, received: u64) {
            let _ = (check_at_server(&bytes), sequence(&bytes));
            let _ = check_at_client(&bytes);
            let _ = check_payload(&bytes, received);
        }
    }
}
