//! Takes an address apart: display name, local part, domain.
//!
//! Promises the same cut as `email-validator` at an unquoted `@` or `<`, and its reasons where there is none.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::super::python;
use super::Reason;
use super::characters::{self, SpacePolicy, check_unsafe, display};

/// The characters that can still combine with the one before them (Unicode stream-safe text), plus that one and one more.
const COMBINING_WINDOW: usize = 32;

/// Whether the local part was written in quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    Plain,
    Quoted,
}

impl Quoting {
    pub(super) fn is_quoted(self) -> bool {
        self == Self::Quoted
    }
}

/// An address in parts.
pub(super) struct Parts {
    pub(super) has_display_name: bool,
    /// The local part as it was written.
    pub(super) local: String,
    /// The local part without quotes and escapes.
    pub(super) unquoted: String,
    pub(super) quoting: Quoting,
    pub(super) domain: String,
}

impl Parts {
    pub(super) fn of(address: &str) -> Result<Self, Reason> {
        let (left, right) = cut(address, &['@', '<'])?;
        let (has_display_name, local, domain) = if right.starts_with('<') {
            check_display_name(left)?;
            let (local, domain) = cut(inside_brackets(right)?, &['@'])?;
            (true, local, domain)
        } else {
            (false, left, right)
        };
        let (unquoted, quoting) = unquote(local)?;
        Ok(Self {
            has_display_name,
            local: local.to_owned(),
            unquoted,
            quoting,
            domain: domain.strip_prefix('@').unwrap_or(domain).to_owned(),
        })
    }
}

fn check_display_name(written: &str) -> Result<(), Reason> {
    let (name, quoting) = unquote(written.trim_end_matches(python::is_space))?;
    if quoting == Quoting::Plain
        && let Some(shown) = characters::disallowed(&name, |c| characters::is_atext(c) || c == ' ')
    {
        return Err(format!(
            "The display name contains invalid characters when not quoted: {shown}."
        ));
    }
    check_unsafe(&name, SpacePolicy::Allow)
}

fn inside_brackets(right: &str) -> Result<&str, Reason> {
    if !right.contains('>') {
        return Err("An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.".to_owned());
    }
    let inside = right
        .trim_end_matches(' ')
        .strip_suffix('>')
        .and_then(|inside| inside.strip_prefix('<'));
    inside.ok_or_else(|| "There can't be anything after the email address.".to_owned())
}

/// Where a walk over the text stands with respect to quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    Escaped,
}

/// Splits before the first special character that is neither quoted nor combined with what follows it.
fn cut<'a>(text: &'a str, specials: &[char]) -> Result<(&'a str, &'a str), Reason> {
    let mut state = State::Outside;
    for (position, c) in text.char_indices() {
        let (left, rest) = text.split_at(position);
        if combines(rest, c) {
            continue;
        }
        state = match (state, c) {
            (State::Outside, '"') => State::Inside,
            (State::Outside, _) if specials.contains(&c) => return Ok((left, rest)),
            (State::Outside, _) | (State::Inside, '"') => State::Outside,
            (State::Inside, '\\') => State::Escaped,
            (State::Inside | State::Escaped, _) => State::Inside,
        };
    }
    Err(missing_at_sign(text))
}

fn missing_at_sign(text: &str) -> Reason {
    let reason = if text.contains('\u{ff20}') {
        "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign."
    } else if text.contains('\u{fe6b}') {
        "The email address has the \"small commercial at\" character instead of a regular at-sign."
    } else {
        "An email address must have an @-sign."
    };
    reason.to_owned()
}

/// Whether normalisation changes the first character, as U+0338 makes `<` into `≮`.
fn combines(rest: &str, first: char) -> bool {
    let mut window = rest.chars().take(COMBINING_WINDOW);
    if window.clone().take(2).all(|c| c.is_ascii()) {
        return false;
    }
    ComposingNormalizerBorrowed::new_nfc()
        .normalize_iter(window.by_ref())
        .next()
        != Some(first)
}

/// Removes surrounding quotes and escapes.
fn unquote(text: &str) -> Result<(String, Quoting), Reason> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Ok((text.to_owned(), Quoting::Plain));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '"' => {
                let shown: Vec<String> = chars.map(display).collect();
                if shown.is_empty() {
                    break;
                }
                return Err(format!(
                    "Extra character(s) found after close quote: {}",
                    shown.join(", ")
                ));
            }
            _ => value.push(c),
        }
    }
    Ok((value, Quoting::Quoted))
}
