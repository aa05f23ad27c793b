//! Limits that several gateways count together, in Redis or Valkey: the arithmetic of `quota` once more, where it is atomic.
//!
//! Beside the memory of this process and not in its place: whoever has used up a limit here is refused without asking, and
//! while the server is away what this process counts has to do. Of each key the server has one number, the moment when
//! everything is available again, in microseconds of its own clock, so that gateways whose clocks differ agree; and forgets
//! it then. What it is given is a hash under a secret that gateways have in common.

use std::{
    sync::{Arc, LazyLock, atomic::Ordering},
    time::Duration,
};

use ::redis::Script;
use aws_lc_rs::hmac;

use super::{Advice, Exceeded, Key, RateLimit, Settings, Standing, table::KeyHash};
use crate::{
    secret::Secret,
    valkey::{Unavailable, Valkey},
};

/// Arguments: the time, or 0 for the server's; for each key what one costs, and what the burst does. Takes one for each key
/// until one has none left. Answers for each that was asked whether it had, and when it has everything back.
const TAKE: &str = "
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local answer = {}
for i, key in ipairs(KEYS) do
  local interval, reach = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local full = tonumber(redis.call('GET', key)) or 0
  full = math.min(math.max(full, now), now + reach)
  local moved = full + interval
  if moved - now > reach then
    answer[2 * i - 1], answer[2 * i] = 0, full - now
    return answer
  end
  redis.call('SET', key, string.format('%.0f', moved), 'PX', string.format('%.0f', math.ceil((moved - now) / 1000)))
  answer[2 * i - 1], answer[2 * i] = 1, moved - now
end
return answer
";

static TAKING: LazyLock<Script> = LazyLock::new(|| Script::new(TAKE));

/// Where all gateways count.
pub(super) struct Shared {
    server: Arc<Valkey>,
    key: hmac::Key,
}

/// One that was taken in this process, and that all gateways have to agree on yet.
#[derive(Debug)]
pub struct Pending {
    limit: Arc<RateLimit>,
    hash: KeyHash,
    name: String,
    here: Standing,
}

impl Shared {
    /// Another limit under the same name, or another rate, is another count.
    pub(super) fn new(server: Arc<Valkey>, secret: &Secret<Vec<u8>>, limit: &Settings) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        let [interval, reach] = limit.quota.microseconds();
        let (name, by) = (&limit.name, limit.by);
        let purpose = format!("rate limits {name} {by} {interval} {reach}");
        let derived = hmac::sign(&secret, purpose.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Self { server, key }
    }

    pub(super) fn server(&self) -> &Arc<Valkey> {
        &self.server
    }

    fn name(&self, key: Key<'_>) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        match key {
            Key::Client(None) => context.update(b"nobody"),
            Key::Client(Some(network)) => {
                context.update(b"client");
                context.update(&network.octets());
            }
            Key::Subject(text) => update(&mut context, b"subject", text),
            Key::Login(text) => update(&mut context, b"login", text),
            Key::Row(text) => update(&mut context, b"row", text),
            Key::Route(route, host) => {
                update(&mut context, b"route", host);
                update(&mut context, b"\0", route);
            }
        }
        let tag = context.sign();
        // Half of it is more than anybody can guess.
        let half = tag.as_ref().first_chunk::<16>();
        self.server.key("rate", half.map_or(&[], |half| half))
    }
}

fn update(context: &mut hmac::Context, kind: &[u8], text: &str) {
    context.update(kind);
    context.update(text.as_bytes());
}

impl RateLimit {
    /// Where one that was taken here has to be taken, too; `None` where this process counts alone.
    pub fn pending(self: &Arc<Self>, key: Key<'_>, here: &Standing) -> Option<Pending> {
        let shared = self.shared.as_ref()?;
        Some(Pending {
            limit: Arc::clone(self),
            hash: self.hash(key),
            name: shared.name(key),
            here: here.clone(),
        })
    }

    /// How often this process has counted alone although others should have known.
    pub fn counted_alone(&self) -> u64 {
        self.alone.load(Ordering::Relaxed)
    }
}

/// Asks the server about all of them at once: how each stands, up to the first that is used up. While the server is away,
/// as they stand here. Has to be called on the control runtime, and ends within the server's deadline.
pub async fn settle(pending: Vec<Pending>) -> Vec<Result<Standing, Exceeded>> {
    let server = pending.iter().find_map(|it| it.limit.shared.as_ref());
    let answers = match server.map(|shared| Arc::clone(&shared.server)) {
        Some(server) => take(&server, &pending, 0).await,
        None => Err(Unavailable),
    };
    match answers {
        Ok(answers) => settled(&pending, &answers),
        Err(Unavailable) => pending.into_iter().map(|it| Ok(it.alone())).collect(),
    }
}

/// How each stands, by what the server has answered. What is not taken there is given back here.
fn settled(pending: &[Pending], answers: &[Answer]) -> Vec<Result<Standing, Exceeded>> {
    let mut settled = Vec::with_capacity(answers.len());
    for (place, pending) in pending.iter().enumerate() {
        match answers.get(place) {
            Some(Answer::Taken(used)) => settled.push(Ok(pending.standing(*used))),
            Some(Answer::Refused(used)) => {
                pending.give_back();
                pending.limit.refused.fetch_add(1, Ordering::Relaxed);
                settled.push(Err(Exceeded(pending.standing(*used), Advice::None)));
            }
            None => pending.give_back(),
        }
    }
    settled
}

impl Pending {
    fn alone(self) -> Standing {
        self.limit.alone.fetch_add(1, Ordering::Relaxed);
        self.here
    }

    fn standing(&self, used: Duration) -> Standing {
        Standing {
            left: self.limit.settings.quota.left_of(used),
            settings: Arc::clone(&self.limit.settings),
        }
    }

    fn give_back(&self) {
        let quota = &self.limit.settings.quota;
        self.limit.table.give_back(self.hash, quota);
    }
}

/// What the server says of one key, and how long it is until everything is available again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken(Duration),
    Refused(Duration),
}

async fn take(server: &Valkey, pending: &[Pending], now: u64) -> Result<Vec<Answer>, Unavailable> {
    let names: Vec<String> = pending.iter().map(|it| it.name.clone()).collect();
    let numbers = pending
        .iter()
        .flat_map(|it| it.limit.settings.quota.microseconds());
    let arguments: Vec<u64> = std::iter::once(now).chain(numbers).collect();
    let numbers = server.run(&TAKING, &names, &arguments).await?;
    let (pairs, rest) = numbers.as_chunks();
    let answers: Vec<Answer> = pairs.iter().map(Answer::from).collect();
    let ends_early = matches!(answers.last(), Some(Answer::Refused(_)));
    if !rest.is_empty() || (answers.len() != pending.len() && !ends_early) {
        return Err(Unavailable);
    }
    Ok(answers)
}

impl From<&[u64; 2]> for Answer {
    fn from([taken, used]: &[u64; 2]) -> Self {
        let used = Duration::from_micros(*used);
        match taken {
            0 => Self::Refused(used),
            1.. => Self::Taken(used),
        }
    }
}

#[cfg(test)]
mod tests;
