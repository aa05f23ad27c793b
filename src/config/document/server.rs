//! The operators' listener, limits, logs and the way down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tokens::SecretText;
use crate::config::{
    duration::Span,
    size::{Size, SizeLimit},
};

/// The operators' listener.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// An address and a port, or `unix:` and a path for a Unix socket, which only the gateway's own user and root can use.
    /// Default: 127.0.0.1:9901.
    pub address: String,
    /// What operators have to show, as `Authorization: Bearer …`: `file:PATH` takes it from a file, `${NAME}` from the
    /// environment. At least 32 characters. Default: one that is made at the start and written to `token_file`.
    pub token: Option<SecretText>,
    /// The file that a token is written to which is made at the start, for the gateway's own user alone. Default:
    /// `admin-PORT.token` in `$RUNTIME_DIRECTORY`, `/run/sidegate`, `$XDG_RUNTIME_DIR/sidegate` or
    /// `/tmp/sidegate-UID`, the first that can be used; for a Unix socket, beside it.
    pub token_file: Option<String>,
    /// Who may read `/metrics`. Default: `token`.
    pub metrics: MetricsAccess,
    /// Names of this machine that a request's Host may have, besides addresses and `localhost`. Default: none.
    pub hosts: Vec<String>,
    /// Which decisions are remembered for `sidegate explain`, in memory.
    pub decisions: Decisions,
}

/// Which decisions are remembered, in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Decisions {
    /// Which. Default: `refusals`.
    pub which: KeptDecisions,
    /// For how long. Default: 15m.
    pub keep: Span,
    /// How many at most; the cores share them equally. Each takes up to about 2KiB. Default: 10000.
    pub most: u32,
}

/// Which decisions are remembered.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptDecisions {
    /// Those that refuse a request.
    #[default]
    Refusals,
    /// Every one, which costs every request a little.
    All,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            which: KeptDecisions::default(),
            keep: Span::from_secs(15 * 60),
            most: 10_000,
        }
    }
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsAccess {
    /// Whoever shows the token.
    #[default]
    Token,
    /// Whoever can connect.
    Open,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:9901".to_owned(),
            token: None,
            token_file: None,
            metrics: MetricsAccess::default(),
            hosts: Vec::new(),
            decisions: Decisions::default(),
        }
    }
}

/// Limits of connections and requests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest request head. Default: 64KiB.
    pub header_size: Size,
    /// The most header lines of a request. Default: 100.
    pub header_count: u16,
    /// The longest request line, which is mostly the target with its query. Default: 16KiB.
    pub request_line: Size,
    /// How long a request head may take from its first byte. Default: 10s.
    pub header_timeout: Span,
    /// How long a connection may wait for its next request. Default: 75s.
    pub idle_timeout: Span,
    /// How long a client that has sent a whole request and then closed its sending half may be sent nothing before it
    /// is taken to have gone and its request ends: it looks like one that has closed altogether. With `0s` it has gone
    /// at once. Default: 5s.
    pub half_closed_timeout: Span,
    /// How many connections are open at most; further ones wait. Default: 10000.
    pub connections: u32,
    /// How many connections one client address may have open; further ones are closed. An IPv6 network of 64 bits
    /// counts as one address, a PROXY header's address as the client's; trusted proxies and Unix sockets are not
    /// limited. Default: 1024, and no limit for connections from this machine.
    pub connections_per_address: Option<u32>,
    /// The largest request body, unless a route says otherwise: a size, or `unlimited`. Default: 100MiB.
    pub body_size: SizeLimit,
    /// The longest wait for the next piece of a request body, and for the whole body of a request to a route that the
    /// gateway answers itself. Default: 30s.
    pub body_timeout: Span,
    /// The largest body of a request to a route that the gateway answers itself. Default: 64KiB.
    pub account_body: Size,
    /// The largest value of a header that is made of a token or of a request. Default: 4KiB.
    pub added_header: Size,
    /// The most that the values of all these headers take for one request and its answer. Default: 16KiB.
    pub added_headers: Size,
    /// Limits of a connection of HTTP/2.
    pub http2: Http2Limits,
}

/// Limits of a connection of HTTP/2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http2Limits {
    /// The most requests at once. Default: 128.
    pub streams: u32,
    /// How many more requests may be taken back than are answered before the connection is closed. Default: 200.
    pub resets: u32,
}

impl Default for Http2Limits {
    fn default() -> Self {
        Self {
            streams: 128,
            resets: 200,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_size: Size::from_bytes(64 * 1024),
            header_count: 100,
            request_line: Size::from_bytes(16 * 1024),
            header_timeout: Span::from_secs(10),
            idle_timeout: Span::from_secs(75),
            half_closed_timeout: Span::from_secs(5),
            connections: 10_000,
            connections_per_address: None,
            body_size: SizeLimit::of(Size::from_bytes(100 * 1024 * 1024)),
            body_timeout: Span::from_secs(30),
            account_body: Size::from_bytes(64 * 1024),
            added_header: Size::from_bytes(4 * 1024),
            added_headers: Size::from_bytes(16 * 1024),
            http2: Http2Limits::default(),
        }
    }
}

/// Which headers carry the client's address to the upstream.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarded {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` of RFC 7239.
    Rfc7239,
}

/// Header fields by which a client could speak for the gateway. A name stands for each of its spellings: `X-User-Id`,
/// `x_user_id`, `X.User.Id`.
///
/// Removed from every request are the `identity.headers`, and those that routes make of who the caller is; what describes
/// earlier hops, such as `Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `CF-Connecting-IP`; what other proxies say about who
/// it is, such as `Remote-*`, `X-Remote-*`, `X-Authenticated-*`, `X-Auth-Request-*`, `X-WebAuth-*`, `Client-Cert`; what
/// changes the method or the target that was checked, such as `X-HTTP-Method-Override`, `X-Original-*`, `X-Rewrite-URL`,
/// `Script-Name`; and what servers tell each other, such as `X-Accel-*`, `X-Envoy-*`, `X-Middleware-*`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// Further ones that are removed. Default: none.
    pub strip: Vec<String>,
    /// Those of the usual ones that go on, since the upstream knows that a client has sent them. Default: none.
    pub keep: Vec<String>,
}

/// When the configuration is read again while the gateway serves. On SIGHUP and `POST /reload` of the operators' listener
/// it is in any case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reload {
    /// Whether a change of the file, or of a file that it names, is reason enough. Default: true.
    pub watch: bool,
}

impl Default for Reload {
    fn default() -> Self {
        Self { watch: true }
    }
}

/// How a new process follows this one without a refused connection: it gets the listening sockets, serves, and only
/// then does this one drain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Takeover {
    /// The Unix socket on which the process that runs is asked, such as `/run/sidegate/takeover.sock`. Both processes
    /// have to run as the same user.
    pub socket: String,
}

/// How the gateway stops on SIGTERM.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shutdown {
    /// How long requests in flight may take to finish. Default: 30s.
    pub deadline: Span,
    /// How long a connection that is not in use may send one more request, which is answered with `Connection: close`,
    /// before it is closed. Default: 1s.
    pub idle: Span,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            deadline: Span::from_secs(30),
            idle: Span::from_secs(1),
        }
    }
}

/// What is logged, and how. Logs go to standard error, access lines to standard output.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// For people or for machines. Default: `text`.
    pub format: LogFormat,
    /// The least important level that is shown. Default: `info`.
    pub level: LogLevel,
    /// Which requests get an access line. Default: `all`.
    pub access: AccessLog,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object for each line.
    Json,
}

/// The least important level.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Somebody should look.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// Why it happens.
    Debug,
}

/// Which requests get an access line.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLog {
    /// Every request.
    #[default]
    All,
    /// Those that the gateway refused.
    Refusals,
}
