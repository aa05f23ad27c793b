//! A token as it arrived: bounded and of the right shape, nothing more.

/// Why a string cannot be a token that we issue or accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Longer than the configured limit.
    #[error("the token is longer than the limit")]
    TooLong,
    /// Not three base64url parts: JWE, JSON serialisation, padding and garbage end here (RFC 7515 section 3.1).
    #[error("the token is not three base64url parts")]
    NotCompact,
}

/// A compact JWS that nobody has verified.
#[derive(Clone, Copy)]
pub struct RawToken<'a> {
    text: &'a str,
}

impl<'a> RawToken<'a> {
    /// Checks length first, so that nothing is ever done to a huge string.
    pub fn parse(bytes: &'a [u8], limit: usize) -> Result<Self, ShapeError> {
        if bytes.len() > limit {
            return Err(ShapeError::TooLong);
        }
        let base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut parts = bytes.split(|&byte| byte == b'.');
        let three = parts.by_ref().take(3).fold(0, |count, part| {
            count + usize::from(!part.is_empty() && part.iter().all(base64url))
        });
        if three != 3 || parts.next().is_some() {
            return Err(ShapeError::NotCompact);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ShapeError::NotCompact)?;
        Ok(Self { text })
    }

    /// The three parts, joined.
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// The first part: the encoded header.
    pub fn header_part(self) -> &'a str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// The second part: the encoded claims.
    pub fn payload_part(self) -> &'a str {
        self.text.split('.').nth(1).unwrap_or_default()
    }

    /// What is signed, and the encoded signature of it.
    pub fn signed(self) -> (&'a str, &'a str) {
        self.text.rsplit_once('.').unwrap_or_default()
    }
}

impl std::fmt::Debug for RawToken<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RawToken([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_base64url_parts_are_a_token() {
        assert!(RawToken::parse(b"aA0-_.b.c", 64).is_ok());
        for text in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.",
            ".b.c",
            "a..c",
            "a.b.c.d",
            "a.b.c.d.e",
            "a=.b.c",
            " a.b.c",
            "a.b.c ",
            "a.b.c+",
            "a.b.\u{e9}",
            "{\"payload\":\"x\"}",
        ] {
            let error = RawToken::parse(text.as_bytes(), 64).expect_err(text);
            assert_eq!(error, ShapeError::NotCompact);
        }
        let error = RawToken::parse(b"aaaa.bbbb.cccc", 13).expect_err("too long");
        assert_eq!(error, ShapeError::TooLong);
    }
}
