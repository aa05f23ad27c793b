//! Which characters an address may hold, and how a reason shows the others.

use std::collections::BTreeSet;

use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::super::python;
use super::Reason;

/// The Unicode names of separators, format characters and common combining marks; other characters are shown as themselves.
const NAMES: &str = include_str!("names.tsv");

/// RFC 5322 `atext`.
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(c)
}

/// RFC 6531 `atext`, which adds everything beyond ASCII.
pub(super) fn is_atext_intl(c: char) -> bool {
    is_atext(c) || !c.is_ascii()
}

/// What a host name may hold before its conversion to ASCII.
pub(super) fn is_hostname_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || !c.is_ascii()
}

pub(super) fn is_dot_atom(text: &str, allowed: fn(char) -> bool) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}

/// The characters that are not allowed, each shown once, in the order of what is shown.
pub(super) fn disallowed(text: &str, allowed: impl Fn(char) -> bool) -> Option<String> {
    let shown: BTreeSet<String> = text.chars().filter(|c| !allowed(*c)).map(display).collect();
    (!shown.is_empty()).then(|| shown.into_iter().collect::<Vec<_>>().join(", "))
}

/// Refuses characters that are not valid, safe or sensible in an address whatever the syntax.
pub(super) fn check_unsafe(text: &str, space: SpacePolicy) -> Result<(), Reason> {
    if text.is_ascii() && !text.contains(|c: char| c.is_ascii_control() || c == ' ') {
        return Ok(());
    }
    let unsafe_chars: BTreeSet<char> = text
        .chars()
        .enumerate()
        .filter(|(index, c)| is_unsafe(*index, *c, space))
        .map(|(_, c)| c)
        .collect();
    if unsafe_chars.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = unsafe_chars.into_iter().map(display).collect();
    Err(format!(
        "The email address contains unsafe characters: {}.",
        shown.join(", ")
    ))
}

/// Whether spaces are safe there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SpacePolicy {
    Allow,
    Refuse,
}

fn is_unsafe(index: usize, c: char, space: SpacePolicy) -> bool {
    if python::is_in(c, GeneralCategoryGroup::Mark) {
        // At the start it would combine with something outside of the address.
        index == 0
    } else if python::category(c) == GeneralCategory::SpaceSeparator {
        space == SpacePolicy::Refuse
    } else {
        !python::is_visible(c)
    }
}

/// The character in quotes, or its name where it cannot be shown.
pub(super) fn display(c: char) -> String {
    if c == '\\' {
        return "\"\\\"".to_owned();
    }
    if python::is_visible(c) {
        return python::repr(c.encode_utf8(&mut [0; 4]));
    }
    name(c).unwrap_or_else(|| code(c))
}

fn code(c: char) -> String {
    let code = u32::from(c);
    if code < 0xffff {
        format!("U+{code:04X}")
    } else {
        format!("U+{code:08X}")
    }
}

fn name(c: char) -> Option<String> {
    let code = u32::from(c);
    match code {
        0x20 => return Some("SPACE".to_owned()),
        0xe_0100..=0xe_01ef => return Some(format!("VARIATION SELECTOR-{}", code - 0xe_0100 + 17)),
        _ => {}
    }
    let key = format!("{code:04X}");
    let mut entries = NAMES.lines().filter_map(|line| line.split_once('\t'));
    entries
        .find(|(code, _)| *code == key)
        .map(|(_, name)| name.to_owned())
}
