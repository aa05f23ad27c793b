//! The whole address: pydantic's wrapping, the order of the checks and the length.

use super::super::python;
use super::domain::Domain;
use super::local::LocalPart;
use super::split::Parts;
use super::{Reason, domain, literal, local};
use icu_normalizer::ComposingNormalizerBorrowed;

/// The characters past which pydantic does not look at an address.
const MAX_INPUT_CHARS: usize = 2048;

/// The bytes of the longest address.
const MAX_ADDRESS_BYTES: usize = 254;

/// Validates what a client sent and returns the address to look up.
pub(in super::super) fn normalize(value: &str) -> Result<String, Reason> {
    if value.chars().count() > MAX_INPUT_CHARS {
        return Err(format!(
            "Length must not exceed {MAX_INPUT_CHARS} characters"
        ));
    }
    if value.contains(['\r', '\n']) {
        return Err("Carriage return and line feed characters are not allowed".to_owned());
    }
    validate(python::strip(bracketed(value).unwrap_or(value)))
}

fn validate(address: &str) -> Result<String, Reason> {
    let parts = Parts::of(address)?;
    let local = local_part(&parts)?;
    let domain = domain_of(&parts.domain)?;
    let original = format!("{}@{}", parts.local, parts.domain);
    let normalized = format!("{}@{}", local.text, domain.name);
    check_length(&original, None)?;
    check_length(&normalized, Some("after normalization"))?;
    let ascii = format!("{}@{}", local.text, domain.ascii);
    check_length(
        &ascii,
        Some("when the part after the @-sign is converted to IDNA ASCII"),
    )?;
    if parts.has_display_name {
        return Err(
            "A display name and angle brackets around the email address are not permitted here."
                .to_owned(),
        );
    }
    Ok(normalized)
}

fn local_part(parts: &Parts) -> Result<LocalPart, Reason> {
    let mut local = local::validate(&parts.unquoted, parts.quoting)?;
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&parts.unquoted);
    if composed != parts.unquoted {
        local = local::validate(&composed, parts.quoting)
            .map_err(|reason| format!("After Unicode normalization: {reason}"))?;
    }
    if parts.quoting.is_quoted() {
        return Err("Quoting the part before the @-sign is not allowed here.".to_owned());
    }
    Ok(local.with_mailbox_name_folded())
}

fn domain_of(domain: &str) -> Result<Domain, Reason> {
    if domain.is_empty() {
        return Err("There must be something after the @-sign.".to_owned());
    }
    let bracketed = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bracketed {
        Some(literal) => Err(literal::refusal(literal)),
        None => domain::validate(domain),
    }
}

fn check_length(address: &str, when: Option<&str>) -> Result<(), Reason> {
    let excess = address.len().saturating_sub(MAX_ADDRESS_BYTES);
    if excess == 0 {
        return Ok(());
    }
    let s = if excess > 1 { "s" } else { "" };
    let reason = match when {
        Some(when) => format!("{when} ({excess} byte{s} too many)"),
        None if address.is_ascii() => format!("({excess} character{s} too many)"),
        None => {
            let widest = address.chars().map(char::len_utf8).max().unwrap_or(1);
            let fewest = (excess / widest).max(1);
            let span = if fewest == excess {
                fewest.to_string()
            } else {
                format!("{fewest}-{excess}")
            };
            format!("({span} character{s} too many)")
        }
    };
    Err(format!("The email address is too long {reason}."))
}

/// The address inside `name <address>`, where the whole value has that form; pydantic drops the name of an `EmailStr`.
fn bracketed(value: &str) -> Option<&str> {
    let inside = value.trim_end_matches(python::is_space).strip_suffix('>')?;
    let start = inside.trim_start_matches(python::is_space);
    let address = start
        .strip_prefix('"')
        .map_or_else(|| after_plain_name(start), after_quoted_name)?;
    (!address.is_empty()).then_some(address)
}

fn after_plain_name(start: &str) -> Option<&str> {
    let (name, address) = start.split_once('<')?;
    name.chars()
        .all(|c| is_name_char(c) || python::is_space(c))
        .then_some(address)
}

/// The name reaches as far as it can, over quotes and brackets, while something in brackets is left behind it.
fn after_quoted_name(quoted: &str) -> Option<&str> {
    quoted
        .rmatch_indices('"')
        .filter(|(position, _)| *position > 0)
        .find_map(|(position, _)| {
            let rest = quoted
                .get(position + 1..)?
                .trim_start_matches(python::is_space);
            rest.strip_prefix('<').filter(|address| !address.is_empty())
        })
}

fn is_name_char(c: char) -> bool {
    python::is_word(c) || ".!#$%&'*+-/=?^`{|}~".contains(c)
}
