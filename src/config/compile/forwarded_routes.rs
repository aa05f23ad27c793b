//! Routes that lead to an upstream, with what they have from their groups.

use std::sync::Arc;

use super::{
    Findings, cookies, cors, csrf,
    groups::GroupOf,
    header_changes, kept_refresh,
    rate_limits::On,
    refusals, requires,
    routes::{Defaults, host, matched},
    rules::{Broken, Rules},
    upgrades,
};
use crate::{
    config::document::{
        Document, headers,
        routes::{self as written, RenewedBy, RequireOfGroup, Setting, Settings},
        rules::Require,
    },
    policy::{
        cors::CorsPolicy,
        csrf::CsrfPolicy,
        headers::RouteHeaders,
        pattern::Pattern,
        requirement::{Condition, Requirement, Term},
        route::{
            Access, Action, Authorization, Mode, OnExpiry, OnStale, RateLimits, Route, UpstreamId,
        },
    },
};

/// A route of the document.
pub(super) struct Forwarded<'a> {
    pub(super) path: &'a str,
    pub(super) route: &'a written::Route,
    pub(super) document: &'a Document,
    pub(super) defaults: &'a Defaults<'a>,
}

impl Forwarded<'_> {
    pub(super) fn compile(
        &self,
        rules: &mut Rules<'_>,
        findings: &mut Findings<'_>,
    ) -> Option<Route> {
        let Self {
            path,
            route,
            defaults,
            ..
        } = self;
        let group = defaults.groups.of(route, path, findings);
        let at = group.as_ref().map(GroupOf::at);
        let settings = route.settings(path, at.as_ref());
        let access = self.access(&settings, findings);
        let match_path = format!("{path}.match");
        let matched = matched(&route.matches, defaults.reading, &match_path, findings);
        let host = self.host(&settings, findings);
        let upstream = self.upstream(settings.upstream.as_ref(), findings);
        let requirement = self.requirement(group.as_ref(), rules, findings);
        let rate_limits = self.rate_limits(&settings, access, findings);
        let refusals = settings.refusals.as_ref();
        let refusals = refusals.map(|own| refusals::compile(own.value, &own.path, findings));
        let statuses = settings.statuses.as_ref();
        let statuses =
            statuses.and_then(|own| defaults.statuses.find(own.value, &own.path, findings));
        let cors = settings.cors.as_ref();
        let cors = cors.and_then(|own| cors::compile(Some(own.value), &own.path, findings));
        let cors = cors.or_else(|| defaults.cors.clone());
        let csrf = self.csrf(&settings, cors.as_deref(), findings);
        let token_places =
            upgrades::token_places(settings.token_from.as_ref(), access, csrf, findings);
        let upgrades = upgrades::protocols(settings.upgrade.as_ref(), findings);
        let (methods, pattern) = matched?;
        let token_places = token_places.map(|mut places| {
            if let Some(cookie) = &mut places.cookie {
                cookie.renewed_by = self.renewed_by(&settings, &pattern, findings);
            }
            places
        });
        let headers = settings.headers.as_ref();
        let headers = headers.map(|written| self.headers(written, (&pattern, access), findings));
        let requirement = requirement.ok()?;
        if let Some(requirement) = &requirement {
            self.check(requirement, access, &pattern, findings);
        }
        Some(Route {
            rate_limits,
            number: 0,
            name: route.matches.as_str().into(),
            place: findings.place(path).into(),
            host: host?,
            methods,
            pattern,
            access,
            requirement,
            mode: mode(&settings),
            on_stale: on_stale(&settings, self.document),
            on_expiry: on_expiry(&settings),
            action: Action::Forward(upstream?),
            authorization: authorization(&settings),
            body_size: self.body_size(&settings),
            refusals: refusals.unwrap_or_else(|| Arc::clone(&defaults.refusals)),
            cors,
            token_places,
            statuses,
            headers: match headers {
                None => None,
                Some(headers) => Some(headers?),
            },
            upgrades,
        })
    }

    fn access(&self, settings: &Settings<'_>, findings: &mut Findings<'_>) -> Access {
        let Some(access) = &settings.access else {
            // A group that does not exist may have said it.
            let name = self.route.group.as_deref();
            let elsewhere = name.is_some_and(|name| !self.document.groups.contains_key(name));
            if !elsewhere && !findings.extent.made_up(&format!("{}.access", self.path)) {
                let message = "the key `access` is missing";
                findings.mistake(self.path, message, "add `access: …`");
            }
            return Access::Required;
        };
        compiled_access(*access.value)
    }

    fn host(
        &self,
        settings: &Settings<'_>,
        findings: &mut Findings<'_>,
    ) -> Option<crate::policy::route::HostMatch> {
        let path = settings.host.as_ref().map_or(self.path, |host| &host.path);
        let text = settings.host.as_ref().map(|host| host.value.as_str());
        host(text, path, findings)
    }

    fn rate_limits(
        &self,
        settings: &Settings<'_>,
        access: Access,
        findings: &mut Findings<'_>,
    ) -> RateLimits {
        let (names, path) = match &settings.rate_limit {
            Some(names) => (names.value.as_slice(), names.path.as_str()),
            None => (&[][..], self.path),
        };
        let limits = self.defaults.rate_limits;
        limits.of(Some(names), On::Route(access), path, findings)
    }

    fn headers(
        &self,
        written: &Setting<'_, headers::RouteHeaders>,
        (pattern, access): (&Pattern, Access),
        findings: &mut Findings<'_>,
    ) -> Option<Arc<RouteHeaders>> {
        let place = header_changes::Place {
            document: self.document,
            path: &written.path,
            route: &self.route.matches,
            pattern,
            access,
        };
        header_changes::compile(written.value, &place, findings).map(Arc::new)
    }

    /// Whose pages may use the token of a cookie, if the route takes one from there.
    fn csrf(
        &self,
        settings: &Settings<'_>,
        cors: Option<&CorsPolicy>,
        findings: &mut Findings<'_>,
    ) -> Option<CsrfPolicy> {
        let cookie = settings.token_from.as_ref();
        let cookie = cookie.is_some_and(|from| from.value.cookie.is_some());
        let own = self.route.csrf.is_some();
        if own && !cookie {
            let path = format!("{}.csrf", self.path);
            let message = "this route takes no token from a cookie";
            findings.mistake(
                &path,
                message,
                "add `token_from: { cookie: … }`, or remove it",
            );
        }
        let own = settings.csrf.as_ref();
        let own = own
            .map(|csrf| csrf::compile(csrf.value, self.defaults.form_tokens, &csrf.path, findings));
        let mut policy = own.unwrap_or_else(|| self.defaults.csrf.clone())?;
        policy.origins.extend(csrf::with_cookies(cors));
        Some(policy)
    }

    /// The cookie by which the token of another is renewed.
    fn renewed_by(
        &self,
        settings: &Settings<'_>,
        pattern: &Pattern,
        findings: &mut Findings<'_>,
    ) -> Option<Box<str>> {
        let from = settings.token_from.as_ref()?;
        let by = from.value.renewed_by?;
        let path = format!("{}.renewed_by", from.path);
        let place = cookies::Place {
            cookie: from.value.cookie.as_deref(),
            pattern: &pattern.to_string(),
            path: &path,
        };
        match by {
            RenewedBy::RefreshCookie => cookies::renewing(self.document, &place, findings),
            RenewedBy::KeptRefreshToken => kept_refresh::renewing(self.document, &place, findings),
        }
    }

    fn body_size(&self, settings: &Settings<'_>) -> u64 {
        let own = settings.body_size.as_ref().map(|size| *size.value);
        own.unwrap_or(self.document.limits.body_size).into()
    }

    fn upstream(
        &self,
        name: Option<&Setting<'_, String>>,
        findings: &mut Findings<'_>,
    ) -> Option<UpstreamId> {
        let upstreams = &self.document.upstreams;
        let Some(name) = name else {
            if upstreams.len() > 1 {
                let fix = "add `upstream:` and its name";
                let message = "there are several upstreams and the route names none";
                findings.mistake(self.path, message, fix);
            }
            return (upstreams.len() == 1).then_some(UpstreamId(0));
        };
        let found = upstreams.get_index_of(name.value).map(UpstreamId);
        let known: Vec<&str> = upstreams.keys().map(String::as_str).collect();
        let fix = format!("use one of: {}", known.join(", "));
        if found.is_none() {
            findings.unknown(&name.path, "there is no such upstream", &known, &fix);
        }
        found
    }

    /// What the group and the route require.
    fn requirement(
        &self,
        group: Option<&GroupOf<'_>>,
        rules: &mut Rules<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Option<Requirement>, Broken> {
        let path = format!("{}.require", self.path);
        let own = self.route.require.as_ref();
        let own = own.map(|own| rules.requirement(own, &path, findings));
        let of_group = match self.route.require_of_group {
            RequireOfGroup::Required => group.and_then(|group| group.requirement(findings)),
            RequireOfGroup::Dropped => {
                self.check_dropped(group, findings);
                None
            }
        };
        match (of_group, own) {
            (None, None) => Ok(None),
            (Some(one), None) | (None, Some(one)) => one.map(Some),
            (Some(of_group), Some(own)) => Ok(Some(Requirement {
                term: Term::all(vec![of_group?, own?]),
                place: findings.place(self.path).into(),
            })),
        }
    }

    fn check_dropped(&self, group: Option<&GroupOf<'_>>, findings: &mut Findings<'_>) {
        if group.is_none_or(|group| group.group.require.is_none()) {
            let path = format!("{}.require_of_group", self.path);
            let message = "there is no group that requires anything";
            findings.mistake(&path, message, "take it out");
        }
    }

    /// Whether the requirement can be asked on this route.
    fn check(
        &self,
        requirement: &Requirement,
        access: Access,
        pattern: &Pattern,
        findings: &mut Findings<'_>,
    ) {
        let unread = access == Access::Public && requirement.reads_token();
        let needs = access == Access::Optional && !requirement.may_hold_without_token();
        if unread || needs {
            let message = if unread {
                "this is about the token, which a public route does not read"
            } else {
                "this holds for nobody without a token"
            };
            let path = self.place_of(&|require| {
                let rule = require.rule.as_ref().map(|_| "rule");
                let when = require.when.as_ref().map(|_| "when");
                requires::token_key(require).or(rule).or(when)
            });
            findings.mistake(&path, message, "write `access: required`");
        }
        self.check_parameters(requirement, pattern, findings);
    }

    /// Whether the path has what the requirement speaks of.
    fn check_parameters(
        &self,
        requirement: &Requirement,
        pattern: &Pattern,
        findings: &mut Findings<'_>,
    ) {
        let foreign = |condition: &Condition| condition.foreign_parameter(pattern).is_some();
        let Some((at, condition)) = requirement.find(&foreign) else {
            return;
        };
        let parameter = condition.foreign_parameter(pattern).unwrap_or_default();
        let own = |require: &Require| match condition {
            Condition::When(expression) => {
                let own = require.when.as_ref() == Some(&expression.to_string());
                own.then_some("when")
            }
            Condition::SubjectIs(_)
            | Condition::Claim(_)
            | Condition::Column(_)
            | Condition::Scope(_)
            | Condition::AnyScope(_)
            | Condition::Role { .. }
            | Condition::Issuer(_)
            | Condition::Audience(_)
            | Condition::Network(_)
            | Condition::Certificate(_) => {
                (require.subject_is.as_deref() == Some(parameter)).then_some("subject_is")
            }
        };
        let path = self.place_of(&own);
        let message = if path.ends_with("subject_is") || path.ends_with("when") {
            "the path has no such parameter".to_owned()
        } else {
            let place = &at.place;
            format!("the path has no parameter {parameter}, of which a rule speaks ({place})")
        };
        let fix = format!("name a parameter of the path, or write {{{parameter}}} into it");
        findings.mistake(&path, &message, &fix);
    }

    /// The path of the first key of the route's own requirement that is meant, else of its `match`.
    fn place_of(&self, key: &dyn Fn(&Require) -> Option<&'static str>) -> String {
        let mut found = None;
        if let Some(own) = &self.route.require {
            requires::each(
                own,
                &format!("{}.require", self.path),
                &mut |require, path| {
                    if let (None, Some(key)) = (&found, key(require)) {
                        found = Some(format!("{path}.{key}"));
                    }
                },
            );
        }
        found.unwrap_or_else(|| format!("{}.match", self.path))
    }
}

pub(super) fn compiled_access(access: written::Access) -> Access {
    match access {
        written::Access::Public => Access::Public,
        written::Access::Optional => Access::Optional,
        written::Access::Required => Access::Required,
    }
}

fn mode(settings: &Settings<'_>) -> Mode {
    let written = settings.mode.as_ref();
    match written.map(|written| *written.value).unwrap_or_default() {
        written::Mode::Enforce => Mode::Enforce,
        written::Mode::Observe => Mode::Observe,
    }
}

fn on_stale(settings: &Settings<'_>, document: &Document) -> OnStale {
    let written = settings.on_stale.as_ref().map(|written| *written.value);
    let watch = document.watch.as_ref().map(|watch| watch.on_stale);
    match written.or(watch).unwrap_or_default() {
        written::OnStale::Refuse => OnStale::Refuse,
        written::OnStale::Ask => OnStale::Ask,
        written::OnStale::Serve => OnStale::Serve,
    }
}

fn on_expiry(settings: &Settings<'_>) -> OnExpiry {
    let written = settings.on_expiry.as_ref();
    match written.map(|written| *written.value).unwrap_or_default() {
        written::OnExpiry::End => OnExpiry::End,
        written::OnExpiry::Continue => OnExpiry::Continue,
    }
}

fn authorization(settings: &Settings<'_>) -> Authorization {
    let written = settings.authorization.as_ref();
    match written.map(|written| *written.value).unwrap_or_default() {
        written::Authorization::Forward => Authorization::Forward,
        written::Authorization::Remove => Authorization::Remove,
    }
}
