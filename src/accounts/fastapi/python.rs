//! Python's view of text: what is white space, what `repr` prints, which category a character has.
//!
//! Promises `CPython`'s answers for characters that both its Unicode (14 in Python 3.11) and the compiled tables know;
//! a character that was assigned after that counts as assigned here, so that it may be accepted where Python refuses it.

use std::fmt::Write as _;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

pub(super) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

pub(super) fn is_in(c: char, group: GeneralCategoryGroup) -> bool {
    group.contains(category(c))
}

/// A letter, number, punctuation mark or symbol.
pub(super) fn is_visible(c: char) -> bool {
    let visible = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    is_in(c, visible)
}

/// `str.isspace`, which is also `\s` of a pattern and what `str.strip` removes.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// `\w` of a pattern.
pub(super) fn is_word(c: char) -> bool {
    c == '_'
        || is_in(
            c,
            GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number),
        )
}

pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `repr` of a string.
pub(super) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ if c == quote => out.extend(['\\', c]),
            _ if is_printable(c) => out.push(c),
            _ => push_escape(c, &mut out),
        }
    }
    out.push(quote);
    out
}

fn is_printable(c: char) -> bool {
    c == ' '
        || !is_in(
            c,
            GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator),
        )
}

fn push_escape(c: char, out: &mut String) {
    let code = u32::from(c);
    // Writing into a `String` cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}
