//! Routes: the operator's, and those that the gateway answers itself.

use std::sync::Arc;

use super::{
    Findings, actions, cookies, cors, csrf, form_tokens::FormTokensMade,
    forwarded_routes::Forwarded, groups::Groups, pages, published_keys, rate_limits::Limits,
    rules::Rules, statuses::Statuses,
};
use crate::{
    accounts::{TokenName, pages::Pages},
    config::document::{
        Document,
        accounts::{self, Account},
        cookies as written,
    },
    http::target::Reading,
    policy::{
        cors::CorsPolicy,
        csrf::CsrfPolicy,
        method::MethodSet,
        pattern::Pattern,
        refusal::RefusalTemplate,
        route::{
            Access, Action, Authorization, EndpointId, HostMatch, Mode, OnExpiry, OnStale,
            RateLimits, Route, TokenCookie, TokenPlaces,
        },
        table::{Ambiguity, RouteTable},
    },
};

const MATCH: &str = "write a path, or methods and a path, such as `GET,HEAD /docs/**`";

const PUBLISHED: &str = "published_keys";

const PAGES: &str = "pages";

/// What a route takes when it says nothing.
pub(super) struct Defaults<'a> {
    pub(super) reading: Reading,
    pub(super) rate_limits: &'a Limits,
    pub(super) cors: Option<Arc<CorsPolicy>>,
    /// `None` where any page may.
    pub(super) csrf: Option<CsrfPolicy>,
    pub(super) form_tokens: &'a FormTokensMade,
    pub(super) refusals: Arc<RefusalTemplate>,
    pub(super) statuses: Statuses,
    pub(super) groups: Groups<'a>,
    pub(super) pages: Option<&'a Pages>,
}

impl Defaults<'_> {
    /// A route that the gateway answers itself, to anybody.
    pub(super) fn own_route(
        &self,
        (name, place): (&str, String),
        host: HostMatch,
        (methods, pattern): (MethodSet, Pattern),
        action: Action,
    ) -> Route {
        Route {
            rate_limits: RateLimits::default(),
            number: 0,
            name: name.into(),
            place: place.into(),
            host,
            methods,
            pattern,
            access: Access::Public,
            requirement: None,
            mode: Mode::Enforce,
            on_stale: OnStale::Ask,
            on_expiry: OnExpiry::End,
            action,
            authorization: Authorization::Remove,
            body_size: u64::MAX,
            refusals: Arc::clone(&self.refusals),
            cors: self.cors.clone(),
            token_places: None,
            statuses: None,
            headers: None,
            upgrades: Vec::new(),
        }
    }
}

/// The table; accounts come first in it, in their order, and behind the operator's the route of the published keys and the pages.
pub(super) fn compile(
    document: &Document,
    defaults: &Defaults<'_>,
    rules: &mut Rules<'_>,
    findings: &mut Findings<'_>,
) -> Option<RouteTable> {
    let accounts = document.accounts.iter().enumerate();
    let mut routes: Vec<Option<Route>> = accounts
        .map(|(index, account)| account_route(index, (document, account), defaults, findings))
        .collect();
    for (index, route) in document.routes.iter().enumerate() {
        let path = format!("routes[{index}]");
        let forwarded = Forwarded {
            path: &path,
            route,
            document,
            defaults,
        };
        routes.push(forwarded.compile(rules, findings));
    }
    let written = document.published_keys.as_ref();
    routes.extend(written.map(|written| published_keys::route(written, defaults, findings)));
    let of_pages = pages::routes(document, defaults, findings);
    let alone = pages::are_alone(&of_pages, &routes, document, findings);
    routes.extend(of_pages.into_iter().filter(|_| alone));
    let whole = alone && routes.iter().all(Option::is_some);
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
    let readable = routes
        .iter()
        .enumerate()
        .filter(|(_, route)| route.is_some());
    readable
        .map(|(index, _)| match path(document, index) {
            path if path == PUBLISHED => format!("{path}.path"),
            path if path == PAGES => format!("{path}.root"),
            path => format!("{path}.match"),
        })
        .collect()
}

/// Where the route of this number in the table stands.
pub(super) fn path(document: &Document, index: usize) -> String {
    match index.checked_sub(document.accounts.len()) {
        None => format!("accounts[{index}]"),
        Some(index) if index < document.routes.len() => format!("routes[{index}]"),
        Some(index) if document.published_keys.is_some() && index == document.routes.len() => {
            PUBLISHED.to_owned()
        }
        Some(_) => PAGES.to_owned(),
    }
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
    (document, account): (&Document, &Account),
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
    let host = host(account.host.as_deref(), &format!("{path}.host"), findings);
    let own_cors = cors::compile(account.cors.as_ref(), &format!("{path}.cors"), findings);
    let on = actions::of(account.action).kind.limited_on();
    let names = account.rate_limit.as_deref();
    let limits = format!("{path}.rate_limit");
    let rate_limits = defaults.rate_limits.of(names, on, &limits, findings);
    // What is answered here may read it.
    let authorization = Authorization::Forward;
    let statuses = account.statuses.as_deref().and_then(|name| {
        let path = format!("{path}.statuses");
        defaults.statuses.find(name, &path, findings)
    });
    let name = (account.matches.as_str(), findings.place(&path));
    let action = Action::Answer(EndpointId(index));
    let route = defaults.own_route(name, host?, matched?, action);
    let cors = own_cors.or_else(|| route.cors.clone());
    Some(Route {
        rate_limits,
        statuses,
        token_places: token_places((document, account), defaults, cors.as_deref()),
        cors,
        authorization,
        ..route
    })
}

/// The cookie that an account reads, or sets: either way it matters whose page makes a browser send the request.
fn token_places(
    (document, account): (&Document, &Account),
    defaults: &Defaults<'_>,
    cors: Option<&CorsPolicy>,
) -> Option<Box<TokenPlaces>> {
    let first = account.cookies.first();
    let set = first.map(|token| match token {
        written::TokenName::Access => TokenName::Access,
        written::TokenName::Refresh => TokenName::Refresh,
    });
    let token = cookies::read_by(account).or(set)?;
    let name = cookies::written(document, token)?.name.as_str().into();
    // A browser that comes back from a provider comes from another site; what it took along says that it was sent.
    let checked = account.action != accounts::Action::SocialCallback;
    let csrf = defaults.csrf.clone().filter(|_| checked);
    let csrf = csrf.map(|mut policy| {
        policy.origins.extend(csrf::with_cookies(cors));
        policy
    });
    Some(Box::new(TokenPlaces {
        cookie: Some(TokenCookie {
            name,
            csrf,
            forwarding: Authorization::Forward,
            renewed_by: None,
        }),
        websocket_protocol: None,
        query: None,
    }))
}

/// `GET,HEAD /docs/**`, or a path alone.
pub(super) fn matched(
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

pub(super) fn host(
    text: Option<&str>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<HostMatch> {
    let Some(text) = text else {
        return Some(HostMatch::Any);
    };
    let host = HostMatch::parse(text).ok_or("this is not a host");
    let fix = "write a name without port, such as api.example.com or *.example.com";
    findings.take(host, path, fix)
}

/// Any route's CORS policy, so that `Live` knows whether origins matter at all.
pub(super) fn any_cors(table: Option<&RouteTable>) -> Option<Arc<CorsPolicy>> {
    table?.routes().iter().find_map(|route| route.cors.clone())
}
