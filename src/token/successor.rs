//! A refresh token's successor, for whoever has the token that was spent for it, and for nobody else.
//!
//! A store that keeps only hashes of tokens cannot give a successor twice. So it keeps it sealed, under a key that is
//! made of the spent token itself: who reads the store reads neither.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
};

use crate::secret::Secret;

/// What these keys are for, and nothing else.
const PURPOSE: &[u8] = b"sidegate: the successor of a refresh token, 1";

/// What a store knows a token by: the SHA-256 of what is signed of it. The signature is left out, because some
/// algorithms let anybody make a second one of the first.
pub fn fingerprint(token: &str) -> [u8; 32] {
    let message = token.rsplit_once('.').map_or(token, |(message, _)| message);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, message.as_bytes()).as_ref());
    fingerprint
}

/// Seals the successor of a spent token. `session` is where it belongs, `nonce` has to be random.
pub fn seal(
    spent: &str,
    session: &str,
    successor: &str,
    nonce: [u8; NONCE_LEN],
) -> Option<Vec<u8>> {
    let key = key(spent, session)?;
    let mut sealed = successor.as_bytes().to_vec();
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    let aad = Aad::from(session.as_bytes());
    key.seal_in_place_append_tag(nonce_used, aad, &mut sealed)
        .ok()?;
    sealed.splice(0..0, nonce);
    Some(sealed)
}

/// The successor, if it was sealed for this spent token of this session.
pub fn unseal(spent: &str, session: &str, sealed: &[u8]) -> Option<Secret<String>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let key = key(spent, session)?;
    let mut bytes = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let aad = Aad::from(session.as_bytes());
    let opened = key.open_in_place(nonce, aad, &mut bytes).ok()?;
    let length = opened.len();
    bytes.truncate(length);
    String::from_utf8(bytes).ok().map(Secret::new)
}

fn key(spent: &str, session: &str) -> Option<LessSafeKey> {
    let extracted = Salt::new(HKDF_SHA256, session.as_bytes()).extract(spent.as_bytes());
    let expanded = extracted.expand(&[PURPOSE], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(expanded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(spent: &str, session: &str, sealed: &[u8]) -> Option<String> {
        unseal(spent, session, sealed).map(|token| token.expose().clone())
    }

    #[test]
    fn the_spent_token_opens_its_successor_and_no_other_does() {
        let sealed = seal("a.b.c", "session", "d.e.f", [7; 12]).expect("sealed");
        assert_eq!(
            opened("a.b.c", "session", &sealed).as_deref(),
            Some("d.e.f")
        );
        assert_eq!(opened("a.b.d", "session", &sealed), None);
        assert_eq!(opened("a.b.c", "another", &sealed), None);
    }

    #[test]
    fn what_was_changed_or_cut_opens_to_nothing() {
        let sealed = seal("a.b.c", "session", "d.e.f", [7; 12]).expect("sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(opened("a.b.c", "session", &changed), None, "byte {at}");
            assert_eq!(opened("a.b.c", "session", &sealed[..at]), None);
        }
    }

    #[test]
    fn a_token_is_known_by_what_is_signed_of_it() {
        assert_eq!(fingerprint("YQ.Yg.Yw"), fingerprint("YQ.Yg.ZA"));
        assert_ne!(fingerprint("YQ.Yg.Yw"), fingerprint("YQ.Yw.Yw"));
    }
}
