//! A server of counters that several gateways share.

use std::time::Duration;

use super::{Findings, attempts::secret_of, database, rules::Broken, tokens::secret_text};
use crate::{
    attempts,
    config::document::{Document, attempts::CountedIn, rate_limits},
    secret::Secret,
    valkey::{Settings, SettingsError},
};

pub(super) fn compile(
    document: &Document,
    findings: &mut Findings<'_>,
) -> Result<Option<Settings>, Broken> {
    let Some(written) = &document.redis else {
        return Ok(None);
    };
    if !is_used(document) {
        let message = "nothing is counted there";
        let fix =
            "say `counted_in: redis` under `attempts` or of one of the `rate_limits`, or remove it";
        findings.warning("redis", message, fix);
    }
    let url = secret_text(&written.url, "redis.url", findings);
    let ca = written.ca.as_deref();
    let authorities =
        ca.map(|ca| database::read_authorities(ca, "redis.ca", findings).ok_or(Broken));
    let deadline: Duration = written.deadline.into();
    if deadline.is_zero() {
        findings.mistake(
            "redis.deadline",
            "nothing would ever be counted",
            "write 100ms",
        );
    }
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if written.prefix.is_empty() || !written.prefix.bytes().all(plain) {
        let fix = "use letters, digits, _, -, . and :";
        findings.mistake("redis.prefix", "keys cannot begin with this", fix);
    }
    let settings = Settings {
        url: url.ok_or(Broken)?,
        authorities: authorities.transpose()?,
        deadline,
        prefix: written.prefix.clone(),
    };
    checked(settings, findings).map(Some)
}

/// What hides who is counted by limits that gateways share, if anything is written that could.
pub(super) type Hiding = Result<Option<Secret<Vec<u8>>>, Broken>;

/// Its own secret, or else that of failed logins.
pub(super) fn hiding(
    document: &Document,
    attempts: &Result<Option<attempts::Settings>, Broken>,
    findings: &mut Findings<'_>,
) -> Hiding {
    let redis = document.redis.as_ref();
    if let Some(own) = redis.and_then(|redis| redis.secret.as_ref()) {
        return secret_of(own, "redis.secret", findings)
            .map(Some)
            .ok_or(Broken);
    }
    match attempts {
        Ok(attempts) => Ok(attempts.as_ref().and_then(|it| it.secret.clone())),
        Err(_) => Err(Broken),
    }
}

fn checked(settings: Settings, findings: &mut Findings<'_>) -> Result<Settings, Broken> {
    let Err(error) = settings.check() else {
        return Ok(settings);
    };
    let (path, fix) = match error {
        SettingsError::Url => ("redis.url", "write redis://host:6379, or rediss:// for TLS"),
        SettingsError::ClearText => ("redis.ca", "write a rediss:// URL, or remove it"),
        SettingsError::Authorities => ("redis.ca", "name a file with certificates in PEM"),
    };
    findings.mistake(path, &error.to_string(), fix);
    Err(Broken)
}

fn is_used(document: &Document) -> bool {
    let attempts = document.attempts.as_ref();
    let in_redis = Some(CountedIn::Redis);
    let mut limits = document.rate_limits.values();
    attempts.is_some_and(|attempts| attempts.counted_in == in_redis)
        || limits.any(|limit| limit.counted_in == rate_limits::CountedIn::Redis)
}
