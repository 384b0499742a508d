//! Records: an input as a list of operations, each `op (1), length (2, little-endian), bytes`.

/// The most records that are read from one input.
pub const RECORDS_MAX: usize = 64;
/// Lengths are modulo this: more than the largest datagram.
const LENGTH_MAX: u16 = 2048;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The operation, with parameters in the upper bits.
    pub op: u8,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The records of an input. Missing bytes are zeros, so that a short input can be a long datagram.
pub fn read(mut input: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let [op, low, high, rest @ ..] = input
        && records.len() < RECORDS_MAX
    {
        let length = usize::from(u16::from_le_bytes([*low, *high]) % LENGTH_MAX);
        let (bytes, after) = rest.split_at(length.min(rest.len()));
        let mut bytes = bytes.to_vec();
        bytes.resize(length, 0);
        records.push(Record { op: *op, bytes });
        input = after;
    }
    records
}

/// Appends a record.
///
/// # Panics
/// When it is longer than a record can be.
pub fn put(input: &mut Vec<u8>, op: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).ok().filter(|length| *length < LENGTH_MAX).expect("a datagram's length");
    input.push(op);
    input.extend(length.to_le_bytes());
    input.extend_from_slice(bytes);
}
