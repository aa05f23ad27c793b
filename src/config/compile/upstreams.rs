//! The monolith's addresses.

use ::http::HeaderValue;
use indexmap::IndexMap;

use super::{Findings, endpoints};
use crate::{
    config::{document::upstreams::Upstream, duration::Span, reading::places::key_step},
    http::host,
    upstream::Settings,
};

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
    let endpoints = endpoints::compile(&path, upstream, findings);
    let times = [
        ("connect_timeout", upstream.connect_timeout),
        ("response_timeout", upstream.response_timeout),
        ("body_timeout", upstream.body_timeout),
        ("tunnel_timeout", upstream.tunnel_timeout),
    ];
    for (key, time) in times {
        positive(time, &format!("{path}.{key}"), findings);
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
