//! Groups: settings that routes share, and routes that are weaker than their group.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Findings, cors, csrf,
    forwarded_routes::compiled_access,
    refusals,
    rules::{Broken, Rules, meant},
};
use crate::{
    config::{
        document::{
            Document,
            routes::{
                At, Authorization, Cors, Credentials, Group, Mode, OnExpiry, OnStale,
                RequireOfGroup, Route,
            },
        },
        reading::places::key_step,
        size::SizeLimit,
    },
    policy::requirement::{Requirement, Term},
};

/// Every group.
pub(super) struct Groups<'a>(IndexMap<&'a str, GroupOf<'a>>);

/// A group as its routes have it.
#[derive(Clone)]
pub(super) struct GroupOf<'a> {
    pub(super) group: &'a Group,
    path: String,
    title: String,
    requirement: Option<Result<Arc<Requirement>, Broken>>,
}

impl<'a> Groups<'a> {
    /// Compiles what each requires.
    pub(super) fn new(
        document: &'a Document,
        rules: &mut Rules<'_>,
        findings: &mut Findings<'_>,
    ) -> Self {
        let mut groups = IndexMap::new();
        for (name, group) in &document.groups {
            let path = format!("groups{}", key_step(name));
            let require_path = format!("{path}.require");
            let required = group.require.as_ref();
            let required =
                required.map(|required| rules.requirement(required, &require_path, findings));
            let group = GroupOf {
                group,
                path,
                title: format!("group {name}"),
                requirement: required.map(|required| required.map(Arc::new)),
            };
            groups.insert(name.as_str(), group);
        }
        Self(groups)
    }

    /// The group of a route, if it names one that exists.
    pub(super) fn of(
        &self,
        route: &Route,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<GroupOf<'a>> {
        let name = route.group.as_deref()?;
        let group = self.0.get(name);
        if group.is_none() {
            let known: Vec<&str> = self.0.keys().copied().collect();
            let path = format!("{path}.group");
            findings.mistake(
                &path,
                "there is no such group",
                &meant(name, &known, "groups"),
            );
        }
        group.cloned()
    }
}

impl GroupOf<'_> {
    pub(super) fn at(&self) -> At<'_> {
        At {
            group: self.group,
            path: &self.path,
        }
    }

    /// What it requires, as a term of its routes.
    pub(super) fn requirement(
        &self,
        findings: &Findings<'_>,
    ) -> Option<Result<Requirement, Broken>> {
        let requirement = self.requirement.as_ref()?;
        let requirement = requirement.as_ref().map_err(|broken| *broken);
        Some(requirement.map(|requirement| Requirement {
            term: Term::Named {
                name: self.title.as_str().into(),
                requirement: Arc::clone(requirement),
            },
            place: findings.place(&format!("{}.require", self.path)).into(),
        }))
    }
}

/// Groups without routes, and routes that ask for less than their group.
pub(super) fn lint(document: &Document, findings: &mut Findings<'_>) {
    for (name, group) in &document.groups {
        let path = format!("groups{}", key_step(name));
        let mut routes = document.routes.iter();
        if !routes.any(|route| route.group.as_ref() == Some(name)) {
            let fix = "name it in `group:` of a route, or remove it";
            findings.warning(&path, "no route is in this group", fix);
            cors::compile(group.cors.as_ref(), &format!("{path}.cors"), findings);
            if let Some(refusals) = &group.refusals {
                refusals::compile(refusals, &format!("{path}.refusals"), findings);
            }
        }
    }
    for (index, route) in document.routes.iter().enumerate() {
        let name = route.group.as_ref();
        let Some((name, group)) = name.and_then(|name| document.groups.get_key_value(name)) else {
            continue;
        };
        let path = format!("routes[{index}]");
        let limit = document.limits.body_size;
        for (key, how) in weaknesses(route, group, limit) {
            let path = format!("{path}.{key}");
            let message = format!("the route is weaker than its group `{name}`: {how}");
            let fix = "leave it to the group, or put the route into another one";
            findings.warning(&path, &message, fix);
        }
    }
}

/// The keys by which a route asks for less than its group, and how.
fn weaknesses(route: &Route, group: &Group, limit: SizeLimit) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut add = |weaker: bool, key: &'static str, how: &str| {
        if weaker {
            found.push((key, how.to_owned()));
        }
    };
    if let (Some(own), Some(of_group)) = (route.access, group.access) {
        let (own, of_group) = (compiled_access(own), compiled_access(of_group));
        let how = format!("{} instead of {}", own.name(), of_group.name());
        add(own < of_group, "access", &how);
    }
    let observed = route.mode == Some(Mode::Observe) && group.mode != Some(Mode::Observe);
    let how = "what it would refuse is forwarded";
    add(observed, "mode", how);
    for (weaker, key, how) in laxities(route, group) {
        add(weaker, key, how);
    }
    let dropped = route.require_of_group == RequireOfGroup::Dropped;
    let how = "what the group requires does not have to hold";
    add(dropped && group.require.is_some(), "require_of_group", how);
    if let Some(own) = route.body_size {
        let of_group = group.body_size.unwrap_or(limit);
        let larger = u64::from(own) > u64::from(of_group);
        add(
            larger && group.body_size.is_some(),
            "body_size",
            "larger bodies are taken",
        );
    }
    if let (Some(own), Some(of_group)) = (&route.rate_limit, &group.rate_limit) {
        let missing = of_group.iter().find(|limit| !own.contains(limit));
        let how = missing.map(|limit| format!("the limit `{limit}` does not hold"));
        add(
            missing.is_some(),
            "rate_limit",
            how.as_deref().unwrap_or_default(),
        );
    }
    if let (Some(own), Some(of_group)) = (&route.cors, &group.cors) {
        add(
            wider(own, of_group),
            "cors",
            "more pages may read its answers",
        );
    }
    if let (Some(own), Some(of_group)) = (&route.csrf, &group.csrf) {
        add(
            csrf::is_wider(own, of_group),
            "csrf",
            "more pages may use the token of a cookie",
        );
    }
    if let (Some(own), Some(of_group)) = (&route.token_from, &group.token_from) {
        let cookie = own.cookie.is_some() && of_group.cookie.is_none();
        add(
            cookie,
            "token_from",
            "browsers send the token by themselves",
        );
        let query = own.query.is_some() && of_group.query.is_none();
        add(
            query,
            "token_from",
            "tokens may stand in URLs, which others write down",
        );
    }
    if let (Some(own), Some(of_group)) = (&route.upgrade, &group.upgrade) {
        let more = own.iter().any(|protocol| !of_group.contains(protocol));
        add(
            more,
            "upgrade",
            "connections may be switched to more protocols",
        );
    }
    found
}

/// Where tokens go further, or count for longer.
fn laxities(route: &Route, group: &Group) -> [(bool, &'static str, &'static str); 3] {
    let forwards = matches!(route.authorization, Some(Authorization::Forward))
        && matches!(group.authorization, Some(Authorization::Remove));
    let stale = (route.on_stale, group.on_stale);
    let serves = matches!(
        stale,
        (Some(OnStale::Serve), Some(OnStale::Ask | OnStale::Refuse))
    );
    let expiry = (route.on_expiry, group.on_expiry);
    let continues = matches!(expiry, (Some(OnExpiry::Continue), Some(OnExpiry::End)));
    [
        (
            forwards,
            "authorization",
            "the token goes on to the upstream",
        ),
        (
            serves,
            "on_stale",
            "a token goes on that may have been revoked",
        ),
        (
            continues,
            "on_expiry",
            "what is open goes on when its token expires",
        ),
    ]
}

fn wider(own: &Cors, of_group: &Cors) -> bool {
    let listed = |origin: &String| {
        of_group.origins.contains(origin) || of_group.origins.iter().any(|any| any == "*")
    };
    let cookies =
        own.credentials == Credentials::Allow && of_group.credentials == Credentials::Omit;
    cookies || !own.origins.iter().all(listed)
}
