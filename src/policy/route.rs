//! One route of the operator's, compiled.

use std::{fmt, sync::Arc};

use ::http::{HeaderValue, Uri};

use crate::http::host::without_port;

use super::{
    cors::CorsPolicy, csrf::CsrfPolicy, headers::RouteHeaders, method::MethodSet, pattern::Pattern,
    refusal::RefusalTemplate, requirement::Requirement, statuses::StatusRules,
};

/// Which upstream, as an index into the compiled list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamId(pub usize);

/// Which endpoint the gateway answers itself, as an index into the compiled list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointId(pub usize);

/// Which limit of the rate, as an index into the compiled list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitId(pub usize);

/// The limits of a route's rate, by the stage that asks them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// By client or route: before a token is read, so that bad tokens count too.
    pub arriving: Box<[RateLimitId]>,
    /// By subject: once it is known.
    pub identified: Box<[RateLimitId]>,
    /// By account: while a login is tried.
    pub attempts: Box<[RateLimitId]>,
    /// Whether admitted requests are told how they stand.
    pub told: Told,
}

/// Who is told of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Told {
    /// Every request: the operator has put the limit there, and clients may read about it.
    Everyone,
    /// Those that it refuses: nobody has asked for it, and nothing should look different until then.
    #[default]
    Refused,
}

/// Who may use a route. Ordered from least to most demanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// The token is not read and no identity is sent.
    Public,
    /// No token is anonymous; a bad one is refused.
    Optional,
    /// A good token, or a refusal.
    Required,
}

impl Access {
    /// The word in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Whether what a route asks for is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Who does not meet it is refused.
    Enforce,
    /// Who does not meet it is let through, and it is said what the refusal would have been.
    Observe,
}

impl Mode {
    /// The word in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// What happens to a request whose token may have been revoked meanwhile, while nobody can tell: what watches the user
/// table is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStale {
    /// It is refused for the time being, as an outage.
    Refuse,
    /// The row is looked up for it.
    Ask,
    /// It goes on by what was known last.
    Serve,
}

impl OnStale {
    /// The word in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ask => "ask",
            Self::Serve => "serve",
        }
    }
}

/// What happens to an open WebSocket or stream of events when its token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExpiry {
    /// It ends.
    End,
    /// It goes on.
    Continue,
}

/// What happens to a permitted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It goes to the upstream.
    Forward(UpstreamId),
    /// The gateway answers it.
    Answer(EndpointId),
    /// The gateway shows its public keys.
    ShowKeys,
}

/// Whether the client's `Authorization` goes on to the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// As long as the monolith still checks it.
    Forward,
    /// Once it has stopped.
    Remove,
}

/// Which hosts a route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostMatch {
    /// Whatever the Host says.
    Any,
    /// `*.example.com`: any name below it, held as `.example.com`.
    Below(String),
    /// Exactly this host, without a port.
    Exact(String),
}

impl HostMatch {
    /// Parses `example.com` or `*.example.com`; folded to lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let folded = text.to_ascii_lowercase();
        let (name, below) = match folded.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (folded.as_str(), false),
        };
        let host = crate::http::host::parse(name).ok()?;
        if without_port(&host) != host || format!("http://{host}/").parse::<Uri>().is_err() {
            return None;
        }
        Some(if below {
            Self::Below(format!(".{host}"))
        } else {
            Self::Exact(host.into_owned())
        })
    }

    /// Whether this host (in lower case, with or without port) is meant.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Below(suffix) => {
                let host = without_port(host);
                host.len() > suffix.len() && host.ends_with(suffix.as_str())
            }
            Self::Exact(name) => without_port(host) == name,
        }
    }

    /// What tells it from others; empty for any host, with a leading dot for those below a name.
    pub fn text(&self) -> &str {
        match self {
            Self::Any => "",
            Self::Below(suffix) => suffix,
            Self::Exact(name) => name,
        }
    }

    /// Exact before below (the longer first) before any.
    pub fn specificity(&self) -> (u8, usize) {
        match self {
            Self::Exact(_) => (0, 0),
            Self::Below(suffix) => (1, usize::MAX - suffix.len()),
            Self::Any => (2, 0),
        }
    }
}

impl fmt::Display for HostMatch {
    /// As it is written in the configuration; nothing for any host.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Below(suffix) => write!(formatter, "*{suffix}"),
            Self::Exact(name) => formatter.write_str(name),
        }
    }
}

/// A compiled route.
#[derive(Debug)]
pub struct Route {
    /// Its number in the table, which gives it.
    pub number: usize,
    /// As written, for logs and explanations: `GET /docs/**`.
    pub name: Arc<str>,
    /// Where it stands: `gateway.yaml:12`.
    pub place: Arc<str>,
    /// Which hosts.
    pub host: HostMatch,
    /// Which methods.
    pub methods: MethodSet,
    /// Which paths.
    pub pattern: Pattern,
    /// Who may use it.
    pub access: Access,
    /// What else has to hold.
    pub requirement: Option<Requirement>,
    /// Whether both are enforced.
    pub mode: Mode,
    /// What happens while it cannot be told whether a token was revoked.
    pub on_stale: OnStale,
    /// What happens to what is open when a token expires.
    pub on_expiry: OnExpiry,
    /// What then happens.
    pub action: Action,
    /// Whether `Authorization` goes on.
    pub authorization: Authorization,
    /// How often it may be used.
    pub rate_limits: RateLimits,
    /// The most bytes of a request's body.
    pub body_size: u64,
    /// What a refusal looks like.
    pub refusals: Arc<RefusalTemplate>,
    /// CORS headers of the gateway's own answers.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Where a token may be besides `Authorization`.
    pub token_places: Option<Box<TokenPlaces>>,
    /// How the statuses of its answers are read.
    pub statuses: Option<Arc<StatusRules>>,
    /// What happens to the headers of its messages.
    pub headers: Option<Arc<RouteHeaders>>,
    /// Protocols that a connection may be switched to, in lower case.
    pub upgrades: Vec<Box<str>>,
}

/// Where a route finds its token besides `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPlaces {
    /// A cookie.
    pub cookie: Option<TokenCookie>,
    /// The word before the token in `Sec-WebSocket-Protocol`, which is the only field of their own that scripts in a
    /// browser can put into the request of a WebSocket.
    pub websocket_protocol: Option<Box<str>>,
    /// A parameter of the query.
    pub query: Option<QueryToken>,
}

/// A cookie that holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCookie {
    /// Its name.
    pub name: Box<str>,
    /// Whose pages may use it; `None` where any may.
    pub csrf: Option<CsrfPolicy>,
    /// Whether it goes on to the upstream.
    pub forwarding: Authorization,
    /// The cookie with a refresh token, by which one that has expired is renewed.
    pub renewed_by: Option<Box<str>>,
}

/// A parameter of the query that holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryToken {
    /// Its name.
    pub name: Box<str>,
    /// Whether the upstream gets it too.
    pub forwarded: bool,
}

impl Route {
    /// The cookie that may hold a token, if there is one.
    pub fn token_cookie(&self) -> Option<&TokenCookie> {
        self.token_places.as_ref()?.cookie.as_ref()
    }

    /// The cookie with a refresh token by which its token is renewed, if it is.
    pub fn renewed_by(&self) -> Option<&str> {
        self.token_cookie()?.renewed_by.as_deref()
    }

    /// Whose pages may use the token of the route's cookie; `None` where any may, or there is no cookie.
    pub fn csrf(&self) -> Option<&CsrfPolicy> {
        self.token_cookie()?.csrf.as_ref()
    }

    /// The name of the cookie with a token that does not go on to the upstream, if there is one.
    pub fn removed_cookie(&self) -> Option<&str> {
        let cookie = self.token_cookie()?;
        (cookie.forwarding == Authorization::Remove).then_some(&*cookie.name)
    }

    /// Whether the token of the route's cookie is for pages of this origin by name, or for any.
    pub fn takes_token_for(&self, origin: &HeaderValue) -> bool {
        let Some(cookie) = self.token_cookie() else {
            return false;
        };
        let listed = |policy: &CsrfPolicy| origin.to_str().is_ok_and(|it| policy.lists(it));
        cookie.csrf.as_ref().is_none_or(listed)
    }

    /// Whether a connection may be switched to this protocol.
    pub fn may_upgrade_to(&self, protocol: &[u8]) -> bool {
        let is = |allowed: &str| allowed.as_bytes().eq_ignore_ascii_case(protocol);
        self.upgrades.iter().any(|allowed| is(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_match_exactly_or_below() {
        let below = HostMatch::parse("*.Example.com").expect("a host");
        assert!(below.matches("a.example.com") && below.matches("a.b.example.com"));
        assert!(!below.matches("example.com") && !below.matches("badexample.com"));
        let exact = HostMatch::parse("API.example.com").expect("a host");
        assert!(exact.matches("api.example.com:8080"));
        assert!(exact.matches("api.example.com") && !exact.matches("x.api.example.com"));
        for text in ["", "a b", "*", "*.", "a*.com", "host:80", "http://x"] {
            assert_eq!(HostMatch::parse(text), None, "{text}");
        }
    }
}
