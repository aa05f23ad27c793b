//! Paths as they may be shown: without what is about a person, and without what opens something.

use percent_encoding::percent_decode_str;

/// Longer segments are keys, tokens and links to reset a password, and nothing that a route is found by.
const LONGEST: usize = 64;

/// What stands for a query.
const QUERY: &str = "?…";

/// A target, of whose query nothing is shown but that it has one.
pub(super) fn target(target: &str) -> String {
    match target.split_once('?') {
        Some((before, _)) => path(before) + QUERY,
        None => path(target),
    }
}

/// A path, whose segments are hidden where they could be e-mails or secrets.
pub(super) fn path(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        if is_email(segment) {
            "…@…".to_owned()
        } else if segment.chars().count() > LONGEST {
            "…".to_owned()
        } else {
            segment.chars().map(shown).collect()
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// What could steer a terminal is escaped.
fn shown(character: char) -> String {
    match character {
        '\'' | '"' | '\\' => character.to_string(),
        other => other.escape_debug().to_string(),
    }
}

/// Encoded or not, twice at most.
fn is_email(segment: &str) -> bool {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (once, inside) = (decoded(segment), |text: &str| {
        let parts = text.split_once('@');
        parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
    });
    inside(segment) || inside(&once) || inside(&decoded(&once))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_shows_no_email_no_secret_and_no_query() {
        let token = "a".repeat(65);
        for (written, shown) in [
            ("/users/5?token=x", "/users/5?…"),
            ("/users/ann@example.com/posts", "/users/…@…/posts"),
            ("/users/ann%40example.com", "/users/…@…"),
            ("/users/ann%2540example.com", "/users/…@…"),
            ("http://ann:secret@host/a", "http://…@…/a"),
            ("/@me/%69tems/it's", "/@me/%69tems/it's"),
            ("/a\u{1b}[31m", "/a\\u{1b}[31m"),
        ] {
            assert_eq!(target(written), shown);
        }
        assert_eq!(target(&format!("/reset/{token}/x")), "/reset/…/x");
    }
}
