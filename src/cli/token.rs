//! `sidegate token mint | inspect | check`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::{Outcome, explain::read_token, output::load_or_complain, report};
use crate::{
    clock::{Clock, UnixSeconds},
    config::compiled::{Compiled, TokenSettings},
    member::MemberId,
    token::{
        issuer::Issuer,
        mint::Minter,
        verify::{Unproven, Verifier},
    },
};

/// What to do with a token.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token for a user, as a login would.
    Mint {
        /// The user's id.
        #[arg(long)]
        user: String,
        /// Which kind.
        #[arg(long, value_enum, default_value = "access")]
        kind: Kind,
        /// The configuration file.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
    },
    /// Show what is inside a token. Nothing is verified.
    Inspect {
        /// A file with the token, or - for standard input.
        #[arg(default_value = "-")]
        token: PathBuf,
    },
    /// Say whether the configuration accepts a token, as which kind, and if not, why.
    Check {
        /// A file with the token, or - for standard input.
        #[arg(default_value = "-")]
        token: PathBuf,
        /// The configuration file.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
    },
}

/// Which kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// For guarded routes.
    Access,
    /// For a refresh.
    Refresh,
}

pub(super) fn token(command: &Command) -> Result<Outcome> {
    match command {
        Command::Inspect { token } => {
            report(&inspect(&read_token(token)?)?);
            Ok(Outcome::Success)
        }
        Command::Mint { user, kind, config } => {
            let Some(compiled) = load_or_complain(config) else {
                return Ok(Outcome::Unusable);
            };
            report(&mint(user, *kind, &compiled)?);
            Ok(Outcome::Success)
        }
        Command::Check { token, config } => {
            let Some(compiled) = load_or_complain(config) else {
                return Ok(Outcome::Unusable);
            };
            Ok(check(&read_token(token)?, &compiled))
        }
    }
}

fn mint(user: &str, kind: Kind, compiled: &Compiled) -> Result<String> {
    let settings = match (kind, &compiled.tokens.refresh) {
        (Kind::Access, _) => &compiled.tokens.access,
        (Kind::Refresh, Some(refresh)) => refresh,
        (Kind::Refresh, None) => bail!("the configuration has no tokens.refresh"),
    };
    if user.trim() != user || user.is_empty() || user.chars().any(char::is_control) {
        bail!(
            "no user has an id that is empty, begins or ends with a space, or has control characters"
        );
    }
    let user = user
        .parse()
        .map_or_else(|_| MemberId::Text(user.to_owned()), MemberId::Integer);
    let claims = settings.claims.clone();
    let minter = Minter::new(settings.keys.clone(), settings.lifetime, claims);
    Ok(minter.mint(&user, Clock.unix_seconds())?)
}

fn inspect(token: &str) -> Result<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _signature] = parts.as_slice() else {
        bail!(
            "a token has three parts with dots between them, this has {}",
            parts.len()
        );
    };
    let decode = |part: &str, name: &str| -> Result<Value> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
        let Ok(bytes) = bytes else {
            bail!("{name} not base64url");
        };
        serde_json::from_slice(&bytes).or_else(|_| bail!("{name} not JSON"))
    };
    let (header, claims) = (
        decode(header, "the header is")?,
        decode(claims, "the claims are")?,
    );
    let text = format!(
        "header {header:#}\nclaims {claims:#}\n{}\nnothing was verified",
        expiry(&claims, Clock.unix_seconds())
    );
    Ok(text)
}

fn expiry(claims: &Value, now: UnixSeconds) -> String {
    match claims.get("exp").and_then(Value::as_u64) {
        None => "exp: none, or not a number".to_owned(),
        Some(exp) if exp <= now.0 => format!("exp: {} seconds ago", now.0 - exp),
        Some(exp) => format!("exp: in {} seconds", exp - now.0),
    }
}

fn check(token: &str, compiled: &Compiled) -> Outcome {
    let tokens = &compiled.tokens;
    let own = |settings: &TokenSettings| {
        Issuer::new(settings.checks.clone(), settings.keys.clone(), None)
    };
    let verdict = |issuers| {
        let verifier = Verifier::with_issuers(issuers, tokens.max_size);
        verifier.verify_at(token.as_bytes(), Clock.unix_seconds())
    };
    let further = tokens.issuers.iter().map(|issuer| {
        let published = issuer.published.is_some().then(Default::default);
        Issuer::new(issuer.checks.clone(), issuer.keys.clone(), published)
    });
    let access = std::iter::once(own(&tokens.access)).chain(further);
    let access = verdict(access.collect());
    let refresh = tokens.refresh.as_ref();
    let refresh = refresh.map(|refresh| verdict(vec![own(refresh)]));
    let accepted = access.is_ok() || matches!(refresh, Some(Ok(_)));
    let say = |kind: &str, verdict: Result<_, Unproven>| match verdict {
        Ok(_) => report(&format!("{kind}: accepted")),
        Err(Unproven::KeysNeeded(_)) => {
            report(&format!(
                "{kind}: undecided: its issuer publishes its keys, and they were not fetched"
            ));
        }
        Err(reason) => report(&format!("{kind}: refused: {reason}")),
    };
    say("access ", access);
    if let Some(refresh) = refresh {
        say("refresh", refresh);
    }
    if accepted {
        Outcome::Success
    } else {
        Outcome::Refused
    }
}
