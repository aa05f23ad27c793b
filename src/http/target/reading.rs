//! How the upstreams read a path, where that is not the strictest way.
//!
//! An upstream is chosen by the route, and the route by the path: what a path means has to be known before it is known
//! who will serve it. So there is one reading for all upstreams of a gateway. What they fold is folded before a route is
//! chosen, and the path goes on as it was sent, since they fold it themselves.

use std::borrow::Cow;

/// A line for each thing that upstreams read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Whether `/Admin` is `/admin`.
    pub case: Difference,
    /// Whether `/admin/` is `/admin`.
    pub trailing_slash: Difference,
    /// `/a//b`.
    pub empty_segments: Oddity,
    /// `/a;b=c/d`.
    pub segment_parameters: Oddity,
    /// `%C0%AF`: a character in more bytes than it needs (RFC 3629 section 3).
    pub overlong_escapes: Overlong,
}

/// Whether a difference makes another path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Difference {
    /// It does.
    #[default]
    Exact,
    /// The upstreams do not see it.
    Ignored,
}

/// What is odd in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oddity {
    /// Two parsers could read it differently.
    #[default]
    Refused,
    /// It is a part of the path like any other.
    Kept,
    /// The upstreams read the path as if it were not there.
    Ignored,
}

/// What escapes that are no UTF-8 mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlong {
    /// A lenient decoder could find a slash or a dot in them.
    #[default]
    Refused,
    /// They are bytes of another encoding, such as EUC-KR.
    Kept,
}

impl Reading {
    /// The path that routes are matched against, of a canonical path.
    pub fn matched<'a>(&self, canonical: &'a str) -> Cow<'a, str> {
        let folds = self.trailing_slash == Difference::Ignored
            || self.empty_segments == Oddity::Ignored
            || self.segment_parameters == Oddity::Ignored;
        if !folds {
            return Cow::Borrowed(canonical);
        }
        let folded = self.folded(canonical);
        if folded == canonical {
            Cow::Borrowed(canonical)
        } else {
            Cow::Owned(folded)
        }
    }

    fn folded(self, canonical: &str) -> String {
        let rest = canonical.strip_prefix('/').unwrap_or(canonical);
        let mut segments: Vec<&str> = rest
            .split('/')
            .map(|segment| match self.segment_parameters {
                Oddity::Ignored => segment.split(';').next().unwrap_or_default(),
                Oddity::Refused | Oddity::Kept => segment,
            })
            .collect();
        let last = segments.pop().unwrap_or_default();
        if self.empty_segments == Oddity::Ignored {
            segments.retain(|segment| !segment.is_empty());
        }
        let is_needed = self.trailing_slash == Difference::Exact || segments.is_empty();
        if !last.is_empty() || is_needed {
            segments.push(last);
        }
        format!("/{}", segments.join("/"))
    }
}

/// A segment as upstreams compare it that ignore case. What only some of them fold together counts as the same: `ſ` and
/// `s`, `ß` and `ss`.
pub fn fold_case(segment: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
    match decoded {
        Ok(text) if !text.is_ascii() => text
            .chars()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect(),
        Ok(_) | Err(_) => segment.to_ascii_lowercase(),
    }
}

/// Whether `byte`, behind `before` in the bytes that escapes stand for, makes a longer form of a character than it needs.
pub(super) const fn is_overlong(before: u8, byte: u8) -> bool {
    match before {
        0xC0 | 0xC1 => matches!(byte, 0x80..=0xBF),
        0xE0 => matches!(byte, 0x80..=0x9F),
        0xF0 => matches!(byte, 0x80..=0x8F),
        0xF8 => matches!(byte, 0x80..=0x87),
        0xFC => matches!(byte, 0x80..=0x83),
        _ => false,
    }
}
