//! What the hexadecimal digits of old applications are of.

use crate::{
    config::{
        compile::Findings,
        document::{
            Document,
            passwords::{Digest, HashFunction},
        },
    },
    password::{DigestSettings, Hash, Part},
    template::{Piece, Template},
};

const OF: &str = "passwords.digest.of";
const FIX: &str = "write `{password}` once, and `{salt}` before or after it: `{salt}{password}`";

pub(super) fn compile(
    document: &Document,
    is_accepted: bool,
    findings: &mut Findings<'_>,
) -> Option<DigestSettings> {
    let written = document.passwords.digest.as_ref();
    match (written, is_accepted) {
        (None, true) => {
            let message = "it has to be known what the digits of `digest` are of";
            findings.mistake("passwords.formats", message, "add `digest: { hash: … }`");
        }
        (Some(_), false) => {
            let message = "the format `digest` is not accepted";
            let fix = "list `digest` under `formats`, or remove it";
            findings.mistake("passwords.digest", message, fix);
        }
        (None, false) | (Some(_), true) => {}
    }
    let settings = written.and_then(|written| settings(written, findings));
    // Where it cannot be read nothing is known of the salt.
    if settings.is_some() || written.is_none() {
        let is_salted = settings.as_ref().is_some_and(DigestSettings::is_salted);
        salt_is_somewhere(document, is_salted, findings);
    }
    settings
}

fn settings(written: &Digest, findings: &mut Findings<'_>) -> Option<DigestSettings> {
    let hash = hash(written.hash);
    let Some(of) = &written.of else {
        let text = |text: &str| vec![Part::Text(text.to_owned())];
        let (before, after) = (text(&written.prefix), text(&written.suffix));
        return Some(DigestSettings {
            hash,
            before,
            after,
        });
    };
    if !written.prefix.is_empty() || !written.suffix.is_empty() {
        let message = "`of` says all of it";
        findings.mistake(OF, message, "write `prefix` and `suffix` into it");
    }
    // What stands there is a secret: no message repeats any of it.
    let Ok(template) = Template::parse(of) else {
        let message = "its braces cannot be read";
        findings.mistake(OF, message, "write `{{` and `}}` for braces themselves");
        return None;
    };
    let is_known = |name: &str| matches!(name, "password" | "salt");
    if !template.placeholders().all(is_known) {
        findings.mistake(OF, "it has another placeholder", FIX);
        return None;
    }
    if template
        .placeholders()
        .filter(|it| *it == "password")
        .count()
        != 1
    {
        findings.mistake(OF, "the password has to be in it, once", FIX);
        return None;
    }
    let parts: Vec<Option<Part>> = template.pieces().iter().map(part).collect();
    let mut sides = parts.split(Option::is_none);
    let mut side = || sides.next().unwrap_or_default().iter().flatten().cloned();
    Some(DigestSettings {
        hash,
        before: side().collect(),
        after: side().collect(),
    })
}

/// `None` is the password.
fn part(piece: &Piece) -> Option<Part> {
    match piece {
        Piece::Literal(text) => Some(Part::Text(text.clone())),
        Piece::Placeholder(name) => (name == "salt").then_some(Part::Salt),
    }
}

fn salt_is_somewhere(document: &Document, is_salted: bool, findings: &mut Findings<'_>) {
    let Some(users) = &document.users else { return };
    match (&users.columns.salt, is_salted) {
        (None, true) => {
            let message = "it is not known where the salt of a row is";
            findings.mistake(OF, message, "name its column: `users.columns.salt`");
        }
        (Some(_), false) => {
            let message = "nothing is salted with it";
            let fix = "write `passwords.digest.of` with `{salt}`, or remove it";
            findings.mistake("users.columns.salt", message, fix);
        }
        (None, false) | (Some(_), true) => {}
    }
}

fn hash(written: HashFunction) -> Hash {
    match written {
        HashFunction::Md5 => Hash::Md5,
        HashFunction::Sha1 => Hash::Sha1,
        HashFunction::Sha256 => Hash::Sha256,
        HashFunction::Sha512 => Hash::Sha512,
    }
}
