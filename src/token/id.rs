//! Which token of which session: what `jti` says.
//!
//! `SESSION.TOKEN`, 128 random bits each, so that whoever ends a session need not know its tokens: every one of them
//! names it. A `jti` of somebody else's making, without a dot, names its token and no session besides.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The longest name of a session that is kept; a token with a longer one has none.
const LONGEST: usize = 64;

/// The id of one token, which begins with the id of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenId {
    text: String,
    session: usize,
}

impl TokenId {
    /// The next token of a session.
    pub fn of_session(session: &str, random: [u8; 16]) -> Self {
        let mut text = session.to_owned();
        text.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(random, &mut text);
        let session = session.len();
        Self { text, session }
    }

    /// The first token of a new session.
    pub fn of_new_session(session: [u8; 16], random: [u8; 16]) -> Self {
        Self::of_session(&BASE64_URL_SAFE_NO_PAD.encode(session), random)
    }

    /// What `jti` says.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id of its session.
    pub fn session(&self) -> &str {
        self.text.get(..self.session).unwrap_or_default()
    }
}

/// The session that a token with this `jti` is of: what stands before the dot, or all of it.
pub fn session_of(jti: &str) -> Option<&str> {
    let session = jti.split_once('.').map_or(jti, |(session, _)| session);
    let usable = !session.is_empty() && session.len() <= LONGEST;
    (usable && session.bytes().all(|byte| byte.is_ascii_graphic())).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_one_session_name_it_and_differ() {
        let first = TokenId::of_new_session([7; 16], [1; 16]);
        let second = TokenId::of_session(first.session(), [2; 16]);
        assert_ne!(first.as_str(), second.as_str());
        assert_eq!(first.session().len(), 22);
        for token in [&first, &second] {
            assert_eq!(session_of(token.as_str()), Some(first.session()));
        }
    }

    #[test]
    fn a_name_of_somebody_elses_making_is_a_session_if_it_can_be_kept() {
        let uuid = "0191f7d2-0b0e-7c0a-9b7e-0b1c2d3e4f50";
        assert_eq!(session_of(uuid), Some(uuid));
        for unusable in ["", ".a", "a b", "\u{e9}", "a\n", &"a".repeat(65)] {
            assert_eq!(session_of(unusable), None, "{unusable}");
        }
    }
}
