//! Limits on how often something may happen, and which routes they hold for.

use std::num::NonZeroU32;

use indexmap::IndexMap;

use super::{
    Findings, actions, pages,
    redis::{self, Hiding},
    rules::Broken,
};
use crate::{
    attempts,
    config::{
        document::{
            Document,
            accounts::Account,
            rate_limits::{By, CountedIn, RateLimit},
        },
        reading::places::key_step,
    },
    policy::route::{Access, RateLimitId, RateLimits, Told},
    ratelimit::{self, Quota, Settings},
    secret::Secret,
};

/// Fewer keys would make strangers forget each other; more are memory without a use.
pub(super) const KEYS: std::ops::RangeInclusive<u32> = 1_024..=16_777_216;

/// Every limit, in the order of its number.
pub(super) struct Limits {
    limits: IndexMap<String, RateLimit>,
    /// Those of a login that says nothing.
    of_logins: Vec<&'static str>,
}

/// What a limit may be put on.
#[derive(Clone, Copy)]
pub(super) enum On {
    /// A login.
    Login,
    /// Something about codes that users are sent: whoever asks is limited as logins are, accounts are by the codes themselves.
    Codes,
    /// Another route that the gateway answers.
    Account,
    /// A route that is forwarded.
    Route(Access),
}

impl Limits {
    /// What is written and, where logins are answered, what they have by default.
    pub(super) fn new(document: &Document) -> Self {
        let mut limits: IndexMap<String, RateLimit> = document
            .rate_limits
            .iter()
            .map(|(name, limit)| (name.clone(), *limit))
            .collect();
        for (name, limit) in of_logins(document) {
            if holds(document, name) {
                limits.entry(name.to_owned()).or_insert(limit);
            }
        }
        Self {
            limits,
            of_logins: of_logins(document).map(|(name, _)| name).collect(),
        }
    }

    /// All of them; what is wrong with one is reported where it stands.
    pub(super) fn compile(
        &self,
        document: &Document,
        attempts: &Result<Option<attempts::Settings>, Broken>,
        findings: &mut Findings<'_>,
    ) -> Option<Vec<Settings>> {
        let hiding = redis::hiding(document, attempts, findings);
        let limits = self.limits.iter();
        let limits: Vec<Option<Settings>> = limits
            .map(|(name, limit)| {
                let path = format!("rate_limits{}", key_step(name));
                let shared = match limit.counted_in {
                    CountedIn::Memory => None,
                    CountedIn::Redis => {
                        Some(shared(document, limit.by, &hiding, (&path, findings)))
                    }
                };
                let settings = settings(name, limit, &path, findings)?;
                match shared {
                    None => Some(settings),
                    Some(secret) => Some(Settings {
                        quota: settings.quota.in_microseconds(),
                        shared: Some(secret?),
                        ..settings
                    }),
                }
            })
            .collect();
        limits.into_iter().collect()
    }

    /// The limits of one route, whose list stands at `path`. Without a list, a login has those of logins.
    pub(super) fn of(
        &self,
        names: Option<&[String]>,
        on: On,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> RateLimits {
        let Some(names) = names else {
            return self.usual(on);
        };
        let mut found = Sorted::default();
        for (index, name) in names.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if names.iter().take(index).any(|earlier| earlier == name) {
                findings.mistake(&path, "this limit is named twice", "name it once");
            }
            match self.limits.get_full(name) {
                Some((number, _, limit)) => {
                    check_place(limit.by, on, &path, findings);
                    found.add(limit.by, RateLimitId(number));
                }
                None => self.refuse(&path, findings),
            }
        }
        found.limits(Told::Everyone)
    }

    /// Those of another route as well, where it was said what is wrong with them.
    pub(super) fn again(&self, names: &[String]) -> RateLimits {
        let mut found = Sorted::default();
        for name in names {
            if let Some((number, _, limit)) = self.limits.get_full(name) {
                found.add(limit.by, RateLimitId(number));
            }
        }
        found.limits(Told::Refused)
    }

    fn usual(&self, on: On) -> RateLimits {
        let mut found = Sorted::default();
        if matches!(on, On::Login | On::Codes) {
            for name in &self.of_logins {
                let limit = self.limits.get_full(*name);
                let limit = limit.filter(|(_, _, limit)| holds_for(on, limit.by));
                if let Some((number, _, limit)) = limit {
                    found.add(limit.by, RateLimitId(number));
                }
            }
        }
        found.limits(Told::Refused)
    }

    fn refuse(&self, path: &str, findings: &mut Findings<'_>) {
        let names: Vec<&str> = self.limits.keys().map(String::as_str).collect();
        let fix = if names.is_empty() {
            "add it under `rate_limits`".to_owned()
        } else {
            let listed = names.join(", ");
            format!("use one of: {listed}, or add it under `rate_limits`")
        };
        findings.unknown(path, "there is no such limit", &names, &fix);
    }
}

/// What holds for a login that says nothing: where failures make wait, they are not counted a second time.
fn of_logins(document: &Document) -> impl Iterator<Item = (&'static str, RateLimit)> {
    let counted = document.attempts.is_some();
    let limits = RateLimit::OF_LOGINS.into_iter();
    limits.filter(move |(_, limit)| !(counted && limit.by == By::Account))
}

/// Whether one of those that logins have by default holds there too.
fn holds_for(on: On, by: By) -> bool {
    match on {
        On::Login => true,
        On::Codes => by == By::Client,
        On::Account | On::Route(_) => false,
    }
}

/// Whether anything is held back by a limit of this name.
pub(super) fn holds(document: &Document, name: &str) -> bool {
    let usual = of_logins(document).find(|(usual, _)| *usual == name);
    let by_default = |on| usual.is_some_and(|(_, limit)| holds_for(on, limit.by));
    let of_account = |account: &Account| match &account.rate_limit {
        Some(names) => names.iter().any(|named| named == name),
        None => by_default(actions::of(account.action).kind.limited_on()),
    };
    let routes = document.routes.iter().map(|route| &route.rate_limit);
    let groups = document.groups.values().map(|group| &group.rate_limit);
    let mut named = routes.chain(groups).flatten().flatten();
    let on_pages = document.pages.is_some() && pages::LIMITED.iter().any(|(_, on)| by_default(*on));
    document.accounts.iter().any(of_account) || on_pages || named.any(|named| named == name)
}

/// The limits of a route by the stage that asks them.
#[derive(Default)]
struct Sorted {
    arriving: Vec<RateLimitId>,
    identified: Vec<RateLimitId>,
    attempts: Vec<RateLimitId>,
}

impl Sorted {
    fn add(&mut self, by: By, limit: RateLimitId) {
        match by {
            By::Client | By::Route => self.arriving.push(limit),
            By::Subject => self.identified.push(limit),
            By::Account => self.attempts.push(limit),
        }
    }

    fn limits(self, told: Told) -> RateLimits {
        RateLimits {
            arriving: self.arriving.into(),
            identified: self.identified.into(),
            attempts: self.attempts.into(),
            told,
        }
    }
}

fn check_place(by: By, on: On, path: &str, findings: &mut Findings<'_>) {
    match (by, on) {
        (By::Client | By::Route, _)
        | (By::Account, On::Login)
        | (By::Subject, On::Route(Access::Optional | Access::Required)) => {}
        (By::Account, On::Codes | On::Account | On::Route(_)) => {
            let message = "only a login is tried for an account";
            findings.mistake(
                path,
                message,
                "use a limit by client, subject or route here",
            );
        }
        (By::Subject, On::Login | On::Codes | On::Account | On::Route(Access::Public)) => {
            let message = "no token is read here, so there is no subject";
            findings.mistake(path, message, "use a limit by client or route here");
        }
    }
}

/// What hides the keys of a limit that all gateways count.
fn shared(
    document: &Document,
    by: By,
    hiding: &Hiding,
    (path, findings): (&str, &mut Findings<'_>),
) -> Option<Secret<Vec<u8>>> {
    let path = format!("{path}.counted_in");
    if by == By::Account {
        let message = "failures of accounts are not counted together as a limit";
        let fix = "use `attempts` with its own `counted_in: redis`";
        findings.mistake(&path, message, fix);
    }
    if document.redis.is_none() {
        let fix = "add `redis: { url: … }`";
        findings.mistake(&path, "there is no server to count in", fix);
    }
    let Ok(hiding) = hiding else {
        return None;
    };
    if hiding.is_none() {
        let message = "gateways without a common secret do not count for the same clients";
        let fix = "write `redis.secret`, such as \"${COUNTING_SECRET}\"";
        findings.mistake(&path, message, fix);
    }
    hiding.clone()
}

fn settings(
    name: &str,
    limit: &RateLimit,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Settings> {
    if !is_plain(name) {
        let fix = "use up to 64 lower-case letters, digits, _ and -";
        findings.mistake(path, "clients are told this name", fix);
    }
    if !KEYS.contains(&limit.keys) {
        let fix = "write a number from 1024 to 16777216, or leave it out";
        findings.mistake(
            &format!("{path}.keys"),
            "this table would be of no use",
            fix,
        );
    }
    let fix = "write 1 or more";
    let count = NonZeroU32::new(limit.rate.count).ok_or("nothing would ever pass");
    let count = findings.take(count, &format!("{path}.rate"), fix)?;
    let burst = NonZeroU32::new(limit.burst.unwrap_or(limit.rate.count));
    let burst = burst.ok_or("nothing would ever pass");
    let burst = findings.take(burst, &format!("{path}.burst"), fix)?;
    let quota = Quota::new(count, limit.rate.period(), burst);
    let fix = "write from one in 30d to 1000000 in 1s, and a burst that comes back within 30d";
    Some(Settings {
        name: name.into(),
        by: match limit.by {
            By::Client => ratelimit::By::Client,
            By::Subject => ratelimit::By::Subject,
            By::Account => ratelimit::By::Account,
            By::Route => ratelimit::By::Route,
        },
        quota: findings.take(quota, &format!("{path}.rate"), fix)?,
        keys: usize::try_from(limit.keys).unwrap_or(usize::MAX),
        shared: None,
    })
}

/// What can stand in a structured field and in a label as it is.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}
