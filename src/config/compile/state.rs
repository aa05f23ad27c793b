//! sidegate's own tables.

use std::time::Duration;

use super::{Findings, database};
use crate::{
    config::document::{
        Document,
        state::{Migrate, State},
    },
    state::{self, Keep, Settings},
    store::{DatabaseUrl, PoolSettings, TlsSettings},
};

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Settings> {
    let written = document.state.as_ref()?;
    let url = database::url(&written.database, "state.database", findings)?;
    keep_is_long_enough(document, written, findings);
    let migrate = match (written.migrate, &url) {
        (Some(Migrate::OnStart), _) | (None, DatabaseUrl::Sqlite(_)) => state::Migrate::OnStart,
        (Some(Migrate::ByHand), _) | (None, DatabaseUrl::MySql(_)) => state::Migrate::ByHand,
    };
    let authorities = |ca: &str, findings: &mut Findings<'_>| {
        database::read_authorities(ca, "state.tls.ca", findings)
    };
    let settings = Settings {
        database: url,
        migrate,
        pool: PoolSettings {
            min: written.pool.min.into(),
            max: written.pool.max.into(),
        },
        connect_timeout: written.connect_timeout.into(),
        deadline: written.deadline.into(),
        tls: written.tls.as_ref().map(|tls| TlsSettings {
            authorities: tls.ca.as_deref().and_then(|ca| authorities(ca, findings)),
        }),
        keep: Keep {
            addresses: written.keep.addresses.into(),
            ended_sessions: written.keep.ended_sessions.into(),
            stamps: written.keep.stamps.into(),
            member_acts: written.keep.member_acts.into(),
        },
    };
    let fix = "correct the bounds of the pool";
    findings.take(settings.check(), "state.pool", fix)?;
    Some(settings)
}

/// A stamp that is forgotten before the last token that it refuses has expired would let that token in again.
fn keep_is_long_enough(document: &Document, written: &State, findings: &mut Findings<'_>) {
    let tokens = &document.tokens;
    let access = Some(Duration::from(tokens.access.lifetime));
    let refresh = tokens.refresh.as_ref().map(|it| it.lifetime.into());
    let longest = access.into_iter().chain(refresh).max();
    let kept = Duration::from(written.keep.stamps);
    if longest.is_some_and(|longest| kept < longest) {
        findings.mistake(
            "state.keep.stamps",
            "tokens that were ended would count again: this is shorter than the longest lifetime of a token",
            "keep stamps at least as long as the longest lifetime under `tokens`",
        );
    }
}
