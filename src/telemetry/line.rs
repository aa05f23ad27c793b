//! One access line, as text or JSON.
//!
//! Text fields are escaped; byte fields are taken as they are, so whoever records one promises that it is printable
//! ASCII without quotation marks, backslashes and spaces.

use std::{fmt, io::Write as _};

use tracing::{
    Event,
    field::{Field, Visit},
};

use super::Format;
use crate::clock::UnixSeconds;

/// Appends the line of an event; `time` is its moment as [`Moment`] writes it.
pub(super) fn write(format: Format, time: &[u8], event: &Event<'_>, out: &mut Vec<u8>) {
    match format {
        Format::Json => {
            out.extend_from_slice(b"{\"time\":\"");
            out.extend_from_slice(time);
            out.push(b'"');
            event.record(&mut Json(out));
            out.extend_from_slice(b"}\n");
        }
        Format::Text => {
            out.extend_from_slice(time);
            event.record(&mut Text(out));
            out.push(b'\n');
        }
    }
}

/// Members of a JSON object, each after a comma.
struct Json<'a>(&'a mut Vec<u8>);

impl Json<'_> {
    fn name(&mut self, field: &Field) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(field.name().as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

impl Visit for Json<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        json_text(value, self.0);
    }

    fn record_bytes(&mut self, field: &Field, plain: &[u8]) {
        self.name(field);
        self.0.push(b'"');
        self.0.extend_from_slice(plain);
        self.0.push(b'"');
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        decimal(value, self.0);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        json_text(&format!("{value:?}"), self.0);
    }
}

/// ` name=value` for each field.
struct Text<'a>(&'a mut Vec<u8>);

impl Text<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(b' ');
        self.0.extend_from_slice(field.name().as_bytes());
        self.0.push(b'=');
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        if !value.is_empty() && all(value, &UNQUOTED) {
            self.0.extend_from_slice(value.as_bytes());
        } else {
            json_text(value, self.0);
        }
    }

    fn record_bytes(&mut self, field: &Field, plain: &[u8]) {
        self.name(field);
        self.0.extend_from_slice(plain);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        decimal(value, self.0);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if all(text, &PLAIN) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|character| escaped(character, out));
    }
    out.push(b'"');
}

/// Which bytes are printable ASCII that needs no escape in JSON.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler: an index out of range does not build"
)]
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte < 0x7F {
        plain[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    plain
};

/// As [`PLAIN`], but not the space, which separates fields.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler: an index out of range does not build"
)]
const UNQUOTED: [bool; 256] = {
    let mut unquoted = PLAIN;
    unquoted[b' ' as usize] = false;
    unquoted
};

/// Asks the table for every byte, without stopping: a line has many short values.
fn all(text: &str, table: &[bool; 256]) -> bool {
    let is_listed = |byte: u8| table.get(usize::from(byte)).copied().unwrap_or_default();
    text.bytes().fold(true, |all, byte| all & is_listed(byte))
}

fn escaped(character: char, out: &mut Vec<u8>) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        // Control characters could forge a line or steer a terminal.
        control if control.is_control() => {
            // Writing to a vector does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(control));
        }
        other => {
            let mut bytes = [0; 4];
            out.extend_from_slice(other.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

fn decimal(value: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        // The remainder of a division by ten is a digit.
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// A moment as RFC 3339 writes it, kept while the second lasts.
#[derive(Debug, Default)]
pub(super) struct Moment {
    second: u64,
    text: String,
}

impl Moment {
    /// `2024-01-02T03:04:05Z`.
    pub(super) fn text(&mut self, now: UnixSeconds) -> &[u8] {
        if self.second != now.0 || self.text.is_empty() {
            self.second = now.0;
            self.text = now.to_string();
        }
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 1234, u64::MAX] {
            let mut out = Vec::new();
            decimal(number, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), number.to_string());
        }
    }

    #[test]
    fn nothing_in_a_value_can_forge_a_line() {
        let mut out = Vec::new();
        json_text("a\r\n{\"x\u{1b}[2J\u{85}", &mut out);
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text, r#""a\u000d\u000a{\"x\u001b[2J\u0085""#);
    }
}
