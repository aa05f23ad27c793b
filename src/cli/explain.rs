//! `sidegate explain METHOD PATH`.

use std::{
    io::Read,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ::http::Method;
use anyhow::{Context, Result};

use super::{Format, Outcome, complain, output::load_or_complain, report};
use crate::{
    app::{assemble, control_runtime},
    certificate::Identity,
    clock::Clock,
    http::client_address::PeerAddress,
    pipeline::explain::{Question, Verdict, explain as ask},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The method, such as GET.
    method: Method,
    /// The target, such as /users/5?full=1.
    target: String,
    /// A file with a bearer token, or - for standard input. Not the token itself: command lines are no secret.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// A file with the client's certificate in PEM.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The client's address. Default: none, as behind a Unix socket.
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,
    /// The Host of the request.
    #[arg(long, default_value = "localhost")]
    host: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// How the explanation is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn explain(arguments: &Arguments) -> Result<Outcome> {
    let Some(compiled) = load_or_complain(&arguments.config) else {
        return Ok(Outcome::Unusable);
    };
    let token = arguments.token.as_deref().map(read_token).transpose()?;
    let certificate = arguments.certificate.as_deref();
    let certificate = certificate.map(read_certificate).transpose()?;
    let host = match crate::http::host::parse(&arguments.host) {
        Ok(host) => host,
        Err(error) => {
            complain(&format!("sidegate: --host: {error}"));
            return Ok(Outcome::Unusable);
        }
    };
    let runtime = control_runtime().context("cannot start the control runtime")?;
    let entered = runtime.enter();
    let assembled = assemble(compiled, None).context("cannot use the configuration")?;
    drop(entered);
    // An explanation asks nobody else, so that keys at a URL stay unknown to it.
    let feeds = assembled.live.key_feeds.iter();
    for (_, feed) in feeds.filter(|(_, feed)| feed.is_local()) {
        runtime.block_on(feed.look(Clock));
    }
    let question = Question {
        method: arguments.method.clone(),
        target: &arguments.target,
        host: &host,
        token: token.as_deref(),
        certificate: certificate.as_ref(),
        peer: arguments.client.map_or(PeerAddress::Unix, |address| {
            PeerAddress::Ip(SocketAddr::new(address, 0))
        }),
        now: Clock.unix_seconds(),
    };
    let explanation = ask(&question, &assembled.live);
    match arguments.format {
        Format::Text => report(&explanation.to_string()),
        Format::Json => report(&serde_json::to_string_pretty(&explanation)?),
    }
    Ok(match explanation.verdict {
        Verdict::Refused { .. } => Outcome::Refused,
        Verdict::Undecided | Verdict::Forwarded { .. } | Verdict::Answered => Outcome::Success,
    })
}

/// A token from a file or standard input, without the line break and a possible `Bearer`.
pub(super) fn read_token(path: &Path) -> Result<String> {
    const LIMIT: u64 = 64 * 1024;
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(LIMIT).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        file.take(LIMIT).read_to_string(&mut text)
    }
    .with_context(|| format!("cannot read a token from {}", path.display()))?;
    let token = text.trim();
    Ok(token.strip_prefix("Bearer ").unwrap_or(token).to_owned())
}

/// The first certificate of a file.
fn read_certificate(path: &Path) -> Result<Identity> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Identity::from_pem(&text).with_context(|| path.display().to_string())
}
