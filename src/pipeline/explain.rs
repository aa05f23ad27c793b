//! What the gateway would do with a request, and why: the live path's own stages, without sending anything.

use std::{fmt, sync::Arc};

use ::http::{HeaderName, HeaderValue, Method, Request, header};
use serde::Serialize;

use super::{
    authorize::{Connected, authorize},
    credential::extract,
    identify::identify,
    inject::{Known, render},
    live::Live,
    receive::receive,
    rejection::Rejection,
    route::route,
    stage::{Credential, Identified},
};
use crate::{
    certificate::Identity,
    clock::UnixSeconds,
    http::client_address::PeerAddress,
    policy::{
        explanation::{Check, Recorder},
        requirement::Silent,
        route::{Access, Action, RateLimits, Route},
        table::Fit,
    },
    ratelimit::RateLimit,
};

/// A request to be explained.
#[derive(Debug)]
pub struct Question<'a> {
    /// The method.
    pub method: Method,
    /// The target, in origin form.
    pub target: &'a str,
    /// The Host.
    pub host: &'a str,
    /// A bearer token.
    pub token: Option<&'a str>,
    /// The client's certificate, as if it had been verified.
    pub certificate: Option<&'a Identity>,
    /// The other end of the connection.
    pub peer: PeerAddress,
    /// The moment to decide at.
    pub now: UnixSeconds,
}

/// What would happen.
#[derive(Debug, Default, Serialize)]
pub struct Explanation {
    /// The target as asked.
    pub target: String,
    /// The path that is forwarded, and matched unless `matched_path` says otherwise.
    pub canonical_path: Option<String>,
    /// The path as the upstreams read it, where that is another.
    pub matched_path: Option<String>,
    /// Every route whose pattern matches the path, most specific first.
    pub candidates: Vec<Candidate>,
    /// The route that is taken.
    pub route: Option<Taken>,
    /// The limits of the rate that hold for it; none is taken from by asking.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What the token turned out to be.
    pub token: Option<String>,
    /// The subject as the log shows it.
    pub subject: Option<String>,
    /// Names of the identity headers that are added.
    pub headers: Vec<String>,
    /// The same with their values, for those who know the token: never shown.
    #[serde(skip)]
    pub added: Vec<(HeaderName, HeaderValue)>,
    /// What the route requires besides, and what was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What happens in the end.
    pub verdict: Verdict,
}

/// One matching pattern.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// The route as written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// Whether it is taken, or why not.
    pub fit: &'static str,
}

/// The route that is taken.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// As written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// Its access word.
    pub access: &'static str,
}

/// The end of the walk.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not decided.
    #[default]
    Undecided,
    /// It goes to this upstream.
    Forwarded {
        /// Its name.
        upstream: String,
    },
    /// The gateway answers it.
    Answered,
    /// It is refused.
    Refused {
        /// The status.
        status: u16,
        /// The stable code.
        code: &'static str,
        /// Why.
        reason: String,
    },
}

/// Explains.
pub fn explain(question: &Question<'_>, live: &Live) -> Explanation {
    let mut explanation = Explanation {
        target: question.target.to_owned(),
        ..Explanation::default()
    };
    match walk(question, live, &mut explanation) {
        Ok(verdict) => explanation.verdict = verdict,
        Err(rejection) => {
            explanation.verdict = Verdict::Refused {
                status: rejection.status().as_u16(),
                code: rejection.code(),
                reason: rejection.reason(),
            };
        }
    }
    explanation
}

/// The walk up to the decision, and nothing else: what `benches/walk.rs` measures.
pub fn decide<B>(request: Request<B>, live: &Live, now: UnixSeconds) -> Result<(), Rejection> {
    let received = receive(Box::new(request), live.reading)?;
    let presented = extract(route(received, &live.table)?)?;
    let connected = Connected {
        peer: PeerAddress::Unix,
        proxies: &live.trusted_proxies,
        certificate: None,
    };
    let identified = identify(presented, live, now)?;
    authorize(identified, connected, &mut Silent).map(drop)
}

fn walk(
    question: &Question<'_>,
    live: &Live,
    explanation: &mut Explanation,
) -> Result<Verdict, Rejection> {
    use crate::http::target::TargetError;
    if question.target.contains('#') {
        return Err(TargetError::Fragment.into());
    }
    let request = request(question).ok_or(TargetError::Form)?;
    let received = receive(Box::new(request), live.reading)?;
    let path = received.request.uri().path().to_owned();
    explanation.matched_path = received.folded.as_deref().map(str::to_owned);
    explanation.candidates = live
        .table
        .candidates(received.host_text(), &question.method, received.path())
        .into_iter()
        .map(candidate)
        .collect();
    explanation.canonical_path = Some(path);
    let routed = route(received, &live.table)?;
    let taken = routed.route;
    explanation.route = Some(Taken::from(taken));
    explanation.limits = limits(taken, live);
    let presented = extract(routed)?;
    explanation.token = Some(presented_as(taken, &presented.credential).to_owned());
    let identified = identify(presented, live, question.now)?;
    if let Some(proof) = &identified.proof {
        explanation.token = Some("valid".to_owned());
        explanation.subject = Some(proof.log_subject.to_string());
        let names = proof.headers.iter().map(|(name, _)| name.to_string());
        explanation.headers = names.collect();
        explanation.added.extend(proof.headers.iter().cloned());
    }
    let connected = Connected {
        peer: question.peer,
        proxies: &live.trusted_proxies,
        certificate: question.certificate,
    };
    let mut recorder = Recorder::default();
    let authorized = authorize(identified, connected, &mut recorder);
    explanation.checks = recorder.into_checks();
    explanation.add_headers(question, &authorized?.identified, live)?;
    Ok(match taken.action {
        Action::Answer(_) => Verdict::Answered,
        Action::Forward(upstream) => Verdict::Forwarded {
            upstream: live
                .upstreams
                .get(upstream.0)
                .map_or_else(String::new, |upstream| upstream.settings().name.clone()),
        },
    })
}

impl Explanation {
    /// The names of the headers that the route adds and replaces.
    fn add_headers<B>(
        &mut self,
        question: &Question<'_>,
        identified: &Identified<'_, B>,
        live: &Live,
    ) -> Result<(), Rejection> {
        let Some(of_route) = &identified.routed.route.headers else {
            return Ok(());
        };
        // Nobody has connected and nothing has been decided: values that every request has.
        let known = Known {
            certificate: question.certificate,
            client: Some("-"),
            decision: "-",
        };
        let rendered = render(of_route, identified, &known, live)?;
        let replaced = |name: &str| {
            let name = HeaderName::try_from(name);
            name.is_ok_and(|name| rendered.replaces(&name))
        };
        self.headers.retain(|name| !replaced(name));
        self.headers
            .extend(rendered.names().map(HeaderName::to_string));
        Ok(())
    }
}

/// The names, in the order in which they are asked.
fn limits(route: &Route, live: &Live) -> Vec<String> {
    let RateLimits {
        arriving,
        identified,
        attempts,
        told: _,
    } = &route.rate_limits;
    let numbers = [arriving, identified, attempts].into_iter().flatten();
    let limits = numbers.filter_map(|number| live.rate_limits.get(number.0));
    let text = |limit: &Arc<RateLimit>| format!("{} (by {})", limit.name(), limit.by());
    limits.map(text).collect()
}

/// The token before it is looked into; one that holds is called valid later on.
fn presented_as(route: &Route, credential: &Credential) -> &'static str {
    match (route.access, credential) {
        (Access::Public, _) => "not read",
        (Access::Optional | Access::Required, Credential::Absent) => "absent",
        (Access::Optional | Access::Required, Credential::Bearer { .. }) => "not accepted",
    }
}

fn request(question: &Question<'_>) -> Option<Request<()>> {
    let mut builder = Request::builder()
        .method(question.method.clone())
        .uri(question.target)
        .header(header::HOST, question.host);
    if let Some(token) = question.token {
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    builder.body(()).ok()
}

fn candidate((route, fit): (&Route, Fit)) -> Candidate {
    Candidate {
        route: route.name.to_string(),
        place: route.place.to_string(),
        fit: match fit {
            Fit::Whole => "matches",
            Fit::OtherHost => "other host",
            Fit::OtherMethod => "other method",
        },
    }
}

impl From<&Route> for Taken {
    fn from(route: &Route) -> Self {
        Self {
            route: route.name.to_string(),
            place: route.place.to_string(),
            access: route.access.name(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Typed on a command line, and so perhaps able to steer a terminal.
        writeln!(f, "target     {}", self.target.escape_debug())?;
        if let Some(path) = &self.canonical_path {
            writeln!(f, "path       {path}")?;
        }
        if let Some(path) = &self.matched_path {
            writeln!(f, "read as    {path}")?;
        }
        for candidate in &self.candidates {
            let Candidate { route, place, fit } = candidate;
            writeln!(f, "candidate  {route}  ({place}): {fit}")?;
        }
        if let Some(taken) = &self.route {
            let Taken {
                route,
                place,
                access,
            } = taken;
            writeln!(f, "route      {route}  ({place}), access: {access}")?;
        }
        if !self.limits.is_empty() {
            writeln!(f, "limits     {}", self.limits.join(", "))?;
        }
        if let Some(token) = &self.token {
            writeln!(f, "token      {token}")?;
        }
        if let Some(subject) = &self.subject {
            writeln!(f, "subject    {subject}")?;
        }
        if !self.headers.is_empty() {
            writeln!(f, "adds       {}", self.headers.join(", "))?;
        }
        for check in &self.checks {
            let tree = check.to_string();
            writeln!(f, "checks     {}", tree.replace('\n', "\n           "))?;
        }
        write!(f, "verdict    {}", self.verdict)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecided => f.write_str("undecided"),
            Self::Forwarded { upstream } => write!(f, "forwarded to {upstream}"),
            Self::Answered => f.write_str("answered by the gateway"),
            Self::Refused {
                status,
                code,
                reason,
            } => write!(f, "refused with {status} {code}: {reason}"),
        }
    }
}
