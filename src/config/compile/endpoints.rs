//! Where an upstream listens, and TLS to it.

use std::{net::IpAddr, sync::Arc};

use ::http::Uri;
use rustls::pki_types::ServerName;

use super::Findings;
use crate::{
    config::document::upstreams::{Upstream, UpstreamTls},
    upstream::{Endpoint, Tls, TlsError, TlsFile, TlsFiles},
};

const ENDPOINT: &str = "write a URL such as http://127.0.0.1:8000 or https://api.internal, or a socket such as unix:/run/app.sock";

/// The longest path of a socket that the system takes.
const LONGEST_SOCKET: usize = 107;

/// Why an upstream believes what it is told of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Believes {
    /// Because nobody but the gateway reaches it.
    Network,
    /// Because it is signed.
    Assertions,
}

/// Where an endpoint is, before it is known what its TLS is.
enum Place {
    Clear(Endpoint),
    Tls { host: String, port: u16 },
}

pub(super) fn compile(
    path: &str,
    upstream: &Upstream,
    believes: Believes,
    findings: &mut Findings<'_>,
) -> Vec<Endpoint> {
    if upstream.endpoints.is_empty() {
        let path = format!("{path}.endpoints");
        findings.absence(&path, "there is no endpoint", ENDPOINT);
    }
    let places = upstream.endpoints.iter().enumerate();
    let places = places.filter_map(|(index, text)| {
        let path = format!("{path}.endpoints[{index}]");
        let place = place(text, findings);
        let place = findings.take(place, &path, ENDPOINT)?;
        if upstream.tls.is_some() && matches!(place, Place::Clear(_)) {
            let fix = "write https://, or take `tls` away";
            findings.mistake(&path, "there is no TLS to this endpoint", fix);
        }
        Some((path, place))
    });
    let places: Vec<(String, Place)> = places.collect();
    let has_tls = places
        .iter()
        .any(|(_, place)| matches!(place, Place::Tls { .. }));
    let tls = (has_tls || upstream.tls.is_some()).then(|| tls(path, upstream, findings));
    let name = server_name(path, upstream, findings);
    let endpoints = places.into_iter().filter_map(|(path, place)| match place {
        Place::Clear(endpoint) => Some(endpoint),
        Place::Tls { host, port } => {
            let own = || findings.take(parse_name(&host), &path, ENDPOINT);
            let name = name.clone().or_else(own)?;
            let tls = tls.clone().flatten()?;
            Some(Endpoint::Tls {
                host,
                port,
                name,
                tls,
            })
        }
    });
    let endpoints: Vec<Endpoint> = endpoints.collect();
    if believes == Believes::Network {
        warn_of_bypass(path, upstream, &endpoints, findings);
    }
    endpoints
}

fn place(text: &str, findings: &Findings<'_>) -> Result<Place, &'static str> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = findings.resolve(path);
        return match path.as_os_str().len() {
            _ if text == "unix:" => Err("this names no socket"),
            0..=LONGEST_SOCKET => Ok(Place::Clear(Endpoint::Unix { path })),
            _ => Err("this path is too long for a socket"),
        };
    }
    let uri: Uri = text.parse().map_err(|_| "this is not a URL")?;
    let scheme = uri.scheme_str();
    if !matches!(scheme, Some("http" | "https")) {
        return Err("this is neither an http:// nor an https:// URL");
    }
    if uri.path_and_query().is_some_and(|path| path != "/") {
        return Err("an endpoint has no path");
    }
    let authority = uri.authority().ok_or("this URL has no host")?;
    if authority.as_str().contains('@') {
        return Err("an endpoint has no user name");
    }
    let host = authority.host();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = authority.port_u16();
    Ok(if scheme == Some("https") {
        let port = port.unwrap_or(443);
        Place::Tls { host, port }
    } else {
        let port = port.unwrap_or(80);
        Place::Clear(Endpoint::Tcp { host, port })
    })
}

/// What the files hold, if they hold what they should.
fn tls(path: &str, upstream: &Upstream, findings: &mut Findings<'_>) -> Option<Arc<Tls>> {
    let Some(tls) = &upstream.tls else {
        let files = TlsFiles {
            authorities: None,
            pair: None,
        };
        let fix = "name a file of authorities in `tls.ca`";
        let loaded = findings.take(Tls::load(files), &format!("{path}.endpoints"), fix);
        return loaded.map(Arc::new);
    };
    let path = format!("{path}.tls");
    let files = TlsFiles {
        authorities: tls.ca.as_deref().map(|ca| findings.resolve(ca)),
        pair: match (&tls.certificate, &tls.key) {
            (Some(chain), Some(key)) => Some((findings.resolve(chain), findings.resolve(key))),
            (None, None) => None,
            (Some(_), None) => return half(&format!("{path}.certificate"), "key", findings),
            (None, Some(_)) => return half(&format!("{path}.key"), "certificate", findings),
        },
    };
    match Tls::load(files) {
        Ok(tls) => Some(Arc::new(tls)),
        Err(error) => {
            unusable(&path, tls, &error, findings);
            None
        }
    }
}

fn half(path: &str, other: &str, findings: &mut Findings<'_>) -> Option<Arc<Tls>> {
    let fix = format!("write `{other}` beside it");
    findings.mistake(path, "a certificate is of use only with its key", &fix);
    None
}

fn unusable(path: &str, tls: &UpstreamTls, error: &TlsError, findings: &mut Findings<'_>) {
    let (key, fix) = match error.file() {
        TlsFile::Authorities if tls.ca.is_none() => ("", "name a file of authorities in `ca`"),
        TlsFile::Authorities => (".ca", "name a PEM file with certificates of authorities"),
        TlsFile::Certificate => (".certificate", "name a PEM file with the certificate"),
        TlsFile::Key => (".key", "name a PEM file with the key of the certificate"),
    };
    findings.mistake(&format!("{path}{key}"), &error.to_string(), fix);
}

fn server_name(
    path: &str,
    upstream: &Upstream,
    findings: &mut Findings<'_>,
) -> Option<ServerName<'static>> {
    let name = upstream.tls.as_ref()?.server_name.as_deref()?;
    let path = format!("{path}.tls.server_name");
    findings.take(parse_name(name), &path, "write a name such as api.internal")
}

fn parse_name(text: &str) -> Result<ServerName<'static>, &'static str> {
    ServerName::try_from(text.to_owned()).map_err(|_| "no certificate can carry this name")
}

fn warn_of_bypass(
    path: &str,
    upstream: &Upstream,
    endpoints: &[Endpoint],
    findings: &mut Findings<'_>,
) {
    // An upstream that asks for the gateway's certificate is reached by nobody else.
    let asks = upstream
        .tls
        .as_ref()
        .is_some_and(|tls| tls.certificate.is_some());
    if !asks && !endpoints.iter().all(is_local) {
        findings.warning(
            &format!("{path}.endpoints"),
            "the upstream is not on this machine: whoever reaches it directly can send identity headers of their own",
            "let only the gateway reach it, for example by a private network or a firewall, or let it verify an `assertion`",
        );
    }
}

fn is_local(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Tcp { host, .. } | Endpoint::Tls { host, .. } => {
            let address = host.parse();
            host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
        }
        Endpoint::Unix { .. } => true,
    }
}
