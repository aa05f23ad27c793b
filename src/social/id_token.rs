//! What an ID token has to say besides a good signature (OpenID Connect Core section 3.1.3.7).
//!
//! Signature, issuer, times and audience are proven by `token::verify`, as for every other token. Here is what is
//! peculiar to a login.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    entropy::hex_pair,
    token::{
        key::Algorithm,
        verify::{InvalidToken, Verified},
    },
};

/// What one is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who it has to be meant for, among those that are accepted at all.
    pub audience: Option<&'a str>,
    /// Who may have asked for it: what `azp` may say.
    pub parties: &'a [Box<str>],
    /// What it has to repeat.
    pub nonce: Nonce<'a>,
    /// The access token that came with it, where one did.
    pub access_token: Option<&'a str>,
}

/// What an ID token has to repeat.
#[derive(Debug, Clone, Copy)]
pub enum Nonce<'a> {
    /// Exactly this.
    Exactly(&'a str),
    /// This, or its SHA-256 in hexadecimal digits or base64url, as the kits of native applications hash it.
    RawOrHashed(&'a str),
    /// Nobody has asked for one.
    Unasked,
}

/// Why an ID token does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// The token itself.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// It is meant for somebody else.
    #[error("it is meant for another client")]
    Audience,
    /// It is meant for several and does not say who has asked for it, or that was somebody else.
    #[error("another client has asked for it")]
    Party,
    /// Of another login.
    #[error("it is of another login: its nonce is another one, or missing")]
    Nonce,
    /// Of another access token.
    #[error("it belongs to another access token")]
    AccessToken,
    /// By no key that the provider publishes.
    #[error("no key that the provider publishes has signed it")]
    UnknownKey,
}

impl Expected<'_> {
    /// Compares what the signature has proven.
    pub fn check(&self, proof: &Verified) -> Result<(), IdTokenError> {
        let audience = proof.claims.value("aud");
        let audiences = audience.map_or(&[][..], |audience| match audience {
            Value::Array(names) => names.as_slice(),
            one @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)) => std::slice::from_ref(one),
        });
        let names = |wanted| audiences.iter().any(|name| name.as_str() == Some(wanted));
        if self.audience.is_some_and(|wanted| !names(wanted)) {
            return Err(IdTokenError::Audience);
        }
        self.check_party(proof.claims.value("azp"), audiences.len())?;
        self.check_nonce(proof.claims.value("nonce").and_then(Value::as_str))?;
        self.check_access_token(proof)
    }

    fn check_party(&self, azp: Option<&Value>, audiences: usize) -> Result<(), IdTokenError> {
        let is_known = |azp: &Value| {
            let azp = azp.as_str();
            azp.is_some_and(|azp| self.parties.iter().any(|party| **party == *azp))
        };
        match azp.filter(|azp| !azp.is_null()) {
            Some(azp) if is_known(azp) => Ok(()),
            None if audiences <= 1 => Ok(()),
            Some(_) | None => Err(IdTokenError::Party),
        }
    }

    fn check_nonce(&self, said: Option<&str>) -> Result<(), IdTokenError> {
        let holds = match self.nonce {
            Nonce::Unasked => true,
            Nonce::Exactly(nonce) => said == Some(nonce),
            Nonce::RawOrHashed(raw) => said.is_some_and(|said| repeats(said, raw)),
        };
        holds.then_some(()).ok_or(IdTokenError::Nonce)
    }

    /// `at_hash` is the left half of the hash of the access token (section 3.1.3.6). One that is missing says nothing.
    fn check_access_token(&self, proof: &Verified) -> Result<(), IdTokenError> {
        let said = proof.claims.value("at_hash");
        let Some((said, token)) = said.zip(self.access_token) else {
            return Ok(());
        };
        let hashed = half_hash(token, proof.key().algorithm());
        let same = said.as_str() == Some(hashed.as_str());
        same.then_some(()).ok_or(IdTokenError::AccessToken)
    }
}

fn repeats(said: &str, raw: &str) -> bool {
    let hashed = digest(&SHA256, raw.as_bytes());
    let digits = hashed.as_ref().iter().flat_map(|&byte| hex_pair(byte));
    let digits: String = digits.map(char::from).collect();
    said == raw || said == digits || said == BASE64_URL_SAFE_NO_PAD.encode(hashed)
}

fn half_hash(token: &str, algorithm: Algorithm) -> String {
    use Algorithm as A;
    let hash = match algorithm {
        A::Hs256 | A::Rs256 | A::Ps256 | A::Es256 => &SHA256,
        A::Hs384 | A::Rs384 | A::Ps384 | A::Es384 => &SHA384,
        A::Hs512 | A::Rs512 | A::Ps512 | A::EdDsa => &SHA512,
    };
    let hashed = digest(hash, token.as_bytes());
    let half = hashed.as_ref().get(..hashed.as_ref().len() / 2);
    BASE64_URL_SAFE_NO_PAD.encode(half.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn proof(claims: &Value) -> Verified {
        let claims = serde_json::from_value(claims.clone()).expect("claims");
        Verified::unsigned(claims)
    }

    fn parties() -> Vec<Box<str>> {
        vec!["web".into(), "android".into()]
    }

    fn usual(parties: &[Box<str>]) -> Expected<'_> {
        Expected {
            audience: Some("web"),
            parties,
            nonce: Nonce::Exactly("n"),
            access_token: None,
        }
    }

    #[test]
    fn it_is_meant_for_us_and_asked_for_by_us() {
        let parties = parties();
        for (claims, expected) in [
            (json!({"aud": "web", "nonce": "n"}), Ok(())),
            (json!({"aud": ["web"], "nonce": "n"}), Ok(())),
            (
                json!({"aud": ["web"], "azp": "android", "nonce": "n"}),
                Ok(()),
            ),
            (
                json!({"aud": ["web", "x"], "azp": "web", "nonce": "n"}),
                Ok(()),
            ),
            (
                json!({"aud": "other", "nonce": "n"}),
                Err(IdTokenError::Audience),
            ),
            (json!({"nonce": "n"}), Err(IdTokenError::Audience)),
            (
                json!({"aud": ["web", "x"], "nonce": "n"}),
                Err(IdTokenError::Party),
            ),
            (
                json!({"aud": "web", "azp": "other", "nonce": "n"}),
                Err(IdTokenError::Party),
            ),
            (
                json!({"aud": "web", "azp": 7, "nonce": "n"}),
                Err(IdTokenError::Party),
            ),
            (
                json!({"aud": "web", "nonce": "m"}),
                Err(IdTokenError::Nonce),
            ),
            (json!({"aud": "web"}), Err(IdTokenError::Nonce)),
            (
                json!({"aud": "web", "nonce": ["n"]}),
                Err(IdTokenError::Nonce),
            ),
        ] {
            assert_eq!(usual(&parties).check(&proof(&claims)), expected, "{claims}");
        }
    }

    #[test]
    fn native_applications_may_hash_their_nonce() {
        let parties = parties();
        let expected = Expected {
            nonce: Nonce::RawOrHashed("abc"),
            ..usual(&parties)
        };
        for (said, holds) in [
            ("abc", true),
            (
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                true,
            ),
            ("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", true),
            ("ab", false),
            ("", false),
        ] {
            let claims = json!({"aud": "web", "nonce": said});
            assert_eq!(expected.check(&proof(&claims)).is_ok(), holds, "{said}");
        }
    }

    #[test]
    fn an_access_token_of_somebody_else_is_noticed() {
        // OpenID Connect Core, appendix A.4.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let parties = parties();
        let expected = Expected {
            access_token: Some(token),
            ..usual(&parties)
        };
        let claims = |hash: &str| json!({"aud": "web", "nonce": "n", "at_hash": hash});
        let good = claims("77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(expected.check(&proof(&good)), Ok(()));
        let other = claims("77QmUPtjPfzWtF2AnpK9RR");
        assert_eq!(
            expected.check(&proof(&other)),
            Err(IdTokenError::AccessToken)
        );
    }
}
