//! An attempt at an account, counted before its password is looked at and given back when it was the right one.
//!
//! It is counted by the limits of the route and, where failures make wait, by those. What is counted is the name as it was typed, folded, and the row that the database found for it. Both are asked
//! whether or not there is a row, so that the answer is the same for names that exist and names that do not; the row
//! catches whatever spellings the database takes for one and the folding does not.

use std::{sync::Arc, time::Instant};

use ::http::{HeaderName, HeaderValue};

use super::{AccountError, AccountRequest, Accounts, audit::Audited};
use crate::{
    attempts::{self, Attempts, Tried},
    member::{Member, spelling::fold},
    ratelimit::{Exceeded, Key, RateLimit},
};

/// The account that a login is tried for.
#[derive(Debug)]
pub(super) struct Account {
    /// As it was typed, folded, if it was.
    name: Option<String>,
    /// The row that it finds.
    row: Option<String>,
}

impl Account {
    /// Several rows for one login are one account to whoever types it.
    pub(super) fn new(login: &str, members: &[Member]) -> Self {
        let row = members.iter().map(|member| &member.id).min();
        Self {
            name: Some(fold(login)),
            row: row.map(ToString::to_string),
        }
    }

    /// The one of somebody who is logged in, and has typed no name.
    pub(super) fn known(member: &Member) -> Self {
        Self {
            name: None,
            row: Some(member.id.to_string()),
        }
    }
}

/// How an attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With tokens.
    Granted,
    /// With the dialect's refusal.
    Refused,
    /// The password could not be looked at.
    Untried,
}

/// What has been counted for one attempt.
pub(super) struct Attempt<'a> {
    limited: Limited<'a>,
    delaying: Option<Delaying<'a>>,
}

/// An attempt whose failure makes others wait.
struct Delaying<'a> {
    attempts: &'a Attempts,
    attempt: attempts::Attempt,
    audited: Audited<'a>,
    device: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// Counts an attempt, or refuses it and counts nothing.
    pub(super) async fn begin(
        accounts: &'a Accounts,
        request: &'a AccountRequest,
        account: &'a Account,
    ) -> Result<Self, AccountError> {
        let now = accounts.clock.instant();
        let limited =
            Limited::begin(&request.attempts, account, now).map_err(AccountError::RateLimited)?;
        let attempts = accounts.attempts.as_deref();
        let Some(attempts) = attempts else {
            let delaying = None;
            return Ok(Self { limited, delaying });
        };
        match Delaying::begin(attempts, request, account).await {
            Ok(delaying) => Ok(Self {
                limited,
                delaying: Some(delaying),
            }),
            Err(delayed) => {
                limited.give_back();
                Err(delayed.into())
            }
        }
    }

    /// Only a failure counts: not the right password, and not what we could not look at.
    pub(super) async fn end(&self, ended: Ended) {
        match ended {
            Ended::Granted | Ended::Untried => self.limited.give_back(),
            Ended::Refused => {}
        }
        if let Some(delaying) = &self.delaying {
            delaying.end(ended).await;
        }
    }

    /// What tells the client how to be known from now on, if clients can be.
    pub(super) fn remembered(&self) -> Option<(HeaderName, HeaderValue)> {
        let delaying = self.delaying.as_ref()?;
        let row = self.limited.account.row.as_deref()?;
        delaying.attempts.remember(delaying.device, row)
    }
}

impl<'a> Delaying<'a> {
    async fn begin(
        attempts: &'a Attempts,
        request: &'a AccountRequest,
        Account { name, row }: &'a Account,
    ) -> Result<Self, attempts::Delayed> {
        let (name, row) = (name.as_deref(), row.as_deref());
        let audited = Audited::new(request, attempts, (name, row));
        let device = request.device.as_deref();
        let tried = Tried {
            name,
            row,
            client: request.sender.network,
            device,
        };
        let attempt = attempts.begin(tried).await;
        let attempt = attempt.inspect_err(|it| audited.delayed(it))?;
        Ok(Self {
            attempts,
            attempt,
            audited,
            device,
        })
    }

    async fn end(&self, ended: Ended) {
        let attempt = &self.attempt;
        match ended {
            Ended::Granted => {
                self.attempts.succeeded(attempt).await;
                self.audited.granted(attempt.place());
            }
            Ended::Refused => {
                self.attempts.failed();
                self.audited.failed(attempt.place());
            }
            Ended::Untried => self.attempts.withdrawn(attempt).await,
        }
    }
}

/// What has been taken of the limits for one attempt.
#[derive(Debug)]
struct Limited<'a> {
    limits: &'a [Arc<RateLimit>],
    account: &'a Account,
}

impl<'a> Limited<'a> {
    fn begin(
        limits: &'a [Arc<RateLimit>],
        account: &'a Account,
        now: Instant,
    ) -> Result<Self, Exceeded> {
        let attempt = Self { limits, account };
        let mut taken: Vec<(&RateLimit, Key<'_>)> = Vec::new();
        for (limit, key) in attempt.counts() {
            if let Err(exceeded) = limit.take(key, now) {
                for (limit, key) in taken {
                    limit.give_back(key);
                }
                return Err(exceeded);
            }
            taken.push((limit, key));
        }
        Ok(attempt)
    }

    /// It was no failure of whoever tried.
    fn give_back(&self) {
        for (limit, key) in self.counts() {
            limit.give_back(key);
        }
    }

    fn counts(&self) -> impl Iterator<Item = (&RateLimit, Key<'_>)> {
        let keys = [
            self.account.name.as_deref().map(Key::Login),
            self.account.row.as_deref().map(Key::Row),
        ];
        self.limits
            .iter()
            .flat_map(move |limit| keys.into_iter().flatten().map(move |key| (&**limit, key)))
    }
}

#[cfg(test)]
mod tests {
    use std::{hash::RandomState, num::NonZeroU32, time::Duration};

    use super::*;
    use crate::{
        clock::Clock,
        member::MemberId,
        ratelimit::{By, Quota, Settings},
    };

    fn limits(count: u32) -> Vec<Arc<RateLimit>> {
        let count = NonZeroU32::new(count).expect("a number");
        let quota = Quota::new(count, Duration::from_secs(3600), count);
        let settings = Settings {
            name: "accounts".into(),
            by: By::Account,
            quota: quota.expect("a quota"),
            keys: 1024,
            shared: None,
        };
        let limit = RateLimit::new(settings, RandomState::new(), Clock.instant());
        vec![Arc::new(limit)]
    }

    fn row(id: i64) -> Member {
        Member {
            id: MemberId::Integer(id),
            password: None,
            salt: None,
            state: None,
            shown: serde_json::Map::new(),
        }
    }

    /// Which of these attempts, each a name and the rows that it finds, are let through.
    fn admitted(limits: &[Arc<RateLimit>], attempts: &[(&str, &[i64])]) -> Vec<bool> {
        let now = Clock.instant();
        let one = |(login, ids): &(&str, &[i64])| {
            let members: Vec<Member> = ids.iter().copied().map(row).collect();
            Limited::begin(limits, &Account::new(login, &members), now).is_ok()
        };
        attempts.iter().map(one).collect()
    }

    #[test]
    fn names_that_only_the_database_takes_for_one_are_one_account() {
        let attempts: [(&str, &[i64]); 4] = [
            ("\u{f8}re", &[1]),
            ("ore", &[1]),
            ("\u{f8}re", &[1]),
            ("ore", &[2]),
        ];
        assert_eq!(admitted(&limits(2), &attempts), [true, true, false, true]);
    }

    #[test]
    fn names_that_only_the_database_tells_apart_do_not_tell_who_exists() {
        let somebody: [(&str, &[i64]); 3] = [("Ann", &[1]), ("ann", &[]), ("ANN", &[])];
        let nobody: [(&str, &[i64]); 3] = [("Bob", &[]), ("bob", &[]), ("BOB", &[])];
        let seen = admitted(&limits(2), &somebody);
        assert_eq!(seen, [true, true, false]);
        assert_eq!(seen, admitted(&limits(2), &nobody));
    }

    #[test]
    fn whoever_types_no_name_is_not_counted_with_others_who_do_not() {
        let limits = limits(1);
        let of_rows = [1, 2, 3, 1];
        let admitted = of_rows
            .map(|id| Limited::begin(&limits, &Account::known(&row(id)), Clock.instant()).is_ok());
        assert_eq!(admitted, [true, true, true, false]);
    }

    #[test]
    fn several_rows_are_one_account_in_any_order() {
        let attempts: [(&str, &[i64]); 3] = [("a", &[5, 3]), ("b", &[3, 5]), ("c", &[3])];
        assert_eq!(admitted(&limits(2), &attempts), [true, true, false]);
    }

    #[test]
    fn a_refused_attempt_takes_nothing() {
        let limits = limits(1);
        let attempts: [(&str, &[i64]); 3] = [("a", &[1]), ("b", &[1]), ("b", &[])];
        assert_eq!(admitted(&limits, &attempts), [true, false, true]);
    }

    #[test]
    fn an_attempt_that_is_given_back_did_not_happen() {
        let limits = limits(1);
        for _ in 0..5 {
            let now = Clock.instant();
            let account = Account::new("a", &[row(1)]);
            let attempt = Limited::begin(&limits, &account, now);
            attempt.expect("it is within").give_back();
        }
        let attempts: [(&str, &[i64]); 2] = [("a", &[1]), ("a", &[1])];
        assert_eq!(admitted(&limits, &attempts), [true, false]);
    }
}
