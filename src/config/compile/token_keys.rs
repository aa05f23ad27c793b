//! Keys of tokens: each with its one algorithm, and of the kind that this takes.

use super::{Findings, tokens::secret};
use crate::{
    config::{
        document::tokens::{Algorithm, SecretText, Token, TokenKey},
        source::Files,
    },
    secret::Secret,
    token::{
        key::{self, Family, Key, is_asymmetric},
        keyring::{ListedKey, MOST_TRIED},
    },
};

/// A key as it is written, in either of the two places.
struct Written<'a> {
    algorithm: key::Algorithm,
    secret: Option<&'a SecretText>,
    private_key: Option<&'a SecretText>,
    public_key: Option<&'a SecretText>,
    may_be_weak: bool,
}

/// What stands where either one key or a list of keys is written.
pub(super) struct OneOrMore<'a> {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) secret: Option<&'a SecretText>,
    pub(super) private_key: Option<&'a SecretText>,
    pub(super) public_key: Option<&'a SecretText>,
    pub(super) kid: Option<&'a str>,
    pub(super) may_be_weak: bool,
    pub(super) keys: &'a [TokenKey],
}

impl<'a> From<&'a Token> for OneOrMore<'a> {
    fn from(token: &'a Token) -> Self {
        Self {
            algorithm: token.algorithm,
            secret: token.secret.as_ref(),
            private_key: token.private_key.as_ref(),
            public_key: token.public_key.as_ref(),
            kid: token.kid.as_deref(),
            may_be_weak: token.weak_secret.is_some(),
            keys: &token.keys,
        }
    }
}

/// The key that a kind of token has, or those that it lists.
pub(super) fn one_or_more(
    token: &OneOrMore<'_>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<ListedKey>> {
    let own = token.algorithm.is_some()
        || token.secret.is_some()
        || token.private_key.is_some()
        || token.public_key.is_some()
        || token.kid.is_some();
    if !token.keys.is_empty() {
        if own {
            let message = "there is a key here and a list of keys";
            findings.mistake(
                &format!("{path}.keys"),
                message,
                "put the key into the list, too",
            );
        }
        return listed(token.keys, &format!("{path}.keys"), findings);
    }
    let Some(algorithm) = token.algorithm else {
        findings.absence(path, "the key `algorithm` is missing", "add `algorithm: …`");
        return None;
    };
    let written = Written {
        algorithm: supported(algorithm, &format!("{path}.algorithm"), findings)?,
        secret: token.secret,
        private_key: token.private_key,
        public_key: token.public_key,
        may_be_weak: token.may_be_weak,
    };
    let key = key(&written, path, findings)?;
    let kid = kid(token.kid, path, findings);
    Some(vec![ListedKey::lasting(key, kid)])
}

/// Several keys, the newest first.
pub(super) fn listed(
    keys: &[TokenKey],
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<ListedKey>> {
    let compiled = keys.iter().enumerate().map(|(index, written)| {
        let path = format!("{path}[{index}]");
        let algorithm = supported(written.algorithm, &format!("{path}.algorithm"), findings);
        if let (Some(from), Some(end)) = (written.active_from, written.retires_at)
            && end <= from
        {
            let message = "the key would be retired before it is active";
            findings.mistake(&format!("{path}.retires_at"), message, "write a later one");
        }
        let key = Written {
            algorithm: algorithm?,
            secret: written.secret.as_ref(),
            private_key: written.private_key.as_ref(),
            public_key: written.public_key.as_ref(),
            may_be_weak: written.weak_secret.is_some(),
        };
        Some(ListedKey {
            key: self::key(&key, &path, findings)?,
            kid: kid(written.kid.as_deref(), &path, findings),
            active_from: written.active_from.map(Into::into),
            retires_at: written.retires_at.map(Into::into),
        })
    });
    // Every key is looked at before the first bad one counts.
    let compiled: Vec<Option<ListedKey>> = compiled.collect();
    let compiled = compiled.into_iter().collect::<Option<Vec<_>>>()?;
    told_apart(&compiled, path, findings);
    Some(compiled)
}

/// One name is one key; and what has no name is tried with all others.
fn told_apart(keys: &[ListedKey], path: &str, findings: &mut Findings<'_>) {
    for (index, key) in keys.iter().enumerate() {
        let mut earlier = keys.iter().take(index);
        if key.kid.is_some() && earlier.any(|other| other.kid == key.kid) {
            let path = format!("{path}[{index}].kid");
            let fix = "give each key a name of its own";
            findings.mistake(&path, "another key of the list has this name", fix);
        }
    }
    let same = |key: &&ListedKey| {
        let algorithm = keys.first().map(|key| key.key.algorithm());
        Some(key.key.algorithm()) == algorithm
    };
    if keys.iter().filter(same).count() > MOST_TRIED {
        let message =
            format!("a token that names no key is tried with the first {MOST_TRIED} active ones");
        findings.warning(
            path,
            &message,
            "take keys away that have signed nothing that still holds",
        );
    }
}

fn kid(kid: Option<&str>, path: &str, findings: &mut Findings<'_>) -> Option<Box<str>> {
    let kid = kid?;
    if kid.is_empty() || kid.len() > 256 || kid.chars().any(char::is_control) {
        let path = format!("{path}.kid");
        findings.mistake(&path, "this is no name of a key", "write a short text");
    }
    Some(kid.into())
}

/// The one of the three that the algorithm takes.
fn key(written: &Written<'_>, path: &str, findings: &mut Findings<'_>) -> Option<Key> {
    let algorithm = written.algorithm;
    let (name, noun) = (algorithm.name(), algorithm.family().noun());
    let unfit = [
        ("secret", written.secret),
        ("private_key", written.private_key),
        ("public_key", written.public_key),
    ];
    let unfit = unfit.into_iter().filter(|(key, text)| {
        let is_secret = *key == "secret";
        text.is_some() && is_secret == algorithm.family().is_public()
    });
    for (key, _) in unfit {
        let fix = if algorithm.family().is_public() {
            "write `private_key` or `public_key`, or another algorithm"
        } else {
            "write `secret`, or another algorithm"
        };
        let message = format!("{name} takes {noun}");
        findings.mistake(&format!("{path}.{key}"), &message, fix);
    }
    match (
        algorithm.family(),
        written.secret,
        written.private_key,
        written.public_key,
    ) {
        (Family::Hmac, Some(secret), _, _) => shared(secret, written, path, findings),
        (Family::Rsa | Family::Curve(_), _, Some(private), public) => {
            pair(private, public, algorithm, path, findings)
        }
        (Family::Rsa | Family::Curve(_), _, None, Some(public)) => {
            let path = format!("{path}.public_key");
            let bytes = bytes(public, &path, findings)?;
            let key = Key::public(bytes.expose(), algorithm);
            findings.take(key, &path, "name a file with the public key in PEM")
        }
        (Family::Hmac, None, _, _) => {
            findings.absence(path, "the key `secret` is missing", "add `secret: …`");
            None
        }
        (Family::Rsa | Family::Curve(_), _, None, None) => {
            let message = "the key `private_key` or `public_key` is missing";
            findings.absence(path, message, "add one, such as `public_key: file:…`");
            None
        }
    }
}

fn shared(
    text: &SecretText,
    written: &Written<'_>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Key> {
    let secret_path = format!("{path}.secret");
    let secret = secret(text, &secret_path, findings)?;
    if is_asymmetric(secret.expose()) {
        findings.mistake(
            &secret_path,
            "this is a key and no secret: whoever knows the public one could sign tokens",
            "write the algorithm that it is for and `public_key` or `private_key`",
        );
        return None;
    }
    let key = Key::new(secret, written.algorithm);
    if key.is_weak() {
        weak_secret(written, path, findings);
    }
    Some(key)
}

fn weak_secret(written: &Written<'_>, path: &str, findings: &mut Findings<'_>) {
    let least = written.algorithm.secret_bytes();
    let message = format!("the secret has less than {least} bytes and can be guessed offline");
    if written.may_be_weak {
        findings.warning(
            &format!("{path}.weak_secret"),
            &message,
            "rotate it as soon as the monolith can",
        );
    } else {
        let fix = "use a longer one, or say `weak_secret: acknowledged` beside it";
        findings.mistake(&format!("{path}.secret"), &message, fix);
    }
}

fn pair(
    private: &SecretText,
    public: Option<&SecretText>,
    algorithm: key::Algorithm,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Key> {
    if public.is_some() {
        findings.mistake(
            &format!("{path}.public_key"),
            "the private key says which its public one is",
            "leave it out",
        );
    }
    let path = format!("{path}.private_key");
    let bytes = bytes(private, &path, findings)?;
    let key = Key::private(bytes.expose(), algorithm);
    findings.take(key, &path, "name a file with an unencrypted key in PEM")
}

/// The text itself, or the file that `file:PATH` names, which may hold DER.
fn bytes(text: &SecretText, path: &str, findings: &mut Findings<'_>) -> Option<Secret<Vec<u8>>> {
    let Some(file) = text.0.expose().strip_prefix("file:") else {
        return Some(Secret::new(text.0.expose().clone().into_bytes()));
    };
    let file = findings.resolve(file);
    let read = findings.files.read_secret(&file, key::LARGEST + 1);
    let read = read.map_err(|_| format!("{} cannot be read", file.display()));
    let bytes = findings.take(read, path, "name a readable file after `file:`")?;
    let bytes = Secret::new(bytes);
    if bytes.expose().len() > key::LARGEST {
        let message = format!("{} is too large for a key", file.display());
        findings.mistake(path, &message, "name the file of one key");
        return None;
    }
    Some(bytes)
}

/// The algorithm, if signatures of it can be verified.
pub(super) fn supported(
    algorithm: Algorithm,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<key::Algorithm> {
    use key::Algorithm as Supported;
    Some(match algorithm {
        Algorithm::Hs256 => Supported::Hs256,
        Algorithm::Hs384 => Supported::Hs384,
        Algorithm::Hs512 => Supported::Hs512,
        Algorithm::Rs256 => Supported::Rs256,
        Algorithm::Rs384 => Supported::Rs384,
        Algorithm::Rs512 => Supported::Rs512,
        Algorithm::Ps256 => Supported::Ps256,
        Algorithm::Ps384 => Supported::Ps384,
        Algorithm::Ps512 => Supported::Ps512,
        Algorithm::Es256 => Supported::Es256,
        Algorithm::Es384 => Supported::Es384,
        Algorithm::EdDsa => Supported::EdDsa,
        Algorithm::Es512 => {
            let message = "ES512 is unknown to the library that verifies signatures";
            findings.mistake(path, message, "use ES384 or EdDSA");
            return None;
        }
    })
}
