//! What the upstream is told about the user, and about the client's certificate.

use std::collections::HashSet;

use ::http::HeaderName;
use indexmap::IndexMap;
use serde_json::Value;

use super::Findings;
use crate::{
    config::{
        compiled,
        document::{Document, tokens::Token},
        reading::places::key_step,
    },
    listener::CERTIFICATE_PLACEHOLDERS,
    template::Template,
};

pub(super) fn compile(
    document: &Document,
    findings: &mut Findings<'_>,
) -> Option<compiled::Identity> {
    let identity = &document.identity;
    let user = Family {
        path: "identity.headers",
        known: |name| {
            let claim = name.strip_prefix("claims.");
            name == "subject" || claim.is_some_and(|claim| !claim.is_empty())
        },
        fix: "use {subject} or {claims.NAME}",
        example: "X-User-Id",
    };
    let certificate = Family {
        path: "identity.certificate_headers",
        known: |name| CERTIFICATE_PLACEHOLDERS.contains(&name),
        fix: "use {subject}, {names} or {fingerprint}",
        example: "X-Client-Certificate-Subject",
    };
    let headers = user.compile(&identity.headers, findings);
    let certificate_headers = certificate.compile(&identity.certificate_headers, findings);
    if identity.subject.is_empty() {
        findings.mistake(
            "identity.subject",
            "the claim has no name",
            "write sub, or the claim's name",
        );
    }
    let (headers, certificate_headers) = (headers?, certificate_headers?);
    twice(&headers, &certificate_headers, findings);
    Some(compiled::Identity {
        subject: identity.subject.clone(),
        headers,
        certificate_headers,
        subject_is_row_id: is_row_id(&document.tokens.access, &identity.subject),
    })
}

/// Whether the tokens that we mint carry the row's id as their subject.
pub(super) fn is_row_id(access: &Token, subject: &str) -> bool {
    let value = access.claims.get(subject).and_then(Value::as_str);
    value == Some("{user.id}")
}

/// Headers that are made of the same things.
struct Family {
    path: &'static str,
    known: fn(&str) -> bool,
    fix: &'static str,
    example: &'static str,
}

impl Family {
    fn compile(
        &self,
        headers: &IndexMap<String, String>,
        findings: &mut Findings<'_>,
    ) -> Option<Vec<(HeaderName, Template)>> {
        let headers = headers.iter().map(|(name, text)| {
            let path = format!("{}{}", self.path, key_step(name));
            let header = HeaderName::from_bytes(name.as_bytes());
            let fix = format!("use letters, digits and -, such as {}", self.example);
            let header = findings.take(header, &path, &fix);
            let template = findings.take(Template::parse(text), &path, self.fix);
            let template = template.filter(|template| self.fills(template, &path, findings));
            let header = header.filter(|header| addable(header, &path, findings));
            Some((header?, template?))
        });
        // Every header is looked at before the first bad one counts.
        headers.collect::<Vec<_>>().into_iter().collect()
    }

    fn fills(&self, template: &Template, path: &str, findings: &mut Findings<'_>) -> bool {
        let unknown = template.placeholders().find(|name| !(self.known)(name));
        if let Some(unknown) = unknown {
            let message = format!("there is no value {{{unknown}}} for a header");
            findings.mistake(path, &message, self.fix);
        }
        unknown.is_none()
    }
}

/// One header cannot say two things.
fn twice(
    headers: &[(HeaderName, Template)],
    certificate_headers: &[(HeaderName, Template)],
    findings: &mut Findings<'_>,
) {
    let names: HashSet<&HeaderName> = headers.iter().map(|(name, _)| name).collect();
    let both = certificate_headers
        .iter()
        .find(|(name, _)| names.contains(name));
    if let Some((name, _)) = both {
        let message = format!("{name} is a header of `identity.headers` too");
        let fix = "give one of them another name";
        findings.mistake("identity.certificate_headers", &message, fix);
    }
}

/// Headers that frame or route the message cannot carry an identity.
fn addable(name: &HeaderName, path: &str, findings: &mut Findings<'_>) -> bool {
    let taken = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "authorization",
        "cookie",
        "te",
        "trailer",
        "upgrade",
        "via",
        "expect",
        "content-type",
    ];
    let free = !taken.contains(&name.as_str());
    if !free {
        let fix = "use a name of its own, such as X-User-Id";
        findings.mistake(path, "this header means something else", fix);
    }
    free
}
