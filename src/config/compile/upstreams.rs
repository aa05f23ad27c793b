//! The monolith's addresses.

use ::http::HeaderValue;

use super::{
    Findings,
    endpoints::{self, Believes},
};
use crate::{
    config::{
        document::{
            Document,
            upstreams::{self as document, Upstream},
        },
        duration::Span,
        reading::places::key_step,
    },
    http::host,
    upstream::{Concurrency, Ejection, HealthCheck, MOST_ENDPOINTS, Protocol, Retry, Settings},
};

pub(super) fn compile(written: &Document, findings: &mut Findings<'_>) -> Vec<Settings> {
    let upstreams = &written.upstreams;
    let believes = match written.assertion {
        Some(_) => Believes::Assertions,
        None => Believes::Network,
    };
    if upstreams.is_empty() {
        findings.absence(
            "upstreams",
            "there is no upstream",
            "add one, such as `api: { endpoints: [http://127.0.0.1:8000] }`",
        );
    }
    upstreams
        .iter()
        .map(|(name, upstream)| one(name, upstream, believes, findings))
        .collect()
}

fn one(
    name: &str,
    upstream: &Upstream,
    believes: Believes,
    findings: &mut Findings<'_>,
) -> Settings {
    let path = format!("upstreams{}", key_step(name));
    let endpoints = endpoints::compile(&path, upstream, believes, findings);
    if endpoints.len() > MOST_ENDPOINTS {
        findings.mistake(
            &format!("{path}.endpoints"),
            &format!("there are more than {MOST_ENDPOINTS} endpoints"),
            "give the rest to a second upstream, or put a name with several addresses",
        );
    }
    let times = [
        ("connect_timeout", upstream.connect_timeout),
        ("response_timeout", upstream.response_timeout),
        ("body_timeout", upstream.body_timeout),
        ("tunnel_timeout", upstream.tunnel_timeout),
        ("connection_age", upstream.connection_age),
        ("ejection.period", upstream.ejection.period),
        ("ping_interval", upstream.ping_interval),
    ];
    for (key, time) in times {
        positive(time, &format!("{path}.{key}"), findings);
    }
    Settings {
        name: name.to_owned(),
        endpoints,
        protocol: match upstream.protocol {
            document::Protocol::Http1 => Protocol::Http1,
            document::Protocol::Http2 => Protocol::Http2,
            document::Protocol::Auto => Protocol::Auto,
        },
        ping_interval: upstream.ping_interval.into(),
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
        connection_age: upstream.connection_age.into(),
        max_idle: upstream.max_idle.into(),
        slow_start: upstream.slow_start.into(),
        retry: Retry {
            attempts: upstream.retry.attempts.into(),
            percent: upstream.retry.budget.into(),
        },
        ejection: Ejection {
            failures: upstream.ejection.failures.into(),
            period: upstream.ejection.period.into(),
        },
        health: upstream
            .health
            .as_ref()
            .and_then(|health| health_check(health, &format!("{path}.health"), findings)),
        concurrency: concurrency(
            &upstream.concurrency,
            &format!("{path}.concurrency"),
            findings,
        ),
    }
}

fn health_check(
    health: &document::Health,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<HealthCheck> {
    let times = [("interval", health.interval), ("timeout", health.timeout)];
    for (key, time) in times {
        if std::time::Duration::from(time).is_zero() {
            let path = format!("{path}.{key}");
            findings.mistake(
                &path,
                "no endpoint could be asked",
                "write a longer time, such as 1s",
            );
        }
    }
    let counts = [("healthy", health.healthy), ("unhealthy", health.unhealthy)];
    for (key, count) in counts {
        if count == 0 {
            let path = format!("{path}.{key}");
            findings.mistake(&path, "no answer would be waited for", "write 1 or more");
        }
    }
    let asked = Some(health.path.as_str()).filter(|text| text.starts_with('/'));
    let asked = asked.and_then(|text| text.parse().ok());
    let asked = asked.ok_or("this is not a path");
    Some(HealthCheck {
        path: findings.take(
            asked,
            &format!("{path}.path"),
            "write a path, such as /health",
        )?,
        interval: health.interval.into(),
        timeout: health.timeout.into(),
        healthy: health.healthy.into(),
        unhealthy: health.unhealthy.into(),
    })
}

fn concurrency(
    concurrency: &document::Concurrency,
    path: &str,
    findings: &mut Findings<'_>,
) -> Concurrency {
    if concurrency.requests == 0 {
        findings.mistake(
            &format!("{path}.requests"),
            "nothing would be forwarded",
            "write 1 or more",
        );
    }
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    Concurrency {
        requests: count(concurrency.requests),
        queue: count(concurrency.queue),
        wait: concurrency.wait.into(),
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
