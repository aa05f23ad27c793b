//! Rows of XA transactions: they stand in the binlog when the transaction is prepared, long before it is committed or not.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::change::{Change, Why};

/// More prepared transactions than any application leaves open.
const MOST: usize = 4096;

/// The prepared transactions, by their branch.
#[derive(Debug, Default)]
pub(super) struct Prepared(HashMap<String, (Vec<Change>, Option<Why>)>);

impl Prepared {
    /// Keeps a transaction in mind; one too many is not kept, and is unknown when it is committed.
    pub(super) fn keep(&mut self, event: &[u8], rows: (Vec<Change>, Option<Why>)) {
        if let (Some(branch), true) = (branch(event), self.0.len() < MOST) {
            self.0.insert(branch, rows);
        }
    }

    /// What is committed with a branch.
    pub(super) fn take(&mut self, branch: &str) -> (Vec<Change>, Option<Why>) {
        let kept = self.0.remove(branch);
        kept.unwrap_or((Vec::new(), Some(Why::Prepared)))
    }

    /// It was given up.
    pub(super) fn forget(&mut self, branch: &str) {
        self.0.remove(branch);
    }
}

/// The branch as `XA COMMIT` spells it, out of the event that says that it is prepared: one byte for "in one phase", then
/// the format, two lengths and the two parts of the name, little endian.
fn branch(event: &[u8]) -> Option<String> {
    let (_, rest) = event.split_first()?;
    let (format, rest) = rest.split_first_chunk::<4>()?;
    let (global, rest) = rest.split_first_chunk::<4>()?;
    let (local, rest) = rest.split_first_chunk::<4>()?;
    let global = usize::try_from(u32::from_le_bytes(*global)).ok()?;
    let local = usize::try_from(u32::from_le_bytes(*local)).ok()?;
    let (first, second) = (
        rest.get(..global)?,
        rest.get(global..global.checked_add(local)?)?,
    );
    let format = u32::from_le_bytes(*format);
    Some(format!("x'{}',x'{}',{format}", hex(first), hex(second)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_with_their_branch_and_once() {
        let mut event = vec![0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0];
        event.extend(b"abk");
        let change = Change {
            table: 0,
            key: "7".to_owned(),
            secret: false,
        };
        let mut prepared = Prepared::default();
        prepared.keep(&event, (vec![change.clone()], None));
        let branch = "x'6162',x'6b',1";
        assert_eq!(prepared.take(branch), (vec![change], None));
        assert_eq!(prepared.take(branch), (Vec::new(), Some(Why::Prepared)));
        for length in 0..event.len() {
            prepared.keep(&event[..length], (Vec::new(), None));
        }
        assert!(prepared.0.is_empty(), "a cut event has no branch");
    }
}
