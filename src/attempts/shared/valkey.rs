//! Failures in Redis or Valkey: the arithmetic of `backoff` once more, where it is atomic.
//!
//! Each counter is a hash of three numbers that the server forgets by itself. The clock is the server's, so that gateways
//! whose clocks differ agree about waits.

use std::sync::LazyLock;

use ::redis::Script;

use super::{
    super::{
        Counter,
        backoff::{Backoff, Milliseconds},
    },
    Counted,
};
use crate::valkey::{Unavailable, Valkey};

/// Arguments: the time, or 0 for the server's; for each key `after`, `first`, `longest` and `forget`. Answers 0 and when they
/// began, or the number of the one that waits and for how long.
const ATTEMPT: &str = "
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local known = {}
for i, key in ipairs(KEYS) do
  local after, first, longest, forget =
    tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local kept = redis.call('HMGET', key, 'count', 'last')
  local count, last = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
  if last + forget <= now then
    count, last = 0, 0
  end
  local delay = 0
  if count >= after then
    delay = math.min(first * 2 ^ math.min(count - after, 42), longest)
  end
  if count > 0 and now < last + delay and last <= now + longest then
    return {i, last + delay - now}
  end
  known[i] = {count, last, forget}
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'count', string.format('%d', known[i][1] + 1),
    'last', string.format('%d', now), 'before', string.format('%d', known[i][2]))
  redis.call('PEXPIRE', key, string.format('%d', known[i][3]))
end
return {0, now}
";

/// Argument: when the attempts began.
const WITHDRAW: &str = "
for _, key in ipairs(KEYS) do
  local kept = redis.call('HMGET', key, 'count', 'last', 'before')
  local count = tonumber(kept[1]) or 0
  if count <= 1 then
    redis.call('DEL', key)
  else
    redis.call('HSET', key, 'count', string.format('%d', count - 1))
    if kept[2] == ARGV[1] then
      redis.call('HSET', key, 'last', kept[3])
    end
  end
end
return {}
";

const CLEAR: &str = "
redis.call('DEL', unpack(KEYS))
return {}
";

static ATTEMPTING: LazyLock<Script> = LazyLock::new(|| Script::new(ATTEMPT));
static WITHDRAWING: LazyLock<Script> = LazyLock::new(|| Script::new(WITHDRAW));
static CLEARING: LazyLock<Script> = LazyLock::new(|| Script::new(CLEAR));

pub(super) async fn attempt(
    server: &Valkey,
    of: &[(Counter, &Backoff)],
    now: Option<Milliseconds>,
) -> Result<Counted, Unavailable> {
    let counters = of.iter().map(|(counter, _)| counter);
    let settings = of.iter().flat_map(|(_, backoff)| backoff.numbers());
    let arguments: Vec<u64> = now
        .into_iter()
        .chain(now.is_none().then_some(0))
        .chain(settings)
        .collect();
    let answer = server
        .run(&ATTEMPTING, &keys(server, counters), &arguments)
        .await?;
    match *answer.as_slice() {
        [0, began] => Ok(Counted::At(began)),
        [number, wait] => {
            let place = usize::try_from(number).unwrap_or(1).saturating_sub(1);
            Ok(Counted::Waits(place, wait))
        }
        _ => Err(Unavailable),
    }
}

pub(super) async fn withdraw(
    server: &Valkey,
    counters: &[Counter],
    began: Milliseconds,
) -> Result<(), Unavailable> {
    let keys = keys(server, counters.iter());
    server.run(&WITHDRAWING, &keys, &[began]).await.map(drop)
}

pub(super) async fn clear(server: &Valkey, counters: &[Counter]) -> Result<(), Unavailable> {
    let keys = keys(server, counters.iter());
    server.run(&CLEARING, &keys, &[]).await.map(drop)
}

fn keys<'a>(server: &Valkey, counters: impl Iterator<Item = &'a Counter>) -> Vec<String> {
    counters
        .map(|Counter(name)| server.key("failed", name))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{attempts::backoff::Failures, valkey::bench::Bench};

    /// Steps of a fixed sequence that looks like chance: gaps in milliseconds, and whether an attempt is withdrawn.
    fn steps() -> impl Iterator<Item = (u64, bool)> {
        let mut state = 1_u64;
        std::iter::from_fn(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let gap = (state >> 33) % 3_000;
            // Now and then a quiet time.
            let gap = if (state >> 20).is_multiple_of(23) {
                gap * 20
            } else {
                gap
            };
            Some((gap, (state >> 40).is_multiple_of(4)))
        })
    }

    #[tokio::test]
    async fn the_server_decides_as_the_arithmetic_does() {
        let bench = Bench::start();
        let server = bench.server();
        let seconds = Duration::from_secs;
        let backoff = Backoff::new(3, seconds(1), seconds(8), seconds(30)).expect("a back-off");
        let key = Counter([7; 16]);
        let mut known = Failures::default();
        let mut now = 1_800_000_000_000;
        for (gap, withdrawn) in steps().take(400) {
            now += gap;
            let expected = backoff.attempt(known, now);
            let counted = attempt(&server, &[(key, &backoff)], Some(now))
                .await
                .expect("an answer");
            match expected {
                Err(wait) => assert_eq!(counted, Counted::Waits(0, wait)),
                Ok(next) => {
                    assert_eq!(counted, Counted::At(now));
                    known = next;
                    if withdrawn {
                        known = Backoff::withdraw(known, now);
                        withdraw(&server, &[key], now).await.expect("an answer");
                        // What has no failures is forgotten there.
                        if known.count == 0 {
                            known = Failures::default();
                        }
                    }
                }
            }
        }
        assert!(known.count > 0);
        clear(&server, &[key]).await.expect("an answer");
        let counted = attempt(&server, &[(key, &backoff)], Some(now)).await;
        assert_eq!(counted, Ok(Counted::At(now)));
    }

    #[tokio::test]
    async fn one_that_waits_leaves_the_others_uncounted() {
        let bench = Bench::start();
        let server = bench.server();
        let seconds = Duration::from_secs;
        let backoff =
            Backoff::new(1, seconds(600), seconds(600), seconds(3600)).expect("a back-off");
        let [one, other] = [1, 2].map(|byte| Counter([byte; 16]));
        let counted = attempt(&server, &[(other, &backoff)], None).await;
        assert!(matches!(counted, Ok(Counted::At(_))));
        let counted = attempt(&server, &[(one, &backoff), (other, &backoff)], None).await;
        assert!(matches!(counted, Ok(Counted::Waits(1, 599_000..=600_000))));
        let counted = attempt(&server, &[(one, &backoff)], None).await;
        assert!(matches!(counted, Ok(Counted::At(_))));
    }

    #[tokio::test]
    async fn many_at_once_get_no_more_attempts() {
        let bench = Bench::start();
        let server = bench.server();
        let seconds = Duration::from_secs;
        let backoff =
            Backoff::new(5, seconds(600), seconds(600), seconds(3600)).expect("a back-off");
        let of = [(Counter([1; 16]), &backoff)];
        let attempts = (0..200).map(|_| attempt(&server, &of, None));
        let counted = futures_util::future::join_all(attempts).await;
        let admitted = counted.iter().filter(|it| matches!(it, Ok(Counted::At(_))));
        assert_eq!(admitted.count(), 5);
        assert!(counted.iter().all(Result::is_ok));
    }
}
