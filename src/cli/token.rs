//! `sidegate token mint | inspect | check`.

use std::{fmt, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::{Outcome, explain::read_token, output::load_or_complain, report};
use crate::{
    app::control_runtime,
    clock::{Clock, UnixSeconds},
    config::compiled::{Compiled, TokenSettings},
    entropy::Entropy,
    fetch::KeyFeed,
    member::MemberId,
    token::{
        id::TokenId,
        issuer::Issuer,
        mint::{Minter, Occasion},
        verify::{InvalidToken, Unproven, Verifier},
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
            check(&read_token(token)?, &compiled)
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
    if let Some(column) = claims.iter().find_map(|(_, value)| value.column()) {
        bail!(
            "the tokens say what the column {column} of the user's row is, and no row is looked up here: log in instead"
        );
    }
    let minter = Minter::new(settings.keys.clone(), settings.lifetime, claims);
    let mut entropy = Entropy::from_os();
    let id = TokenId::of_new_session(entropy.bytes(), entropy.bytes());
    let occasion = Occasion {
        user: &user,
        shown: &Map::new(),
        now: Clock.unix_seconds(),
        id: &id,
        until: None,
    };
    Ok(minter.mint(&occasion)?)
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

fn check(token: &str, compiled: &Compiled) -> Result<Outcome> {
    let tokens = &compiled.tokens;
    let own = |settings: &TokenSettings| {
        Issuer::new(settings.checks.clone(), settings.keys.clone(), None)
    };
    let kind = |feeds: &[Option<KeyFeed>], issuers| {
        let verifier = Verifier::with_issuers(issuers, tokens.max_size);
        judge(token, &verifier, feeds)
    };
    // By the numbers of the issuers: the first is the gateway itself.
    let feeds = tokens.issuers.iter().map(|issuer| issuer.published.clone());
    let feeds = std::iter::once(None).chain(feeds);
    let feeds: Vec<Option<KeyFeed>> = feeds.map(|feed| feed.map(KeyFeed::new)).collect();
    let further = tokens.issuers.iter().zip(feeds.iter().skip(1));
    let further = further.map(|(issuer, feed)| {
        let published = feed.as_ref().map(|feed| Arc::clone(feed.keys()));
        Issuer::new(issuer.checks.clone(), issuer.keys.clone(), published)
    });
    let access = std::iter::once(own(&tokens.access)).chain(further);
    let access = kind(&feeds, access.collect())?;
    report(&format!("access : {access}"));
    let mut accepted = access == Judged::Accepted;
    if let Some(refresh) = &tokens.refresh {
        let refresh = kind(&[], vec![own(refresh)])?;
        report(&format!("refresh: {refresh}"));
        accepted |= refresh == Judged::Accepted;
    }
    Ok(if accepted {
        Outcome::Success
    } else {
        Outcome::Refused
    })
}

/// What a token came to.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Accepted,
    Refused(InvalidToken),
    /// Its issuer's keys cannot be read.
    Undecided(String),
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Undecided(why) => write!(f, "undecided: {why}"),
        }
    }
}

/// Judges as the gateway does: the keys that an issuer publishes are looked at once it takes them to decide.
fn judge(token: &str, verifier: &Verifier, feeds: &[Option<KeyFeed>]) -> Result<Judged> {
    let verify = || verifier.verify_at(token.as_bytes(), Clock.unix_seconds());
    let issuer = match verify() {
        Ok(_) => return Ok(Judged::Accepted),
        Err(Unproven::Invalid(reason)) => return Ok(Judged::Refused(reason)),
        Err(Unproven::KeysNeeded(issuer)) => issuer,
    };
    let Some(Some(feed)) = feeds.get(issuer.0) else {
        return Ok(Judged::Refused(InvalidToken::UnknownKey));
    };
    let runtime = control_runtime().context("cannot start the control runtime")?;
    runtime.block_on(feed.look(Clock));
    if let Some(error) = feed.error() {
        let issuer = feed.issuer();
        let why = format!("the keys of {issuer} cannot be read: {error}");
        return Ok(Judged::Undecided(why));
    }
    Ok(match verify() {
        Ok(_) => Judged::Accepted,
        Err(reason) => Judged::Refused(reason.without_waiting()),
    })
}
