//! Where issuers publish their keys.

use std::sync::Arc;

use ::http::{Uri, uri::PathAndQuery};
use rustls::pki_types::ServerName;

use super::{Findings, token_keys};
use crate::{
    config::{document::tokens::Jwks, source::Files},
    fetch::{Settings, Source},
    token::{
        key::Algorithm,
        key_set::{self, LARGEST},
    },
    upstream::{Endpoint, Tls, TlsFiles},
};

const URL: &str = "write a URL such as https://idp.example.com/.well-known/jwks.json";

pub(super) fn compile(
    jwks: &Jwks,
    issuer: &str,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Settings> {
    let algorithms = algorithms(jwks, path, findings);
    let refresh: std::time::Duration = jwks.refresh.into();
    if refresh < std::time::Duration::from_secs(1) {
        let path = format!("{path}.refresh");
        findings.mistake(&path, "nobody answers this often", "write 1s or more");
    }
    let source = match (&jwks.url, &jwks.file) {
        (Some(url), None) => url_source(url, jwks, path, findings),
        (None, Some(file)) => file_source(
            file,
            algorithms.as_deref(),
            &format!("{path}.file"),
            findings,
        ),
        (Some(_), Some(_)) => {
            let message = "the keys are at one place";
            findings.mistake(&format!("{path}.file"), message, "write `url` or `file`");
            None
        }
        (None, None) => {
            findings.absence(path, "it is not said where the keys are", "add `url: …`");
            None
        }
    };
    Some(Settings {
        issuer: issuer.into(),
        source: source?,
        algorithms: algorithms?,
        refresh,
        stale_if_error: jwks.stale_if_error.into(),
    })
}

fn algorithms(jwks: &Jwks, path: &str, findings: &mut Findings<'_>) -> Option<Vec<Algorithm>> {
    if jwks.algorithms.is_empty() {
        let path = format!("{path}.algorithms");
        findings.mistake(&path, "no key could be used", "write one such as RS256");
    }
    let algorithms = jwks.algorithms.iter().enumerate().map(|(index, written)| {
        let path = format!("{path}.algorithms[{index}]");
        let algorithm = token_keys::supported(*written, &path, findings)?;
        if !algorithm.family().is_public() {
            let message = "everybody can read a published key: it is no secret";
            findings.mistake(&path, message, "write one such as RS256, or list `keys`");
        }
        Some(algorithm)
    });
    algorithms.collect::<Vec<_>>().into_iter().collect()
}

/// A file that cannot be used now is a mistake; one that breaks later is passed over.
fn file_source(
    file: &str,
    algorithms: Option<&[Algorithm]>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Source> {
    let file = findings.resolve(file);
    let read = findings.files.look_at(&file, LARGEST + 1);
    let read = read.map_err(|_| format!("{} cannot be read", file.display()));
    let text = findings.take(read, path, "name a readable file with a JWK set")?;
    let set = key_set::read(&text, algorithms?);
    let set = findings.take(set, path, "name a file with a JWK set of public keys")?;
    if let Some((count, error)) = set.unusable {
        let message = format!("{count} of its keys cannot be used; of the first: {error}");
        findings.warning(path, &message, "take them out, if they are not for others");
    }
    Some(Source::File(file))
}

fn url_source(url: &str, jwks: &Jwks, path: &str, findings: &mut Findings<'_>) -> Option<Source> {
    let url_path = format!("{path}.url");
    let uri = findings.take(parse(url), &url_path, URL)?;
    let authority = uri.authority()?;
    let host = authority.host();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = authority.port_u16();
    let is_tls = uri.scheme_str() == Some("https");
    if jwks.ca.is_some() && !is_tls {
        findings.mistake(
            &format!("{path}.ca"),
            "there is no certificate to verify",
            "write https://, or take this away",
        );
    }
    let endpoint = if is_tls {
        let name = ServerName::try_from(host.clone());
        let name = name.map_err(|_| "no certificate can carry this name");
        let name = findings.take(name, &url_path, URL)?;
        Endpoint::Tls {
            host,
            port: port.unwrap_or(443),
            name,
            tls: tls(jwks, path, findings)?,
        }
    } else {
        clear_text(jwks, &url_path, findings);
        Endpoint::Tcp {
            host,
            port: port.unwrap_or(80),
        }
    };
    let target = uri.path_and_query().cloned();
    Some(Source::Url {
        endpoint,
        authority: authority.as_str().into(),
        target: target.unwrap_or(PathAndQuery::from_static("/")),
    })
}

fn clear_text(jwks: &Jwks, path: &str, findings: &mut Findings<'_>) {
    if jwks.clear_text.is_none() {
        findings.mistake(
            path,
            "whoever can change what comes back in clear text can sign tokens",
            "write https://, or say `clear_text: acknowledged` beside it",
        );
    }
}

fn parse(url: &str) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "this is not a URL")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("this is neither an https:// nor an http:// URL");
    }
    let authority = uri.authority().ok_or("this URL has no host")?;
    if authority.as_str().contains('@') {
        return Err("a user name and a password are not sent");
    }
    Ok(uri)
}

fn tls(jwks: &Jwks, path: &str, findings: &mut Findings<'_>) -> Option<Arc<Tls>> {
    let files = TlsFiles {
        authorities: jwks.ca.as_deref().map(|ca| findings.resolve(ca)),
        pair: None,
    };
    let path = match &jwks.ca {
        Some(_) => format!("{path}.ca"),
        None => format!("{path}.url"),
    };
    let fix = "name a PEM file with certificates of authorities in `ca`";
    findings.take(Tls::load(files), &path, fix).map(Arc::new)
}
