//! What the upstream is told about the user, and about the client's certificate.

use std::collections::HashSet;

use ::http::HeaderName;
use indexmap::IndexMap;
use serde_json::Value;

use super::{Findings, header_changes, header_templates};
use crate::{
    config::{
        compiled,
        document::{Document, tokens::Token},
        reading::places::key_step,
    },
    listener::CERTIFICATE_PLACEHOLDERS,
    policy::headers::HeaderTemplate,
    template::Template,
};

pub(super) fn compile(
    document: &Document,
    findings: &mut Findings<'_>,
) -> Option<compiled::Identity> {
    let identity = &document.identity;
    let headers = user_headers(&identity.headers, findings);
    let certificate_headers = certificate_headers(&identity.certificate_headers, findings);
    let header_limits = header_changes::limits(document, findings);
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
        header_limits,
        certificate_headers,
        subject_is_row_id: is_row_id(&document.tokens.access, &identity.subject),
    })
}

/// Whether the tokens that we mint carry the row's id as their subject.
pub(super) fn is_row_id(access: &Token, subject: &str) -> bool {
    let value = access.claims.get(subject).and_then(Value::as_str);
    matches!(value, Some("{user.id}" | "{user.id.number}"))
}

/// What they may be made of: what the token says, so that they are made once for each of them.
const OF_TOKENS: [&str; 2] = ["subject", "claims."];

fn user_headers(
    headers: &IndexMap<String, String>,
    findings: &mut Findings<'_>,
) -> Option<Vec<(HeaderName, HeaderTemplate)>> {
    let headers = headers.iter().map(|(name, text)| {
        let path = format!("identity.headers{}", key_step(name));
        let header = header(name, "X-User-Id", &path, findings);
        let template = header_templates::compile(text, &path, &OF_TOKENS, findings);
        let template = template.filter(|template| {
            let fits = template.is_of_token_alone();
            if !fits {
                let message = "this header is made of more than the token";
                let fix = "write it into `headers.request.set` of the routes that need it";
                findings.mistake(&path, message, fix);
            }
            fits
        });
        Some((header?, template?))
    });
    // Every header is looked at before the first bad one counts.
    headers.collect::<Vec<_>>().into_iter().collect()
}

fn certificate_headers(
    headers: &IndexMap<String, String>,
    findings: &mut Findings<'_>,
) -> Option<Vec<(HeaderName, Template)>> {
    let fix = "use {subject}, {names} or {fingerprint}";
    let headers = headers.iter().map(|(name, text)| {
        let path = format!("identity.certificate_headers{}", key_step(name));
        let header = header(name, "X-Client-Certificate-Subject", &path, findings);
        let template = findings.take(Template::parse(text), &path, fix);
        let template = template.filter(|template| {
            let mut names = template.placeholders();
            let unknown = names.find(|name| !CERTIFICATE_PLACEHOLDERS.contains(name));
            if let Some(unknown) = unknown {
                let message = format!("there is no value {{{unknown}}} for a header");
                findings.mistake(&path, &message, fix);
            }
            unknown.is_none()
        });
        Some((header?, template?))
    });
    headers.collect::<Vec<_>>().into_iter().collect()
}

pub(super) fn header(
    name: &str,
    example: &str,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<HeaderName> {
    let fix = format!("use letters, digits and -, such as {example}");
    let header = findings.take(HeaderName::from_bytes(name.as_bytes()), path, &fix);
    header.filter(|header| addable(header, path, findings))
}

/// One header cannot say two things.
fn twice(
    headers: &[(HeaderName, HeaderTemplate)],
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
