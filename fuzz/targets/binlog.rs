//! The event that opens a transaction, and a position as it is kept: read, or refused, and never misread.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::revocation::binlog::{LogPosition, Position, gtid::Gtid};

fuzz_target!(|bytes: &[u8]| {
    let gtid = Gtid::parse(bytes);
    assert_eq!(gtid.is_some(), bytes.len() >= 13);
    if let Some(gtid) = gtid {
        let mut again = gtid.sequence.to_le_bytes().to_vec();
        again.extend(gtid.domain.to_le_bytes());
        assert_eq!(again, bytes[..12]);
        assert_eq!(gtid.standalone, bytes[12] & 1 == 1);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(position) = Position::parse(text) else {
        return;
    };
    assert_eq!(
        Position::parse(&position.to_string()),
        Some(position.clone())
    );
    assert!(position.log.reaches(&position.log));
    assert!(position.log.reaches(&LogPosition::default()));
});
