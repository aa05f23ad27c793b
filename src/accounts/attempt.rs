//! An attempt at an account, counted before its password is looked at and given back when it was the right one.
//!
//! What is counted is the name as it was typed, folded, and the row that the database found for it. Both are asked
//! whether or not there is a row, so that the answer is the same for names that exist and names that do not; the row
//! catches whatever spellings the database takes for one and the folding does not.

use std::{sync::Arc, time::Instant};

use super::fold::fold;
use crate::{
    member::Member,
    ratelimit::{Exceeded, Key, RateLimit},
};

/// What has been taken for one attempt.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    limits: &'a [Arc<RateLimit>],
    login: String,
    row: Option<String>,
}

impl<'a> Attempt<'a> {
    /// Counts an attempt, or refuses it and counts nothing.
    pub(super) fn begin(
        limits: &'a [Arc<RateLimit>],
        login: &str,
        members: &[Member],
        now: Instant,
    ) -> Result<Self, Exceeded> {
        // Several rows for one login are one account to whoever types it.
        let row = members.iter().map(|member| &member.id).min();
        let attempt = Self {
            limits,
            login: fold(login),
            row: row.map(ToString::to_string),
        };
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
    pub(super) fn give_back(self) {
        for (limit, key) in self.counts() {
            limit.give_back(key);
        }
    }

    fn counts(&self) -> impl Iterator<Item = (&RateLimit, Key<'_>)> {
        let keys = [
            Some(Key::Login(&self.login)),
            self.row.as_deref().map(Key::Row),
        ];
        self.limits
            .iter()
            .flat_map(move |limit| keys.into_iter().flatten().map(move |key| (&**limit, key)))
    }
}
