//! Failed logins, and who has to wait after them.

use std::time::Duration;

use super::{Findings, identity, rate_limits::KEYS, rules::Broken, tokens};
use crate::{
    attempts::{Backoff, Carrier, CountingPlace, DeviceSettings, Settings},
    config::{
        document::{
            Document,
            accounts::Action,
            attempts::{
                Attempts, Backoff as Written, Carrier as WrittenCarrier, CountedIn, KnownDevices,
            },
            tokens::SecretText,
        },
        duration::Span,
    },
    secret::Secret,
};

/// Shorter ones could be guessed by whoever sees what they have proven.
const SHORTEST_SECRET: usize = 32;

/// What holds where nothing is written: after how many, the first wait, the longest, and what forgets.
struct Usual(u32, u64, u64, u64);

/// About a hundred guesses a day, as NIST SP 800-63B section 5.2.2 has it.
const OF_ACCOUNTS: Usual = Usual(5, 1, 15 * 60, 86_400);

/// Many may share an address, and one who mistypes keeps the others waiting.
const OF_ADDRESSES: Usual = Usual(20, 1, 30, 15 * 60);

pub(super) fn compile(
    document: &Document,
    findings: &mut Findings<'_>,
) -> Result<Option<Settings>, Broken> {
    let Some(written) = &document.attempts else {
        return Ok(None);
    };
    let login = |action: Action| matches!(action, Action::Login);
    let mut accounts = document.accounts.iter();
    let is_there = accounts.any(|account| login(account.action)) || document.pages.is_some();
    if !is_there {
        let message = "there is no login that could fail";
        findings.warning(
            "attempts",
            message,
            "add a login to `accounts`, or remove it",
        );
    }
    let accounts = backoff(
        &written.accounts,
        OF_ACCOUNTS,
        "attempts.accounts",
        findings,
    );
    let addresses = backoff(
        &written.addresses,
        OF_ADDRESSES,
        "attempts.addresses",
        findings,
    );
    if !KEYS.contains(&written.keys) {
        let fix = "write a number from 1024 to 16777216, or leave it out";
        findings.mistake("attempts.keys", "this table would be of no use", fix);
    }
    let devices = written.known_devices.as_ref();
    let devices = devices.map(|devices| known_devices(devices, written, findings).ok_or(Broken));
    let place = counted_in(document, written, findings);
    let secret = written.secret.as_ref();
    let secret = secret.map(|text| secret_of(text, "attempts.secret", findings).ok_or(Broken));
    Ok(Some(Settings {
        accounts: accounts.ok_or(Broken)?,
        addresses: addresses.ok_or(Broken)?,
        keys: usize::try_from(written.keys).unwrap_or(usize::MAX),
        secret: secret.transpose()?,
        devices: devices.transpose()?,
        place,
    }))
}

fn counted_in(
    document: &Document,
    written: &Attempts,
    findings: &mut Findings<'_>,
) -> CountingPlace {
    const PATH: &str = "attempts.counted_in";
    let by_default = match document.state {
        Some(_) => CountedIn::Database,
        None => CountedIn::Memory,
    };
    let place = match written.counted_in.unwrap_or(by_default) {
        CountedIn::Memory => return CountingPlace::Memory,
        CountedIn::Redis => CountingPlace::Valkey,
        CountedIn::Database => CountingPlace::Database,
    };
    if place == CountingPlace::Valkey && document.redis.is_none() {
        findings.mistake(
            PATH,
            "there is no server to count in",
            "add `redis: { url: … }`",
        );
    }
    if place == CountingPlace::Database && document.state.is_none() {
        let fix = "add `state: { database: … }`";
        findings.mistake(PATH, "there are no tables to count in", fix);
    }
    if written.secret.is_none() {
        let message = "gateways without a common secret do not count for the same accounts";
        let fix =
            "write `attempts.secret`, such as \"${ATTEMPTS_SECRET}\", or `counted_in: memory`";
        let path = if written.counted_in.is_some() {
            PATH
        } else {
            "attempts"
        };
        findings.mistake(path, message, fix);
    }
    place
}

/// A secret that hides who is counted.
pub(super) fn secret_of(
    text: &SecretText,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Secret<Vec<u8>>> {
    let secret = tokens::secret(text, path, findings)?;
    if secret.expose().len() < SHORTEST_SECRET {
        let message = format!("the secret has less than {SHORTEST_SECRET} characters");
        let fix = "write a longer one, such as `openssl rand -hex 32` prints";
        findings.mistake(path, &message, fix);
        return None;
    }
    Some(secret)
}

fn backoff(
    written: &Written,
    Usual(after, delay, longest, forget): Usual,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Backoff> {
    let or = |span: Option<Span>, usual| span.map_or(Duration::from_secs(usual), Into::into);
    let backoff = Backoff::new(
        written.after.unwrap_or(after),
        or(written.delay, delay),
        or(written.longest, longest),
        or(written.forget, forget),
    );
    let fix = "write `after` of 1 or more, a `delay` of 1ms or more, a `longest` that is not shorter, and a `forget` that \
               is longer, up to 30d";
    findings.take(backoff, path, fix)
}

fn known_devices(
    devices: &KnownDevices,
    written: &Attempts,
    findings: &mut Findings<'_>,
) -> Option<DeviceSettings> {
    if written.secret.is_none() {
        let message = "nothing proves a device to another gateway, or after a restart";
        let fix = "write `attempts.secret`, such as \"${ATTEMPTS_SECRET}\"";
        findings.mistake("attempts.known_devices", message, fix);
    }
    let lifetime: Duration = devices.lifetime.into();
    if lifetime.as_secs() == 0 {
        let message = "no device would be known for long enough to log in again";
        findings.mistake(
            "attempts.known_devices.lifetime",
            message,
            "write a time such as 90d",
        );
    }
    Some(DeviceSettings {
        carrier: carrier(devices, findings)?,
        lifetime,
    })
}

fn carrier(devices: &KnownDevices, findings: &mut Findings<'_>) -> Option<Carrier> {
    const PATH: &str = "attempts.known_devices.name";
    let name = devices.name.as_deref();
    match devices.carried_by {
        WrittenCarrier::Cookie => {
            let name = name.unwrap_or("__Host-known_device");
            let plain =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            if name.is_empty() || !name.bytes().all(plain) {
                let fix = "use letters, digits, _, - and .";
                findings.mistake(PATH, "this is no name of a cookie", fix);
                return None;
            }
            Some(Carrier::Cookie(name.to_owned()))
        }
        WrittenCarrier::Header => {
            let name = name.unwrap_or("Known-Device");
            identity::header(name, "Known-Device", PATH, findings).map(Carrier::Header)
        }
    }
}
