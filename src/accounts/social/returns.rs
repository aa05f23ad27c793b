//! Where browsers may be sent in the end: nowhere that the operator has not named (RFC 9700 section 4.11).

use ::http::Uri;

/// The places that may be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returns {
    origins: Vec<Origin>,
    refused_to: Box<str>,
}

/// A scheme and a host, such as `https://app.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Box<str>);

/// Why a text is no such place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReturnsError {
    /// More or less than an origin.
    #[error("this is no origin")]
    Origin,
    /// Neither a path nor a URL of an origin that is named.
    #[error("this is neither a path nor a URL of an origin that is named")]
    Place,
}

/// The longest place.
const LONGEST: usize = 1024;

impl Returns {
    /// Reads an origin.
    pub fn origin(text: &str) -> Result<Origin, ReturnsError> {
        let uri: Uri = text.parse().map_err(|_| ReturnsError::Origin)?;
        let authority = uri.authority().ok_or(ReturnsError::Origin)?;
        let scheme = uri.scheme_str().ok_or(ReturnsError::Origin)?;
        let is_web = matches!(scheme, "http" | "https");
        let whole = format!("{scheme}://{authority}");
        if !is_web || authority.as_str().contains('@') || whole != text {
            return Err(ReturnsError::Origin);
        }
        Ok(Origin(text.into()))
    }

    /// These origins, and where those go who are refused.
    pub fn new(origins: Vec<Origin>, refused_to: &str) -> Result<Self, ReturnsError> {
        let mut returns = Self {
            origins,
            refused_to: "/".into(),
        };
        returns.refused_to = returns
            .checked(refused_to)
            .ok_or(ReturnsError::Place)?
            .into();
        Ok(returns)
    }

    /// A path of this host, or a URL of an origin that is named. What browsers could read as anything else is neither: they
    /// take `\` for `/`, drop tabs and line ends, and read a host behind `//`.
    pub fn checked<'a>(&self, text: &'a str) -> Option<&'a str> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if text.len() > LONGEST || !text.bytes().all(is_plain) {
            return None;
        }
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if text.starts_with('/') {
            return (!path.contains("//")).then_some(text);
        }
        let mut origins = self.origins.iter();
        let is_of = |Origin(origin): &Origin| {
            let rest = text.strip_prefix(&**origin);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        };
        origins.any(is_of).then_some(text)
    }

    /// Where somebody goes who is refused.
    pub(super) fn refused(&self, error: &str) -> String {
        let place = &self.refused_to;
        let (place, fragment) = match place.split_once('#') {
            Some((place, fragment)) => (place, format!("#{fragment}")),
            None => (&**place, String::new()),
        };
        let separator = if place.contains('?') { '&' } else { '?' };
        format!("{place}{separator}error={error}{fragment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns() -> Returns {
        let origin = Returns::origin("https://app.example.com").expect("an origin");
        Returns::new(vec![origin], "/login").expect("places")
    }

    #[test]
    fn nobody_is_sent_where_nobody_has_named() {
        for good in [
            "/",
            "/there",
            "/there?x=https://other.example//&y#z",
            "https://app.example.com",
            "https://app.example.com/a//b",
            "https://app.example.com?x=1",
        ] {
            assert_eq!(returns().checked(good), Some(good));
        }
        for bad in [
            "",
            "there",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/a//evil.example",
            "https:evil.example",
            "https://evil.example",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "https://app.example.com:8443/",
            "https://app.example.com\\@evil.example",
            "http://app.example.com/",
            "HTTPS://app.example.com/",
            "javascript:alert(1)",
            "/한",
            "/a b",
            "/a\r\nSet-Cookie: x=1",
        ] {
            assert_eq!(returns().checked(bad), None, "{bad:?}");
        }
        assert_eq!(returns().checked(&format!("/{}", "a".repeat(1024))), None);
    }

    #[test]
    fn who_is_refused_is_told_why() {
        assert_eq!(returns().refused("blocked"), "/login?error=blocked");
        let returns = Returns::new(Vec::new(), "/login?from=a#top").expect("places");
        assert_eq!(returns.refused("denied"), "/login?from=a&error=denied#top");
        assert!(Returns::new(Vec::new(), "//evil.example").is_err());
        assert!(Returns::new(Vec::new(), "https://app.example.com/").is_err());
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for bad in [
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/a",
            "https://user@app.example.com",
            "ftp://app.example.com",
            "https://",
            "*",
        ] {
            assert_eq!(Returns::origin(bad), Err(ReturnsError::Origin), "{bad}");
        }
        assert!(Returns::origin("http://localhost:3000").is_ok());
    }
}
