//! Settings besides routes, rules and keys: what is written differently and means something else.

use std::{collections::BTreeMap, fmt::Debug};

use serde::Serialize;

use super::Written;
use crate::config::{
    compiled::{Compiled, Tokens},
    diagnostic::REDACTED,
    duration::Span,
    reading::{
        places::key_step,
        tree::{Node, Scalar, Value},
    },
    size::SizeLimit,
};

/// One key whose value becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SettingChange {
    /// Its path: `limits.body_size`.
    pub(super) path: String,
    /// What is written for it, where that is no secret.
    pub(super) before: Option<String>,
    /// What is written for it then.
    pub(super) after: Option<String>,
}

/// What is written at a path.
struct Leaf {
    text: String,
    /// Without secrets.
    shown: String,
    secret: bool,
}

/// What names an element of a list better than its number.
const NAMES: [&str; 5] = ["issuer", "kid", "match", "address", "name"];

pub(super) fn changes(old: &Written, new: &Written) -> Vec<SettingChange> {
    let (before, after) = (leaves(old), leaves(new));
    let unchanged = unchanged(&old.compiled, &new.compiled);
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut changes = Vec::new();
    for path in paths {
        let (one, other) = (before.get(path), after.get(path));
        let section = path.split(['.', '[']).next().unwrap_or_default();
        let secret = [one, other].into_iter().flatten().any(|leaf| leaf.secret);
        // A default that is written out, or another word for the same.
        if same(one, other) || (unchanged.contains(&section) && !secret) {
            continue;
        }
        let shown = |leaf: Option<&Leaf>| leaf.map(|leaf| leaf.shown.clone());
        changes.push(SettingChange {
            path: path.clone(),
            before: shown(one),
            after: shown(other),
        });
    }
    changes
}

fn same(one: Option<&Leaf>, other: Option<&Leaf>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            let (one, other) = (one.text.as_str(), other.text.as_str());
            let span = |text: &str| text.parse::<Span>().ok().map(std::time::Duration::from);
            let size = |text: &str| text.parse::<SizeLimit>().ok().map(u64::from);
            let spans = span(one).is_some() && span(one) == span(other);
            let sizes = size(one).is_some() && size(one) == size(other);
            one == other || spans || sizes
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The sections that mean the same in both.
fn unchanged(old: &Compiled, new: &Compiled) -> Vec<&'static str> {
    let (server, other) = (&old.server, &new.server);
    let written = |one: &dyn Debug, other: &dyn Debug| format!("{one:?}") == format!("{other:?}");
    let endpoints = sorted(&old.answering.endpoints) == sorted(&new.answering.endpoints);
    let shutdown = server.drain == other.drain
        && server.connections.drain_idle == other.connections.drain_idle;
    let compared = [
        ("cores", server.cores == other.cores),
        ("listeners", server.listeners == other.listeners),
        (
            "admin",
            server.admin == other.admin && written(&server.logs, &other.logs),
        ),
        ("limits", limits(old) == limits(new)),
        (
            "trusted_proxies",
            server.trusted_proxies == other.trusted_proxies,
        ),
        ("forwarded", server.forwarded == other.forwarded),
        ("headers", written(&old.headers, &new.headers)),
        ("reload", server.watched == other.watched),
        ("takeover", server.takeover == other.takeover),
        ("paths", old.reading == new.reading),
        ("shutdown", shutdown),
        ("logs", written(&server.logs, &other.logs)),
        (
            "upstreams",
            named(&old.upstreams, |it| &it.name) == named(&new.upstreams, |it| &it.name),
        ),
        ("users", old.users == new.users),
        ("state", old.state == new.state),
        ("watch", old.watch == new.watch),
        ("passwords", old.answering.hashing == new.answering.hashing),
        ("redis", old.answering.valkey == new.answering.valkey),
        (
            "cookies",
            written(&old.answering.cookies, &new.answering.cookies),
        ),
        ("attempts", old.answering.attempts == new.answering.attempts),
        ("tokens", tokens(&old.tokens) == tokens(&new.tokens)),
        ("identity", written(&old.identity, &new.identity)),
        ("dialects", endpoints),
        ("accounts", endpoints),
        (
            "rate_limits",
            named(&old.rate_limits, |it| &*it.name) == named(&new.rate_limits, |it| &*it.name),
        ),
        ("refusals", written(&old.refusals, &new.refusals)),
        ("cors", written(&old.cors, &new.cors)),
        ("public_by_default", true),
    ];
    let same = compared.into_iter().filter(|(_, same)| *same);
    same.map(|(section, _)| section).collect()
}

/// In the order of their names: that of the text means nothing.
fn named<T>(all: &[T], name: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by(|one, other| name(one).cmp(name(other)));
    sorted
}

fn sorted<T: Debug>(all: &[T]) -> Vec<String> {
    let mut texts: Vec<String> = all.iter().map(|one| format!("{one:?}")).collect();
    texts.sort();
    texts
}

fn limits(compiled: &Compiled) -> String {
    let server = &compiled.server;
    let sizes = compiled.table.routes().iter().map(|route| route.body_size);
    let sizes: std::collections::BTreeSet<u64> = sizes.collect();
    format!(
        "{:?} {:?} {:?} {} {:?} {sizes:?}",
        server.connections,
        server.address_limit,
        server.body_timeout,
        server.account_body,
        compiled.identity.header_limits
    )
}

/// All but the keys, which are compared apart.
fn tokens(tokens: &Tokens) -> Vec<String> {
    let of = |settings: &crate::config::compiled::TokenSettings| {
        let claims = sorted(&settings.claims);
        format!("{:?} {:?} {claims:?}", settings.checks, settings.lifetime)
    };
    let issuers = tokens.issuers.iter();
    let mut issuers: Vec<String> = issuers
        .map(|issuer| format!("{:?} {:?}", issuer.checks, issuer.published))
        .collect();
    issuers.sort();
    let sizes = (tokens.max_size, tokens.cache_size, tokens.forged_size);
    let own = [Some(&tokens.access), tokens.refresh.as_ref()];
    let own = own.into_iter().map(|own| own.map(of).unwrap_or_default());
    own.chain(issuers).chain([format!("{sizes:?}")]).collect()
}

/// Everything but what is compared by its meaning.
fn leaves(written: &Written) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    let Some(Value::Mapping(sections)) = written.places.root().map(|root| &root.value) else {
        return leaves;
    };
    for section in sections {
        let name = section.key.text.as_str();
        if !["routes", "groups", "rules"].contains(&name) {
            collect(&section.value, name.to_owned(), &mut leaves);
        }
    }
    leaves
}

fn collect(node: &Node, path: String, leaves: &mut BTreeMap<String, Leaf>) {
    match &node.value {
        Value::Scalar(scalar) => {
            leaves.insert(path, leaf(&[scalar], false));
        }
        Value::Sequence(items) => match scalars(items) {
            Some(scalars) => {
                leaves.insert(path, leaf(&scalars, true));
            }
            None => {
                for (index, item) in items.iter().enumerate() {
                    let step = step(item).unwrap_or_else(|| format!("[{index}]"));
                    collect(item, format!("{path}{step}"), leaves);
                }
            }
        },
        Value::Mapping(entries) => {
            for entry in entries {
                let path = format!("{path}{}", key_step(&entry.key.text));
                collect(&entry.value, path, leaves);
            }
        }
        Value::Hole { .. } | Value::Removed => {}
    }
}

fn scalars(items: &[Node]) -> Option<Vec<&Scalar>> {
    let scalar = |item: &'_ Node| matches!(item.value, Value::Scalar(_));
    if !items.iter().all(scalar) {
        return None;
    }
    let scalars = items.iter().filter_map(|item| match &item.value {
        Value::Scalar(scalar) => Some(scalar),
        Value::Sequence(_) | Value::Mapping(_) | Value::Hole { .. } | Value::Removed => None,
    });
    Some(scalars.collect())
}

fn leaf(scalars: &[&Scalar], list: bool) -> Leaf {
    let texts: Vec<&str> = scalars.iter().map(|scalar| scalar.text.as_str()).collect();
    let shown: Vec<String> = scalars.iter().map(|scalar| shown(scalar)).collect();
    let joined = |texts: String| if list { format!("[{texts}]") } else { texts };
    Leaf {
        text: joined(texts.join(", ")),
        shown: joined(shown.join(", ")),
        secret: scalars.iter().any(|scalar| scalar.secret),
    }
}

fn shown(scalar: &Scalar) -> String {
    if scalar.secret {
        return REDACTED.to_owned();
    }
    match scalar.variables.as_slice() {
        [] => scalar.text.escape_debug().to_string(),
        variables => {
            let variables = variables.iter().map(|name| format!("${{{name}}}"));
            variables.collect::<Vec<_>>().join(" ")
        }
    }
}

/// `["https://idp.example.com"]`: an element that has a name is the same one wherever it stands.
fn step(item: &Node) -> Option<String> {
    let Value::Mapping(entries) = &item.value else {
        return None;
    };
    let mut named = NAMES.iter().filter_map(|name| {
        let entry = entries.iter().find(|entry| entry.key.text == *name)?;
        match &entry.value.value {
            Value::Scalar(scalar) if !scalar.secret => Some(shown(scalar)),
            Value::Scalar(_)
            | Value::Sequence(_)
            | Value::Mapping(_)
            | Value::Hole { .. }
            | Value::Removed => None,
        }
    });
    named.next().map(|name| format!("[{name}]"))
}
