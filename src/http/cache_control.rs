//! Who may keep an answer (RFC 9111 section 5.2).

use ::http::{HeaderMap, HeaderValue, header};

/// Keeps an answer from those that keep answers for several users: its URL says who asks, so that whoever learns the one
/// would get the other. What the upstream says about the client's own cache stays.
pub fn keep_private(headers: &mut HeaderMap) {
    let said = headers.get_all(header::CACHE_CONTROL).iter();
    let said: Vec<&[u8]> = said.map(HeaderValue::as_bytes).collect();
    let said = said.join(&b","[..]);
    let value = match std::str::from_utf8(&said) {
        // A comma in quotes ends no directive; who writes such things is answered by the strictest one.
        Ok(said) if !said.contains('"') => private(said),
        Ok(_) | Err(_) => "no-store".to_owned(),
    };
    // INVARIANT: each part was taken from a value, or is a word of ours.
    let value = HeaderValue::try_from(value).expect("a header value");
    headers.insert(header::CACHE_CONTROL, value);
}

fn private(said: &str) -> String {
    let directives = said.split(',').map(str::trim);
    let directives = directives.filter(|directive| !directive.is_empty());
    let is = |directive: &str, name: &str| directive.eq_ignore_ascii_case(name);
    let is_private = |directive: &str| is(directive, "private") || is(directive, "no-store");
    let for_all = |directive: &str| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        is(name, "public") || is(name, "s-maxage")
    };
    let mut kept: Vec<&str> = directives.filter(|directive| !for_all(directive)).collect();
    if !kept.iter().any(|directive| is_private(directive)) {
        kept.insert(0, "private");
    }
    kept.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(said: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(header::CACHE_CONTROL, HeaderValue::from_static(value));
        }
        keep_private(&mut headers);
        let values: Vec<_> = headers.get_all(header::CACHE_CONTROL).iter().collect();
        assert_eq!(values.len(), 1);
        values[0].to_str().expect("a text").to_owned()
    }

    #[test]
    fn an_answer_is_kept_by_its_client_alone() {
        for (said, expected) in [
            (&[][..], "private"),
            (&[""], "private"),
            (&["public, max-age=60"], "private, max-age=60"),
            (&["max-age=60, S-MaxAge = 600"], "private, max-age=60"),
            (&["PUBLIC", "immutable"], "private, immutable"),
            (&["no-store"], "no-store"),
            (&["Private, max-age=5"], "Private, max-age=5"),
            (&["public, private"], "private"),
            (&["no-cache"], "private, no-cache"),
            (&["private=\"a, private\", max-age=60"], "no-store"),
            (&["max-age=\"60\""], "no-store"),
        ] {
            assert_eq!(kept(said), expected, "{said:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_kept_at_all() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"public, \xff").expect("a value");
        headers.insert(header::CACHE_CONTROL, value);
        keep_private(&mut headers);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
}
