//! The operators' listener.

use std::{net::SocketAddr, path::PathBuf};

use super::{Findings, listeners, tokens};
use crate::{
    admin::{self, MetricsAccess, Settings, TokenSource},
    config::document::server::{
        Admin, Decisions, KeptDecisions as WrittenKept, MetricsAccess as Written,
    },
    listener::{Address, Families, Mode},
    secret::Secret,
    telemetry::{DecisionKeeping, KeptDecisions},
};

/// Fewer could be guessed by somebody with patience.
const SHORTEST_TOKEN: usize = 32;

pub(super) fn compile(admin: &Admin, findings: &mut Findings<'_>) -> Option<admin::Settings> {
    let address = address(&admin.address, findings);
    let token = token(admin, findings);
    let hosts = hosts(&admin.hosts, findings);
    let decisions = decisions(&admin.decisions, findings);
    Some(Settings {
        decisions,
        address: address?,
        token: token?,
        metrics: match admin.metrics {
            Written::Token => MetricsAccess::Token,
            Written::Open => MetricsAccess::Open,
        },
        hosts,
    })
}

fn address(text: &str, findings: &mut Findings<'_>) -> Option<Address> {
    const PATH: &str = "admin.address";
    if let Some(socket) = text.strip_prefix("unix:") {
        if socket.is_empty() {
            let fix = "write a path, such as unix:/run/sidegate/admin.sock";
            findings.mistake(PATH, "there is no path", fix);
        }
        return Some(Address::Unix(findings.resolve(socket), Mode(0o600)));
    }
    let ip: SocketAddr = listeners::ip(text, PATH, findings)?;
    if !ip.ip().is_loopback() {
        findings.warning(
            PATH,
            "the admin listener can be reached from other machines",
            "use a loopback address, or keep others away by a firewall",
        );
    }
    Some(Address::Ip(ip, Families::Both))
}

fn token(admin: &Admin, findings: &mut Findings<'_>) -> Option<TokenSource> {
    let Some(written) = &admin.token else {
        let path = admin.token_file.as_deref();
        if path == Some("") {
            let fix = "write one such as /run/sidegate/admin.token";
            findings.mistake("admin.token_file", "there is no path", fix);
        }
        let path: Option<PathBuf> = path.map(|path| findings.resolve(path));
        return Some(TokenSource::Made(path));
    };
    if admin.token_file.is_some() {
        let message = "nothing is written there while there is a token";
        findings.mistake("admin.token_file", message, "take one of the two out");
    }
    let token = tokens::secret_text(written, "admin.token", findings)?;
    let is_usable = |byte: u8| byte.is_ascii_graphic();
    if !token.expose().bytes().all(is_usable) {
        let message = "the token has characters that a header does not carry";
        let fix = "write hexadecimal digits, such as those of `openssl rand -hex 32`";
        findings.mistake("admin.token", message, fix);
        return None;
    }
    if token.expose().len() < SHORTEST_TOKEN {
        let message = format!("the token has less than {SHORTEST_TOKEN} characters");
        let fix = "write a longer one, such as `openssl rand -hex 32` prints, or leave it out";
        findings.mistake("admin.token", &message, fix);
        return None;
    }
    Some(TokenSource::Written(Secret::new(token.expose().clone())))
}

fn hosts(written: &[String], findings: &mut Findings<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let host = crate::http::host::parse(text).ok();
        let host = host.filter(|host| !host.contains([':', '*']));
        let host = host.ok_or("this is not the name of a machine");
        let path = format!("admin.hosts[{index}]");
        let fix = "write a name without a port, such as sidegate.internal";
        hosts.extend(
            findings
                .take(host, &path, fix)
                .map(std::borrow::Cow::into_owned),
        );
    }
    hosts
}

fn decisions(written: &Decisions, findings: &mut Findings<'_>) -> DecisionKeeping {
    if written.most == 0 {
        let fix = "write 1 or more";
        findings.mistake("admin.decisions.most", "nothing would be remembered", fix);
    }
    DecisionKeeping {
        which: match written.which {
            WrittenKept::Refusals => KeptDecisions::Refusals,
            WrittenKept::All => KeptDecisions::All,
        },
        time: written.keep.into(),
        most: usize::try_from(written.most).unwrap_or(usize::MAX),
    }
}
