//! The public keys of what the gateway signs, and where they are read.

use std::time::Duration;

use super::{
    Findings, cors,
    routes::{Defaults, host, matched},
};
use crate::{
    config::{
        compiled::Tokens,
        document::{Document, assertion::PublishedKeys},
    },
    policy::{
        assertion::AssertionSettings,
        pattern::End,
        route::{Action, Route},
    },
    token::{keyring::ListedKey, publication::Publication},
};

/// What is shown, where it is; `None` too where something else is wrong.
pub(super) fn compile(
    document: &Document,
    tokens: Option<&Tokens>,
    assertion: Option<&AssertionSettings>,
    findings: &mut Findings<'_>,
) -> Option<Publication> {
    let written = document.published_keys.as_ref()?;
    let access = &tokens?.access.keys;
    let own = assertion.map_or(&[][..], |assertion| assertion.keys.as_slice());
    told_apart(access, own, findings);
    let mut publication = Publication::new(written.max_age.into());
    // Nobody believes a token of an access key that has retired, while assertions of one that has are on their way.
    publication.add(access, Duration::ZERO);
    let lifetime = assertion.map(|assertion| assertion.claims.lifetime);
    publication.add(own, lifetime.unwrap_or_default());
    let missing = document.assertion.is_some() && assertion.is_none();
    if publication.is_empty() && !missing {
        let message = "there is no key to be shown: what is signed is signed by shared secrets";
        let fix = "take it out, or sign with ES256 or EdDSA";
        findings.warning("published_keys", message, fix);
    }
    Some(publication)
}

/// Readers find a key by its name, and nothing else.
fn told_apart(access: &[ListedKey], own: &[ListedKey], findings: &mut Findings<'_>) {
    let is_public = |key: &&ListedKey| key.key.algorithm().family().is_public();
    if access.iter().filter(is_public).any(|key| key.kid.is_none()) {
        let message = "a key of `tokens.access` has no `kid`, by which its readers could find it";
        let fix = "write `kid:` beside the key; tokens say it from then on";
        findings.warning("published_keys", message, fix);
    }
    let names = |keys: &[ListedKey]| -> Vec<Box<str>> {
        let public = keys.iter().filter(is_public);
        public.filter_map(|key| key.kid.clone()).collect()
    };
    let own = names(own);
    if names(access).iter().any(|name| own.contains(name)) {
        let message = "a key of `tokens.access` and one of `assertion` have the same `kid`";
        findings.mistake("published_keys", message, "give them different names");
    }
}

/// The route on which they are read.
pub(super) fn route(
    written: &PublishedKeys,
    defaults: &Defaults<'_>,
    findings: &mut Findings<'_>,
) -> Option<Route> {
    const PATH: &str = "published_keys.path";
    let name = format!("GET,HEAD {}", written.path);
    let matched = matched(&name, defaults.reading, PATH, findings);
    let host = host(written.host.as_deref(), "published_keys.host", findings);
    let own_cors = cors::compile(written.cors.as_ref(), "published_keys.cors", findings);
    let (methods, pattern) = matched?;
    if pattern.ends() != End::Exact || written.path.contains('{') {
        let fix = "write one, such as /.well-known/jwks.json";
        findings.mistake(PATH, "this is more than one path", fix);
    }
    let name = (name.as_str(), findings.place("published_keys"));
    let route = defaults.own_route(name, host?, (methods, pattern), Action::ShowKeys);
    Some(Route {
        cors: own_cors.or_else(|| route.cors.clone()),
        ..route
    })
}
