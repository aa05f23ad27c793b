//! TLS of a listener: the files are read here as the gateway will read them.

use std::{io, path::Path};

use super::Findings;
use crate::{
    certificate::CertificateError,
    clock::Clock,
    config::{
        document::listeners::{Presence as Written, Tls, TlsVersion},
        source::Files,
    },
    listener::{
        ClientCertificates, MinimumVersion, PairFiles, Part, Presence, Problem, Protocols,
        TlsError, TlsSettings, inspect,
    },
};

/// The largest file of certificates.
const LARGEST: usize = 4 * 1024 * 1024;

/// A pair of files, and where the document says so.
struct Place {
    files: PairFiles,
    certificate: String,
    key: String,
}

pub(super) fn compile(
    tls: &Tls,
    protocols: Protocols,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<TlsSettings> {
    let path = format!("{path}.tls");
    let pairs = pairs(tls, &path, findings)?;
    let clients = clients(tls, &path, findings);
    let settings = TlsSettings {
        certificates: pairs.iter().map(|place| place.files.clone()).collect(),
        clients,
        minimum_version: match tls.minimum_version {
            TlsVersion::Tls12 => MinimumVersion::Tls12,
            TlsVersion::Tls13 => MinimumVersion::Tls13,
        },
        protocols,
    };
    look(&settings, &pairs, &path, findings).then_some(settings)
}

fn pairs(tls: &Tls, path: &str, findings: &mut Findings<'_>) -> Option<Vec<Place>> {
    let mut written = Vec::new();
    match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => written.push((certificate, key, path.to_owned())),
        (Some(_), None) => {
            let message = "the certificate has no key";
            findings.mistake(path, message, "add `key:` with its path");
            return None;
        }
        (None, Some(_)) => {
            let message = "the key has no certificate";
            findings.mistake(path, message, "add `certificate:` with its path");
            return None;
        }
        (None, None) => {}
    }
    for (index, pair) in tls.certificates.iter().enumerate() {
        let path = format!("{path}.certificates[{index}]");
        written.push((&pair.certificate, &pair.key, path));
    }
    if written.is_empty() {
        let message = "there is no certificate";
        findings.mistake(
            path,
            message,
            "add `certificate:` and `key:` with their paths",
        );
        return None;
    }
    let place = |(certificate, key, path): (&String, &String, String)| Place {
        files: PairFiles {
            certificate: findings.resolve(certificate),
            key: findings.resolve(key),
        },
        certificate: format!("{path}.certificate"),
        key: format!("{path}.key"),
    };
    Some(written.into_iter().map(place).collect())
}

fn clients(tls: &Tls, path: &str, findings: &mut Findings<'_>) -> Option<ClientCertificates> {
    let Some(authorities) = &tls.client_ca else {
        if tls.client_certificates.is_some() {
            let message = "nobody is named who signs the certificates of clients";
            let path = format!("{path}.client_certificates");
            findings.mistake(
                &path,
                message,
                "add `client_ca:` with the path of the authorities",
            );
        }
        return None;
    };
    Some(ClientCertificates {
        authorities: findings.resolve(authorities),
        presence: match tls.client_certificates {
            Some(Written::Optional) => Presence::Optional,
            Some(Written::Required) | None => Presence::Required,
        },
    })
}

/// Whether the files make a configuration.
fn look(settings: &TlsSettings, pairs: &[Place], path: &str, findings: &mut Findings<'_>) -> bool {
    let files = findings.files;
    let read = |path: &Path| -> io::Result<Vec<u8>> { files.look_at(path, LARGEST) };
    let inspected = inspect(settings, &read);
    let now = Clock.unix_seconds();
    for (index, found) in inspected.iter().enumerate() {
        let place = |index: usize| pairs.get(index);
        match found {
            Ok(validity) if validity.contains(now) => {}
            Ok(_) => {
                let path = place(index).map_or(path, |place| &place.certificate);
                let message = "this certificate does not hold now, and clients will refuse it";
                findings.warning(path, message, "renew it");
            }
            Err(error) => {
                let authorities = format!("{path}.client_ca");
                let path = match error.part {
                    Part::Certificate(index) => {
                        place(index).map_or(path, |place| &place.certificate)
                    }
                    Part::Key(index) => place(index).map_or(path, |place| &place.key),
                    Part::Authorities => &authorities,
                };
                findings.mistake(path, &complaint(error), fix(error));
            }
        }
    }
    inspected.iter().all(Result::is_ok)
}

/// The same on every machine.
fn complaint(error: &TlsError) -> String {
    match &error.problem {
        Problem::Io(_) => "this file cannot be read".to_owned(),
        Problem::Certificate(_) | Problem::Unusable => error.problem.to_string(),
    }
}

fn fix(error: &TlsError) -> &'static str {
    match (&error.problem, error.part) {
        (Problem::Certificate(CertificateError::Mismatch), _) => {
            "give the key of the certificate, and put that certificate first in its file"
        }
        (Problem::Certificate(CertificateError::NoKey), _) => {
            "give the path of a key in PEM that is not encrypted"
        }
        (_, Part::Key(_)) => "give the path of a key in PEM that this user can read",
        (_, Part::Certificate(_) | Part::Authorities) => {
            "give the path of certificates in PEM that this user can read"
        }
    }
}
