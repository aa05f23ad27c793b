//! Which content types FastAPI takes for JSON and for an urlencoded form.
//!
//! Promises the readings of `email.message` (JSON) and `python-multipart` (forms), which differ in what they trim.

use super::python;

/// Whether FastAPI's strict content type reads the body as JSON; no content type is not JSON.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = python::strip(essence).to_lowercase();
    match essence.split_once('/') {
        Some(("application", subtype)) => {
            !subtype.contains('/') && (subtype == "json" || subtype.ends_with("+json"))
        }
        Some(_) | None => false,
    }
}

pub(super) fn is_urlencoded(content_type: Option<&str>) -> bool {
    // A quoted `;` needs no care: a type with a quote in front of it is not this one anyway.
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    essence.trim_matches([' ', '\t']).to_lowercase() == "application/x-www-form-urlencoded"
}
