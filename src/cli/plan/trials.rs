//! Requests, put to both configurations, and what differs.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use ::http::{HeaderName, HeaderValue, Method};
use anyhow::{Context, Result};
use indexmap::IndexMap;

use super::{
    callers::{self, Caller, Token},
    meaning,
    paths::witnesses,
    requests::{NOWHERE, hosts, methods},
    side::{Plain, PlanKey, Side},
    verdict::{Change, Differences, Effect, RouteChange, RouteName, Verdict, name, verdict},
};
use crate::{
    certificate::Identity,
    cli::policy_tests::Case,
    clock::UnixSeconds,
    http::client_address::PeerAddress,
    pipeline::explain::{Explanation, Question, judge},
    policy::{route::Route, table::Found},
};

/// More requests are not tried.
const MOST: usize = 1_000_000;

type Same = (
    Effect,
    Verdict,
    Verdict,
    Option<RouteName>,
    Option<RouteName>,
);

pub(super) struct Trials<'a> {
    sides: &'a [Side; 2],
    key: &'a PlanKey,
    now: UnixSeconds,
    plain: Vec<Plain>,
    /// Signed tokens, by what they say.
    tokens: BTreeMap<String, String>,
    requests: usize,
    complete: bool,
    changes: IndexMap<Same, Change>,
    pairs: HashSet<(usize, usize)>,
    routes: BTreeSet<RouteChange>,
}

/// One request.
struct Asked<'q> {
    method: &'q Method,
    target: &'q str,
    host: &'q str,
    peer: PeerAddress,
    certificate: Option<&'q Identity>,
    headers: &'q [(HeaderName, HeaderValue)],
    /// Who says what the user's row has.
    user: Option<&'q Case>,
    now: UnixSeconds,
    label: String,
}

impl<'a> Trials<'a> {
    pub(super) fn new(sides: &'a [Side; 2], key: &'a PlanKey, now: UnixSeconds) -> Self {
        let mut plain: Vec<Plain> = Vec::new();
        for one in sides.iter().flat_map(|side| &side.plain) {
            if !plain.contains(one) {
                plain.push(one.clone());
            }
        }
        Self {
            sides,
            key,
            now,
            plain,
            tokens: BTreeMap::new(),
            requests: 0,
            complete: true,
            changes: IndexMap::new(),
            pairs: HashSet::new(),
            routes: BTreeSet::new(),
        }
    }

    /// Requests that are made up out of the routes of both.
    pub(super) fn derived(&mut self) -> Result<()> {
        let [old, new] = self.sides;
        let paths = witnesses([&old.live.table, &new.live.table]);
        self.complete = paths.complete;
        for path in &paths.found {
            let matching: Vec<&Route> = [old, new]
                .into_iter()
                .flat_map(|side| side.live.table.candidates(NOWHERE, &Method::GET, path))
                .map(|(route, _)| route)
                .collect();
            for host in hosts(&matching) {
                let here: Vec<&Route> = matching
                    .iter()
                    .copied()
                    .filter(|route| route.host.matches(&host))
                    .collect();
                for method in methods(&here) {
                    if self.requests >= MOST {
                        self.complete = false;
                        return Ok(());
                    }
                    self.everybody(&method, &host, path)?;
                }
            }
        }
        Ok(())
    }

    /// One request by everybody who may matter to the routes that take it.
    fn everybody(&mut self, method: &Method, host: &str, path: &str) -> Result<()> {
        let both = self
            .sides
            .each_ref()
            .map(|side| taken(side, method, host, path));
        let [before, after] = both;
        if let (Some(before), Some(after)) = (before, after) {
            self.compare_routes(before, after);
        }
        let routes: Vec<&Route> = both.into_iter().flatten().collect();
        for caller in callers::of(&routes, path, &self.plain) {
            let Caller {
                label,
                token,
                peer,
                certificate,
            } = caller;
            let token = self.token(&token)?;
            let asked = Asked {
                method,
                target: path,
                host,
                peer,
                certificate: certificate.as_ref(),
                headers: &[],
                user: None,
                now: self.now,
                label,
            };
            self.ask(&asked, [token.as_deref(); 2]);
        }
        Ok(())
    }

    /// Requests of the operator's own.
    pub(super) fn examples(&mut self, cases: &[Case]) -> Result<()> {
        let [old, new] = self.sides;
        for case in cases {
            let token = |side: &Side, other: &Side| {
                // Of an issuer that only one of them knows.
                let unknown = side.signer.unknown(&case.token).is_some();
                let signer = if unknown { &other.signer } else { &side.signer };
                let token = signer.token(&case.token, case.now);
                token.with_context(|| format!("{}: {}", case.place, case.name))
            };
            let tokens = [token(old, new)?, token(new, old)?];
            let asked = Asked {
                method: &case.method,
                target: &case.target,
                host: &case.host,
                peer: case.peer,
                certificate: case.certificate.as_ref(),
                headers: &case.headers,
                user: Some(case),
                now: case.now,
                label: format!("{} ({})", case.name.escape_debug(), case.place),
            };
            self.ask(&asked, tokens.each_ref().map(Option::as_deref));
        }
        Ok(())
    }

    fn token(&mut self, token: &Token) -> Result<Option<String>> {
        Ok(match token {
            Token::None => None,
            Token::Bad => Some("no.good.token".to_owned()),
            Token::Good { kind, claims } => {
                let said = format!("{kind} {}", serde_json::to_string(claims)?);
                if let Some(signed) = self.tokens.get(&said) {
                    return Ok(Some(signed.clone()));
                }
                let signed = self.key.sign(kind, claims)?;
                self.tokens.insert(said, signed.clone());
                Some(signed)
            }
        })
    }

    /// Puts a request to both.
    fn ask(&mut self, asked: &Asked<'_>, [old_token, new_token]: [Option<&str>; 2]) {
        self.requests += 1;
        let [old, new] = self.sides;
        let (old, new) = (judged(asked, old_token, old), judged(asked, new_token, new));
        let (before, after) = (verdict(&old), verdict(&new));
        let effect = match before.openness.cmp(&after.openness) {
            Ordering::Less => Effect::Opens,
            Ordering::Greater => Effect::Closes,
            Ordering::Equal if before != after => Effect::Differs,
            Ordering::Equal => return,
        };
        let (route_before, route_after) = (name(&old), name(&new));
        let same = (
            effect,
            before.clone(),
            after.clone(),
            route_before.clone(),
            route_after.clone(),
        );
        let change = self.changes.entry(same).or_insert_with(|| Change {
            effect,
            request: format!("{} {}", asked.method, asked.target.escape_debug()),
            host: (asked.host != NOWHERE).then(|| asked.host.to_owned()),
            callers: BTreeSet::new(),
            before,
            after,
            route_before,
            route_after,
            requests: 0,
        });
        change.requests += 1;
        change.callers.insert(asked.label.clone());
    }

    fn compare_routes(&mut self, before: &Route, after: &Route) {
        if !self.pairs.insert((before.number, after.number)) {
            return;
        }
        let [old, new] = self.sides;
        let keys = meaning::differences((before, &old.live), (after, &new.live));
        if !keys.is_empty() {
            self.routes.insert(RouteChange {
                before: RouteName::of(before),
                after: RouteName::of(after),
                keys,
            });
        }
    }

    pub(super) fn finish(self) -> Differences {
        let mut changes: Vec<Change> = self.changes.into_values().collect();
        changes.sort_by(|one, other| {
            let key = |it: &Change| (it.effect, it.request.clone(), it.host.clone());
            key(one)
                .cmp(&key(other))
                .then_with(|| one.callers.cmp(&other.callers))
        });
        Differences {
            requests: self.requests,
            complete: self.complete,
            changes,
            routes: self.routes.into_iter().collect(),
        }
    }
}

/// Routes of the old one that the new one does not have, and the other way round.
pub(super) fn unpaired([old, new]: &[Side; 2]) -> [Vec<RouteName>; 2] {
    let of = |side: &Side| -> BTreeMap<_, RouteName> {
        let routes = side.live.table.routes().iter();
        routes
            .map(|route| (meaning::identity(route), RouteName::of(route)))
            .collect()
    };
    let (before, after) = (of(old), of(new));
    let only = |these: &BTreeMap<_, RouteName>, others: &BTreeMap<_, RouteName>| {
        let only = these.iter().filter(|(key, _)| !others.contains_key(*key));
        only.map(|(_, name)| name.clone()).collect()
    };
    [only(&before, &after), only(&after, &before)]
}

fn taken<'a>(side: &'a Side, method: &Method, host: &str, path: &str) -> Option<&'a Route> {
    match side.live.table.find(host, method, path) {
        Found::Route(route) => Some(route),
        Found::MethodNotAllowed(_) | Found::NotFound => None,
    }
}

fn judged(asked: &Asked<'_>, token: Option<&str>, side: &Side) -> Explanation {
    let looked = asked.user.and_then(|case| case.looked_up(&side.columns));
    let question = Question {
        method: asked.method.clone(),
        target: asked.target,
        host: asked.host,
        headers: asked.headers,
        token,
        certificate: asked.certificate,
        peer: asked.peer,
        row: looked.as_ref(),
        secret: None,
        now: asked.now,
    };
    judge(&question, &side.live)
}
