//! Routes: the operator's, and those that the gateway answers itself.

use std::sync::Arc;

use super::{
    Findings, client_certificates, cors,
    rate_limits::{Limits, On},
    refusals, upgrades,
};
use crate::{
    config::document::{
        Document,
        accounts::{self, Account},
        routes::{self as written, Require},
    },
    http::target::Reading,
    policy::{
        certificate::CertificateRule,
        cors::CorsPolicy,
        method::MethodSet,
        pattern::Pattern,
        refusal::RefusalTemplate,
        route::{Access, Action, Authorization, EndpointId, HostMatch, Route, UpstreamId},
        table::{Ambiguity, RouteTable},
    },
};

const MATCH: &str = "write a path, or methods and a path, such as `GET,HEAD /docs/**`";

/// What a route takes when it says nothing.
pub(super) struct Defaults<'a> {
    pub(super) reading: Reading,
    pub(super) rate_limits: &'a Limits,
    pub(super) cors: Option<Arc<CorsPolicy>>,
    pub(super) refusals: Arc<RefusalTemplate>,
}

/// The table; accounts come first in it, in their order.
pub(super) fn compile(
    document: &Document,
    defaults: &Defaults<'_>,
    findings: &mut Findings<'_>,
) -> Option<RouteTable> {
    let accounts = document.accounts.iter().enumerate();
    let mut routes: Vec<Option<Route>> = accounts
        .map(|(index, account)| account_route(index, account, defaults, findings))
        .collect();
    for (index, route) in document.routes.iter().enumerate() {
        let path = format!("routes[{index}]");
        routes.push(forward_route(&path, route, document, defaults, findings));
    }
    let whole = routes.iter().all(Option::is_some);
    // Ambiguities are found among the routes that can be read, so that they are reported with the other mistakes.
    let positions: Vec<String> = paths(document, &routes);
    let table = RouteTable::new(routes.into_iter().flatten().collect());
    match table {
        Ok(table) => whole.then_some(table.comparing(defaults.reading.case)),
        Err(ambiguities) => {
            for ambiguity in ambiguities {
                ambiguous(ambiguity, &positions, findings);
            }
            None
        }
    }
}

/// Where each readable route stands in the document.
fn paths(document: &Document, routes: &[Option<Route>]) -> Vec<String> {
    let accounts = document.accounts.len();
    let readable = routes
        .iter()
        .enumerate()
        .filter(|(_, route)| route.is_some());
    readable
        .map(|(index, _)| match index.checked_sub(accounts) {
            None => format!("accounts[{index}].match"),
            Some(index) => format!("routes[{index}].match"),
        })
        .collect()
}

fn ambiguous(ambiguity: Ambiguity, positions: &[String], findings: &mut Findings<'_>) {
    let position = |index: usize| positions.get(index).map_or("routes", String::as_str);
    let first = position(ambiguity.first);
    let line = findings
        .places
        .at(first)
        .map_or(0, |location| location.line);
    let message = format!(
        "this route and {first} (line {line}) match the same requests: one of them could never be reached"
    );
    findings.mistake(
        position(ambiguity.second),
        &message,
        "remove one, or give them different methods or hosts",
    );
}

fn account_route(
    index: usize,
    account: &Account,
    defaults: &Defaults<'_>,
    findings: &mut Findings<'_>,
) -> Option<Route> {
    let path = format!("accounts[{index}]");
    let matched = matched(
        &account.matches,
        defaults.reading,
        &format!("{path}.match"),
        findings,
    );
    if matched
        .as_ref()
        .is_some_and(|(methods, _)| *methods == MethodSet::Any)
    {
        findings.mistake(
            &format!("{path}.match"),
            "an account route says its method",
            "write the method before the path, such as `POST /auth/token/pair`",
        );
    }
    let host = host(account.host.as_deref(), &path, findings);
    let own_cors = cors::compile(account.cors.as_ref(), &format!("{path}.cors"), findings);
    let on = match account.action {
        accounts::Action::Login => On::Login,
        accounts::Action::Refresh | accounts::Action::Verify => On::Account,
    };
    let names = account.rate_limit.as_deref();
    let rate_limits = defaults.rate_limits.of(names, on, &path, findings);
    let (methods, pattern) = matched?;
    Some(Route {
        rate_limits,
        number: 0,
        name: account.matches.as_str().into(),
        place: findings.place(&path).into(),
        host: host?,
        methods,
        pattern,
        access: Access::Public,
        subject_is: None,
        certificate: None,
        action: Action::Answer(EndpointId(index)),
        authorization: Authorization::Remove,
        body_size: u64::MAX,
        refusals: Arc::clone(&defaults.refusals),
        cors: own_cors.or_else(|| defaults.cors.clone()),
        token_places: None,
        upgrades: Vec::new(),
    })
}

fn forward_route(
    path: &str,
    route: &written::Route,
    document: &Document,
    defaults: &Defaults<'_>,
    findings: &mut Findings<'_>,
) -> Option<Route> {
    let matched = matched(
        &route.matches,
        defaults.reading,
        &format!("{path}.match"),
        findings,
    );
    let host = host(route.host.as_deref(), path, findings);
    let upstream = upstream(route.upstream.as_deref(), path, document, findings);
    let own_cors = cors::compile(route.cors.as_ref(), &format!("{path}.cors"), findings);
    let own_refusals = route.refusals.as_ref();
    let own_refusals =
        own_refusals.map(|own| refusals::compile(own, &format!("{path}.refusals"), findings));
    let access = match route.access {
        written::Access::Public => Access::Public,
        written::Access::Optional => Access::Optional,
        written::Access::Required => Access::Required,
    };
    let certificate = certificate(route.require.as_ref(), path, findings);
    let token_places = upgrades::token_places(route, path, findings);
    let upgrades = upgrades::protocols(route, path, findings);
    let names = Some(route.rate_limit.as_slice());
    let rate_limits = defaults
        .rate_limits
        .of(names, On::Route(access), path, findings);
    let (methods, pattern) = matched?;
    let subject_is = route.require.as_ref();
    let subject_is = subject_is.and_then(|rule| rule.subject_is.as_deref());
    let subject_is = subject_is.and_then(|name| owner(name, &pattern, access, path, findings));
    Some(Route {
        rate_limits,
        number: 0,
        name: route.matches.as_str().into(),
        place: findings.place(path).into(),
        host: host?,
        methods,
        pattern,
        access,
        subject_is,
        certificate,
        action: Action::Forward(upstream?),
        authorization: match route.authorization {
            written::Authorization::Forward => Authorization::Forward,
            written::Authorization::Remove => Authorization::Remove,
        },
        body_size: route.body_size.unwrap_or(document.limits.body_size).into(),
        refusals: own_refusals.unwrap_or_else(|| Arc::clone(&defaults.refusals)),
        cors: own_cors.or_else(|| defaults.cors.clone()),
        token_places,
        upgrades,
    })
}

/// `GET,HEAD /docs/**`, or a path alone.
fn matched(
    text: &str,
    reading: Reading,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<(MethodSet, Pattern)> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (methods, pattern) = match words.as_slice() {
        [pattern] => (Ok(MethodSet::Any), *pattern),
        [methods, pattern] => (MethodSet::parse(methods), *pattern),
        _ => {
            findings.mistake(path, "this is not one path with methods before it", MATCH);
            return None;
        }
    };
    let known = "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, separated by commas";
    let methods = findings.take(methods, path, known);
    let pattern = findings.take(Pattern::parse_for(pattern, reading), path, MATCH);
    Some((methods?, pattern?))
}

fn host(text: Option<&str>, path: &str, findings: &mut Findings<'_>) -> Option<HostMatch> {
    let Some(text) = text else {
        return Some(HostMatch::Any);
    };
    let host = HostMatch::parse(text).ok_or("this is not a host");
    let fix = "write a name without port, such as api.example.com or *.example.com";
    findings.take(host, &format!("{path}.host"), fix)
}

fn upstream(
    name: Option<&str>,
    path: &str,
    document: &Document,
    findings: &mut Findings<'_>,
) -> Option<UpstreamId> {
    let Some(name) = name else {
        if document.upstreams.len() > 1 {
            let fix = "add `upstream:` and its name";
            findings.mistake(
                path,
                "there are several upstreams and the route names none",
                fix,
            );
        }
        return (document.upstreams.len() == 1).then_some(UpstreamId(0));
    };
    let found = document.upstreams.get_index_of(name).map(UpstreamId);
    if found.is_none() {
        let known: Vec<&str> = document.upstreams.keys().map(String::as_str).collect();
        let fix = format!("use one of: {}", known.join(", "));
        let path = format!("{path}.upstream");
        findings.unknown(&path, "there is no such upstream", &known, &fix);
    }
    found
}

fn owner(
    parameter: &str,
    pattern: &Pattern,
    access: Access,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let rule_path = format!("{path}.require.subject_is");
    if access != Access::Required {
        let message = "a rule about the subject needs a token on every request";
        findings.mistake(&rule_path, message, "write `access: required`");
    }
    if !pattern.has_parameter(parameter) {
        let message = "the path has no such parameter";
        let fix = format!("name a parameter of the path, or write {{{parameter}}} into it");
        findings.mistake(&rule_path, message, &fix);
        return None;
    }
    Some(parameter.to_owned())
}

fn certificate(
    rule: Option<&Require>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<CertificateRule> {
    let rule = rule?;
    let path = format!("{path}.require");
    if rule.subject_is.is_none() && rule.client_certificate.is_none() {
        let fix = "write `subject_is:` or `client_certificate:`, or take it out";
        findings.absence(&path, "nothing is required", fix);
    }
    let certificate = rule.client_certificate.as_ref();
    let path = format!("{path}.client_certificate");
    certificate.map(|rule| client_certificates::compile(rule, &path, findings))
}

/// Any route's CORS policy, so that `Live` knows whether origins matter at all.
pub(super) fn any_cors(table: Option<&RouteTable>) -> Option<Arc<CorsPolicy>> {
    table?.routes().iter().find_map(|route| route.cors.clone())
}
