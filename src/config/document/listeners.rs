//! Where clients connect: addresses, TLS, PROXY headers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One address that clients connect to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// An address and a port, such as `0.0.0.0:8080` or `[::]:8080`, which is for IPv4 too; `unix:` and a path for a
    /// Unix socket; `systemd:` and the name or number of a socket that systemd hands over.
    pub address: String,
    /// The permissions of a Unix socket. Default: `"0660"`.
    pub mode: Option<String>,
    /// Keeps IPv4 clients away from `[::]`, for a listener of their own on the same port. Default: false.
    #[serde(default)]
    pub ipv6_only: bool,
    /// What is spoken; with TLS the client chooses by ALPN. Default: `[h2, http1]`.
    pub protocols: Option<Vec<Protocol>>,
    /// Encrypts. Default: clear text.
    pub tls: Option<Tls>,
    /// For listeners behind proxies that send PROXY headers. Default: clients connect themselves.
    pub proxy_protocol: Option<ProxyProtocol>,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1 and 1.0.
    Http1,
    /// HTTP/2; in clear text with prior knowledge.
    H2,
}

/// The files are read again when they change, and on SIGHUP; bad ones leave everything as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The path of a certificate in PEM, with those that lead to its authority. Paths are relative to this file.
    pub certificate: Option<String>,
    /// The path of its private key in PEM, not encrypted.
    pub key: Option<String>,
    /// Several certificates: each is for the host names that it holds for. The first, or `certificate`, is for
    /// clients that ask for another name or for none.
    #[serde(default)]
    pub certificates: Vec<Pair>,
    /// The path of the authorities in PEM that sign the certificates of clients. Default: clients are asked for none.
    pub client_ca: Option<String>,
    /// Whether a client may do without a certificate. Default: `required`, where there is a `client_ca`.
    pub client_certificates: Option<Presence>,
    /// The oldest version of TLS that is spoken. Default: `"1.2"`.
    #[serde(default)]
    pub minimum_version: TlsVersion,
}

/// A certificate and its key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The path of a certificate in PEM, with those that lead to its authority.
    pub certificate: String,
    /// The path of its private key in PEM, not encrypted.
    pub key: String,
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// What is there has to be good.
    Optional,
    /// It has to be there and good.
    Required,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
pub enum TlsVersion {
    /// Of 2008.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// Of 2018.
    #[serde(rename = "1.3")]
    Tls13,
}

/// PROXY headers of version 1 or 2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocol {
    /// Addresses or networks of the proxies; `unix` is whoever connects to a Unix socket. Each of their connections
    /// has to begin with a header, and connections of others are closed.
    pub from: Vec<String>,
}
