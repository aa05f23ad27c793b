//! `Set-Cookie`, byte for byte (RFC 6265bis section 4.1), for names and values of which nothing has to be escaped.

use std::{fmt::Write as _, time::Duration};

use ::http::HeaderValue;

/// The most that browsers take of a name and its value together (section 5.7, step 5).
const LARGEST: usize = 4096;

/// The most that they take of an attribute (step 6 of the same).
const LARGEST_ATTRIBUTE: usize = 1024;

/// How a cookie is kept by browsers, besides its value and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Below which path it is sent.
    pub path: Box<str>,
    /// The domain below which it is sent; `None` is the very host that has set it.
    pub domain: Option<Box<str>>,
    /// With whose requests it is sent.
    pub same_site: SameSite,
    /// Whether it is sent in clear text, too.
    pub transport: Transport,
    /// Whether scripts can read it.
    pub scripts: Scripts,
}

/// With whose requests a cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Those of pages of the same site.
    Strict,
    /// Those, and when a link of another site is followed.
    Lax,
    /// Everybody's.
    None,
}

/// Whether a cookie needs TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// It does.
    Secure,
    /// It goes in clear text as well.
    Any,
}

/// Whether scripts can read a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// They cannot.
    Shut,
    /// They can.
    Admitted,
}

/// A cookie without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieShape {
    name: Box<str>,
    /// What stands behind the value.
    attributes: Box<str>,
}

/// Why browsers would not keep a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// The name.
    #[error("this is not a cookie's name")]
    Name,
    /// The path.
    #[error("this is not a path that a cookie can have")]
    Path,
    /// The domain.
    #[error("this is not a domain that a cookie can have")]
    Domain,
    /// `__Host-`.
    #[error(
        "browsers keep a cookie whose name begins with __Host- only for one host, with the path /"
    )]
    NotOfHost,
    /// `__Host-` and `__Secure-`.
    #[error(
        "browsers keep a cookie whose name begins with __Host- or __Secure- only if it needs TLS"
    )]
    NotSecure,
    /// `SameSite=None`.
    #[error("browsers keep a cookie for pages of all sites only if it needs TLS")]
    NoneNotSecure,
    /// The value.
    #[error("the value has a character that no cookie can have")]
    Value,
    /// The size.
    #[error(
        "the cookie {name} would have {size} bytes, and browsers keep none of more than {LARGEST}: give the token fewer claims"
    )]
    TooLarge {
        /// Of the name.
        name: ShortName,
        /// Of name and value.
        size: usize,
    },
}

/// The beginning of a name, for what is said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortName([u8; 32]);

impl std::fmt::Display for ShortName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.0.iter().take_while(|byte| **byte != 0);
        named
            .map(|byte| char::from(*byte))
            .try_for_each(|letter| formatter.write_char(letter))
    }
}

impl CookieShape {
    /// A cookie that browsers keep.
    pub fn new(name: &str, attributes: &Attributes) -> Result<Self, CookieError> {
        check(name, attributes)?;
        let mut text = format!("; Path={}", attributes.path);
        if let Some(domain) = &attributes.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if attributes.transport == Transport::Secure {
            text.push_str("; Secure");
        }
        if attributes.scripts == Scripts::Shut {
            text.push_str("; HttpOnly");
        }
        text.push_str(match attributes.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        Ok(Self {
            name: name.into(),
            attributes: text.into(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field that sets it; without a time it ends with the browser's session.
    pub fn set(&self, value: &str, max_age: Option<Duration>) -> Result<HeaderValue, CookieError> {
        let size = self.name.len() + value.len();
        if size > LARGEST {
            let name = self.short_name();
            return Err(CookieError::TooLarge { name, size });
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(CookieError::Value);
        }
        let max_age = max_age.map(|time| format!("; Max-Age={}", time.as_secs()));
        let max_age = max_age.unwrap_or_default();
        let Self { name, attributes } = self;
        let text = format!("{name}={value}{max_age}{attributes}");
        let mut field = HeaderValue::try_from(text).map_err(|_| CookieError::Value)?;
        field.set_sensitive(true);
        Ok(field)
    }

    /// The field that takes it away. Old browsers know `Expires` alone.
    pub fn removal(&self) -> HeaderValue {
        const LONG_AGO: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
        let Self { name, attributes } = self;
        let text = format!("{name}=; Max-Age=0; Expires={LONG_AGO}{attributes}");
        // INVARIANT: name and attributes were checked when the shape was made.
        HeaderValue::try_from(text).expect("a header value")
    }

    fn short_name(&self) -> ShortName {
        let mut short = [0; 32];
        for (byte, letter) in short.iter_mut().zip(self.name.bytes()) {
            *byte = letter;
        }
        ShortName(short)
    }
}

fn check(name: &str, attributes: &Attributes) -> Result<(), CookieError> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > LARGEST_ATTRIBUTE || !name.bytes().all(is_token) {
        return Err(CookieError::Name);
    }
    let path = &attributes.path;
    if !path.starts_with('/') || !is_attribute(path) {
        return Err(CookieError::Path);
    }
    let domain = attributes.domain.as_deref();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if domain.is_some_and(|text| text.is_empty() || text.len() > 253 || !text.bytes().all(is_name))
    {
        return Err(CookieError::Domain);
    }
    // Browsers compare prefixes in any case (section 5.7, steps 21 and 22).
    let begins = |prefix: &str| {
        let begin = name.get(..prefix.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    let is_secure = attributes.transport == Transport::Secure;
    if (begins("__Host-") || begins("__Secure-")) && !is_secure {
        return Err(CookieError::NotSecure);
    }
    if begins("__Host-") && (domain.is_some() || **path != *"/") {
        return Err(CookieError::NotOfHost);
    }
    if attributes.same_site == SameSite::None && !is_secure {
        return Err(CookieError::NoneNotSecure);
    }
    Ok(())
}

/// Neither a control character nor the `;` that ends it, and not longer than browsers take.
fn is_attribute(text: &str) -> bool {
    let fits = |byte: u8| (0x20..0x7F).contains(&byte) && byte != b';';
    text.len() <= LARGEST_ATTRIBUTE && text.bytes().all(fits)
}

/// RFC 6265bis section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Attributes {
        Attributes {
            path: "/".into(),
            domain: None,
            same_site: SameSite::Lax,
            transport: Transport::Secure,
            scripts: Scripts::Shut,
        }
    }

    fn text(field: &HeaderValue) -> String {
        field.to_str().expect("a text").to_owned()
    }

    #[test]
    fn a_cookie_is_written_as_browsers_read_it() {
        let shape = CookieShape::new("__Host-a", &usual()).expect("a shape");
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(
            text(&shape.set("x.y-z_", hour).expect("a cookie")),
            "__Host-a=x.y-z_; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            text(&shape.removal()),
            "__Host-a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        let open = Attributes {
            path: "/auth".into(),
            domain: Some("example.com".into()),
            same_site: SameSite::Strict,
            transport: Transport::Any,
            scripts: Scripts::Admitted,
        };
        let shape = CookieShape::new("a", &open).expect("a shape");
        assert_eq!(
            text(&shape.set("", None).expect("a cookie")),
            "a=; Path=/auth; Domain=example.com; SameSite=Strict"
        );
    }

    #[test]
    fn what_browsers_would_drop_is_refused() {
        let refused = |name: &str, change: &dyn Fn(&mut Attributes)| {
            let mut attributes = usual();
            change(&mut attributes);
            CookieShape::new(name, &attributes).err()
        };
        let clear = |it: &mut Attributes| it.transport = Transport::Any;
        for name in ["__Host-a", "__host-a", "__Secure-a", "__SECURE-a"] {
            assert_eq!(
                refused(name, &clear),
                Some(CookieError::NotSecure),
                "{name}"
            );
            assert_eq!(refused(name, &|_| ()), None, "{name}");
        }
        let below = |it: &mut Attributes| it.path = "/a".into();
        let wide = |it: &mut Attributes| it.domain = Some("example.com".into());
        for name in ["__Host-a", "__HOST-a"] {
            assert_eq!(
                refused(name, &below),
                Some(CookieError::NotOfHost),
                "{name}"
            );
            assert_eq!(refused(name, &wide), Some(CookieError::NotOfHost), "{name}");
        }
        assert_eq!(refused("__Secure-a", &below), None);
        assert_eq!(refused("__Secure-a", &wide), None);
        let all = |it: &mut Attributes| {
            it.same_site = SameSite::None;
            it.transport = Transport::Any;
        };
        assert_eq!(refused("a", &all), Some(CookieError::NoneNotSecure));
        for name in ["", "a b", "a=b", "a;b", "\u{e9}"] {
            assert_eq!(refused(name, &|_| ()), Some(CookieError::Name), "{name}");
        }
        for path in ["", "a", "/a;b", "/a\r\n", "/\u{e9}"] {
            let odd = |it: &mut Attributes| it.path = path.into();
            assert_eq!(refused("a", &odd), Some(CookieError::Path), "{path}");
        }
        for domain in ["", "a b", "a;b", "https://a"] {
            let odd = |it: &mut Attributes| it.domain = Some(domain.into());
            assert_eq!(refused("a", &odd), Some(CookieError::Domain), "{domain}");
        }
    }

    #[test]
    fn a_value_is_a_value_and_not_too_large() {
        let shape = CookieShape::new("a", &usual()).expect("a shape");
        for value in ["a b", "a;b", "a,b", "\"a\"", "a\\b", "a\r\nb", "\u{e9}"] {
            assert_eq!(shape.set(value, None), Err(CookieError::Value), "{value}");
        }
        assert!(shape.set(&"x".repeat(LARGEST - 1), None).is_ok());
        let error = shape
            .set(&"x".repeat(LARGEST), None)
            .expect_err("too large");
        assert!(
            error
                .to_string()
                .starts_with("the cookie a would have 4097 bytes")
        );
    }
}
