//! Which header fields of clients go no further.

use ::http::HeaderName;

use super::Findings;
use crate::{
    config::{compiled::Headers, document::Document},
    http::stripped::Stripped,
};

/// What the gateway itself says to the upstream.
const OURS: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-request-id",
    "via",
];

/// What a message cannot be without, or is framed by.
const NEEDED: [&str; 3] = ["host", "content-length", "transfer-encoding"];

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Headers {
    let written = &document.headers;
    let identity = &document.identity;
    let identity = identity
        .headers
        .keys()
        .chain(identity.certificate_headers.keys());
    let ours = Stripped::only(OURS.into_iter().chain(identity.map(String::as_str)));
    let usual = Stripped::new([], []);
    for (index, name) in written.keep.iter().enumerate() {
        let path = format!("headers.keep[{index}]");
        let Some(name) = self::name(name, &path, findings) else {
            continue;
        };
        if ours.covers(name.as_str()) {
            let message = "the gateway sends this header itself: a client must not";
            findings.mistake(&path, message, "leave it out");
        } else if !usual.covers(name.as_str()) {
            findings.warning(&path, "this header is not removed anyway", "leave it out");
        }
    }
    let needed = Stripped::only(NEEDED);
    for (index, name) in written.strip.iter().enumerate() {
        let path = format!("headers.strip[{index}]");
        let name = self::name(name, &path, findings);
        if name.is_some_and(|name| needed.covers(name.as_str())) {
            findings.mistake(&path, "no request can do without this", "leave it out");
        }
    }
    Headers {
        strip: written.strip.clone(),
        keep: written.keep.clone(),
    }
}

fn name(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<HeaderName> {
    let fix = "write a header's name, such as X-Tenant";
    findings.take(HeaderName::from_bytes(text.as_bytes()), path, fix)
}
