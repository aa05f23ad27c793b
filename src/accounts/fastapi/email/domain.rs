//! The part after the @-sign, as a host name.

use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::super::python;
use super::characters::{self, SpacePolicy, check_unsafe, is_hostname_char};
use super::{Reason, idna};

/// The bytes of the longest domain and of its longest label.
const MAX_DOMAIN: usize = 253;
const MAX_LABEL: usize = 63;

const INVALID: &str = "The part after the @-sign contains invalid characters";

/// Names that never receive mail.
const SPECIAL_USE: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// Characters whose compatibility decomposition holds a full stop.
const DOTTED: &str = "\u{2024}\u{2025}\u{2026}\u{2488}\u{2489}\u{248a}\u{248b}\u{248c}\u{248d}\u{248e}\u{248f}\u{2490}\u{2491}\u{2492}\u{2493}\u{2494}\
    \u{2495}\u{2496}\u{2497}\u{2498}\u{2499}\u{249a}\u{249b}\u{33c2}\u{33c7}\u{33d8}\u{fe52}\u{ff0e}\u{1f100}";

/// A valid domain in its two spellings.
pub(super) struct Domain {
    /// For readers: Unicode.
    pub(super) name: String,
    /// For the wire: Punycode.
    pub(super) ascii: String,
}

pub(super) fn validate(original: &str) -> Result<Domain, Reason> {
    check_characters(original)?;
    let mapped = idna::remap(original)
        .map_err(|e| format!("The part after the @-sign contains invalid characters ({e})."))?;
    refuse(
        &mapped,
        is_hostname_char,
        "The part after the @-sign contains invalid characters after Unicode normalization",
    )?;
    check_dots_and_hyphens(&mapped)?;
    let ascii = if is_hostname(&mapped) {
        mapped
    } else {
        idna::to_ascii(&mapped)
            .map_err(|e| format!("The part after the @-sign is invalid ({e})."))?
    };
    if !is_hostname(&ascii) {
        return Err(
            "The email address contains invalid characters after the @-sign after IDNA encoding."
                .to_owned(),
        );
    }
    check_lengths(&ascii, original)?;
    check_top_level(&ascii)?;
    let name = if ascii.contains("xn--") {
        readable(&ascii)?
    } else {
        ascii.clone()
    };
    Ok(Domain { name, ascii })
}

fn check_characters(domain: &str) -> Result<(), Reason> {
    if let Some(reason) = too_many(domain.chars().count(), MAX_DOMAIN) {
        return Err(format!(
            "The email address is too long after the @-sign {reason}."
        ));
    }
    refuse(domain, is_hostname_char, INVALID)?;
    check_unsafe(domain, SpacePolicy::Refuse)?;
    refuse(domain, is_mappable, INVALID)
}

fn refuse(domain: &str, allowed: fn(char) -> bool, reason: &str) -> Result<(), Reason> {
    characters::disallowed(domain, allowed)
        .map_or(Ok(()), |shown| Err(format!("{reason}: {shown}.")))
}

fn too_many(length: usize, limit: usize) -> Option<String> {
    let excess = length.checked_sub(limit).filter(|excess| *excess > 0)?;
    let s = if excess > 1 { "s" } else { "" };
    Some(format!("({excess} character{s} too many)"))
}

/// What `email-validator` lets through to the mapping of UTS 46.
fn is_mappable(c: char) -> bool {
    match c {
        '\u{80}'..='\u{9f}' | '\u{2024}'..='\u{2026}' | '\u{2028}'..='\u{202e}' => false,
        '\0'..='\u{7f}'
        | '\u{2010}'..='\u{2060}'
        | '\u{ad}'
        | '\u{2064}'
        | '\u{ff0e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{1bca0}'..='\u{1bca3}' => true,
        _ => {
            let refused = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
            let is_refused =
                python::is_in(c, refused) && python::category(c) != GeneralCategory::Control;
            !is_refused && !DOTTED.contains(c)
        }
    }
}

fn check_dots_and_hyphens(domain: &str) -> Result<(), Reason> {
    let rules = [
        (
            domain.ends_with('.'),
            "An email address cannot end with a period.",
        ),
        (
            domain.starts_with('.'),
            "An email address cannot have a period immediately after the @-sign.",
        ),
        (
            domain.contains(".."),
            "An email address cannot have two periods in a row.",
        ),
        (
            domain.ends_with('-'),
            "An email address cannot end with a hyphen.",
        ),
        (
            domain.starts_with('-'),
            "An email address cannot have a hyphen immediately after the @-sign.",
        ),
        (
            domain.contains(".-") || domain.contains("-."),
            "An email address cannot have a period and a hyphen next to each other.",
        ),
        (
            domain.split('.').any(is_reserved_label),
            "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.",
        ),
    ];
    rules
        .iter()
        .find(|(broken, _)| *broken)
        .map_or(Ok(()), |(_, reason)| Err((*reason).to_owned()))
}

/// Dashes in third and fourth place, which only Punycode may have.
fn is_reserved_label(label: &str) -> bool {
    let mut chars = label.chars();
    let prefix: String = chars.by_ref().take(2).collect();
    prefix.chars().count() == 2
        && chars.as_str().starts_with("--")
        && !prefix.eq_ignore_ascii_case("xn")
}

fn is_hostname(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

fn check_lengths(ascii: &str, original: &str) -> Result<(), Reason> {
    if let Some(reason) = too_many(ascii.len(), MAX_DOMAIN) {
        let reason = if ascii == original {
            reason
        } else {
            reason
                .replace("character", "byte")
                .replace("many)", "many after IDNA encoding)")
        };
        return Err(format!(
            "The email address is too long after the @-sign {reason}."
        ));
    }
    let reason = ascii
        .split('.')
        .find_map(|label| too_many(label.len(), MAX_LABEL));
    reason.map_or(Ok(()), |reason| {
        Err(format!(
            "After the @-sign, periods cannot be separated by so many characters {reason}."
        ))
    })
}

fn check_top_level(ascii: &str) -> Result<(), Reason> {
    let is_special = |name: &&str| {
        ascii == *name
            || ascii
                .strip_suffix(*name)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let reason = if !ascii.contains('.') {
        "The part after the @-sign is not valid. It should have a period."
    } else if !ascii.ends_with(|c: char| c.is_ascii_alphabetic()) {
        "The part after the @-sign is not valid. It is not within a valid top-level domain."
    } else if SPECIAL_USE.iter().any(is_special) {
        "The part after the @-sign is a special-use or reserved name that cannot be used with email."
    } else {
        return Ok(());
    };
    Err(reason.to_owned())
}

/// The Unicode spelling. Encoding it again cannot fail: every label has been compared with its own encoding.
fn readable(ascii: &str) -> Result<String, Reason> {
    let not_idna = |e| format!("The part after the @-sign is not valid IDNA ({e}).");
    let name = idna::to_unicode(ascii).map_err(not_idna)?;
    refuse(&name, is_hostname_char, INVALID)?;
    check_unsafe(&name, SpacePolicy::Refuse)?;
    idna::check_bidi_domain(&name).map_err(not_idna)?;
    Ok(name)
}
