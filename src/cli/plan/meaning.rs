//! What a route means besides whom it lets in: compared without names, order and lines.

use std::fmt::Debug;

use crate::pipeline::Live;
use crate::policy::{
    pattern::{Pattern, Segment},
    requirement::{ClaimRule, ClaimTest, Condition, Requirement, Term},
    route::{Route, TokenPlaces},
};

/// What two routes have to share to be the same one: host, methods, and the pattern without its parameters' names.
pub(super) fn identity(route: &Route) -> (String, String, String) {
    let mut methods = route.methods.names();
    methods.sort_unstable();
    let any = route.methods == crate::policy::method::MethodSet::Any;
    let methods = if any {
        "*".to_owned()
    } else {
        methods.join(",")
    };
    let segments = route.pattern.segments().iter();
    let shape: String = segments
        .map(|segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter(_) => "/{}".to_owned(),
        })
        .collect();
    let shape = format!("{shape} {:?}", route.pattern.ends());
    (route.host.to_string(), methods, shape)
}

/// The keys by which two routes differ.
pub(super) fn differences(
    (old, before): (&Route, &Live),
    (new, after): (&Route, &Live),
) -> Vec<&'static str> {
    let compared = [
        ("access", old.access == new.access),
        ("mode", old.mode == new.mode),
        ("on_stale", old.on_stale == new.on_stale),
        ("on_expiry", old.on_expiry == new.on_expiry),
        ("require", required(old) == required(new)),
        ("authorization", old.authorization == new.authorization),
        ("rate_limit", limits(old, before) == limits(new, after)),
        ("body_size", old.body_size == new.body_size),
        ("refusals", written(&old.refusals) == written(&new.refusals)),
        ("cors", written(&old.cors) == written(&new.cors)),
        ("token_from", places(old) == places(new)),
        ("csrf", old.csrf() == new.csrf()),
        ("statuses", old.statuses == new.statuses),
        ("headers", headers(old) == headers(new)),
        ("upgrade", sorted(&old.upgrades) == sorted(&new.upgrades)),
    ];
    let differ = compared.into_iter().filter(|(_, same)| !same);
    differ.map(|(key, _)| key).collect()
}

/// Where tokens may be, whoever may use them.
fn places(route: &Route) -> Option<TokenPlaces> {
    let mut places = route.token_places.as_deref()?.clone();
    if let Some(cookie) = &mut places.cookie {
        cookie.csrf = None;
    }
    Some(places)
}

fn limits<'a>(route: &Route, live: &'a Live) -> Vec<&'a str> {
    let limits = &route.rate_limits;
    let numbers = [&limits.arriving, &limits.identified, &limits.attempts];
    let numbers = numbers.into_iter().flatten();
    let mut names: Vec<&str> = numbers
        .filter_map(|number| live.rate_limits.get(number.0))
        .map(|limit| limit.name())
        .collect();
    names.sort_unstable();
    names
}

fn headers(route: &Route) -> Option<String> {
    let headers = route.headers.as_deref()?;
    Some(format!("{:?} {:?}", headers.request, headers.response))
}

fn required(route: &Route) -> Option<String> {
    let requirement = route.requirement.as_ref()?;
    Some(meaning(requirement, &route.pattern))
}

/// A requirement without the names of rules and the order in which it was written.
fn meaning(requirement: &Requirement, pattern: &Pattern) -> String {
    match &requirement.term {
        Term::Named { requirement, .. } => meaning(requirement, pattern),
        Term::Not(term) => format!("not({})", meaning(term, pattern)),
        Term::All(_) => joined("all", flat(requirement, pattern)),
        Term::Any(terms) => joined(
            "any",
            terms.iter().map(|term| meaning(term, pattern)).collect(),
        ),
        Term::One(condition) => asked(condition, pattern),
    }
}

/// The terms of an `all`, and of those inside it.
fn flat(requirement: &Requirement, pattern: &Pattern) -> Vec<String> {
    match &requirement.term {
        Term::Named { requirement, .. } => flat(requirement, pattern),
        Term::All(terms) => terms.iter().flat_map(|term| flat(term, pattern)).collect(),
        Term::Any(_) | Term::Not(_) | Term::One(_) => vec![meaning(requirement, pattern)],
    }
}

fn joined(word: &str, mut terms: Vec<String>) -> String {
    terms.sort();
    terms.dedup();
    match terms.as_slice() {
        [one] => one.clone(),
        several => format!("{word}({})", several.join(", ")),
    }
}

fn asked(condition: &Condition, pattern: &Pattern) -> String {
    match condition {
        Condition::SubjectIs(parameter) => {
            let named = |segment: &Segment| matches!(segment, Segment::Parameter(name) if **name == **parameter);
            let position = pattern.segments().iter().position(named);
            format!("subject_is {position:?}")
        }
        Condition::Claim(rule) => claim(rule),
        Condition::Column(rule) => format!("user {}", written(rule)),
        Condition::Scope(texts) => format!("scope {}", sorted(texts)),
        Condition::AnyScope(texts) => format!("any_scope {}", sorted(texts)),
        Condition::Role { paths, roles } => format!("role {} {}", written(paths), sorted(roles)),
        Condition::Issuer(texts) => format!("issuer {}", sorted(texts)),
        Condition::Audience(texts) => format!("audience {}", sorted(texts)),
        Condition::Network(networks) => format!("network {}", sorted(networks)),
        Condition::Certificate(rule) => format!("client_certificate {}", written(rule)),
        Condition::When(expression) => format!("when {expression}"),
    }
}

fn claim(rule: &ClaimRule) -> String {
    let tests = rule.tests.iter().map(|test| match test {
        ClaimTest::AnyOf(values) => format!("any_of {}", sorted(values)),
        ClaimTest::AllOf(values) => format!("all_of {}", sorted(values)),
        ClaimTest::Equals(_)
        | ClaimTest::Contains(_)
        | ClaimTest::AtLeast(_)
        | ClaimTest::AtMost(_)
        | ClaimTest::Presence(_) => written(test),
    });
    let steps: Vec<&str> = rule.path.steps().collect();
    format!("claim {steps:?} {}", joined("all", tests.collect()))
}

fn sorted<T: Debug>(values: &[T]) -> String {
    let mut texts: Vec<String> = values.iter().map(written).collect();
    texts.sort();
    texts.join(",")
}

fn written(value: &impl Debug) -> String {
    format!("{value:?}")
}
