//! Which header fields of clients go no further.

use ::http::HeaderName;

use super::Findings;
use crate::{
    config::{compiled::Headers, document::Document},
    http::stripped::Stripped,
    policy::headers::HeaderTemplate,
};

/// What the gateway itself says to the upstream.
pub(super) const OURS: [&str; 6] = [
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
    let about_caller = about_caller(document);
    let assertion = document.assertion.as_ref().map(|it| &it.header);
    let identity = identity.chain(about_caller).chain(assertion);
    let identity = identity.map(String::as_str);
    let ours = Stripped::only(OURS.into_iter().chain(identity));
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

/// Headers of requests by which routes say who the caller is.
fn about_caller(document: &Document) -> impl Iterator<Item = &String> {
    let of_routes = document.routes.iter().map(|route| &route.headers);
    let of_groups = document.groups.values().map(|group| &group.headers);
    let headers = of_routes.chain(of_groups).flatten();
    let changes = headers.map(|headers| &headers.request);
    let fields = changes.flat_map(|changes| changes.set.iter().chain(&changes.add));
    let about = |text: &str| HeaderTemplate::parse(text).is_ok_and(|made| made.is_about_caller());
    fields
        .filter(move |(_, text)| about(text))
        .map(|(name, _)| name)
}

fn name(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<HeaderName> {
    let fix = "write a header's name, such as X-Tenant";
    findings.take(HeaderName::from_bytes(text.as_bytes()), path, fix)
}
