//! The key of a row, spelt as the table's reader spells it.

use mysql_async::Value;
use mysql_async::binlog::value::BinlogValue;

use crate::entropy::hex_pair;

/// How a key column's values are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number; how many bits it has, and whether its highest one is a sign. The binlog may leave that out, and the
    /// value comes with the wrong sign then.
    Integer { bits: u32, unsigned: bool },
    /// Text in UTF-8, or in a character set where ASCII is ASCII; then nothing else can be spelt.
    Text { utf8: bool },
    /// MariaDB's UUID.
    Uuid,
    /// Anything else: no row can be told from another.
    Other,
}

impl Kind {
    /// By the names that `information_schema` has for a column's type, its whole definition and its character set.
    pub(super) fn of(data_type: &str, definition: &str, charset: Option<&str>) -> Self {
        let unsigned = definition.to_ascii_lowercase().contains("unsigned");
        let integer = |bits| Self::Integer { bits, unsigned };
        match data_type.to_ascii_lowercase().as_str() {
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" => integer(24),
            "int" => integer(32),
            "bigint" => integer(64),
            "uuid" => Self::Uuid,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                let charset = charset.unwrap_or_default().to_ascii_lowercase();
                // Their code units are wider than a byte.
                if charset.starts_with("ucs2")
                    || charset.starts_with("utf16")
                    || charset.starts_with("utf32")
                {
                    return Self::Other;
                }
                Self::Text {
                    utf8: charset.starts_with("utf8") || charset == "ascii",
                }
            }
            _ => Self::Other,
        }
    }

    /// The canonical text of a value; `None` where there is none.
    pub(super) fn spell(self, value: &BinlogValue<'_>) -> Option<String> {
        let BinlogValue::Value(value) = value else {
            return None;
        };
        match (self, value) {
            (
                Self::Integer {
                    bits,
                    unsigned: true,
                },
                Value::Int(number),
            ) if *number < 0 => {
                let modulus = 1_i128.checked_shl(bits)?;
                Some((i128::from(*number) + modulus).to_string())
            }
            (Self::Integer { .. }, Value::Int(number)) => Some(number.to_string()),
            (Self::Integer { .. }, Value::UInt(number)) => Some(number.to_string()),
            (Self::Text { utf8 }, Value::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).ok()?;
                (utf8 || text.is_ascii()).then(|| text.to_owned())
            }
            (Self::Uuid, Value::Bytes(bytes)) => uuid(bytes),
            _ => None,
        }
    }
}

/// The binlog carries a UUID as it is stored, without trailing zeros: in its own order, with the version in the seventh
/// byte and the variant in the ninth, or with its parts in reverse order, so that those that begin with a time sort.
fn uuid(stored: &[u8]) -> Option<String> {
    let mut bytes = [0_u8; 16];
    bytes.get_mut(..stored.len())?.copy_from_slice(stored);
    let [
        n0,
        n1,
        n2,
        n3,
        n4,
        n5,
        s0,
        s1,
        v0,
        v1,
        m0,
        m1,
        l0,
        l1,
        l2,
        l3,
    ] = bytes;
    let own_order = s0 < 0x80 && v0 & 0xc0 == 0x80;
    let reverse_order = s0 & 0xc0 == 0x80 && (0x10..0x60).contains(&v0);
    if reverse_order {
        bytes = [
            l0, l1, l2, l3, m0, m1, v0, v1, s0, s1, n0, n1, n2, n3, n4, n5,
        ];
    } else if !own_order {
        return None;
    }
    Some(written(bytes))
}

fn written(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend(hex_pair(byte).map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(kind: Kind, value: Value) -> Option<String> {
        kind.spell(&BinlogValue::Value(value))
    }

    #[test]
    fn integers_have_the_sign_of_their_column() {
        for (definition, data_type, value, expected) in [
            (
                "bigint(20) unsigned",
                "bigint",
                Value::Int(-1),
                "18446744073709551615",
            ),
            ("int(10) unsigned", "int", Value::Int(-1), "4294967295"),
            (
                "mediumint(8) unsigned",
                "mediumint",
                Value::Int(-1),
                "16777215",
            ),
            (
                "bigint(20) unsigned",
                "bigint",
                Value::UInt(u64::MAX),
                "18446744073709551615",
            ),
            ("int(11)", "int", Value::Int(-1), "-1"),
            ("int(11)", "int", Value::Int(42), "42"),
        ] {
            let kind = Kind::of(data_type, definition, None);
            assert_eq!(
                spell(kind, value).as_deref(),
                Some(expected),
                "{definition}"
            );
        }
    }

    #[test]
    fn text_is_spelt_where_its_bytes_are_known() {
        let of = |charset| Kind::of("varchar", "varchar(20)", Some(charset));
        let bytes = |text: &[u8]| Value::Bytes(text.to_vec());
        assert_eq!(
            spell(of("utf8mb4"), bytes("é".as_bytes())).as_deref(),
            Some("é")
        );
        assert_eq!(spell(of("latin1"), bytes(b"abc")).as_deref(), Some("abc"));
        assert_eq!(spell(of("latin1"), bytes("é".as_bytes())), None);
        assert_eq!(spell(of("utf16"), bytes(b"ab")), None);
        assert_eq!(
            spell(Kind::of("binary", "binary(16)", None), bytes(b"ab")),
            None
        );
        assert_eq!(spell(of("utf8mb4"), Value::NULL), None);
    }
}
