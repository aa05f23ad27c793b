//! The event that opens a transaction in MariaDB's binlog, which the driver hands on as it came.
//!
//! Layout (server: `Gtid_log_event`): sequence number (8 bytes), domain (4), flags (1), little endian; what follows is for
//! group commits, XA and replication in parallel. The server's id is in the event's header.

/// The code of the event.
pub(super) const EVENT: u8 = 0xa2;

/// No COMMIT follows: the next statement is all there is.
const STANDALONE: u8 = 0x01;

/// What identifies a transaction: where it was written first, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gtid {
    /// The stream that it belongs to.
    pub domain: u32,
    /// Its number.
    pub sequence: u64,
    /// Whether it ends with its first statement.
    pub standalone: bool,
}

impl Gtid {
    /// Reads the event's body; `None` if it is too short to be one.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (sequence, rest) = body.split_first_chunk::<8>()?;
        let (domain, rest) = rest.split_first_chunk::<4>()?;
        let flags = rest.first()?;
        Some(Self {
            domain: u32::from_le_bytes(*domain),
            sequence: u64::from_le_bytes(*sequence),
            standalone: flags & STANDALONE != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_and_a_short_one_is_none() {
        let body = [40, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 0x09, 0, 0, 0, 0, 0, 0];
        let gtid = Gtid {
            domain: 263,
            sequence: 40,
            standalone: true,
        };
        assert_eq!(Gtid::parse(&body), Some(gtid));
        for length in 0..13 {
            assert_eq!(Gtid::parse(&body[..length]), None, "{length} bytes");
        }
    }
}
