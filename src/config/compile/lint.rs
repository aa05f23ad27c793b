//! What is allowed and probably not meant, and the one default that is refused.

use super::{Extent, Findings, rate_limits, routes};
use crate::{
    config::{
        document::{Document, accounts::Action},
        reading::places::key_step,
    },
    policy::{
        method::MethodSet,
        pattern::{End, Pattern},
        requirement::Requirement,
        route::{Access, HostMatch, Route},
        table::RouteTable,
    },
};

pub(super) fn lint(document: &Document, table: Option<&RouteTable>, findings: &mut Findings<'_>) {
    unused_upstreams(document, findings);
    unused_dialects(document, findings);
    unused_rate_limits(document, findings);
    unlimited_logins(document, findings);
    let Some(table) = table else { return };
    let compiled = table.routes();
    for (index, route) in compiled.iter().enumerate() {
        let path = routes::path(document, index);
        public_by_default(document, route, &path, findings);
        unusual_methods(route, &path, findings);
        weaker_fallback(route, compiled, &path, findings);
    }
    if document.routes.is_empty() && findings.extent == Extent::Whole {
        findings.warning(
            "routes",
            "nothing is forwarded: every other request is refused",
            "add a route",
        );
    }
}

/// Whatever no other route names would go through unguarded.
fn public_by_default(document: &Document, route: &Route, path: &str, findings: &mut Findings<'_>) {
    let everything = route.host == HostMatch::Any
        && route.methods == MethodSet::Any
        && route.pattern.segments().is_empty()
        && route.pattern.ends() == End::Anything;
    if !everything || route.access != Access::Public {
        return;
    }
    let path = &format!("{path}.access");
    let message = "whatever no other route names goes through without a token";
    if document.public_by_default.is_some() {
        findings.warning(
            path,
            message,
            "name the public routes and require a token for the rest",
        );
    } else {
        let fix = "write `access: required`, or say `public_by_default: acknowledged` at the top";
        findings.mistake(path, message, fix);
    }
}

/// An extension method is possible, and more often a usual one that is misspelt.
fn unusual_methods(route: &Route, path: &str, findings: &mut Findings<'_>) {
    for method in route.methods.unusual() {
        let message = format!("{method} is not a usual method");
        let fix =
            "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, unless clients really send it";
        findings.warning(&format!("{path}.match"), &message, fix);
    }
}

/// A request with another method falls through to the next less specific route; warn where that one asks for less.
fn weaker_fallback(route: &Route, routes: &[Route], path: &str, findings: &mut Findings<'_>) {
    let certificate = needs_certificate(route);
    let asks = route.access != Access::Public || certificate;
    if route.methods == MethodSet::Any || !asks {
        return;
    }
    let mut fallbacks: Vec<&Route> = routes
        .iter()
        .filter(|other| catches(other, route))
        .collect();
    fallbacks.sort_by_key(|other| specificity(&other.pattern));
    let Some(next) = fallbacks.last() else { return };
    if next.access < route.access || (certificate && !needs_certificate(next)) {
        let message = format!(
            "other methods on this path fall through to `{}` ({}), which asks for less",
            next.name, next.place
        );
        let fix = "add a route for the other methods, or leave the methods out here";
        findings.warning(&format!("{path}.match"), &message, fix);
    }
}

fn needs_certificate(route: &Route) -> bool {
    let requirement = route.requirement.as_ref();
    requirement.is_some_and(Requirement::needs_certificate)
}

/// Whether `other` takes requests that `route` leaves for their method alone.
fn catches(other: &Route, route: &Route) -> bool {
    !std::ptr::eq(other, route)
        && other.pattern.covers(&route.pattern)
        && (other.host == HostMatch::Any || other.host == route.host)
        && !route.methods.covers(&other.methods)
}

/// Of patterns that cover the same one, the longer is the more specific, and an exact end beats `/**`.
fn specificity(pattern: &Pattern) -> (usize, bool) {
    (pattern.segments().len(), pattern.ends() == End::Exact)
}

fn unused_upstreams(document: &Document, findings: &mut Findings<'_>) {
    if document.upstreams.len() < 2 {
        return;
    }
    for name in document.upstreams.keys() {
        let used = |route: &&str| *route == name;
        let routes = document.routes.iter().map(|route| &route.upstream);
        let groups = document.groups.values().map(|group| &group.upstream);
        let mut named = routes.chain(groups).flatten().map(String::as_str);
        if !named.any(|route| used(&route)) {
            let path = format!("upstreams{}", key_step(name));
            findings.warning(
                &path,
                "no route goes to this upstream",
                "remove it, or name it in a route",
            );
        }
    }
}

fn unused_rate_limits(document: &Document, findings: &mut Findings<'_>) {
    for name in document.rate_limits.keys() {
        if !rate_limits::holds(document, name) {
            let path = format!("rate_limits{}", key_step(name));
            let message = "this limit holds for nothing";
            findings.warning(
                &path,
                message,
                "name it in `rate_limit:` of a route, or remove it",
            );
        }
    }
}

fn unlimited_logins(document: &Document, findings: &mut Findings<'_>) {
    for (index, account) in document.accounts.iter().enumerate() {
        let delayed = document.attempts.is_some();
        let none = !delayed && account.rate_limit.as_ref().is_some_and(Vec::is_empty);
        if none && matches!(account.action, Action::Login) {
            let message = "passwords can be tried here as often as the gateway can check them";
            let fix = "leave it out for the usual limits, or name some";
            findings.warning(&format!("accounts[{index}].rate_limit"), message, fix);
        }
    }
}

fn unused_dialects(document: &Document, findings: &mut Findings<'_>) {
    for name in document.dialects.keys() {
        if !document
            .accounts
            .iter()
            .any(|account| account.dialect.as_ref() == Some(name))
        {
            let path = format!("dialects{}", key_step(name));
            findings.warning(
                &path,
                "no account uses this dialect",
                "remove it, or use it",
            );
        }
    }
    let login = |action: Action| matches!(action, Action::Login);
    let accounts = &document.accounts;
    let is_any = accounts.iter().any(|account| login(account.action));
    if !accounts.is_empty() && !is_any && document.pages.is_none() {
        findings.warning(
            "accounts",
            "there is no login",
            "add one, or let the monolith's go through",
        );
    }
}
