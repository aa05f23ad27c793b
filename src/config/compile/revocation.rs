//! How it is known who may no longer use a token.

use std::{num::NonZeroU32, time::Duration};

use crate::{config::compiled::Revocation, membership, ratelimit::Quota, store};

/// How many rows may be looked up in a second while it is not known what has ended.
const LOOK_UPS: u32 = 200;

/// Wherever anything could tell it: the gateway's own tables, or a watch of the monolith's.
pub(super) fn compile(
    users: Option<&store::Settings>,
    (has_state, has_watch): (bool, bool),
) -> Option<Revocation> {
    (has_state || has_watch).then(|| Revocation {
        ask: users.and_then(ask),
    })
}

/// How rows are looked up in the meantime: as they are now, and not too many.
fn ask(users: &store::Settings) -> Option<membership::Settings> {
    let count = NonZeroU32::new(LOOK_UPS)?;
    Some(membership::Settings {
        columns: users.ruled.clone(),
        lifetime: Duration::ZERO,
        size: 0,
        // Logins come first: the other half is theirs.
        look_ups: (users.pool.max / 2).max(1),
        deadline: users.deadline,
        rate: Quota::new(count, Duration::from_secs(1), count).ok(),
    })
}
