//! The public keys that the gateway shows to whoever verifies what it has signed (RFC 7517 section 5).

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::keyring::ListedKey;
use crate::{clock::UnixSeconds, entropy::hex_pair};

/// All keys that have signed something that may still hold, and those that will sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    keys: Vec<Published>,
    max_age: Duration,
}

#[derive(Clone, PartialEq, Eq)]
struct Published {
    jwk: Box<str>,
    /// The first moment without it.
    until: Option<UnixSeconds>,
}

/// The set as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetText {
    /// JSON.
    pub text: String,
    /// How long it may be kept.
    pub max_age: Duration,
    /// What tells it from other sets.
    pub tag: String,
}

impl Publication {
    /// Nothing yet; `max_age` is how long readers may keep a set, unless a key leaves it earlier.
    pub fn new(max_age: Duration) -> Self {
        let keys = Vec::new();
        Self { keys, max_age }
    }

    /// Adds the public ones of these keys; each stays for `longer` after it has retired.
    pub fn add(&mut self, keys: &[ListedKey], longer: Duration) {
        let jwks = keys.iter().filter_map(|listed| {
            let jwk = listed.key.to_jwk(listed.kid.as_deref())?;
            Some(Published {
                jwk: jwk.to_string().into(),
                until: listed.retires_at.map(|end| end.plus(longer)),
            })
        });
        self.keys.extend(jwks);
    }

    /// Whether there is nothing to be shown.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What is shown now. Nobody is told to keep a key for longer than it is shown.
    pub fn at(&self, now: UnixSeconds) -> KeySetText {
        let shown = self.keys.iter();
        let shown = shown.filter(|key| key.until.is_none_or(|until| now < until));
        let left = shown.clone().filter_map(|key| key.until);
        let left = left.map(|until| Duration::from_secs(until.0 - now.0));
        let jwks: Vec<&str> = shown.map(|key| &*key.jwk).collect();
        let text = format!(r#"{{"keys":[{}]}}"#, jwks.join(","));
        KeySetText {
            max_age: left.fold(self.max_age, Duration::min),
            tag: tag(&text),
            text,
        }
    }
}

fn tag(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().take(8);
    let digits = digits.flat_map(|&byte| hex_pair(byte)).map(char::from);
    std::iter::once('"')
        .chain(digits)
        .chain(std::iter::once('"'))
        .collect()
}

impl fmt::Debug for Published {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jwk: Value = serde_json::from_str(&self.jwk).unwrap_or_default();
        let mut published = formatter.debug_struct("Published");
        published
            .field("kid", &jwk.get("kid"))
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{key::Algorithm, specimens::signing};

    fn listed(algorithm: Algorithm, kid: &str, retires_at: Option<u64>) -> ListedKey {
        ListedKey {
            retires_at: retires_at.map(UnixSeconds),
            ..ListedKey::lasting(signing(algorithm), Some(kid.into()))
        }
    }

    fn names(set: &KeySetText) -> Vec<String> {
        let set: Value = serde_json::from_str(&set.text).unwrap();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    fn publication() -> Publication {
        let mut publication = Publication::new(Duration::from_secs(300));
        let access = [
            listed(Algorithm::Es256, "new", None),
            listed(Algorithm::Rs256, "old", Some(1_000)),
            listed(Algorithm::Hs256, "shared", None),
        ];
        publication.add(&access, Duration::ZERO);
        let own = [listed(Algorithm::EdDsa, "own", Some(1_000))];
        publication.add(&own, Duration::from_secs(60));
        publication
    }

    #[test]
    fn a_retired_key_is_shown_as_long_as_something_of_it_may_hold_and_no_longer() {
        let at = |now| publication().at(UnixSeconds(now));
        assert_eq!(names(&at(0)), ["new", "old", "own"]);
        assert_eq!(names(&at(999)), ["new", "old", "own"]);
        assert_eq!(names(&at(1_000)), ["new", "own"]);
        assert_eq!(names(&at(1_060)), ["new"]);
    }

    #[test]
    fn nobody_keeps_a_set_for_longer_than_its_keys() {
        let at = |now| publication().at(UnixSeconds(now)).max_age.as_secs();
        assert_eq!(at(0), 300);
        assert_eq!(at(999), 1);
        assert_eq!(at(1_000), 60);
        assert_eq!(at(1_060), 300);
    }

    #[test]
    fn the_tag_changes_with_the_keys_and_not_with_time() {
        let tag = |now| publication().at(UnixSeconds(now)).tag;
        assert_eq!(tag(0), tag(999));
        assert_ne!(tag(999), tag(1_000));
        assert_eq!(tag(0).len(), 18);
    }

    #[test]
    fn secrets_are_never_shown() {
        let mut publication = Publication::new(Duration::ZERO);
        publication.add(&[listed(Algorithm::Hs512, "shared", None)], Duration::ZERO);
        assert!(publication.is_empty());
        assert_eq!(publication.at(UnixSeconds(0)).text, r#"{"keys":[]}"#);
    }
}
