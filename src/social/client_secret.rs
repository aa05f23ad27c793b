//! A client secret that is a token itself, as Apple wants it: signed by our key, and made anew before it ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;

use crate::{
    clock::UnixSeconds,
    secret::Secret,
    token::{keyring::ListedKey, mint},
};

/// How long before its end another one is made.
const EARLY: Duration = Duration::from_secs(300);

/// Makes such secrets.
#[derive(Debug)]
pub struct SignedSecret {
    /// The key, with the name that the provider knows it by.
    pub key: ListedKey,
    /// `iss`: the team.
    pub team: Box<str>,
    /// `aud`: the provider.
    pub audience: Box<str>,
    /// How long one holds.
    pub lifetime: Duration,
    /// By client.
    made: Mutex<HashMap<Box<str>, Made>>,
}

/// One that is made.
#[derive(Debug)]
struct Made {
    secret: Arc<Secret<String>>,
    renewed_at: UnixSeconds,
}

impl SignedSecret {
    /// None is made yet.
    pub fn new(key: ListedKey, (team, audience): (&str, &str), lifetime: Duration) -> Self {
        Self {
            key,
            team: team.into(),
            audience: audience.into(),
            lifetime,
            made: Mutex::default(),
        }
    }

    /// One that holds for a while yet, of one of the few clients that are configured.
    pub fn current(&self, client_id: &str, now: UnixSeconds) -> Option<Arc<Secret<String>>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.get(client_id).filter(|made| now < made.renewed_at);
        if let Some(known) = known {
            return Some(Arc::clone(&known.secret));
        }
        let claims = json!({
            "iss": &*self.team,
            "iat": now.0,
            "exp": now.plus(self.lifetime).0,
            "aud": &*self.audience,
            "sub": client_id,
        });
        let token = mint::sign(&self.key, "JWT", &claims).ok()?;
        let secret = Arc::new(Secret::new(token));
        let renewed_at = now.plus(self.lifetime.saturating_sub(EARLY));
        let anew = Made {
            secret: Arc::clone(&secret),
            renewed_at,
        };
        made.insert(client_id.into(), anew);
        Some(secret)
    }
}

impl PartialEq for SignedSecret {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.team == other.team
            && self.audience == other.audience
            && self.lifetime == other.lifetime
    }
}

impl Eq for SignedSecret {}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::Value;

    use super::*;
    use crate::token::{
        key::{Algorithm, Key},
        raw::RawToken,
        verify::Verifier,
    };

    #[test]
    fn a_secret_is_what_apple_wants_and_is_kept_until_shortly_before_its_end() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a pair");
        let der = pair.to_pkcs8v1().expect("a key");
        let key = Key::private(der.as_ref(), Algorithm::Es256).expect("a key");
        let listed = ListedKey::lasting(key.clone(), Some("KEY1234567".into()));
        let hour = Duration::from_secs(3600);
        let secret = SignedSecret::new(listed, ("TEAM123456", "https://appleid.apple.com"), hour);
        let now = UnixSeconds(1_000_000);
        let first = secret.current("com.example.web", now).expect("a secret");
        let raw = RawToken::parse(first.expose().as_bytes(), 4096).expect("a token");
        let part = |text| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url");
            serde_json::from_slice::<Value>(&bytes).expect("JSON")
        };
        let header = part(raw.header_part());
        assert_eq!(
            header,
            json!({"alg": "ES256", "typ": "JWT", "kid": "KEY1234567"})
        );
        let claims = part(raw.payload_part());
        let expected = json!({
            "iss": "TEAM123456", "iat": 1_000_000, "exp": 1_003_600,
            "aud": "https://appleid.apple.com", "sub": "com.example.web",
        });
        assert_eq!(claims, expected);
        let issuer = crate::token::issuer::Issuer::new(
            crate::token::issuer::Checks {
                audience: crate::token::issuer::Audience::Any,
                ..crate::token::issuer::Checks::usual("sub")
            },
            vec![ListedKey::lasting(key, None)],
            None,
        );
        let verifier = Verifier::with_issuers(vec![issuer], 4096);
        assert!(verifier.verify_at(first.expose().as_bytes(), now).is_ok());
        let later = UnixSeconds(now.0 + 3299);
        let again = secret.current("com.example.web", later).expect("a secret");
        assert!(Arc::ptr_eq(&first, &again));
        let other = secret.current("com.example.app", later).expect("a secret");
        assert!(!Arc::ptr_eq(&first, &other), "of another client");
        let last = UnixSeconds(now.0 + 3300);
        let anew = secret.current("com.example.web", last).expect("a secret");
        assert!(!Arc::ptr_eq(&first, &anew));
    }
}
