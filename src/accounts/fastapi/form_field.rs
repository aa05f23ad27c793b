//! One field of a form that is there whole, urlencoded or in parts, for those who look at no other.

use super::{media, multipart, pairs};

/// The value of a field; nothing where the body is no form, has no such field, or has it with two values.
pub fn form_field(content_type: Option<&str>, body: &[u8], name: &str) -> Option<String> {
    let pairs = if media::is_urlencoded(content_type) {
        pairs::form(body)
    } else if multipart::is_multipart(content_type) {
        multipart::pairs(content_type?, body)
    } else {
        return None;
    };
    let of_name = pairs.ok()?.into_iter().filter(|(field, _)| field == name);
    let mut values = of_name.map(|(_, value)| value);
    let value = values.next()?;
    values.all(|other| other == value).then_some(value)
}

/// Whether the body is a form that fields can be read of.
pub fn is_form(content_type: Option<&str>) -> bool {
    media::is_urlencoded(content_type) || multipart::is_multipart(content_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLENCODED: Option<&str> = Some("application/x-www-form-urlencoded; charset=utf-8");

    #[test]
    fn a_field_is_read_of_either_kind_of_form() {
        let of = |body: &[u8]| form_field(URLENCODED, body, "csrf_token");
        assert_eq!(of(b"a=b&csrf_token=x%2By").as_deref(), Some("x+y"));
        assert_eq!(of(b"csrf_token=x&csrf_token=x").as_deref(), Some("x"));
        let body = b"--b\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\nx\r\n--b--";
        let parts = Some("multipart/form-data; boundary=b");
        assert_eq!(form_field(parts, body, "csrf_token").as_deref(), Some("x"));
        assert!(is_form(parts) && is_form(URLENCODED));
    }

    #[test]
    fn what_is_no_form_or_says_two_things_has_no_field() {
        let of = |kind, body: &str| form_field(kind, body.as_bytes(), "csrf_token");
        for body in [
            "",
            "csrf_token",
            "csrf_token=x&csrf_token=y",
            "CSRF_token=x",
        ] {
            assert_eq!(
                of(URLENCODED, body).filter(|it| !it.is_empty()),
                None,
                "{body}"
            );
        }
        for kind in [None, Some("application/json"), Some("multipart/form-data")] {
            assert_eq!(of(kind, "csrf_token=x"), None, "{kind:?}");
        }
        assert!(!is_form(None) && !is_form(Some("text/plain")));
    }
}
