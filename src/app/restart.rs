//! What is decided once, when the process starts.

use super::assemble::Assembled;
use crate::config::compiled::{Compiled, Server};

/// The keys of the configuration that differ and that only a restart can change. A reload that finds one is refused as a
/// whole: a process that follows half a file is described by no file.
pub(super) fn needed(running: &Assembled, new: &Compiled) -> Vec<&'static str> {
    let mut keys = server(&running.server, &new.server);
    if running.certificate_headers != new.identity.certificate_headers {
        keys.push("identity.certificate_headers");
    }
    keys
}

/// The same for two configurations that nobody runs.
pub fn needed_between(old: &Compiled, new: &Compiled) -> Vec<&'static str> {
    let mut keys = server(&old.server, &new.server);
    if old.identity.certificate_headers != new.identity.certificate_headers {
        keys.push("identity.certificate_headers");
    }
    keys
}

fn server(running: &Server, new: &Server) -> Vec<&'static str> {
    let (limits, others) = (&running.connections, &new.connections);
    let compared = [
        ("cores", running.cores == new.cores),
        ("listeners", running.listeners == new.listeners),
        ("admin", running.admin == new.admin),
        ("limits.header_size", limits.head.head == others.head.head),
        (
            "limits.header_count",
            limits.head.fields == others.head.fields,
        ),
        (
            "limits.request_line",
            limits.head.request_line == others.head.request_line,
        ),
        (
            "limits.header_timeout",
            limits.header_timeout == others.header_timeout,
        ),
        (
            "limits.idle_timeout",
            limits.idle_timeout == others.idle_timeout,
        ),
        (
            "limits.connections",
            limits.max_connections == others.max_connections,
        ),
        ("limits.http2", limits.http2 == others.http2),
        ("takeover", running.takeover == new.takeover),
        ("shutdown.deadline", running.drain == new.drain),
        ("shutdown.idle", limits.drain_idle == others.drain_idle),
        ("logs.format", running.logs.format == new.logs.format),
        ("logs.level", running.logs.level == new.logs.level),
    ];
    let differ = compared.into_iter().filter(|(_, same)| !same);
    differ.map(|(key, _)| key).collect()
}
