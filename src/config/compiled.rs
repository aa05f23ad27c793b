//! What a configuration means: runtime settings, without anything of the file they came from.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::http::HeaderName;
use serde::Serialize;

use super::fingerprint::Fingerprint;
use crate::{
    accounts::{
        About, Cookies, Endpoint, Joining, LoginSubjects, codes, hashing, members,
        social::SocialSettings,
    },
    admin, attempts, fetch,
    http::{
        client_address::{ForwardedStyle, TrustedProxies},
        target::Reading,
    },
    listener::{self, Address, AddressLimitSettings, Protocols, TlsSettings},
    mailer,
    member::family::Lifetimes,
    membership,
    policy::{
        assertion::AssertionSettings,
        cors::CorsPolicy,
        headers::{HeaderLimits, HeaderTemplate},
        refusal::RefusalTemplate,
        table::RouteTable,
    },
    ratelimit,
    revocation::{Earlier, LifetimeHistory, Subjects, feed},
    state, store, telemetry,
    template::Template,
    token::{issuer::Checks, keyring::ListedKey, mint::ClaimValue, publication::Publication},
    upstream, valkey,
};

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Compiled {
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// Sockets, cores, limits and logs.
    pub server: Server,
    /// The upstreams.
    pub upstreams: Vec<upstream::Settings>,
    /// Access and refresh tokens.
    pub tokens: Tokens,
    /// What the upstream is told about the user.
    pub identity: Identity,
    /// What is signed for the upstream about the user, if anything is.
    pub assertion: Option<AssertionSettings>,
    /// The public keys that are shown, if they are.
    pub publication: Option<Publication>,
    /// How the upstreams read paths.
    pub reading: Reading,
    /// Which header fields of clients go no further.
    pub headers: Headers,
    /// The user table, if there is one.
    pub users: Option<store::Settings>,
    /// How rows of it are kept that rules ask for; `None` where no rule does.
    pub row_cache: Option<membership::Settings>,
    /// The gateway's own tables, if there are any.
    pub state: Option<state::Settings>,
    /// How it is known who may no longer use a token, where anything tells.
    pub revocation: Option<Revocation>,
    /// What is watched in the monolith's tables, if anything is.
    pub watch: Option<feed::Settings>,
    /// What the gateway answers itself.
    pub answering: Answering,
    /// CORS where no route is known.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Refusals where no route is known.
    pub refusals: Arc<RefusalTemplate>,
    /// How often something may happen, by number.
    pub rate_limits: Vec<ratelimit::Settings>,
    /// The routes.
    pub table: RouteTable,
    /// The same for people.
    pub outline: Vec<Outline>,
}

/// A route, and what it has from its group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// As written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// Its access word.
    pub access: &'static str,
    /// Whether it is enforced: its mode word.
    pub mode: &'static str,
    /// What has to hold besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Membership>,
}

/// A route's group, and who has the last word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The name of the group.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// The keys that the route has from it.
    pub inherits: Vec<&'static str>,
    /// The keys that the route has written itself.
    pub overrides: Vec<&'static str>,
    /// The keys that the route does without.
    pub drops: Vec<&'static str>,
}

/// Sockets, cores, limits and logs.
#[derive(Debug, Clone)]
pub struct Server {
    /// How many cores serve.
    pub cores: usize,
    /// Where clients connect.
    pub listeners: Vec<Listener>,
    /// Where operators connect, and what they have to show.
    pub admin: admin::Settings,
    /// Limits of connections.
    pub connections: listener::Settings,
    /// How many connections one address may have.
    pub address_limit: AddressLimitSettings,
    /// The longest silence inside a request body.
    pub body_timeout: Duration,
    /// The largest body of an account request, in bytes.
    pub account_body: usize,
    /// Who may speak for clients.
    pub trusted_proxies: TrustedProxies,
    /// How the client's address goes on.
    pub forwarded: ForwardedStyle,
    /// Whether a change of its files is reason enough to read the configuration again.
    pub watched: bool,
    /// Where a process that follows asks for the listening sockets.
    pub takeover: Option<PathBuf>,
    /// How long the drain may take.
    pub drain: Duration,
    /// Logs.
    pub logs: telemetry::Settings,
}

/// Where clients connect, and what is wanted of them there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The socket.
    pub address: Address,
    /// What is spoken.
    pub protocols: Protocols,
    /// How TLS is spoken, if it is.
    pub tls: Option<TlsSettings>,
    /// The proxies that have to send a PROXY header; `None` where clients connect themselves.
    pub proxies: Option<TrustedProxies>,
}

/// What the gateway answers itself.
#[derive(Debug)]
pub struct Answering {
    /// The endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Password threads.
    pub hashing: hashing::Settings,
    /// Who has to wait after failed logins, if anybody has.
    pub attempts: Option<attempts::Settings>,
    /// The server of counters that gateways share, if there is one.
    pub valkey: Option<valkey::Settings>,
    /// The cookies of tokens.
    pub cookies: Cookies,
    /// The providers, if there are any.
    pub social: Option<SocialSettings>,
    /// How users join and leave.
    pub joining: Joining,
    /// The column of refresh tokens that never leave the server.
    pub kept_refresh: Option<String>,
    /// How members are managed, if they are.
    pub members: Option<members::Settings>,
    /// The codes that are sent, if any are.
    pub codes: Option<codes::Settings>,
    /// How messages are delivered.
    pub messages: mailer::Settings,
}

/// Which header fields of clients go no further.
#[derive(Debug)]
pub struct Headers {
    /// Besides the usual.
    pub strip: Vec<String>,
    /// Those of the usual that do.
    pub keep: Vec<String>,
}

/// Access and refresh tokens.
#[derive(Debug)]
pub struct Tokens {
    /// Access tokens.
    pub access: TokenSettings,
    /// Refresh tokens.
    pub refresh: Option<TokenSettings>,
    /// Whether sessions are kept.
    pub keep_sessions: bool,
    /// How long sessions last whose refresh tokens are spent; `None` where they are not.
    pub rotation: Option<Lifetimes>,
    /// Further issuers of access tokens.
    pub issuers: Vec<IssuerSettings>,
    /// The longest token in bytes.
    pub max_size: usize,
    /// How many bytes proofs may take.
    pub cache_size: u64,
    /// How many bytes forgeries may take.
    pub forged_size: u64,
}

/// Somebody else whose tokens are accepted.
#[derive(Debug)]
pub struct IssuerSettings {
    /// What is expected of its tokens.
    pub checks: Checks,
    /// Its keys that are listed.
    pub keys: Vec<ListedKey>,
    /// Where it publishes others.
    pub published: Option<fetch::Settings>,
}

/// One kind of token.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// What is expected of a token.
    pub checks: Checks,
    /// The newest first.
    pub keys: Vec<ListedKey>,
    /// How long a minted one holds.
    pub lifetime: Duration,
    /// How long they held before.
    pub earlier_lifetimes: Vec<Earlier>,
    /// Its claims besides `exp`.
    pub claims: Vec<(String, ClaimValue)>,
    /// Which column of a row the subject is.
    pub about: About,
}

impl TokenSettings {
    /// How long its tokens hold, and held.
    pub fn history(&self) -> LifetimeHistory {
        LifetimeHistory {
            current: self.lifetime,
            earlier: self.earlier_lifetimes.clone(),
        }
    }
}

/// How it is known who may no longer use a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// How rows are looked up while what watches the user table is behind; `None` where nothing watches it.
    pub ask: Option<membership::Settings>,
    /// What the subjects of access tokens are to the user table.
    pub subjects: Subjects,
    /// How logins are known, where those are the subjects.
    pub logins: Option<LoginSubjects>,
}

/// What the upstream is told about the user.
#[derive(Debug)]
pub struct Identity {
    /// The claim that says who it is.
    pub subject: String,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderTemplate)>,
    /// How large headers may become.
    pub header_limits: HeaderLimits,
    /// The headers about a client's certificate.
    pub certificate_headers: Vec<(HeaderName, Template)>,
    /// Whether the subject is known to be the id of a row, which a log may show.
    pub subject_is_row_id: bool,
}
