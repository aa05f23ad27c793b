//! A file of SQL, read as statements.

use std::fmt::Write as _;

use aws_lc_rs::digest;

/// The statements of a file, without what stands between them. A statement ends with a semicolon at the end of a line; a
/// comment is a line of its own and begins with `--`.
pub(super) fn statements(text: &'static str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((statement, behind)) = split(rest) {
        found.push(statement);
        rest = behind;
    }
    found
}

/// The first statement, and what stands behind its semicolon.
fn split(text: &'static str) -> Option<(&'static str, &'static str)> {
    let mut start = text.trim_start();
    while start.starts_with("--") {
        let (_, behind) = start.split_once('\n').unwrap_or((start, ""));
        start = behind.trim_start();
    }
    if start.is_empty() {
        return None;
    }
    match start.split_once(";\n") {
        Some((statement, behind)) => Some((statement, behind)),
        None => Some((start.trim_end().trim_end_matches(';'), "")),
    }
}

/// What tells a file from another; how its lines end does not count.
pub(super) fn checksum(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut written = String::with_capacity(64);
    for byte in digest.as_ref() {
        // Writing to a text does not fail.
        let _ = write!(written, "{byte:02x}");
    }
    written
}

/// The table that a statement drops, if that is all that it does.
pub(super) fn dropped_table(statement: &'static str) -> Option<&'static str> {
    let table = statement.strip_prefix("DROP TABLE IF EXISTS ")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    table.bytes().all(is_name).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_with_a_semicolon_at_the_end_of_a_line() {
        let text =
            "-- One; two.\n\nCREATE TABLE a (\n  b TEXT DEFAULT ';'\n);\n-- More.\nDROP TABLE c;\n";
        let expected = ["CREATE TABLE a (\n  b TEXT DEFAULT ';'\n)", "DROP TABLE c"];
        assert_eq!(statements(text), expected);
        assert_eq!(statements("SELECT 1"), ["SELECT 1"]);
        assert_eq!(statements("SELECT 1;"), ["SELECT 1"]);
        assert!(statements("-- nothing\n").is_empty());
        assert!(statements("-- nothing").is_empty());
    }

    #[test]
    fn the_end_of_lines_makes_no_other_file() {
        assert_eq!(checksum("a\nb\n"), checksum("a\r\nb\r\n"));
        assert_ne!(checksum("a\nb\n"), checksum("a\nc\n"));
    }

    #[test]
    fn only_a_dropped_table_is_one() {
        let dropped = dropped_table("DROP TABLE IF EXISTS sidegate_a");
        assert_eq!(dropped, Some("sidegate_a"));
        for statement in [
            "ALTER TABLE a DROP COLUMN b",
            "DROP TABLE IF EXISTS a, b",
            "DROP TABLE a",
        ] {
            assert_eq!(dropped_table(statement), None);
        }
    }
}
