//! A document at a URL, read once for whoever waits for it.

use std::path::PathBuf;

use ::http::{Uri, uri::PathAndQuery};
use rustls::pki_types::ServerName;

use super::{
    error::FetchError,
    get::{Wanted, ask},
};
use crate::{
    clock::Clock,
    upstream::{Endpoint, Tls, TlsFiles},
};

/// Reads it. `authorities` is a PEM file with those that may have signed the server's certificate, instead of the
/// system's.
pub async fn read_document(
    url: &Uri,
    authorities: Option<PathBuf>,
    wanted: Wanted,
    clock: Clock,
) -> Result<Vec<u8>, FetchError> {
    let authority = url.authority().ok_or(FetchError::NoUrl)?;
    // A user name or a password would be sent nowhere, and somebody expects that it is.
    if authority.as_str().contains('@') {
        return Err(FetchError::NoUrl);
    }
    let host = authority.host();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.to_owned();
    let port = authority.port_u16();
    let endpoint = match url.scheme_str() {
        Some("http") => Endpoint::Tcp {
            host,
            port: port.unwrap_or(80),
        },
        Some("https") => Endpoint::Tls {
            name: ServerName::try_from(host.clone()).map_err(|_| FetchError::NoUrl)?,
            host,
            port: port.unwrap_or(443),
            tls: Tls::load(TlsFiles {
                authorities,
                pair: None,
            })?
            .into(),
        },
        Some(_) | None => return Err(FetchError::NoUrl),
    };
    let target = url.path_and_query().cloned();
    let target = target.unwrap_or(PathAndQuery::from_static("/"));
    ask((&endpoint, authority.as_str(), &target), wanted, clock).await
}
