//! How it is known who may no longer use a token.

use std::{num::NonZeroU32, time::Duration};

use super::{Findings, identity::is_row_id, rotation::names_the_token, user_tables, users};
use crate::{
    accounts::LoginSubjects,
    config::{
        compiled::Revocation,
        document::{Document, watch},
    },
    membership,
    ratelimit::Quota,
    revocation::Subjects,
    store,
};

/// Wherever anything could tell it: the gateway's own tables, or a watch of the monolith's.
pub(super) fn compile(
    document: &Document,
    users: Option<&store::Settings>,
    findings: &mut Findings<'_>,
) -> Option<Revocation> {
    if document.state.is_none() && document.watch.is_none() {
        return None;
    }
    let (subjects, logins) = subjects(document, users);
    let sessions_alone =
        document.watch.is_none() && names_the_token(&document.tokens.access.claims);
    if subjects == Subjects::Others && !sessions_alone {
        let message = "nothing of the user table or of ended sessions can be told of these tokens: their subjects are neither ids of rows nor what users log in with";
        let fix = "mint them with the row's id: `claims: { sub: \"{user.id}\" }`";
        findings.warning("tokens.access", message, fix);
    }
    let written = document.watch.as_ref().map(|watch| watch.ask);
    let rate = rate(written.unwrap_or_default(), findings);
    let key = match subjects {
        Subjects::Logins(_) => membership::Key::Login,
        Subjects::Ids | Subjects::Others => membership::Key::Id,
    };
    let ask = users.zip(rate).map(|(users, rate)| ask(users, key, rate));
    Some(Revocation {
        ask,
        subjects,
        logins,
    })
}

/// What the subjects of the tokens that we mint are to the user table, and how logins are known where they are that.
pub(super) fn subjects(
    document: &Document,
    users: Option<&store::Settings>,
) -> (Subjects, Option<LoginSubjects>) {
    if is_row_id(&document.tokens.access, &document.identity.subject) {
        return (Subjects::Ids, None);
    }
    let is_login = users::row_key(document) == membership::Key::Login;
    let (Some(users), Some(written), true) = (users, &document.users, is_login) else {
        return (Subjects::Others, None);
    };
    let spelling = users::login_spelling(written);
    let logins = LoginSubjects {
        shown: user_tables::shown_as(written, &users.columns.login),
        spelling,
    };
    (Subjects::Logins(spelling), Some(logins))
}

fn rate(written: watch::Ask, findings: &mut Findings<'_>) -> Option<Quota> {
    let path = "watch.ask.rate";
    let count = NonZeroU32::new(written.rate.count).ok_or("no row could ever be looked up");
    let fix = "write 1 or more, or `on_stale: refuse`";
    let count = findings.take(count, path, fix)?;
    let fix = "write from one in 30d to 1000000 in 1s";
    findings.take(Quota::new(count, written.rate.period(), count), path, fix)
}

/// How rows are looked up in the meantime: as they are now, and not too many.
fn ask(users: &store::Settings, key: membership::Key, rate: Quota) -> membership::Settings {
    membership::Settings {
        key,
        columns: users.ruled.clone(),
        lifetime: Duration::ZERO,
        size: 0,
        // Logins come first: the other half is theirs.
        look_ups: (users.pool.max / 2).max(1),
        deadline: users.deadline,
        rate: Some(rate),
    }
}
