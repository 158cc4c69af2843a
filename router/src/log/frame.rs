//! An entry on disk: length and CRC32C (both 32 bits, little endian), then the entry as a MessagePack map.
//!
//! Named fields, so that a later version may add some and still read these.

use acd::Entry;

/// What a segment starts with. The number is the version.
pub const HEADER: &[u8] = b"SAMBUNG LOG 1\n";
/// Length and checksum.
const PREFIX: usize = 8;
/// Longest entry believed when reading: a plan of 50,000 agents fits.
const MAX_ENTRY: usize = 64 * 1024 * 1024;

/// What stands at the beginning of some bytes.
pub enum Read {
    /// An entry, and how many bytes it takes.
    Entry(Box<Entry>, usize),
    /// The beginning of an entry, or nothing.
    Part,
    /// Something else.
    Damage(&'static str),
}

/// Appends an entry.
pub fn write(entry: &Entry, to: &mut Vec<u8>) -> Result<(), rmp_serde::encode::Error> {
    let start = to.len();
    to.extend_from_slice(&[0; PREFIX]);
    let mut encoder = rmp_serde::Serializer::new(&mut *to).with_struct_map();
    if let Err(error) = serde::Serialize::serialize(entry, &mut encoder) {
        to.truncate(start);
        return Err(error);
    }
    let (prefix, payload) = to[start..].split_at_mut(PREFIX);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    prefix[..4].copy_from_slice(&length.to_le_bytes());
    prefix[4..].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    Ok(())
}

/// Reads the entry at the beginning of `bytes`.
pub fn read(bytes: &[u8]) -> Read {
    let Some((prefix, rest)) = bytes.split_at_checked(PREFIX) else { return Read::Part };
    let number = |at: usize| u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]);
    let length = number(0) as usize;
    if length > MAX_ENTRY {
        return Read::Damage("an impossible length");
    }
    let Some(payload) = rest.get(..length) else { return Read::Part };
    if crc32c::crc32c(payload) != number(4) {
        return Read::Damage("the checksum differs");
    }
    match rmp_serde::from_slice(payload) {
        Ok(entry) => Read::Entry(Box::new(entry), PREFIX + length),
        Err(_) => Read::Damage("an entry that this version cannot read"),
    }
}
