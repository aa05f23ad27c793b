//! A value on its way into a column.

use std::time::Duration;

use crate::{
    clock::UnixSeconds,
    member::MemberId,
    secret::Secret,
    store::{cell::Cell, moment::Moment},
};

/// What is written. It may be personal, so that nothing prints it.
#[derive(Clone)]
pub enum CellValue {
    /// NULL.
    Null,
    /// 1 or 0.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// One that is larger.
    Unsigned(u64),
    /// Any other number.
    Number(f64),
    /// A text; a date or a time as SQL writes it, too.
    Text(Secret<String>),
}

impl CellValue {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Secret::new(text.into()))
    }

    /// A moment as a DATETIME column has it, by clocks that are `offset` seconds before those of UTC.
    pub fn date_time(at: UnixSeconds, offset: i32) -> Self {
        Self::text(moment_of(at, offset).replacen('T', " ", 1))
    }

    /// Its date.
    pub fn date(at: UnixSeconds, offset: i32) -> Self {
        let mut text = moment_of(at, offset);
        text.truncate(10);
        Self::text(text)
    }

    /// What was read, to be compared with.
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(Self::Null),
            Cell::Integer(number) => Some(Self::Integer(*number)),
            Cell::Unsigned(number) => Some(Self::Unsigned(*number)),
            Cell::Float(number) => Some(Self::Number(*number)),
            Cell::Decimal(_) | Cell::Text(_) | Cell::Moment(_) | Cell::Time(_) => {
                cell.text().map(Self::text)
            }
        }
    }
}

/// A moment as ISO 8601 writes it without a zone, by clocks that are `offset` seconds before those of UTC.
pub fn moment_of(at: UnixSeconds, offset: i32) -> String {
    let shift = Duration::from_secs(offset.unsigned_abs().into()).as_secs();
    let local = if offset < 0 {
        at.0.saturating_sub(shift)
    } else {
        at.0.saturating_add(shift)
    };
    let mut text = UnixSeconds(local).to_string();
    text.truncate(19);
    text
}

/// The same as a moment that compares.
pub(super) fn moment(at: UnixSeconds, offset: i32) -> Option<Moment> {
    Moment::parse(&moment_of(at, offset))
}

impl From<&MemberId> for CellValue {
    fn from(id: &MemberId) -> Self {
        match id {
            MemberId::Integer(number) => Self::Integer(*number),
            MemberId::Unsigned(number) => Self::Unsigned(*number),
            MemberId::Text(text) => Self::text(text.as_str()),
        }
    }
}

impl std::fmt::Debug for CellValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Null => "NULL",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Unsigned(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &CellValue) -> &str {
        let CellValue::Text(text) = value else {
            panic!("a text")
        };
        text.expose()
    }

    #[test]
    fn moments_are_written_by_the_clocks_of_a_country() {
        let at = UnixSeconds(1_709_210_096);
        let written_at = |offset| written(&CellValue::date_time(at, offset)).to_owned();
        assert_eq!(written_at(0), "2024-02-29 12:34:56");
        assert_eq!(written_at(9 * 3600), "2024-02-29 21:34:56");
        assert_eq!(written_at(12 * 3600), "2024-03-01 00:34:56");
        assert_eq!(written_at(-13 * 3600), "2024-02-28 23:34:56");
        assert_eq!(written(&CellValue::date(at, 12 * 3600)), "2024-03-01");
    }

    #[test]
    fn nothing_prints_a_value() {
        let value = CellValue::text("ann@example.com");
        assert_eq!(format!("{value:?}"), "a text");
    }
}
