//! What routes and headers make of the certificates of clients.

use super::{Findings, requires};
use crate::{
    config::document::{Document, rules::ClientCertificate},
    policy::{certificate::CertificateRule, expression::Expression},
};

pub(super) fn compile(
    rule: &ClientCertificate,
    path: &str,
    findings: &mut Findings<'_>,
) -> CertificateRule {
    let listed = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    let (rule, count) = match rule {
        ClientCertificate::Any => (CertificateRule::Any, 1),
        ClientCertificate::Subjects(texts) => {
            (CertificateRule::Subjects(listed(texts)), texts.len())
        }
        ClientCertificate::Names(texts) => (CertificateRule::Names(listed(texts)), texts.len()),
        ClientCertificate::Fingerprints(texts) => {
            fingerprints(texts, path, findings);
            (CertificateRule::Fingerprints(listed(texts)), texts.len())
        }
    };
    if count == 0 {
        findings.mistake(path, "nobody is named", "name at least one, or write `any`");
    }
    rule
}

fn fingerprints(texts: &[String], path: &str, findings: &mut Findings<'_>) {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    for (index, text) in texts.iter().enumerate() {
        if text.len() != 64 || !text.bytes().all(digit) {
            let path = format!("{path}.fingerprints[{index}]");
            let message = "this is not the SHA-256 of a certificate";
            let fix = "write 64 hexadecimal digits in lower case, without colons";
            findings.mistake(&path, message, fix);
        }
    }
}

/// Rules that nobody can meet, and headers that are never sent.
pub(super) fn lint(document: &Document, findings: &mut Findings<'_>) {
    if are_asked_for(document) {
        return;
    }
    let fix = "add `client_ca:` to the `tls:` of a listener";
    requires::everywhere(document, &mut |require, path| {
        if require.client_certificate.is_some() {
            let path = format!("{path}.client_certificate");
            findings.mistake(&path, "no listener asks clients for a certificate", fix);
        }
        let spoken_of = |text: &&String| {
            text.contains("certificate")
                && Expression::compile(text).is_ok_and(|when| when.reads_certificate())
        };
        if require.when.as_ref().is_some_and(|text| spoken_of(&text)) {
            let path = format!("{path}.when");
            let message = "no listener asks clients for a certificate: there will be none";
            findings.warning(&path, message, fix);
        }
    });
    if !document.identity.certificate_headers.is_empty() {
        let message = "no listener asks clients for a certificate, so that these are never sent";
        findings.warning("identity.certificate_headers", message, fix);
    }
}

/// Whether any listener asks clients for a certificate.
pub(super) fn are_asked_for(document: &Document) -> bool {
    let mut tls = document
        .listeners
        .iter()
        .filter_map(|listener| listener.tls.as_ref());
    tls.any(|tls| tls.client_ca.is_some())
}
