//! Where a stream stands: in which file at which byte, and after which transactions.
//!
//! Files and bytes mean something to one server only; MariaDB's transaction ids are the same on all of a replication set.
//! A checkpoint is written as text, `0-1-40,1-1-7@binlog.000003:4711`, and read again by a later version.

use std::collections::BTreeMap;
use std::fmt;

/// A byte of a binlog file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// The file's name.
    pub file: String,
    /// Where the next event begins.
    pub offset: u64,
}

impl LogPosition {
    /// Whether everything before `other` is before this, too. Names end in a number that grows.
    pub fn reaches(&self, other: &Self) -> bool {
        (number(&self.file), self.offset) >= (number(&other.file), other.offset)
    }
}

fn number(file: &str) -> u64 {
    let digits = file.rsplit('.').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

impl fmt::Display for LogPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.offset)
    }
}

/// Where a stream stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// On this server.
    pub log: LogPosition,
    /// On each of its like: the last transaction of each domain, as the server that wrote it and its number. Empty where
    /// the server has none of MariaDB's.
    pub gtids: BTreeMap<u32, (u32, u64)>,
}

impl Position {
    /// Reads what `Display` has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (gtids, log) = text.split_once('@')?;
        let (file, offset) = log.rsplit_once(':')?;
        Some(Self {
            log: LogPosition {
                file: file.to_owned(),
                offset: offset.parse().ok()?,
            },
            gtids: parse_gtids(gtids)?,
        })
    }

    /// The ids as MariaDB writes them.
    pub fn gtid_list(&self) -> String {
        let one = |(domain, (server, sequence)): (&u32, &(u32, u64))| {
            format!("{domain}-{server}-{sequence}")
        };
        self.gtids.iter().map(one).collect::<Vec<_>>().join(",")
    }
}

/// Reads a list of MariaDB's ids.
pub(super) fn parse_gtids(list: &str) -> Option<BTreeMap<u32, (u32, u64)>> {
    let parts = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(parse_gtid).collect()
}

fn parse_gtid(text: &str) -> Option<(u32, (u32, u64))> {
    let mut numbers = text.split('-');
    let domain = numbers.next()?.parse().ok()?;
    let server = numbers.next()?.parse().ok()?;
    let sequence = numbers.next()?.parse().ok()?;
    numbers
        .next()
        .is_none()
        .then_some((domain, (server, sequence)))
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.gtid_list(), self.log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["0-1-40,1-9-7@binlog.000003:4711", "@mysql-bin.000001:4"] {
            let position = Position::parse(text).expect(text);
            assert_eq!(position.to_string(), text);
        }
        for text in ["", "@", "0-1@a:1", "0-1-2-3@a:1", "x@a:1", "@a:b", "0-1-40"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }

    #[test]
    fn files_are_ordered_by_their_numbers() {
        let at = |file: &str, offset| LogPosition {
            file: file.to_owned(),
            offset,
        };
        assert!(at("binlog.1000000", 4).reaches(&at("binlog.999999", 900)));
        assert!(at("binlog.000002", 9).reaches(&at("binlog.000002", 9)));
        assert!(!at("binlog.000002", 8).reaches(&at("binlog.000002", 9)));
        assert!(!at("binlog.000001", 99).reaches(&at("binlog.000002", 9)));
    }
}
