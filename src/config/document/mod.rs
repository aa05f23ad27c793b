//! `gateway.yaml` as it is written: one struct for each container, with its defaults.
//!
//! Serde only: no logic and no meaning. Every container refuses unknown keys; durations and sizes are texts with a
//! unit; there are no negative options. What the values mean together is the business of `compile`.

pub mod accounts;
pub mod assertion;
pub mod attempts;
pub mod codes;
pub mod cookies;
pub mod csrf;
pub mod dialect;
pub mod headers;
pub mod listeners;
pub mod members;
pub mod messages;
pub mod pages;
pub mod passwords;
pub mod paths;
pub mod rate_limits;
pub mod redis;
pub mod routes;
pub mod rules;
pub mod server;
pub mod sign_up;
pub mod social;
pub mod state;
pub mod statuses;
pub mod tokens;
pub mod upstreams;
pub mod users;
pub mod watch;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use self::{
    accounts::Account,
    assertion::{Assertion, PublishedKeys},
    attempts::Attempts,
    codes::Codes,
    cookies::Cookies,
    csrf::Csrf,
    listeners::Listener,
    messages::{Mail, Sms},
    pages::Pages,
    passwords::Passwords,
    paths::Paths,
    rate_limits::RateLimit,
    redis::Redis,
    routes::{Cors, Group, Refusals, Route},
    rules::Require,
    server::{Admin, Forwarded, Headers, Limits, Logs, Shutdown},
    sign_up::{Profile, SignUp, Withdrawal},
    social::Social,
    state::State,
    statuses::Statuses,
    tokens::{Identity, Tokens},
    upstreams::Upstream,
    users::Users,
    watch::Watch,
};

/// The whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// How many cores serve requests, each with a thread of its own. Default: as many as the machine has.
    pub cores: Option<u16>,
    /// Where clients connect.
    pub listeners: Vec<Listener>,
    /// Where operators connect: health, metrics, explanations. Default: 127.0.0.1:9901.
    #[serde(default)]
    pub admin: Admin,
    /// Limits of connections and requests.
    #[serde(default)]
    pub limits: Limits,
    /// Addresses or networks whose X-Forwarded-* headers are believed; `unix` is whoever connects to a Unix socket.
    /// Default: none.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// How the client's address goes on to the upstream. Default: `x_forwarded`.
    #[serde(default)]
    pub forwarded: Forwarded,
    /// Which header fields of clients go no further, besides the usual.
    #[serde(default)]
    pub headers: Headers,
    /// When this file is read again.
    #[serde(default)]
    pub reload: server::Reload,
    /// How a new process follows this one. Default: it has to wait until this one has ended.
    pub takeover: Option<server::Takeover>,
    /// What all upstreams of this gateway read as the same path. Default: nothing; what could be read in two ways is
    /// refused.
    #[serde(default)]
    pub paths: Paths,
    /// How the gateway stops.
    #[serde(default)]
    pub shutdown: Shutdown,
    /// What is logged, and how.
    #[serde(default)]
    pub logs: Logs,
    /// The monolith, by a name of your choice.
    pub upstreams: IndexMap<String, Upstream>,
    /// The monolith's user table; needed by `accounts`.
    pub users: Option<Users>,
    /// sidegate's own tables: what the monolith's do not remember. Default: none.
    pub state: Option<State>,
    /// What is watched in the monolith's tables, so that what is written there takes effect at once. Default: nothing.
    pub watch: Option<Watch>,
    /// What becomes of a sign-up (`docs/sign-up.md`). Default: nobody signs up here.
    pub sign_up: Option<SignUp>,
    /// What becomes of users who leave. Default: nobody leaves here.
    pub withdrawal: Option<Withdrawal>,
    /// What users change of their own row (`docs/profile.md`). Default: nothing.
    pub profile: Option<Profile>,
    /// How passwords are checked.
    #[serde(default)]
    pub passwords: Passwords,
    /// The tokens that are accepted and minted.
    pub tokens: Tokens,
    /// What the upstream is told about the user.
    #[serde(default)]
    pub identity: Identity,
    /// What the upstream is told about the user, signed. Default: nothing.
    pub assertion: Option<Assertion>,
    /// Where the public keys of what the gateway signs are read. Default: nowhere.
    pub published_keys: Option<PublishedKeys>,
    /// Dialects of your own: a name and the path of its file, relative to this one.
    #[serde(default)]
    pub dialects: IndexMap<String, String>,
    /// Limits on how often something may happen, by a name of your choice that clients are told. Default:
    /// `login_clients` (by client, 20/1m) and `login_accounts` (by account, 10/5m), which hold for logins.
    #[serde(default)]
    pub rate_limits: IndexMap<String, RateLimit>,
    /// A server of counters that several gateways share. Default: none; each gateway counts alone.
    pub redis: Option<Redis>,
    /// Failed logins, and who has to wait after them. Default: nobody; the limit `login_accounts` holds instead.
    pub attempts: Option<Attempts>,
    /// Logins at Google, Kakao, Naver, Apple and other OpenID providers. Default: none.
    pub social: Option<Social>,
    /// E-mail to users. Default: none is sent.
    pub mail: Option<Mail>,
    /// Messages to the phones of users. Default: none are sent.
    pub sms: Option<Sms>,
    /// Codes and links that prove an address, or with which a new password is chosen. Default: none are sent.
    pub codes: Option<Codes>,
    /// The routes that the gateway answers itself.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// Pages for users: login, profile, open sessions (`docs/pages.md`). Default: none.
    pub pages: Option<Pages>,
    /// What refusals look like, unless a route says otherwise. Default: `problem`.
    #[serde(default)]
    pub refusals: Refusals,
    /// How an application's own codes become standard statuses, by names that routes and accounts use. Default: none.
    #[serde(default)]
    pub statuses: IndexMap<String, Statuses>,
    /// CORS headers of the gateway's own answers, unless a route says otherwise.
    pub cors: Option<Cors>,
    /// Tokens that are given to browsers as cookies. Default: none.
    #[serde(default)]
    pub cookies: Cookies,
    /// Whose pages may use the token of a cookie, unless a route says otherwise.
    #[serde(default)]
    pub csrf: Csrf,
    /// Requirements by a name of your choice, for `require: { rule: … }`. Default: none.
    #[serde(default)]
    pub rules: IndexMap<String, Require>,
    /// Settings that routes share, by a name of your choice, for `group:` of a route. Default: none.
    #[serde(default)]
    pub groups: IndexMap<String, Group>,
    /// Everything that is forwarded. A path that no route matches is refused.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Says that a `/**` route that is public for every method is meant so.
    pub public_by_default: Option<Waiver>,
}

/// Something unsafe that the operator takes on in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Waiver {
    /// "I know what this means."
    Acknowledged,
}
