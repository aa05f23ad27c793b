//! International domain names: the mapping of UTS 46 and the label rules of IDNA 2008, in the words of Python's `idna`.
//!
//! Which code points IDNA 2008 allows is derived from Unicode properties (RFC 5892), not read from its table; where the
//! Unicode versions of the two differ, so do the answers.

mod bidi;
mod classes;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::uts46::Uts46MapperBorrowed;
use icu_properties::props::GeneralCategoryGroup;

use super::super::python;
use bidi::check_bidi;
pub(super) use bidi::check_bidi_domain;
use classes::check_code_point;

const MAX_LABEL: usize = 63;
const PREFIX: &str = "xn--";

/// Maps a domain: lower case, composed, every kind of full stop to `.`.
pub(super) fn remap(domain: &str) -> Result<String, String> {
    if domain.is_ascii() {
        return Ok(domain.to_ascii_lowercase());
    }
    let mapper = Uts46MapperBorrowed::new();
    for (index, c) in domain.chars().enumerate().filter(|(_, c)| !c.is_ascii()) {
        if mapper
            .map_normalize(std::iter::once(c))
            .any(|mapped| mapped == char::REPLACEMENT_CHARACTER)
        {
            return Err(format!(
                "Codepoint {} not allowed at position {} in {}",
                code(c),
                index + 1,
                python::repr(domain)
            ));
        }
    }
    Ok(mapper.map_normalize(domain.chars()).collect())
}

/// Encodes every label of a mapped domain.
pub(super) fn to_ascii(domain: &str) -> Result<String, String> {
    let labels: Result<Vec<String>, String> = domain.split('.').map(a_label).collect();
    Ok(labels?.join("."))
}

/// Decodes every label of an ASCII domain.
pub(super) fn to_unicode(ascii: &str) -> Result<String, String> {
    let labels: Result<Vec<String>, String> = ascii.split('.').map(u_label).collect();
    Ok(labels?.join("."))
}

fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn a_label(label: &str) -> Result<String, String> {
    let encoded = if label.is_ascii() {
        u_label(label)?;
        label.to_owned()
    } else {
        check_label(label)?;
        let punycode = ::idna::punycode::encode_str(label).ok_or("Label too long")?;
        format!("{PREFIX}{punycode}")
    };
    if encoded.len() > MAX_LABEL {
        Err("Label too long".to_owned())
    } else {
        Ok(encoded)
    }
}

fn u_label(label: &str) -> Result<String, String> {
    let Some(punycode) = label.strip_prefix(PREFIX) else {
        check_label(label)?;
        return Ok(label.to_owned());
    };
    if punycode.is_empty() {
        return Err("Malformed A-label, no Punycode eligible content found".to_owned());
    }
    if punycode.ends_with('-') {
        return Err("A-label must not end with a hyphen".to_owned());
    }
    // A single hyphen in front delimits no basic characters at all; the decoder would take it for a digit.
    let digits = punycode
        .strip_prefix('-')
        .filter(|rest| !rest.contains('-'))
        .unwrap_or(punycode);
    let decoded = ::idna::punycode::decode_to_string(digits).ok_or("Invalid A-label")?;
    if ::idna::punycode::encode_str(&decoded).as_deref() != Some(punycode) {
        return Err("A-label is not the canonical Punycode encoding of its U-label".to_owned());
    }
    check_label(&decoded)?;
    Ok(decoded)
}

fn check_label(label: &str) -> Result<(), String> {
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(label) {
        return Err("Label must be in Normalization Form C".to_owned());
    }
    let chars: Vec<char> = label.chars().collect();
    if let [_, _, '-', '-', ..] = *chars.as_slice() {
        return Err("Label has disallowed hyphens in 3rd and 4th position".to_owned());
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("Label must not start or end with a hyphen".to_owned());
    }
    if label.starts_with(|c| python::is_in(c, GeneralCategoryGroup::Mark)) {
        return Err("Label begins with an illegal combining character".to_owned());
    }
    for position in 0..chars.len() {
        check_code_point(&chars, position)?;
    }
    check_bidi(label, bidi::Scope::RightToLeftOnly)
}
