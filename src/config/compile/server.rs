//! Sockets, cores, limits and logs.

use std::{net::SocketAddr, thread::available_parallelism};

use ipnet::IpNet;

use super::Findings;
use crate::{
    config::{
        compiled::Server,
        document::{
            Document,
            server::{AccessLog, Forwarded, LogFormat, LogLevel},
        },
    },
    http::client_address::{ForwardedStyle, TrustedProxies},
    listener,
    telemetry::{self, AccessLogging},
};

const ADDRESS: &str = "write an address and a port, such as 127.0.0.1:8080 or [::]:8080";

/// The smallest head that is worth a limit: less would refuse ordinary requests.
const SMALLEST_HEAD: u64 = 1024;

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Server> {
    if document.listeners.is_empty() {
        findings.absence(
            "listeners",
            "there is no listener",
            "add `- address: 0.0.0.0:8080`",
        );
    }
    let listeners = document
        .listeners
        .iter()
        .enumerate()
        .map(|(index, listener)| {
            address(
                &listener.address,
                &format!("listeners[{index}].address"),
                findings,
            )
        });
    // Every address is looked at before the first bad one counts.
    let listeners: Vec<Option<SocketAddr>> = listeners.collect();
    let listeners: Option<Vec<SocketAddr>> = listeners.into_iter().collect();
    let admin = address(&document.admin.address, "admin.address", findings);
    if admin.is_some_and(|admin| !admin.ip().is_loopback()) {
        findings.warning(
            "admin.address",
            "the admin listener can be reached from other machines",
            "use a loopback address, or keep others away by a firewall",
        );
    }
    let trusted_proxies = trusted(document, findings);
    limits(document, findings);
    let limits = &document.limits;
    Some(Server {
        cores: cores(document, findings),
        listeners: listeners?,
        admin: admin?,
        connections: listener::Settings {
            idle_timeout: limits.idle_timeout.into(),
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
            max_connections: usize::try_from(limits.connections).unwrap_or(usize::MAX),
        },
        account_body: limits.account_body.into(),
        trusted_proxies,
        forwarded: match document.forwarded {
            Forwarded::XForwarded => ForwardedStyle::XForwarded,
            Forwarded::Rfc7239 => ForwardedStyle::Rfc7239,
        },
        drain: document.shutdown.deadline.into(),
        logs: logs(document),
    })
}

fn address(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<SocketAddr> {
    let parsed = text
        .parse()
        .map_err(|_| "this is not an address with a port");
    findings.take(parsed, path, ADDRESS)
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

fn trusted(document: &Document, findings: &mut Findings<'_>) -> TrustedProxies {
    let mut networks = Vec::new();
    let unix_sockets = document.trusted_proxies.iter().any(|text| text == "unix");
    let written = document.trusted_proxies.iter().enumerate();
    for (index, text) in written.filter(|(_, text)| *text != "unix") {
        let path = format!("trusted_proxies[{index}]");
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        let network = network.map_err(|_| "this is neither an address nor a network");
        let fix = "write an address such as 10.0.0.5, a network such as 10.0.0.0/8, or `unix`";
        let Some(network) = findings.take(network, &path, fix) else {
            continue;
        };
        if network.prefix_len() == 0 {
            findings.mistake(
                &path,
                "this trusts everybody, so that every client chooses its own address",
                "list only the proxies that stand in front of the gateway",
            );
        }
        networks.push(network);
    }
    let proxies = TrustedProxies::new(networks);
    if unix_sockets {
        proxies.and_unix_sockets()
    } else {
        proxies
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
    for (path, count) in counts {
        if count == 0 {
            findings.mistake(path, "nothing would be served", "write 1 or more");
        }
    }
    let times = [
        ("limits.header_timeout", limits.header_timeout),
        ("limits.idle_timeout", limits.idle_timeout),
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
