//! The monolith's addresses.

use ::http::{HeaderValue, Uri};
use indexmap::IndexMap;

use super::Findings;
use crate::{
    config::{document::upstreams::Upstream, duration::Span, reading::places::key_step},
    http::host,
    upstream::{Endpoint, Settings},
};

const ENDPOINT: &str =
    "write a URL such as http://127.0.0.1:8000, or a socket such as unix:/run/app.sock";

/// The longest path of a socket that the system takes.
const LONGEST_SOCKET: usize = 107;

pub(super) fn compile(
    upstreams: &IndexMap<String, Upstream>,
    findings: &mut Findings<'_>,
) -> Vec<Settings> {
    if upstreams.is_empty() {
        findings.absence(
            "upstreams",
            "there is no upstream",
            "add one, such as `api: { endpoints: [http://127.0.0.1:8000] }`",
        );
    }
    upstreams
        .iter()
        .map(|(name, upstream)| one(name, upstream, findings))
        .collect()
}

fn one(name: &str, upstream: &Upstream, findings: &mut Findings<'_>) -> Settings {
    let path = format!("upstreams{}", key_step(name));
    if upstream.endpoints.is_empty() {
        findings.absence(
            &format!("{path}.endpoints"),
            "there is no endpoint",
            ENDPOINT,
        );
    }
    let endpoints = upstream.endpoints.iter().enumerate();
    let endpoints = endpoints.filter_map(|(index, text)| {
        let path = format!("{path}.endpoints[{index}]");
        let endpoint = endpoint(text, findings);
        findings.take(endpoint, &path, ENDPOINT)
    });
    let endpoints: Vec<Endpoint> = endpoints.collect();
    let times = [
        ("connect_timeout", upstream.connect_timeout),
        ("response_timeout", upstream.response_timeout),
        ("body_timeout", upstream.body_timeout),
        ("tunnel_timeout", upstream.tunnel_timeout),
    ];
    for (key, time) in times {
        positive(time, &format!("{path}.{key}"), findings);
    }
    if !endpoints.iter().all(is_local) {
        findings.warning(
            &format!("{path}.endpoints"),
            "the upstream is not on this machine: whoever reaches it directly can send identity headers of their own",
            "let only the gateway reach it, for example by a private network or a firewall",
        );
    }
    Settings {
        name: name.to_owned(),
        endpoints,
        host: upstream.host.as_deref().and_then(|text| {
            let value = host::parse(text).map(|host| HeaderValue::try_from(&*host));
            let value = value.map_err(|error| error.to_string());
            let value = value.and_then(|value| value.map_err(|error| error.to_string()));
            findings.take(
                value,
                &format!("{path}.host"),
                "write a host, with a port if it has one",
            )
        }),
        connect_timeout: upstream.connect_timeout.into(),
        response_timeout: upstream.response_timeout.into(),
        body_timeout: upstream.body_timeout.into(),
        tunnel_timeout: upstream.tunnel_timeout.into(),
        keep_alive: upstream.keep_alive.into(),
        max_idle: upstream.max_idle.into(),
    }
}

fn positive(time: Span, path: &str, findings: &mut Findings<'_>) {
    if std::time::Duration::from(time).is_zero() {
        findings.mistake(
            path,
            "no request could succeed",
            "write a longer time, such as 5s",
        );
    }
}

fn endpoint(text: &str, findings: &Findings<'_>) -> Result<Endpoint, &'static str> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = findings.resolve(path);
        return match path.as_os_str().len() {
            _ if text == "unix:" => Err("this names no socket"),
            0..=LONGEST_SOCKET => Ok(Endpoint::Unix { path }),
            _ => Err("this path is too long for a socket"),
        };
    }
    let uri: Uri = text.parse().map_err(|_| "this is not a URL")?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err("TLS to an upstream is not supported yet"),
        _ => return Err("this is not an http:// URL"),
    }
    if uri.path_and_query().is_some_and(|path| path != "/") {
        return Err("an endpoint has no path");
    }
    let authority = uri.authority().ok_or("this URL has no host")?;
    if authority.as_str().contains('@') {
        return Err("an endpoint has no user name");
    }
    let name = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    Ok(Endpoint::Tcp {
        host: name.to_owned(),
        port: authority.port_u16().unwrap_or(80),
    })
}

fn is_local(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Tcp { host, .. } => {
            host == "localhost"
                || host
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Endpoint::Unix { .. } => true,
    }
}
