//! Known devices: what a client is given when it logs in, and shows when it logs in again.
//!
//! A text of up to four entries, one for each account that has logged in from there. An entry is an expiry, a random id
//! and a MAC over both and the account, so that it is worth nothing for any other account and tells nobody but the
//! holder of the secret whose it is. It opens nothing: whoever has one still needs the password, and failures with it are
//! counted for it alone.

use std::{fmt, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::{clock::UnixSeconds, http::cookie};

/// How many accounts one client may be known for.
const ENTRIES: usize = 4;

/// An expiry, an id and a MAC.
const ENTRY: usize = 8 + 16 + 16;

/// Longer texts are not ours.
const LONGEST: usize = ENTRIES * (ENTRY.div_ceil(3) * 4 + 1);

/// How known devices are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSettings {
    /// Where clients carry it.
    pub carrier: Carrier,
    /// How long a device is known after its last login.
    pub lifetime: Duration,
}

/// Where clients carry what they are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// In a cookie of this name.
    Cookie(String),
    /// In a header of this name, which answers have, too.
    Header(HeaderName),
}

/// One device, for one account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceId(pub(super) [u8; 16]);

/// Knows devices.
pub(super) struct Devices {
    settings: DeviceSettings,
    key: hmac::Key,
}

impl Devices {
    pub(super) fn new(settings: DeviceSettings, key: hmac::Key) -> Self {
        Self { settings, key }
    }

    /// What a client shows.
    pub(super) fn presented(&self, headers: &HeaderMap) -> Option<String> {
        let text = |bytes: &[u8]| {
            let bytes = Some(bytes).filter(|bytes| bytes.len() <= LONGEST)?;
            String::from_utf8(bytes.to_vec()).ok()
        };
        match &self.settings.carrier {
            Carrier::Cookie(name) => {
                let mut cookies = cookie::values(headers, name);
                cookies.next().and_then(|cookie| text(cookie.bytes()))
            }
            Carrier::Header(name) => text(headers.get(name)?.as_bytes()),
        }
    }

    /// The device that this is for the account, if it is known. Takes as long for an account that is none.
    pub(super) fn recognise(
        &self,
        presented: &str,
        account: Option<&str>,
        now: UnixSeconds,
    ) -> Option<DeviceId> {
        let known = |entry: &Entry| entry.is_for(account.unwrap_or_default(), &self.key);
        let mut entries = entries(presented, now).filter(known);
        let device = entries.next().map(|entry| entry.device);
        account.and(device)
    }

    /// What a client shows from now on, when it has logged in to the account: a header of the answer.
    pub(super) fn remember(
        &self,
        presented: &str,
        (account, fresh): (&str, [u8; 16]),
        now: UnixSeconds,
    ) -> Option<(HeaderName, HeaderValue)> {
        let known = self.recognise(presented, Some(account), now);
        let device = known.unwrap_or(DeviceId(fresh));
        let expires = now.plus(self.settings.lifetime);
        let mut text = Entry::new(device, expires, account, &self.key).to_text();
        let others = entries(presented, now).filter(|entry| !entry.is_for(account, &self.key));
        for other in others.take(ENTRIES - 1) {
            text.push('.');
            text.push_str(&other.to_text());
        }
        match &self.settings.carrier {
            Carrier::Cookie(name) => {
                let age = self.settings.lifetime.as_secs();
                let value =
                    format!("{name}={text}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Lax");
                Some((header::SET_COOKIE, HeaderValue::try_from(value).ok()?))
            }
            Carrier::Header(name) => Some((name.clone(), HeaderValue::try_from(text).ok()?)),
        }
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Devices")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A device, for an account that only the MAC knows.
#[derive(Clone, Copy)]
struct Entry {
    expires: UnixSeconds,
    device: DeviceId,
    mac: [u8; 16],
}

/// Those that can be read and have not expired. Whose they are is not known yet.
fn entries(presented: &str, now: UnixSeconds) -> impl Iterator<Item = Entry> {
    let texts = presented.split('.').take(ENTRIES);
    texts
        .filter_map(Entry::read)
        .filter(move |entry| entry.expires > now)
}

impl Entry {
    fn new(device: DeviceId, expires: UnixSeconds, account: &str, key: &hmac::Key) -> Self {
        let mac = mac(device, expires, account, key);
        Self {
            expires,
            device,
            mac,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (expires, rest) = bytes.split_first_chunk::<8>()?;
        let (device, rest) = rest.split_first_chunk::<16>()?;
        Some(Self {
            expires: UnixSeconds(u64::from_be_bytes(*expires)),
            device: DeviceId(*device),
            mac: rest.try_into().ok()?,
        })
    }

    fn to_text(self) -> String {
        let mut bytes = Vec::with_capacity(ENTRY);
        bytes.extend(self.expires.0.to_be_bytes());
        bytes.extend(self.device.0);
        bytes.extend(self.mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn is_for(&self, account: &str, key: &hmac::Key) -> bool {
        let expected = mac(self.device, self.expires, account, key);
        self.mac.ct_eq(&expected).into()
    }
}

fn mac(device: DeviceId, expires: UnixSeconds, account: &str, key: &hmac::Key) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    context.update(&expires.0.to_be_bytes());
    context.update(&device.0);
    context.update(account.as_bytes());
    super::half(&context.sign())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn devices(secret: &[u8]) -> Devices {
        let settings = DeviceSettings {
            carrier: Carrier::Header(HeaderName::from_static("known-device")),
            lifetime: Duration::from_secs(1000),
        };
        Devices::new(settings, hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn given(devices: &Devices, presented: &str, account: &str, fresh: u8) -> String {
        let (_, value) = devices
            .remember(presented, (account, [fresh; 16]), NOW)
            .expect("a header");
        value.to_str().expect("text").to_owned()
    }

    #[test]
    fn a_device_is_known_for_its_account_alone_until_it_expires() {
        let devices = devices(b"one");
        let text = given(&devices, "", "7", 1);
        let known = |account, now| devices.recognise(&text, account, now).is_some();
        assert!(known(Some("7"), NOW));
        assert!(known(Some("7"), UnixSeconds(NOW.0 + 999)));
        assert!(!known(Some("7"), UnixSeconds(NOW.0 + 1000)));
        assert!(!known(Some("8"), NOW));
        assert!(!known(None, NOW));
        let other = super::tests::devices(b"other");
        assert!(other.recognise(&text, Some("7"), NOW).is_none());
    }

    #[test]
    fn a_changed_entry_is_known_for_nobody() {
        let devices = devices(b"one");
        let text = given(&devices, "", "7", 1);
        let bytes = URL_SAFE_NO_PAD.decode(&text).expect("an entry");
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let text = URL_SAFE_NO_PAD.encode(changed);
            assert!(devices.recognise(&text, Some("7"), NOW).is_none());
        }
        for text in ["", ".", "....", "x", &text[1..], &format!("{text}AAAA")] {
            assert!(devices.recognise(text, Some("7"), NOW).is_none(), "{text}");
        }
    }

    #[test]
    fn a_client_is_known_for_the_four_accounts_that_logged_in_last() {
        let devices = devices(b"one");
        let mut text = String::new();
        for (account, fresh) in [("1", 1), ("2", 2), ("3", 3), ("1", 9), ("4", 4), ("5", 5)] {
            text = given(&devices, &text, account, fresh);
        }
        assert!(text.len() <= LONGEST);
        let known = |account| {
            let device = devices.recognise(&text, Some(account), NOW);
            device.map(|DeviceId(id)| id[0])
        };
        // The one that logged in twice has kept its id, and so its counter.
        assert_eq!(
            ["1", "2", "3", "4", "5"].map(known),
            [Some(1), None, Some(3), Some(4), Some(5)]
        );
    }

    #[test]
    fn a_cookie_is_for_the_browser_and_this_host_alone() {
        let settings = DeviceSettings {
            carrier: Carrier::Cookie("__Host-known_device".to_owned()),
            lifetime: Duration::from_secs(1000),
        };
        let devices = Devices::new(settings, hmac::Key::new(hmac::HMAC_SHA256, b"one"));
        let given = devices.remember("", ("7", [1; 16]), NOW).expect("a header");
        let (name, value) = given;
        let value = value.to_str().expect("text");
        assert_eq!(name, header::SET_COOKIE);
        let (pair, attributes) = value.split_once("; ").expect("attributes");
        assert_eq!(
            attributes,
            "Path=/; Max-Age=1000; HttpOnly; Secure; SameSite=Lax"
        );
        let mut headers = HeaderMap::new();
        let value = HeaderValue::try_from(format!("a=b; {pair}")).expect("a value");
        headers.insert(header::COOKIE, value);
        let presented = devices.presented(&headers).expect("a device");
        assert!(devices.recognise(&presented, Some("7"), NOW).is_some());
    }
}
