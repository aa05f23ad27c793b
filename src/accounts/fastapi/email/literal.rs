//! A bracketed address after the @-sign: always refused, for one of many reasons.
//!
//! Promises the messages of Python's `ipaddress`, which reach the client inside the reason.

use super::super::python::repr;
use super::Reason;
use super::characters;

const NOT_ALLOWED: &str = "A bracketed IP address after the @-sign is not allowed here.";

/// Why it is refused.
pub(super) fn refusal(literal: &str) -> Reason {
    if !literal.is_empty() && literal.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return match check_ipv4(literal) {
            Ok(()) => NOT_ALLOWED.to_owned(),
            Err(e) => {
                format!(
                    "The address in brackets after the @-sign is not valid: It is not an IPv4 address ({e}) or is missing an address literal tag."
                )
            }
        };
    }
    match literal.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("ipv6:") => ipv6_refusal(address),
        Some(_) | None => tag_refusal(literal),
    }
}

fn ipv6_refusal(address: &str) -> Reason {
    match check_scoped_ipv6(address) {
        Ok(None) => NOT_ALLOWED.to_owned(),
        Ok(Some(_)) => {
            "The IPv6 address in brackets after the @-sign is not valid (It has a zone index)."
                .to_owned()
        }
        Err(e) => format!("The IPv6 address in brackets after the @-sign is not valid ({e})."),
    }
}

fn tag_refusal(literal: &str) -> Reason {
    if !literal.contains(':') {
        return "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.".to_owned();
    }
    match characters::disallowed(literal, |c| matches!(c, '\u{21}'..='\u{fa}')) {
        Some(shown) => {
            format!("The part after the @-sign contains invalid characters in brackets: {shown}.")
        }
        None => "The part after the @-sign contains an invalid address literal tag in brackets."
            .to_owned(),
    }
}

fn check_ipv4(address: &str) -> Result<(), String> {
    if address.contains('/') {
        return Err(format!("Unexpected '/' in {}", repr(address)));
    }
    if address.is_empty() {
        return Err("Address cannot be empty".to_owned());
    }
    if address.split('.').count() != 4 {
        return Err(format!("Expected 4 octets in {}", repr(address)));
    }
    address
        .split('.')
        .try_for_each(check_octet)
        .map_err(|e| format!("{e} in {}", repr(address)))
}

fn check_octet(octet: &str) -> Result<(), String> {
    let shown = repr(octet);
    if octet.is_empty() {
        Err("Empty octet not permitted".to_owned())
    } else if !octet.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(format!("Only decimal digits permitted in {shown}"))
    } else if octet.len() > 3 {
        Err(format!("At most 3 characters permitted in {shown}"))
    } else if octet != "0" && octet.starts_with('0') {
        Err(format!("Leading zeros are not permitted in {shown}"))
    } else if octet.parse::<u8>().is_err() {
        Err(format!("Octet {octet} (> 255) not permitted"))
    } else {
        Ok(())
    }
}

/// The zone index, if there is one.
fn check_scoped_ipv6(address: &str) -> Result<Option<&str>, String> {
    if address.contains('/') {
        return Err(format!("Unexpected '/' in {}", repr(address)));
    }
    let (address, zone) = match address.split_once('%') {
        Some((_, zone)) if zone.is_empty() || zone.contains('%') => {
            return Err(format!("Invalid IPv6 address: \"{}\"", repr(address)));
        }
        Some((bare, zone)) => (bare, Some(zone)),
        None => (address, None),
    };
    check_ipv6(address).map(|()| zone)
}

fn check_ipv6(address: &str) -> Result<(), String> {
    if address.is_empty() {
        return Err("Address cannot be empty".to_owned());
    }
    let mut parts: Vec<&str> = address.split(':').collect();
    let shown = repr(address);
    if parts.len() < 3 {
        return Err(format!("At least 3 parts expected in {shown}"));
    }
    if let Some(last) = parts.pop_if(|last| last.contains('.')) {
        check_ipv4(last).map_err(|e| format!("{e} in {shown}"))?;
        parts.extend(["0", "0"]);
    }
    if parts.len() > 9 {
        return Err(format!("At most 8 colons permitted in {shown}"));
    }
    check_parts(&parts).map_err(|e| format!("{e} in {shown}"))
}

/// The rules about `::`, then the groups themselves.
fn check_parts(parts: &[&str]) -> Result<(), String> {
    const LEADING: &str = "Leading ':' only permitted as part of '::'";
    const TRAILING: &str = "Trailing ':' only permitted as part of '::'";
    let is_empty_at = |index: usize| parts.get(index).is_some_and(|part| part.is_empty());
    let last = parts.len().saturating_sub(1);
    let skips: Vec<usize> = (1..last).filter(|index| is_empty_at(*index)).collect();
    let skip = match *skips.as_slice() {
        [] if parts.len() != 8 => return Err("Exactly 8 parts expected without '::'".to_owned()),
        [] => None,
        [skip] => Some(skip),
        [_, _, ..] => return Err("At most one '::' permitted".to_owned()),
    };
    if is_empty_at(0) && skip != Some(1) {
        return Err(LEADING.to_owned());
    }
    if is_empty_at(last) && skip != Some(last.saturating_sub(1)) {
        return Err(TRAILING.to_owned());
    }
    let groups = parts.iter().filter(|part| !part.is_empty());
    if skip.is_some() && groups.clone().count() > 7 {
        return Err("Expected at most 7 other parts with '::'".to_owned());
    }
    groups.copied().try_for_each(check_group)
}

fn check_group(group: &str) -> Result<(), String> {
    if !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("Only hex digits permitted in {}", repr(group)));
    }
    if group.len() > 4 {
        return Err(format!("At most 4 characters permitted in {}", repr(group)));
    }
    Ok(())
}
