//! The way of a browser to a provider and back: what it takes along, sealed, so that it is the same one that comes back.
//!
//! The cookie can be opened only with the `state` that the provider hands back, and only by a gateway that has the secret.
//! It names the provider, so that one provider's answer is never taken for another's (RFC 9700 section 4.4).

use std::{collections::HashMap, sync::Mutex, time::Duration};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{clock::UnixSeconds, entropy::Entropy, secret::Secret};

/// How long somebody may take.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// What the keys are for, and nothing else.
const PURPOSE: &[u8] = b"sidegate: a login at a provider, 1";

/// The letters of a `state`: 256 random bits.
const STATE_LENGTH: usize = 43;

/// The longest cookie that is opened.
const LONGEST: usize = 4096;

/// How many uses are remembered.
const MOST_USED: usize = 100_000;

/// What is remembered of one journey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// Where it goes.
    #[serde(rename = "p")]
    pub provider: String,
    /// What the ID token has to repeat.
    #[serde(rename = "n")]
    pub nonce: String,
    /// What proves to the provider that the code came back to whoever asked for it (RFC 7636).
    #[serde(rename = "v")]
    pub verifier: String,
    /// Where the browser goes in the end.
    #[serde(rename = "r")]
    pub return_to: Option<String>,
    /// The member that the account at the provider is to be linked to.
    #[serde(rename = "m")]
    pub member: Option<String>,
    /// When it is too late.
    #[serde(rename = "e")]
    pub expires: u64,
}

/// A journey that begins.
#[derive(Debug)]
pub struct Start {
    /// What the provider hands back.
    pub state: String,
    /// What it is about.
    pub journey: Journey,
}

impl Start {
    /// A journey to a provider.
    pub fn new(
        provider: &str,
        (return_to, member): (Option<String>, Option<String>),
        now: UnixSeconds,
        entropy: &mut Entropy,
    ) -> Self {
        let mut random = || BASE64_URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        Self {
            state: random(),
            journey: Journey {
                provider: provider.to_owned(),
                nonce: random(),
                verifier: random(),
                return_to,
                member,
                expires: now.plus(LIFETIME).0,
            },
        }
    }
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Seals journeys.
#[derive(Debug, Clone)]
pub struct Seal(Secret<Vec<u8>>);

impl Seal {
    /// Every gateway with the same secret opens what the others have sealed.
    pub fn new(secret: Secret<Vec<u8>>) -> Self {
        Self(secret)
    }

    /// What the browser keeps. `nonce` has to be random.
    pub fn seal(&self, start: &Start, nonce: [u8; NONCE_LEN]) -> Option<String> {
        let key = self.key(&start.state)?;
        let mut sealed = serde_json::to_vec(&start.journey).ok()?;
        let once = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(once, Aad::from(start.state.as_bytes()), &mut sealed)
            .ok()?;
        sealed.splice(0..0, nonce);
        Some(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The journey of a browser that comes back from a provider in time with this `state`.
    pub fn open(
        &self,
        (state, cookie): (&str, &str),
        provider: &str,
        now: UnixSeconds,
    ) -> Option<Journey> {
        if !is_state(state) || cookie.len() > LONGEST {
            return None;
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let key = self.key(state)?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key
            .open_in_place(nonce, Aad::from(state.as_bytes()), &mut bytes)
            .ok()?;
        let journey: Journey = serde_json::from_slice(opened).ok()?;
        let is_meant = journey.provider == provider && now.0 < journey.expires;
        is_meant.then_some(journey)
    }

    fn key(&self, state: &str) -> Option<LessSafeKey> {
        let extracted = Salt::new(HKDF_SHA256, state.as_bytes()).extract(self.0.expose());
        let expanded = extracted.expand(&[PURPOSE], &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(expanded)))
    }
}

/// Whether a text can be a `state` of ours.
pub fn is_state(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == STATE_LENGTH && text.bytes().all(is_letter)
}

/// The journeys that have ended on this gateway: none ends twice.
#[derive(Debug, Default)]
pub struct Used(Mutex<HashMap<[u8; 32], u64>>);

impl Used {
    /// Whether it is the first time. A crowd that is larger than what is remembered is not held up: the code is good only
    /// once at the provider, too.
    pub fn first(&self, state: &str, journey: &Journey, now: UnixSeconds) -> bool {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, state.as_bytes()).as_ref());
        let mut used = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if used.len() >= MOST_USED {
            used.retain(|_, expires| now.0 < *expires);
        }
        if used.len() >= MOST_USED && !used.contains_key(&key) {
            return true;
        }
        used.insert(key, journey.expires).is_none()
    }
}

impl std::fmt::Debug for Journey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Journey")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000_000);

    fn seal(letter: u8) -> Seal {
        Seal::new(Secret::new(vec![letter; 32]))
    }

    fn start() -> Start {
        let wanted = (Some("/there".to_owned()), None);
        Start::new("google", wanted, NOW, &mut Entropy::seeded(7))
    }

    #[test]
    fn the_browser_that_was_sent_comes_back() {
        let start = start();
        let cookie = seal(1).seal(&start, [3; 12]).expect("a cookie");
        let open =
            |seal: &Seal, state: &str, provider, now| seal.open((state, &cookie), provider, now);
        let opened = open(&seal(1), &start.state, "google", NOW);
        assert_eq!(opened, Some(start.journey.clone()));
        assert_eq!(open(&seal(2), &start.state, "google", NOW), None);
        assert_eq!(open(&seal(1), &start.state, "kakao", NOW), None);
        let late = NOW.plus(LIFETIME);
        assert_eq!(open(&seal(1), &start.state, "google", late), None);
        let other = Start::new("google", (None, None), NOW, &mut Entropy::seeded(8));
        assert_eq!(open(&seal(1), &other.state, "google", NOW), None);
        assert_eq!(open(&seal(1), "", "google", NOW), None);
    }

    #[test]
    fn what_was_changed_or_cut_opens_to_nothing() {
        let start = start();
        let cookie = seal(1).seal(&start, [3; 12]).expect("a cookie");
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            // The last letter may hold bits that say nothing; base64 refuses those.
            let opened = seal(1).open((&start.state, &changed), "google", NOW);
            assert_eq!(opened, None, "letter {at}");
            let cut = seal(1).open((&start.state, &cookie[..at]), "google", NOW);
            assert_eq!(cut, None);
        }
    }

    #[test]
    fn a_journey_ends_once() {
        let (start, used) = (start(), Used::default());
        assert!(used.first(&start.state, &start.journey, NOW));
        assert!(!used.first(&start.state, &start.journey, NOW));
        assert!(used.first("another", &start.journey, NOW));
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier), expected);
    }
}
