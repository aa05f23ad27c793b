//! Sockets, cores, limits and logs.

use std::{path::PathBuf, thread::available_parallelism};

use super::{Findings, admin, listeners, networks};
use crate::{
    config::{
        compiled::Server,
        document::{
            Document,
            server::{AccessLog, Forwarded, Limits, LogFormat, LogLevel},
        },
    },
    http::client_address::{ForwardedStyle, TrustedProxies},
    listener::{self, AddressLimitSettings, Loopback},
    telemetry::{self, AccessLogging},
};

/// The smallest head that is worth a limit: less would refuse ordinary requests.
const SMALLEST_HEAD: u64 = 1024;

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Server> {
    let listeners = listeners::compile(&document.listeners, findings);
    let admin = admin::compile(&document.admin, findings);
    let trusted_proxies = networks::compile(&document.trusted_proxies, "trusted_proxies", findings);
    limits(document, findings);
    let limits = &document.limits;
    Some(Server {
        cores: cores(document, findings),
        listeners: listeners?,
        admin: admin?,
        connections: listener::Settings {
            idle_timeout: limits.idle_timeout.into(),
            half_closed_timeout: limits.half_closed_timeout.into(),
            header_timeout: limits.header_timeout.into(),
            head: listener::framing::Limits {
                head: limits.header_size.into(),
                request_line: limits.request_line.into(),
                fields: limits.header_count.into(),
            },
            http2: listener::Http2 {
                streams: limits.http2.streams,
                resets: limits.http2.resets,
            },
            drain_idle: document.shutdown.idle.into(),
            max_connections: usize::try_from(limits.connections).unwrap_or(usize::MAX),
        },
        address_limit: address_limit(limits, trusted_proxies.clone()),
        body_timeout: limits.body_timeout.into(),
        account_body: limits.account_body.into(),
        trusted_proxies,
        forwarded: match document.forwarded {
            Forwarded::XForwarded => ForwardedStyle::XForwarded,
            Forwarded::Rfc7239 => ForwardedStyle::Rfc7239,
        },
        watched: document.reload.watch,
        takeover: document.takeover.as_ref().map(|takeover| {
            if takeover.socket.is_empty() {
                findings.mistake(
                    "takeover.socket",
                    "there is no path",
                    "write one such as /run/sidegate/takeover.sock",
                );
            }
            PathBuf::from(&takeover.socket)
        }),
        drain: document.shutdown.deadline.into(),
        logs: logs(document),
    })
}

fn cores(document: &Document, findings: &mut Findings<'_>) -> usize {
    match document.cores {
        Some(0) => {
            findings.mistake(
                "cores",
                "nothing would serve",
                "write 1 or more, or leave it out",
            );
            1
        }
        Some(cores) => cores.into(),
        None => available_parallelism().map_or(1, usize::from),
    }
}

fn limits(document: &Document, findings: &mut Findings<'_>) {
    let limits = &document.limits;
    let sizes = [
        ("limits.header_size", limits.header_size),
        ("limits.request_line", limits.request_line),
    ];
    for (path, size) in sizes {
        if u64::from(size) < SMALLEST_HEAD {
            findings.mistake(
                path,
                "ordinary requests would be refused",
                "write at least 1KiB",
            );
        }
    }
    let counts = [
        ("limits.header_count", u64::from(limits.header_count)),
        ("limits.connections", u64::from(limits.connections)),
        ("limits.http2.streams", u64::from(limits.http2.streams)),
    ];
    let per_address = limits.connections_per_address;
    let per_address = per_address.map(|most| ("limits.connections_per_address", most.into()));
    for (path, count) in counts.into_iter().chain(per_address) {
        if count == 0 {
            findings.mistake(path, "nothing would be served", "write 1 or more");
        }
    }
    let times = [
        ("limits.header_timeout", limits.header_timeout),
        ("limits.idle_timeout", limits.idle_timeout),
        ("limits.body_timeout", limits.body_timeout),
    ];
    for (path, time) in times {
        if std::time::Duration::from(time).is_zero() {
            findings.mistake(
                path,
                "no connection could be used",
                "write a longer time, such as 10s",
            );
        }
    }
}

/// Whoever names a number means everybody.
fn address_limit(limits: &Limits, proxies: TrustedProxies) -> AddressLimitSettings {
    const USUAL: u32 = 1024;
    let most = limits.connections_per_address.unwrap_or(USUAL);
    AddressLimitSettings {
        most: usize::try_from(most).unwrap_or(usize::MAX),
        loopback: match limits.connections_per_address {
            Some(_) => Loopback::Counted,
            None => Loopback::Exempt,
        },
        proxies,
    }
}

fn logs(document: &Document) -> telemetry::Settings {
    let logs = &document.logs;
    telemetry::Settings {
        format: match logs.format {
            LogFormat::Text => telemetry::Format::Text,
            LogFormat::Json => telemetry::Format::Json,
        },
        level: match logs.level {
            LogLevel::Error => tracing::Level::ERROR,
            LogLevel::Warn => tracing::Level::WARN,
            LogLevel::Info => tracing::Level::INFO,
            LogLevel::Debug => tracing::Level::DEBUG,
        },
        access: match logs.access {
            AccessLog::All => AccessLogging::All,
            AccessLog::Refusals => AccessLogging::Refusals,
        },
    }
}
