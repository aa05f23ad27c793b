//! `sidegate explain METHOD PATH`, and `sidegate explain DECISION`.

use std::{
    io::{self, IsTerminal, Read},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ::http::{HeaderName, HeaderValue, Method};
use anyhow::{Context, Result, bail};

use super::{
    Format, Outcome, complain,
    operators::{Address, Operators},
    output::{load_or_complain, paint},
    report,
};
use crate::{
    admin::TokenSource,
    app::{assemble, control_runtime},
    certificate::Identity,
    clock::Clock,
    config::{paint::Tone, source::ProcessEnvironment},
    http::client_address::PeerAddress,
    listener::{self, BoundAddress},
    pipeline::explain::{Explanation, Question, Tone as Shade, Verdict, explain as ask},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The method, such as GET; or alone the id of a decision, as X-Request-Id and the access log have it.
    #[arg(value_name = "METHOD|DECISION")]
    method: String,
    /// The target, such as /users/5?full=1.
    target: Option<String>,
    /// A file with a bearer token, or - for standard input. Not the token itself: command lines are no secret.
    #[arg(long, alias = "token-file", value_name = "FILE")]
    token: Option<PathBuf>,
    /// A header of the request, such as `X-User-Id: 5`; may be repeated.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// The operators' listener of the gateway that has decided. Default: the one of the configuration.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    /// A file with the operators' token, or - for standard input; without it, the one that the gateway has left.
    #[arg(long, value_name = "FILE")]
    admin_token: Option<PathBuf>,
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
    /// Ask the issuer of the token for its keys, where it publishes them at a URL.
    #[arg(long)]
    fetch: bool,
    /// How the explanation is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The same as --format json.
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(arguments: &Arguments) -> Result<Outcome> {
    match &arguments.target {
        Some(target) => explain_request(arguments, target),
        None => explain_decision(arguments),
    }
}

/// A decision that a running gateway remembers.
fn explain_decision(arguments: &Arguments) -> Result<Outcome> {
    let id = arguments.method.as_str();
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        complain("sidegate: explain takes METHOD and PATH, or the 32 digits of a decision's id");
        return Ok(Outcome::Unusable);
    }
    let Some(operators) = operators(arguments)? else {
        return Ok(Outcome::Unusable);
    };
    let answer = operators.get(&format!("/explain/{}", id.to_ascii_lowercase()))?;
    match answer.status {
        200 => {}
        401 => bail!("the gateway asks for its operators' token: --admin-token FILE"),
        status => bail!("the gateway answers {status}: {}", answer.body.trim()),
    }
    let explanation: Explanation =
        serde_json::from_str(&answer.body).context("this is no explanation")?;
    show(arguments, &explanation)?;
    Ok(Outcome::Success)
}

fn operators(arguments: &Arguments) -> Result<Option<Operators>> {
    let token = arguments.admin_token.as_deref();
    if let Some(address) = &arguments.admin {
        return Operators::at(address, token).map(Some);
    }
    let Some(compiled) = load_or_complain(&arguments.config) else {
        complain("sidegate: or say where the gateway listens for operators: --admin ADDRESS");
        return Ok(None);
    };
    let admin = compiled.server.admin;
    let address = match admin.address {
        listener::Address::Ip(address, _) => BoundAddress::Ip(address),
        listener::Address::Unix(path, _) => BoundAddress::Unix(path),
        listener::Address::Systemd(_) => bail!("say where the gateway listens: --admin ADDRESS"),
    };
    let address = Address::from(address);
    Ok(Some(match (token, admin.token) {
        (None, TokenSource::Written(token)) => Operators::with(&address, Some(token)),
        (None, TokenSource::Made(Some(path))) => Operators::at(&address, Some(&path))?,
        (token, TokenSource::Written(_) | TokenSource::Made(_)) => Operators::at(&address, token)?,
    }))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("this is no header")?;
    let name = HeaderName::try_from(name.trim()).map_err(|error| error.to_string())?;
    let value = HeaderValue::try_from(value.trim()).map_err(|error| error.to_string())?;
    Ok((name, value))
}

fn show(arguments: &Arguments, explanation: &Explanation) -> Result<()> {
    match (arguments.json, arguments.format) {
        (false, Format::Text) => report(&painted(explanation)),
        (true, _) | (false, Format::Json) => report(&serde_json::to_string_pretty(explanation)?),
    }
    Ok(())
}

fn painted(explanation: &Explanation) -> String {
    let paint = paint(io::stdout().is_terminal(), &ProcessEnvironment);
    let lines = explanation.lines().into_iter().map(|line| {
        let head = line.head();
        match line.tone {
            Shade::Plain => format!("{head}{}", line.text),
            Shade::Good => format!("{head}{}", paint.tone(Tone::Good, line.text)),
            Shade::Bad => format!("{head}{}", paint.tone(Tone::Bad, line.text)),
            Shade::Faint => format!("{head}{}", paint.tone(Tone::Faint, line.text)),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A request that nobody has sent, by the configuration alone.
fn explain_request(arguments: &Arguments, target: &str) -> Result<Outcome> {
    let Ok(method) = Method::from_bytes(arguments.method.as_bytes()) else {
        complain("sidegate: this is not a method");
        return Ok(Outcome::Unusable);
    };
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
    // Nobody else is asked unprompted, so that keys at a URL stay unknown.
    let feeds = assembled.live.key_feeds.iter();
    for (_, feed) in feeds.filter(|(_, feed)| feed.is_local()) {
        runtime.block_on(feed.look(Clock));
    }
    let question = Question {
        method,
        target,
        host: &host,
        headers: &arguments.header,
        token: token.as_deref(),
        certificate: certificate.as_ref(),
        peer: arguments.client.map_or(PeerAddress::Unix, |address| {
            PeerAddress::Ip(SocketAddr::new(address, 0))
        }),
        row: None,
        secret: None,
        now: Clock.unix_seconds(),
    };
    let live = &assembled.live;
    let mut explanation = ask(&question, live);
    let needed = explanation.keys_needed;
    if let Some(feed) = needed.and_then(|issuer| live.key_feed(issuer)) {
        if arguments.fetch {
            runtime.block_on(feed.look(Clock));
            explanation = ask(&question, live);
        } else if feed.attempts() == (0, 0) {
            let note = "with --fetch its issuer is asked for them";
            explanation.notes.push(note.into());
        }
    }
    show(arguments, &explanation)?;
    Ok(match explanation.verdict {
        Verdict::Refused { .. } | Verdict::Undecided => Outcome::Refused,
        Verdict::Forwarded { .. } | Verdict::Answered => Outcome::Success,
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
